//! A port of this machine that leads to a port behind a node. It stays open while sessions come and go: over a lost socket the session
//! is resumed, and where a session is over the next connection starts another.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use qd_wire::data_channel::{Event, Window};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::call::Client;
use crate::credentials::BoxFuture;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::mux::{self, BoxConn, Counters, MuxEnd, MuxNotice, Peer, Side};
use crate::pipe::{Pipe, PipeEvent};
use crate::session::{SessionCalls, SessionOptions, SessionStart, connect, readable};

/// What may be on the way, or wait to be taken.
const PORT_BYTES: usize = 4 * 1024 * 1024;
/// Connections accepted and not yet carried.
const ACCEPTED: usize = 16;
/// The longest wait for the hub at the end.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(5);

/// Where connections are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Local {
    /// Port 0 takes a free one.
    Tcp(IpAddr, u16),
    /// A Unix socket, made at this path; not on Windows.
    Unix(PathBuf),
}

/// A forward's calls: those of its sessions, and StartSession.
pub trait ForwardCalls: SessionCalls {
    /// StartSession, with the forward's target, document and parameters.
    fn start(&self) -> BoxFuture<'_, Result<SessionStart, CallError>>;
}

/// StartSession through a client, with this input.
pub struct StartsSessions {
    pub client: Client,
    pub input: Value,
}

impl SessionCalls for StartsSessions {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>> {
        self.client.resume(session_id)
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        self.client.terminate(session_id)
    }
}

impl ForwardCalls for StartsSessions {
    fn start(&self) -> BoxFuture<'_, Result<SessionStart, CallError>> {
        Box::pin(async {
            let output = self.client.call("ssm", "AmazonSSM.StartSession", &self.input).await?;
            SessionStart::from_output(&output).ok_or(CallError::Answer("it has no session"))
        })
    }
}

/// How a forward stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardStatus {
    /// A session is being started.
    Starting,
    /// Connections are carried.
    Open { session_id: String },
    /// The session's socket is being looked for; connections wait.
    Reconnecting { session_id: String, attempt: u32, reason: String },
    /// There is no session; the next connection starts one.
    Waiting { reason: String },
}

/// A forward; dropping it closes the port and ends its session.
pub struct Forward {
    local: String,
    status: watch::Receiver<ForwardStatus>,
    counters: Arc<Counters>,
    stop: DropGuard,
    task: tokio::task::JoinHandle<()>,
}

impl Forward {
    /// Opens the local port and starts the first session.
    pub async fn open(endpoint: Endpoint, local: &Local, calls: Arc<dyn ForwardCalls>) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let (connections, accepted) = mpsc::channel(ACCEPTED);
        let name = listen(local, connections, stop.clone()).await?;
        let (sender, status) = watch::channel(ForwardStatus::Starting);
        let counters = Arc::<Counters>::default();
        let line = Line { endpoint, calls, status: sender, counters: counters.clone(), accepted };
        let task = tokio::spawn(line.run(stop.clone()));
        Ok(Self { local: name, status, counters, stop: stop.drop_guard(), task })
    }

    /// Where it listens: `127.0.0.1:5432`, or a path.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// How it stands, and each change of it.
    pub fn status(&self) -> watch::Receiver<ForwardStatus> {
        self.status.clone()
    }

    /// Closes the port, and waits until the hub has ended the session or does not answer.
    pub async fn close(self) {
        drop(self.stop);
        let _ = tokio::time::timeout(GOODBYE, self.task).await;
    }

    /// Live figures.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

async fn listen(local: &Local, connections: mpsc::Sender<BoxConn>, stop: CancellationToken) -> io::Result<String> {
    match local {
        Local::Tcp(address, port) => {
            let listener = TcpListener::bind(SocketAddr::new(*address, *port)).await?;
            let name = listener.local_addr()?.to_string();
            tokio::spawn(stop.run_until_cancelled_owned(async move {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => {
                            let _ = stream.set_nodelay(true);
                            if connections.send(Box::new(stream)).await.is_err() {
                                return;
                            }
                        }
                        // Out of descriptors, for instance.
                        Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
                    }
                }
            }));
            Ok(name)
        }
        #[cfg(unix)]
        Local::Unix(path) => {
            let listener = tokio::net::UnixListener::bind(path)?;
            let path = path.clone();
            let name = path.display().to_string();
            tokio::spawn(async move {
                let accepting = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        if connections.send(Box::new(stream)).await.is_err() {
                            return;
                        }
                    }
                };
                stop.run_until_cancelled(accepting).await;
                let _ = std::fs::remove_file(path);
            });
            Ok(name)
        }
        #[cfg(not(unix))]
        Local::Unix(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets")),
    }
}

/// The forward's task.
struct Line {
    endpoint: Endpoint,
    calls: Arc<dyn ForwardCalls>,
    status: watch::Sender<ForwardStatus>,
    counters: Arc<Counters>,
    accepted: mpsc::Receiver<BoxConn>,
}

impl Line {
    async fn run(mut self, stop: CancellationToken) {
        let calls = self.calls.clone();
        let current = std::sync::Mutex::new(None);
        stop.run_until_cancelled(self.live(&current)).await;
        let session = current.into_inner().unwrap_or_default();
        if let Some(session_id) = session {
            let _ = calls.terminate(&session_id).await;
        }
    }

    async fn live(&mut self, current: &std::sync::Mutex<Option<String>>) {
        let mut first = None;
        loop {
            self.status.send_replace(ForwardStatus::Starting);
            let reason = match self.start().await {
                Err(reason) => reason,
                Ok((session_id, pipe)) => {
                    set(current, Some(session_id.clone()));
                    let reason = self.carry(&session_id, pipe, first.take()).await;
                    set(current, None);
                    reason
                }
            };
            // A connection that came for a session that is not to be had is closed.
            drop(first.take());
            self.status.send_replace(ForwardStatus::Waiting { reason });
            first = self.accepted.recv().await;
            if first.is_none() {
                return;
            }
        }
    }

    async fn start(&self) -> Result<(String, Pipe), String> {
        let start = self.calls.start().await.map_err(|error| error.to_string())?;
        let window = Window { bytes: PORT_BYTES, messages: 4096 };
        // A port has no terminal.
        let options = SessionOptions { cols: 0, rows: 0, capacity: PORT_BYTES, ..SessionOptions::default() };
        let calls: Arc<dyn SessionCalls> = Arc::new(Later(self.calls.clone()));
        let pipe = connect(&self.endpoint, &start, options, window, calls).await.map_err(|error| error.to_string())?;
        Ok((start.session_id, pipe))
    }

    /// Carries connections through a session until it is over; why it is.
    async fn carry(&mut self, session_id: &str, mut pipe: Pipe, first: Option<BoxConn>) -> String {
        let peer = match ready(&mut pipe).await {
            Ok(peer) => peer,
            Err(reason) => return reason,
        };
        let open = || ForwardStatus::Open { session_id: session_id.to_owned() };
        self.status.send_replace(open());
        let status = self.status.clone();
        let notice = |notice| match notice {
            MuxNotice::Lost { attempt, reason } => {
                status.send_replace(ForwardStatus::Reconnecting { session_id: session_id.to_owned(), attempt, reason });
            }
            MuxNotice::Back => {
                status.send_replace(open());
            }
            MuxNotice::Refused => {}
        };
        let side = Side::Listening { first, accepted: &mut self.accepted };
        match mux::run(&mut pipe, peer, side, self.counters.clone(), notice).await {
            MuxEnd::Terminated => "the node ended the session".to_owned(),
            MuxEnd::Closed(text) if text.trim().is_empty() => "the session has ended".to_owned(),
            MuxEnd::Closed(text) | MuxEnd::Over(text) => readable(&text),
            MuxEnd::Broken(text) => format!("the node sent something else than connections: {text}"),
        }
    }
}

fn set(current: &std::sync::Mutex<Option<String>>, value: Option<String>) {
    *current.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = value;
}

/// A forward's calls where a session's are wanted.
struct Later(Arc<dyn ForwardCalls>);

impl SessionCalls for Later {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>> {
        self.0.resume(session_id)
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        self.0.terminate(session_id)
    }
}

/// Waits for the handshake's end.
async fn ready(pipe: &mut Pipe) -> Result<Peer, String> {
    loop {
        match pipe.next().await {
            Some(PipeEvent::Channel(Event::Ready { session_type, properties, agent_version, mux, .. })) => {
                if session_type != "Port" {
                    return Err(format!("the session is one of type {}, not of a port", readable(&session_type)));
                }
                if properties.get("type").and_then(Value::as_str) != Some("LocalPortForwarding") {
                    return Err(
                        "the document's port sessions carry one stream, not a local port; use a document for port forwarding".to_owned()
                    );
                }
                if !is_newer(&agent_version, [3, 0, 196, 0]) {
                    return Err(format!("the agent {} carries one connection at a time; update it", readable(&agent_version)));
                }
                return Ok(Peer { version: mux, keep_alive: mux < 2 && !is_newer(&agent_version, [3, 1, 1511, 0]) });
            }
            Some(PipeEvent::Channel(Event::Closed { output })) => {
                let text = readable(&output);
                return Err(if text.is_empty() { "the session has ended".to_owned() } else { text });
            }
            Some(PipeEvent::Over(reason)) => return Err(reason),
            None => return Err("the session has ended".to_owned()),
            Some(_) => {}
        }
    }
}

/// Whether a version of four numbers is newer than another (session-protocol 5.4).
pub fn is_newer(version: &str, than: [u64; 4]) -> bool {
    let numbers: Option<Vec<u64>> = version.trim().split('.').map(|part| part.parse().ok()).collect();
    numbers.and_then(|numbers| <[u64; 4]>::try_from(numbers).ok()).is_some_and(|numbers| numbers > than)
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn versions_are_four_numbers() {
        assert!(is_newer("3.3.1000.0", [3, 1, 1511, 0]) && is_newer("3.1.1511.1", [3, 1, 1511, 0]));
        for version in ["3.1.1511.0", "3.1.99.0", "9.9.9", "", "a.b.c.d", "4.0.0.0.0"] {
            assert!(!is_newer(version, [3, 1, 1511, 0]), "{version}");
        }
    }
}
