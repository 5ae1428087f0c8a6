//! A session's client: what `session-manager-plugin` does, for the console and for programs (session-protocol 2 and 9 d).
//!
//! [`Session::connect`] takes what StartSession or ResumeSession answered. Output is acknowledged as it is taken from [`Session::next`],
//! so a consumer that is slow holds up its producer on the node and nothing grows in between. When the socket is lost the session comes
//! back by itself through ResumeSession, for as long as the hub knows it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt;
use qd_wire::DataChannel;
use qd_wire::data_channel::{CLIENT_VERSION, Event, MAX_MESSAGE_BYTES, Role, Settings, Window};
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{OpenDataChannel, SessionNotice, TerminalSize};
use qd_wire::sigv4::Secret;
use rustls::ClientConfig;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::call::Client;
use crate::credentials::BoxFuture;
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::CallError;
pub use crate::pipe::PipeClosed as SessionOver;
use crate::pipe::{Dial, DialError, Pipe, PipeEvent, PipeSender};
use crate::socket::{self, Socket};

/// Input and output that may be on the way or wait to be taken. Small for a terminal, so that Ctrl-C is not behind much.
const SHELL_BYTES: usize = 256 * 1024;
/// Input is cut into messages of this size.
const INPUT_BYTES: usize = 16 * 1024;
/// The longest wait for a socket.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest text for a person that is passed on.
const MAX_NOTICE_CHARS: usize = 4096;

/// What StartSession and ResumeSession answer.
#[derive(Debug, Clone)]
pub struct SessionStart {
    pub session_id: String,
    pub stream_url: String,
    pub token_value: Secret,
}

impl SessionStart {
    /// Reads the operation's output. `None` without a token: the session is over.
    pub fn from_output(output: &Value) -> Option<Self> {
        let text = |name: &str| output.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let token_value = Secret::new(text("TokenValue")?);
        Some(Self { session_id: text("SessionId")?.to_owned(), stream_url: text("StreamUrl")?.to_owned(), token_value })
    }
}

/// The calls a session makes later. A [`Client`] can; a console with a hub in its own process has its own way.
pub trait SessionCalls: Send + Sync + 'static {
    /// ResumeSession, with credentials that are good now. `None` when the session is over.
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>>;

    /// TerminateSession.
    fn terminate<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>>;
}

impl SessionCalls for Client {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>> {
        Box::pin(async move {
            let output = self.call("ssm", "AmazonSSM.ResumeSession", &json!({ "SessionId": session_id })).await?;
            Ok(SessionStart::from_output(&output))
        })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move { self.call("ssm", "AmazonSSM.TerminateSession", &json!({ "SessionId": session_id })).await.map(drop) })
    }
}

/// How a session is opened.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// The terminal's size; told to the node before its shell starts, where both ends are ours.
    pub cols: u16,
    pub rows: u16,
    /// Says which client this is, the same over all reconnects.
    pub client_id: Uuid,
    /// Bytes of output that may be here or on the way before they are taken.
    pub capacity: usize,
    /// Whether our own agent is spoken to in our own way. Only tests say no.
    pub fast: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { cols: 80, rows: 24, client_id: Uuid::new_v4(), capacity: SHELL_BYTES, fast: true }
    }
}

/// Which stream output is of; a terminal has only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputOf {
    Standard,
    Error,
}

/// What happens in a session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// Input is taken from now on. `session_type` as the document has it; `agent_version` is empty from a stock shell.
    Ready {
        session_type: String,
        agent_version: String,
    },
    Output {
        stream: OutputOf,
        bytes: Bytes,
    },
    /// Something for the person to read, from the node or the hub. Without control characters.
    Notice(String),
    /// The connection is gone and is being looked for. The attempt counts from 1; 0 is the loss itself.
    Reconnecting {
        attempt: u32,
        reason: String,
    },
    Reconnected,
    /// The hub holds the stream, because the node is away; and goes on.
    Paused,
    Resumed,
    /// The last event. `reason` may be empty; `exit_code` is there where the node told it.
    Closed {
        reason: String,
        exit_code: Option<i32>,
    },
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("the hub's address for the session is not one of this endpoint: {0}")]
    Address(&'static str),
    #[error("no connection for the session: {0}")]
    Connect(String),
}

/// One session. Dropping it leaves the session at the hub, which ends it after a while; [`SessionInput::terminate`] ends it now.
pub struct Session {
    input: SessionInput,
    pipe: Pipe,
    exit_code: Option<i32>,
    /// Comes right after the event before it.
    notice: Option<String>,
    over: bool,
}

/// The end that sends, cheap to clone.
#[derive(Clone)]
pub struct SessionInput {
    session_id: Arc<str>,
    sender: PipeSender,
    calls: Arc<dyn SessionCalls>,
}

impl SessionInput {
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// Sends input exactly as it is; a terminal's Enter is `\r`. Waits while the node has no room for it, so that a long paste can be
    /// cancelled by dropping the call: the pieces already taken arrive, the others do not.
    pub async fn input(&self, bytes: Bytes) -> Result<(), SessionOver> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(INPUT_BYTES));
            self.sender.send(PayloadType::Output, piece).await?;
        }
        Ok(())
    }

    /// Tells the terminal's size; only the newest counts.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.sender.resize(TerminalSize { cols, rows });
    }

    /// Ends the session at the hub and on the node. Its end is heard as [`SessionEvent::Closed`].
    pub async fn terminate(&self) -> Result<(), CallError> {
        self.calls.terminate(&self.session_id).await
    }
}

impl Session {
    /// Opens the session's data channel. `endpoint` gives the trust; `calls` are for later.
    pub async fn connect(
        endpoint: &Endpoint,
        start: SessionStart,
        options: SessionOptions,
        calls: Arc<dyn SessionCalls>,
    ) -> Result<Self, SessionError> {
        let window = Window { bytes: SHELL_BYTES, messages: 512 };
        let pipe = connect(endpoint, &start, options, window, calls.clone()).await?;
        let input = SessionInput { session_id: start.session_id.as_str().into(), sender: pipe.sender().clone(), calls };
        input.resize(options.cols, options.rows);
        Ok(Self { input, pipe, exit_code: None, notice: None, over: false })
    }

    /// The end that sends, for another task.
    pub fn sender(&self) -> SessionInput {
        self.input.clone()
    }

    /// See [`SessionInput::input`].
    pub async fn input(&self, bytes: Bytes) -> Result<(), SessionOver> {
        self.input.input(bytes).await
    }

    /// See [`SessionInput::resize`].
    pub fn resize(&self, cols: u16, rows: u16) {
        self.input.resize(cols, rows);
    }

    /// See [`SessionInput::terminate`].
    pub async fn terminate(&self) -> Result<(), CallError> {
        self.input.terminate().await
    }

    /// The next event; `None` after [`SessionEvent::Closed`]. Safe to drop and call again. Output not taken here holds up the node.
    pub async fn next(&mut self) -> Option<SessionEvent> {
        if let Some(notice) = self.notice.take() {
            return Some(SessionEvent::Notice(notice));
        }
        while !self.over {
            let event = match self.pipe.next().await {
                Some(PipeEvent::Channel(event)) => self.of_channel(event),
                Some(PipeEvent::Lost { attempt, reason }) => Some(SessionEvent::Reconnecting { attempt, reason }),
                Some(PipeEvent::Back) => Some(SessionEvent::Reconnected),
                Some(PipeEvent::Over(reason)) => Some(self.closed(reason)),
                None => Some(self.closed(String::new())),
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    fn of_channel(&mut self, event: Event) -> Option<SessionEvent> {
        match event {
            Event::Data { kind: PayloadType::Output, payload } => Some(SessionEvent::Output { stream: OutputOf::Standard, bytes: payload }),
            Event::Data { kind: PayloadType::StdErr | PayloadType::Error, payload } => {
                Some(SessionEvent::Output { stream: OutputOf::Error, bytes: payload })
            }
            Event::Data { kind: PayloadType::ExitCode, payload } => {
                self.exit_code = exit_code(&payload);
                None
            }
            Event::Data { .. } | Event::Agreed(_) | Event::Unanswered => None,
            Event::Ready { session_type, agent_version, customer_message, .. } => {
                self.notice = Some(readable(&customer_message)).filter(|text| !text.is_empty());
                Some(SessionEvent::Ready { session_type, agent_version })
            }
            Event::EndsSoon(notice) => Some(SessionEvent::Notice(ends_soon(&notice))),
            Event::Paused(true) => Some(SessionEvent::Paused),
            Event::Paused(false) => Some(SessionEvent::Resumed),
            Event::Closed { output } => Some(self.closed(readable(&output))),
        }
    }

    fn closed(&mut self, reason: String) -> SessionEvent {
        self.over = true;
        SessionEvent::Closed { reason, exit_code: self.exit_code }
    }
}

fn ends_soon(notice: &SessionNotice) -> String {
    let because =
        if notice.kind.eq_ignore_ascii_case("idle") { "nothing was typed for a while" } else { "it has lasted as long as it may" };
    format!("This session ends in {} seconds: {because}.", notice.seconds)
}

/// `EXIT_CODE: 7` (session-protocol 3.3).
fn exit_code(payload: &[u8]) -> Option<i32> {
    std::str::from_utf8(payload).ok()?.strip_prefix("EXIT_CODE:")?.trim().parse().ok()
}

/// Somebody else's text, made fit to be shown.
pub(crate) fn readable(text: &str) -> String {
    let shown: String = text.chars().take(MAX_NOTICE_CHARS).map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    shown.trim().to_owned()
}

/// Opens a data channel as a client.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    start: &SessionStart,
    options: SessionOptions,
    window: Window,
    calls: Arc<dyn SessionCalls>,
) -> Result<Pipe, SessionError> {
    let mut tls = endpoint.tls()?;
    tls.alpn_protocols.clear();
    let mut dial = SessionDial {
        plain: endpoint.url("ssm").is_ok_and(|url| url.scheme() == "http"),
        tls: Arc::new(tls),
        url: checked(start)?,
        token: Some(start.token_value.clone()),
        session_id: start.session_id.clone(),
        client_id: options.client_id,
        calls,
    };
    let now = Instant::now();
    let epoch_ms = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(1);
    let mut channel = DataChannel::new(Settings {
        role: Role::Client,
        window,
        capacity: options.capacity.max(MAX_MESSAGE_BYTES * 2),
        first_id: Uuid::new_v4(),
        start: (now, epoch_ms),
        fast: options.fast,
    });
    channel.resize(TerminalSize { cols: options.cols, rows: options.rows }, now);
    let socket = dial.first().await.map_err(SessionError::Connect)?;
    Ok(Pipe::start(channel, Some(socket), dial))
}

fn checked(start: &SessionStart) -> Result<String, SessionError> {
    let known = ["wss://", "ws://", "https://", "http://"].iter().any(|scheme| start.stream_url.starts_with(scheme));
    if known { Ok(start.stream_url.clone()) } else { Err(SessionError::Address("it is not one of a websocket")) }
}

struct SessionDial {
    /// The endpoint itself is not encrypted, which only one on this machine may be.
    plain: bool,
    tls: Arc<ClientConfig>,
    url: String,
    /// Good for one socket.
    token: Option<Secret>,
    session_id: String,
    client_id: Uuid,
    calls: Arc<dyn SessionCalls>,
}

impl SessionDial {
    /// The first socket, with some patience for a hub that is being replaced: the token is good as long as no socket was opened.
    async fn first(&mut self) -> Result<Socket, String> {
        let mut pause = Duration::from_millis(100);
        loop {
            let token = self.token.clone();
            match self.attempt().await {
                Ok(socket) => return Ok(socket),
                Err(DialError::Over(reason)) => return Err(reason),
                Err(DialError::Again(reason)) if pause > Duration::from_secs(2) => return Err(reason),
                Err(DialError::Again(_)) => self.token = token,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn attempt(&mut self) -> Result<Socket, DialError> {
        let token = match self.token.take() {
            Some(token) => token,
            None => self.resumed().await?,
        };
        if !self.plain && (self.url.starts_with("ws://") || self.url.starts_with("http://")) {
            return Err(DialError::Over("the hub named an address for the session that is not encrypted".to_owned()));
        }
        let opening = async {
            let mut socket = socket::open(&self.url, Vec::new(), self.tls.clone()).await.map_err(|error| error.message)?;
            let open = OpenDataChannel::client(Uuid::new_v4(), token.expose(), self.client_id, CLIENT_VERSION);
            socket.send(Message::Text(open.to_text().into())).await.map_err(|error| error.to_string())?;
            Ok(socket)
        };
        match tokio::time::timeout(PATIENCE, opening).await {
            Ok(opened) => opened.map_err(DialError::Again),
            Err(_) => Err(DialError::Again("no answer in time".to_owned())),
        }
    }

    async fn resumed(&mut self) -> Result<Secret, DialError> {
        match self.calls.resume(&self.session_id).await {
            Ok(Some(start)) => {
                if let Ok(url) = checked(&start) {
                    self.url = url;
                }
                Ok(start.token_value)
            }
            Ok(None) => Err(DialError::Over("the session has ended".to_owned())),
            Err(error) if error.code() == "DoesNotExistException" => Err(DialError::Over("the session has ended".to_owned())),
            Err(error) => Err(DialError::Again(error.to_string())),
        }
    }
}

impl Dial for SessionDial {
    fn dial(&mut self) -> BoxFuture<'_, Result<Socket, DialError>> {
        Box::pin(self.attempt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operations_answer_is_read_and_the_token_stays_out_of_logs() {
        let output = json!({"SessionId": "u-1", "TokenValue": "sesame", "StreamUrl": "wss://hub/v1/data-channel/u-1"});
        let start = SessionStart::from_output(&output).unwrap();
        assert_eq!((start.session_id.as_str(), start.token_value.expose()), ("u-1", "sesame"));
        assert!(!format!("{start:?}").contains("sesame"));
        for over in [json!({"SessionId": "u-1"}), json!({"SessionId": "u-1", "TokenValue": "", "StreamUrl": "wss://x"}), Value::Null] {
            assert!(SessionStart::from_output(&over).is_none());
        }
        assert!(checked(&SessionStart { stream_url: "file:///x".into(), ..start }).is_err());
    }

    #[test]
    fn exit_codes_and_texts_of_others() {
        assert_eq!(exit_code(b"EXIT_CODE: 7"), Some(7));
        assert_eq!(exit_code(b"EXIT_CODE: -1\n"), Some(-1));
        assert_eq!(exit_code(b"7"), None);
        assert_eq!(exit_code(&[0xff]), None);
        assert_eq!(readable("\x1b[31mred\r\nline"), "[31mred \nline");
    }
}
