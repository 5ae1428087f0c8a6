//! The sessions that run in this app, each shown by one window. A session outlives the page that opened it: a page that loads anew, and
//! a window that a tab was moved to, find it by its handle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tauri::ipc::{Channel, InvokeResponseBody};
use tokio::sync::{Notify, mpsc, watch};

use super::view::{State, View};
use crate::error::CallError;

/// Most sessions of the whole app.
const MOST: usize = 200;

/// Longest content that a torn-off window is opened with, in bytes.
const MAX_TAB: usize = 256 * 1024;

/// What is wished of a session; only the newest counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// Columns and rows of its terminal.
    pub size: Option<(u16, u16)>,
    /// It is to end, on the node too.
    pub close: bool,
}

/// What a session says.
#[derive(Debug)]
pub enum Heard {
    Output(Vec<u8>),
    State(State),
}

/// The way to a session.
pub struct Line {
    /// What is typed. A piece is taken when the one before was.
    pub input: mpsc::Sender<Vec<u8>>,
    pub wish: watch::Sender<Wish>,
    pub hear: mpsc::Receiver<Heard>,
}

/// A session as pages know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    pub handle: u32,
    pub session_id: String,
    /// Id of the node.
    pub target: String,
}

struct Running {
    known: Known,
    /// Label of the window that shows it.
    window: Mutex<String>,
    view: Mutex<View>,
    room: Notify,
    input: mpsc::Sender<Vec<u8>>,
    wish: watch::Sender<Wish>,
}

impl Running {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_of(&self, label: &str) -> bool {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) == label
    }

    fn move_to(&self, label: &str) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = label.to_owned();
    }

    /// Wishes its end. What it still writes has nowhere to go, and must not hold the end up.
    fn end(&self) {
        self.view().detach();
        self.room.notify_one();
        self.wish.send_modify(|wish| wish.close = true);
    }

    async fn wait_for_room(&self) {
        loop {
            let more = self.room.notified();
            if self.view().has_room() {
                return;
            }
            more.await;
        }
    }
}

fn gone() -> CallError {
    CallError::new("SessionGone", "The session has ended.")
}

/// Every session of the app, and what torn-off windows were opened with.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Inner>);

#[derive(Default)]
struct Inner {
    last: AtomicU32,
    running: Mutex<HashMap<u32, Arc<Running>>>,
    tabs: Mutex<HashMap<String, String>>,
}

impl Sessions {
    fn running(&self) -> MutexGuard<'_, HashMap<u32, Arc<Running>>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tabs(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> Result<(), CallError> {
        if self.running().len() < MOST {
            return Ok(());
        }
        Err(CallError::new("LimitExceededException", format!("{MOST} sessions are open. Close one of them first.")))
    }

    /// Shows a session that was opened in window `label`, until it ends.
    pub fn add(&self, label: &str, session_id: &str, target: &str, line: Line, channel: Channel<InvokeResponseBody>) -> Known {
        let handle = self.0.last.fetch_add(1, Ordering::Relaxed) + 1;
        let known = Known { handle, session_id: session_id.to_owned(), target: target.to_owned() };
        let running = Arc::new(Running {
            known: known.clone(),
            window: Mutex::new(label.to_owned()),
            view: Mutex::new(View::new(channel)),
            room: Notify::new(),
            input: line.input,
            wish: line.wish,
        });
        self.running().insert(handle, running.clone());
        let sessions = self.clone();
        let mut hear = line.hear;
        tauri::async_runtime::spawn(async move {
            loop {
                // Not heard before it can be shown: what waits in the line holds up the node.
                running.wait_for_room().await;
                match hear.recv().await {
                    Some(Heard::Output(data)) => running.view().output(data),
                    Some(Heard::State(state)) => running.view().state(state),
                    None => break,
                }
            }
            running.view().state(State::Closed { reason: None, exit_code: None });
            sessions.running().remove(&handle);
        });
        known
    }

    /// The session `handle`, if window `label` shows it.
    fn of(&self, label: &str, handle: u32) -> Result<Arc<Running>, CallError> {
        let running = self.running().get(&handle).cloned().filter(|running| running.is_of(label));
        running.ok_or_else(gone)
    }

    /// Sessions that window `label` shows.
    pub fn of_window(&self, label: &str) -> Vec<Known> {
        let mut known: Vec<Known> =
            self.running().values().filter(|running| running.is_of(label)).map(|running| running.known.clone()).collect();
        known.sort_by_key(|known| known.handle);
        known
    }

    pub async fn input(&self, label: &str, handle: u32, data: Vec<u8>) -> Result<(), CallError> {
        let running = self.of(label, handle)?;
        running.input.send(data).await.map_err(|_| gone())
    }

    pub fn resize(&self, label: &str, handle: u32, size: (u16, u16)) -> Result<(), CallError> {
        self.of(label, handle)?.wish.send_modify(|wish| wish.size = Some(size));
        Ok(())
    }

    pub fn close(&self, label: &str, handle: u32) -> Result<(), CallError> {
        self.of(label, handle)?.end();
        Ok(())
    }

    pub fn acknowledge(&self, label: &str, handle: u32, bytes: usize) -> Result<(), CallError> {
        let running = self.of(label, handle)?;
        running.view().acknowledge(bytes);
        running.room.notify_one();
        Ok(())
    }

    pub fn attach(&self, label: &str, handle: u32, channel: Channel<InvokeResponseBody>) -> Result<Known, CallError> {
        let running = self.of(label, handle)?;
        running.view().attach(channel);
        running.room.notify_one();
        Ok(running.known.clone())
    }

    /// The page of window `label` is gone; what it showed goes on and waits for the next.
    pub fn detach_all(&self, label: &str) {
        for running in self.running().values().filter(|running| running.is_of(label)) {
            running.view().detach();
            running.room.notify_one();
        }
    }

    /// The window is gone: its sessions end.
    pub fn close_all(&self, label: &str) {
        self.tabs().remove(label);
        for running in self.running().values().filter(|running| running.is_of(label)) {
            running.end();
        }
    }

    /// Gives `handles`, which window `from` shows, to window `to`, whose page will ask for `tab`.
    pub fn move_to(&self, from: &str, handles: &[u32], to: &str, tab: String) -> Result<(), CallError> {
        if tab.len() > MAX_TAB {
            return Err(CallError::invalid("a tab is too large to be moved"));
        }
        let moved = handles.iter().map(|handle| self.of(from, *handle)).collect::<Result<Vec<_>, _>>()?;
        for running in moved {
            running.move_to(to);
            running.view().detach();
            running.room.notify_one();
        }
        self.tabs().insert(to.to_owned(), tab);
        Ok(())
    }

    /// The window `to` did not come about: its sessions are those of `from` again.
    pub fn move_back(&self, to: &str, from: &str) {
        self.tabs().remove(to);
        for running in self.running().values().filter(|running| running.is_of(to)) {
            running.move_to(from);
        }
    }

    /// What window `label` was opened with; once.
    pub fn claim(&self, label: &str) -> Option<String> {
        self.tabs().remove(label)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::view::WINDOW;
    use super::*;

    struct Page {
        channel: Channel<InvokeResponseBody>,
        seen: mpsc::UnboundedReceiver<String>,
    }

    fn page() -> Page {
        let (sender, seen) = mpsc::unbounded_channel();
        let channel = Channel::new(move |body| {
            let text = match body {
                InvokeResponseBody::Json(text) => text,
                InvokeResponseBody::Raw(bytes) => format!("{} bytes", bytes.len()),
            };
            let _ = sender.send(text);
            Ok(())
        });
        Page { channel, seen }
    }

    /// A line with its other ends: what is typed, what is wished, what it says.
    fn line() -> (Line, mpsc::Receiver<Vec<u8>>, watch::Receiver<Wish>, mpsc::Sender<Heard>) {
        let (input, typed) = mpsc::channel(1);
        let (wish, wishes) = watch::channel(Wish::default());
        let (say, hear) = mpsc::channel(1);
        (Line { input, wish, hear }, typed, wishes, say)
    }

    async fn next(page: &mut Page) -> String {
        tokio::time::timeout(Duration::from_secs(10), page.seen.recv()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_flood_waits_for_the_page() {
        let sessions = Sessions::default();
        let (line, _typed, _wishes, say) = line();
        let mut page = page();
        let known = sessions.add("main", "s-1", "mi-1", line, page.channel.clone());
        say.send(Heard::Output(vec![b'y'; WINDOW])).await.unwrap();
        assert_eq!(next(&mut page).await, format!("{WINDOW} bytes"));
        // One lies in the line; the next is not taken while the page owes everything.
        say.send(Heard::Output(vec![b'y'; 7])).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), say.send(Heard::Output(vec![b'y'; 7]))).await.is_err());
        sessions.acknowledge("main", known.handle, WINDOW).unwrap();
        assert_eq!(next(&mut page).await, "7 bytes");
    }

    #[tokio::test]
    async fn a_session_is_its_windows_alone() {
        let sessions = Sessions::default();
        let (line, mut typed, wishes, _say) = line();
        let known = sessions.add("main", "s-1", "mi-1", line, page().channel);
        let other = sessions.input("w1", known.handle, b"x".to_vec()).await;
        assert_eq!(other.err().unwrap().code, "SessionGone");
        assert!(sessions.attach("w1", known.handle, page().channel).is_err());
        assert!(sessions.move_to("w1", &[known.handle], "w2", String::new()).is_err());
        assert_eq!(sessions.of_window("w1"), []);
        sessions.move_to("main", &[known.handle], "w1", "the tab".to_owned()).unwrap();
        assert_eq!(sessions.claim("w1").as_deref(), Some("the tab"));
        assert_eq!(sessions.claim("w1"), None);
        sessions.input("w1", known.handle, b"x".to_vec()).await.unwrap();
        assert_eq!(typed.recv().await, Some(b"x".to_vec()));
        sessions.resize("w1", known.handle, (300, 100)).unwrap();
        assert_eq!(*wishes.borrow(), Wish { size: Some((300, 100)), close: false });
    }

    #[tokio::test]
    async fn a_window_that_goes_ends_its_sessions_and_no_other() {
        let sessions = Sessions::default();
        let (first, _typed, wishes, say) = line();
        let (second, _also_typed, others, _say) = line();
        sessions.add("w1", "s-1", "mi-1", first, page().channel);
        sessions.add("main", "s-2", "mi-2", second, page().channel);
        sessions.close_all("w1");
        assert!(wishes.borrow().close);
        drop(say);
        while !sessions.of_window("w1").is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(sessions.of_window("main").len(), 1);
        assert!(!others.borrow().close);
    }

    #[tokio::test]
    async fn the_end_reaches_the_page() {
        let sessions = Sessions::default();
        let (line, _typed, _wishes, say) = line();
        let mut page = page();
        sessions.add("main", "s-1", "mi-1", line, page.channel.clone());
        say.send(Heard::State(State::Open)).await.unwrap();
        drop(say);
        assert!(next(&mut page).await.contains("open"));
        assert!(next(&mut page).await.contains("closed"));
        while !sessions.of_window("main").is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
