//! The one connection to the hub: a websocket, held open from the node outwards (agent-protocol 4.1–4.5).
//!
//! Nothing that matters lives in the connection. Replies and output are kept by their spools until acknowledged, jobs are on
//! disk before theirs; losing the channel costs a reconnect.

use crate::agent::Agent;
use crate::document::inbox;
use crate::registration::credentials::jittered;
use crate::session;
use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use qd_client::dial::dial;
use qd_client::{CallError, Request};
use qd_wire::agent_message::{AgentMessage, MAX_FRAME_BYTES, MessageType};
use qd_wire::payload::create_control_channel::CREATED_STATUS;
use qd_wire::payload::{
    AgentJobReplyAck, AgentTaskAcknowledge, ChannelClosed, CreateControlChannelAnswer, CreateControlChannelRequest, InteractiveShell,
    OpenControlChannel, OutputAck, Payload,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Half the longest pause after a first failure.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest pause before a new attempt; the stock agent's forty minutes would leave a repaired hub without nodes.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// After the loss of a connection that worked, nodes return within this time, spread evenly.
const SPREAD: Duration = Duration::from_millis(2500);
/// A connection that held this long worked, also when the hub had nothing to say on it.
const PROVEN: Duration = Duration::from_secs(5);
/// Time for connecting and for an answer to a ping.
const PATIENCE: Duration = Duration::from_secs(15);
/// Time for one frame to leave: a hub that takes nothing any more is as good as gone, though its machine keeps the connection.
const WRITE_PATIENCE: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(30) };
/// Frames written before reading again.
const BURST: usize = 64;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Holds the channel until the agent ends.
pub async fn run(agent: Arc<Agent>) {
    let stop = agent.stop.clone();
    let mut ready = agent.ready.subscribe();
    let _ = ready.wait_for(|ready| *ready).await;
    let mut wait = FIRST_WAIT;
    while !stop.is_cancelled() {
        let pause = match connect(&agent).await {
            Ok(socket) => {
                tracing::info!(hub = agent.registration.endpoint, "connected");
                let begun = Instant::now();
                let Served { address, heard, end } = serve(&agent, socket, &stop).await;
                let pause = pause_after(heard || begun.elapsed() >= PROVEN, &mut wait);
                tracing::info!(%end, ?address, again_in = ?pause, "disconnected");
                pause
            }
            Err(error) => {
                let pause = pause_after(false, &mut wait);
                tracing::warn!(%error, again_in = ?pause, "no connection");
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// The pause after a connection that worked or did not. One that closes soon after it was opened, because something in between or the hub
/// itself does not want it, is waited for like one that was not opened.
fn pause_after(worked: bool, wait: &mut Duration) -> Duration {
    if worked {
        *wait = FIRST_WAIT;
        return spread();
    }
    *wait = (*wait * 2).min(LONGEST_WAIT);
    jittered(*wait)
}

fn spread() -> Duration {
    let random = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    SPREAD.mul_f64(random)
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("{code}: {0}", code = .0.code())]
    Call(#[from] CallError),
    #[error("the hub's answer to CreateControlChannel cannot be used: {0}")]
    Answer(String),
    #[error("the websocket was not opened: {0}")]
    Socket(String),
}

fn socket(error: &WsError) -> ConnectError {
    ConnectError::Socket(crate::link::text_of(error))
}

async fn connect(agent: &Agent) -> Result<Socket, ConnectError> {
    let path = format!("/v1/control-channel/{}", agent.registration.instance_id);
    let (status, body) = agent.link.gateway(&path, CreateControlChannelRequest::new(Uuid::new_v4()).to_text()).await?;
    if status != CREATED_STATUS {
        return Err(ConnectError::Answer(format!("status {status}")));
    }
    let opened = CreateControlChannelAnswer::from_xml(&body).map_err(|error| ConnectError::Answer(error.to_string()))?;
    let mut channel =
        tokio::time::timeout(PATIENCE, upgrade(agent, &path)).await.map_err(|_| ConnectError::Socket("no answer in time".to_owned()))??;
    let platform = crate::platform::PLATFORM_TYPE.to_ascii_lowercase();
    let platform = if platform == "macos" { "darwin" } else { &platform };
    let text = OpenControlChannel::ours(Uuid::new_v4(), opened.token_value, crate::agent::VERSION, platform).to_text();
    in_time(channel.send(Message::Text(text.into()))).await.map_err(|error| socket(&error))?;
    Ok(channel)
}

async fn upgrade(agent: &Agent, path: &str) -> Result<Socket, ConnectError> {
    let asked = Request::get("ssmmessages", path).with_query("role", "subscribe").with_query("stream", "input");
    let (mut url, headers) = agent.link.client().signed_headers(asked).await?;
    let address = url.to_string();
    let invalid = |_| ConnectError::Socket("the hub's address is not one of a websocket".to_owned());
    let scheme = if url.scheme() == "http" { "ws" } else { "wss" };
    url.set_scheme(scheme).map_err(invalid)?;
    let mut request = url.as_str().into_client_request().map_err(|error| socket(&error))?;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            request.headers_mut().insert(name, value);
        }
    }
    let tcp = dial(&address).await.map_err(|error| ConnectError::Socket(error.to_string()))?;
    let _ = tcp.set_nodelay(true);
    // Small buffers: the channel is idle nearly always, and the agent shares a small machine.
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(8 * 1024)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let connector = Connector::Rustls(agent.link.tls());
    match tokio_tungstenite::client_async_tls_with_config(request, tcp, Some(config), Some(connector)).await {
        Ok((channel, _)) => Ok(channel),
        Err(WsError::Http(response)) => Err(refused(response.status().as_u16(), response.body().as_deref().unwrap_or_default())),
        Err(error) => Err(socket(&error)),
    }
}

/// A refused upgrade, with as much of the hub's words as is fit to be logged.
fn refused(status: u16, body: &[u8]) -> ConnectError {
    let text: String = String::from_utf8_lossy(&body[..body.len().min(300)]).chars().filter(|c| !c.is_control()).collect();
    ConnectError::Socket(format!("status {status}: {text}"))
}

/// How a connection was.
struct Served {
    /// Ours.
    address: Option<std::net::IpAddr>,
    /// The hub said something on it.
    heard: bool,
    /// Why it is over.
    end: String,
}

/// Serves a connection to its end.
async fn serve(agent: &Arc<Agent>, socket: Socket, stop: &CancellationToken) -> Served {
    let address = match socket.get_ref() {
        MaybeTlsStream::Rustls(tls) => tls.get_ref().0.local_addr().ok().map(|a| a.ip()),
        MaybeTlsStream::Plain(tcp) => tcp.local_addr().ok().map(|a| a.ip()),
        _ => None,
    };
    let mut queue = agent.outbox.connect();
    agent.replies.reconnected();
    agent.streams.reconnected();
    agent.connected.send_replace(address.or(Some(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))));
    let (mut sink, mut stream) = socket.split();
    let ping_every = Duration::from_secs(agent.config.ping_seconds);
    let mut ping_at = Instant::now() + ping_every;
    let mut pong_until: Option<Instant> = None;
    let mut heard = false;
    let end = loop {
        let repeat_at = [agent.replies.due_at(Instant::now()), agent.streams.due_at()].into_iter().flatten().min();
        let far = Instant::now() + Duration::from_secs(3600);
        let written = tokio::select! {
            () = stop.cancelled() => break "stopping".to_owned(),
            frame = queue.recv() => match frame {
                Some(frame) => write(agent, &mut sink, &mut queue, Some(frame)).await,
                None => break "replaced".to_owned(),
            },
            () = agent.replies.changed.notified() => write(agent, &mut sink, &mut queue, None).await,
            () = agent.streams.changed.notified() => write(agent, &mut sink, &mut queue, None).await,
            () = sleep_until(repeat_at.unwrap_or(far)) => write(agent, &mut sink, &mut queue, None).await,
            () = sleep_until(ping_at) => {
                ping_at = Instant::now() + ping_every;
                pong_until.get_or_insert(Instant::now() + PATIENCE);
                in_time(sink.send(Message::Ping(Bytes::from_static(b"keepalive")))).await
            }
            () = sleep_until(pong_until.unwrap_or(far)) => {
                if pong_until.is_some() { break "the hub does not answer pings".to_owned() }
                Ok(())
            }
            message = stream.next() => {
                heard |= matches!(message, Some(Ok(Message::Binary(_) | Message::Text(_) | Message::Pong(_))));
                match message {
                Some(Ok(Message::Binary(frame))) => { receive(agent, &frame); Ok(()) }
                // The stock agent's reader takes text frames as frames too.
                Some(Ok(Message::Text(text))) => { receive(agent, text.as_bytes()); Ok(()) }
                Some(Ok(Message::Pong(_))) => { pong_until = None; Ok(()) }
                Some(Ok(Message::Close(_))) | None => break "closed by the hub".to_owned(),
                Some(Ok(_)) => in_time(sink.flush()).await,
                Some(Err(error)) => break error.to_string(),
                }
            }
        };
        if let Err(error) = written {
            break error.to_string();
        }
    };
    agent.outbox.disconnect();
    agent.connected.send_replace(None);
    // Says goodbye, which the stock agent does not: the hub then knows at once.
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        let _ = write(agent, &mut sink, &mut queue, None).await;
        sink.send(Message::Close(None)).await
    })
    .await;
    Served { address, heard, end }
}

/// Writes what waits: acks first, then replies, then output, and flushes once.
async fn write(
    agent: &Agent,
    sink: &mut SplitSink<Socket, Message>,
    queue: &mut mpsc::Receiver<Bytes>,
    first: Option<Bytes>,
) -> Result<(), WsError> {
    if let Some(frame) = first {
        in_time(sink.feed(Message::Binary(frame))).await?;
    }
    while let Ok(frame) = queue.try_recv() {
        in_time(sink.feed(Message::Binary(frame))).await?;
    }
    let now = Instant::now();
    for _ in 0..BURST {
        let Some((message_id, payload)) = agent.replies.next(now) else { break };
        let frame = AgentMessage::new(MessageType::AgentJobReply, message_id, now_ms(), payload).encode();
        in_time(sink.feed(Message::Binary(frame))).await?;
    }
    let mut more = false;
    for sent in 0..BURST {
        let Some(chunk) = agent.streams.next(now) else { break };
        more = sent + 1 == BURST;
        let frame = AgentMessage::carrying(&chunk, Uuid::new_v4(), now_ms()).encode();
        in_time(sink.feed(Message::Binary(frame))).await?;
    }
    if more {
        agent.streams.ring();
    }
    in_time(sink.flush()).await
}

/// One frame's way out, which nothing else bounds: while it is written, nothing is read, not even the answer to a ping.
async fn in_time(written: impl Future<Output = Result<(), WsError>>) -> Result<(), WsError> {
    tokio::time::timeout(WRITE_PATIENCE, written)
        .await
        .unwrap_or_else(|_| Err(WsError::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the hub takes nothing any more"))))
}

fn now_ms() -> u64 {
    u64::try_from(crate::process::now_ms()).unwrap_or(1)
}

/// Takes one frame. What cannot be read is dropped: whatever it was will be repeated.
fn receive(agent: &Arc<Agent>, frame: &[u8]) {
    let message = match AgentMessage::decode(frame) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(%error, bytes = frame.len(), "an unreadable frame from the hub");
            return;
        }
    };
    let taken = match message.message_type {
        MessageType::AgentJob => {
            inbox::take(agent, &message);
            Ok(())
        }
        MessageType::AgentJobReplyAck => {
            AgentJobReplyAck::decode(&message.payload).map(|ack| agent.replies.acknowledged(ack.acknowledged_message_id))
        }
        MessageType::QuarterdeckOutputAck => {
            OutputAck::decode(&message.payload).map(|ack| agent.streams.acknowledged(&ack, Instant::now()))
        }
        MessageType::InteractiveShell => InteractiveShell::decode(&message.payload).map(|order| session::start(agent, order)),
        MessageType::ChannelClosed => ChannelClosed::decode(&message.payload).map(|closed| agent.sessions.close(&closed)),
        MessageType::AgentTaskAcknowledge => {
            AgentTaskAcknowledge::decode(&message.payload).map(|known| agent.sessions.acknowledged(known.message_id))
        }
        _ => Ok(()),
    };
    if let Err(error) = taken {
        tracing::warn!(message_type = message.message_type.as_str(), %error, "a message from the hub cannot be read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_cut_and_cleaned() {
        let text = refused(403, format!("<A>\n\u{1b}[31m{}", "x".repeat(1000)).as_bytes()).to_string();
        assert!(text.len() < 400 && text.contains("403: <A>[31mxx"), "{text}");
    }

    #[test]
    fn a_connection_that_closes_at_once_is_waited_for_longer_each_time() {
        let mut wait = FIRST_WAIT;
        for longest in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = pause_after(false, &mut wait);
            let longest = Duration::from_secs(longest);
            assert!((longest / 2..=longest).contains(&pause), "{pause:?} of {longest:?}");
        }
        assert!(pause_after(true, &mut wait) <= SPREAD, "one that worked is come back to soon");
        assert!(pause_after(false, &mut wait) <= FIRST_WAIT * 2);
    }

    #[tokio::test]
    async fn a_hub_that_reads_nothing_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(4096);
        let role = tokio_tungstenite::tungstenite::protocol::Role::Client;
        let socket = WebSocketStream::from_raw_socket(ours, role, None).await;
        let (mut sink, _stream) = socket.split();
        let begun = Instant::now();
        let end = loop {
            let frame = Message::Binary(Bytes::from_static(&[7; 64 * 1024]));
            if let Err(error) = in_time(sink.send(frame)).await {
                break error.to_string();
            }
        };
        assert!(end.contains("takes nothing"), "{end}");
        assert!(begun.elapsed() >= WRITE_PATIENCE);
    }

    #[test]
    fn nodes_come_back_spread_out() {
        for _ in 0..100 {
            assert!(spread() <= SPREAD);
        }
    }
}
