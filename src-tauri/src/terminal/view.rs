//! The page that shows a session, and how much output it still owes: no more than a window of bytes is under way to it.
//!
//! Output waits here, then in the client, then on the node: a flood costs no memory anywhere, and a key that stops it is not behind
//! megabytes of what was written before.

use serde::Serialize;
use tauri::ipc::{Channel, InvokeResponseBody};

use super::recent::Recent;

/// Most bytes that a page has not parsed yet: at 5 MB/s, which a slow machine parses, a twentieth of a second.
pub const WINDOW: usize = 256 * 1024;

/// How a session stands, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    Connecting,
    Open,
    /// `node`: it is the node that is away, not the way to the hub.
    Reconnecting {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        node: bool,
    },
    #[serde(rename_all = "camelCase")]
    Closed {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },
}

/// What a channel carries beside bytes.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Said<'a> {
    State {
        state: &'a State,
    },
    /// The bytes that follow were written before.
    Replay,
}

/// The page's end of a session.
pub struct View {
    channel: Option<Channel<InvokeResponseBody>>,
    owed: usize,
    recent: Recent,
    state: State,
}

impl View {
    pub fn new(channel: Channel<InvokeResponseBody>) -> Self {
        Self { channel: Some(channel), owed: 0, recent: Recent::default(), state: State::Connecting }
    }

    /// Whether more output can be taken. Without a page it is only kept.
    pub fn has_room(&self) -> bool {
        self.channel.is_none() || self.owed < WINDOW
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    pub fn output(&mut self, data: Vec<u8>) {
        self.recent.push(&data);
        if self.channel.is_some() {
            self.owed += data.len();
            self.send(InvokeResponseBody::Raw(data));
        }
    }

    pub fn state(&mut self, state: State) {
        // Nothing comes after the end.
        if self.is_closed() || self.state == state {
            return;
        }
        self.state = state;
        self.tell_state();
    }

    pub fn acknowledge(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_sub(bytes);
    }

    /// Another page shows the session from now on, beginning with what it wrote last.
    pub fn attach(&mut self, channel: Channel<InvokeResponseBody>) {
        self.channel = Some(channel);
        self.owed = 0;
        let replay = self.recent.replay();
        if !replay.is_empty() {
            self.say(&Said::Replay);
            self.send(InvokeResponseBody::Raw(replay));
        }
        self.tell_state();
    }

    /// The page is gone; the session goes on.
    pub fn detach(&mut self) {
        self.channel = None;
        self.owed = 0;
    }

    fn tell_state(&mut self) {
        let state = self.state.clone();
        self.say(&Said::State { state: &state });
    }

    fn say(&mut self, said: &Said<'_>) {
        match serde_json::to_string(said) {
            Ok(text) => self.send(InvokeResponseBody::Json(text)),
            Err(error) => tracing::error!(%error, "a session's state was not told"),
        }
    }

    fn send(&mut self, body: InvokeResponseBody) {
        if self.channel.as_ref().is_some_and(|channel| channel.send(body).is_err()) {
            self.detach();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    type Sent = Arc<Mutex<Vec<String>>>;

    /// A page that notes what it is sent: bytes as text, the rest as JSON.
    fn page() -> (Sent, Channel<InvokeResponseBody>) {
        let sent = Sent::default();
        let noted = sent.clone();
        let channel = Channel::new(move |body| {
            noted.lock().unwrap().push(match body {
                InvokeResponseBody::Json(text) => text,
                InvokeResponseBody::Raw(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            });
            Ok(())
        });
        (sent, channel)
    }

    fn taken(sent: &Sent) -> Vec<String> {
        std::mem::take(&mut *sent.lock().unwrap())
    }

    #[test]
    fn output_waits_while_a_page_owes_a_window() {
        let (sent, channel) = page();
        let mut view = View::new(channel);
        view.output(vec![b'y'; WINDOW - 1]);
        assert!(view.has_room());
        view.output(vec![b'y'; 1]);
        assert!(!view.has_room());
        view.acknowledge(1);
        assert!(view.has_room());
        view.acknowledge(usize::MAX);
        assert_eq!(taken(&sent).len(), 2);
    }

    #[test]
    fn a_page_that_comes_later_sees_what_was_written_and_how_it_stands() {
        let (_, first) = page();
        let mut view = View::new(first);
        view.state(State::Open);
        view.output(b"$ ".to_vec());
        view.detach();
        assert!(view.has_room(), "what runs goes on without a page");
        view.output(b"more".to_vec());
        let (sent, second) = page();
        view.attach(second);
        assert_eq!(taken(&sent), [r#"{"kind":"replay"}"#, "$ more", r#"{"kind":"state","state":{"state":"open"}}"#]);
    }

    #[test]
    fn the_end_is_told_once_and_last() {
        let (sent, channel) = page();
        let mut view = View::new(channel);
        view.state(State::Open);
        view.state(State::Open);
        view.state(State::Reconnecting { reason: None, node: true });
        view.state(State::Closed { reason: Some("the shell ended".to_owned()), exit_code: Some(3) });
        view.state(State::Open);
        assert_eq!(
            taken(&sent),
            [
                r#"{"kind":"state","state":{"state":"open"}}"#,
                r#"{"kind":"state","state":{"state":"reconnecting","node":true}}"#,
                r#"{"kind":"state","state":{"state":"closed","reason":"the shell ended","exitCode":3}}"#,
            ]
        );
    }

    #[test]
    fn a_page_that_takes_nothing_is_let_go() {
        let mut view = View::new(Channel::new(|_| Err(tauri::Error::WebviewNotFound)));
        view.output(vec![0; WINDOW * 2]);
        assert!(view.has_room());
    }
}
