//! The hub's part in a session, at its smallest: frames go from one end to the other as they are.

use futures_util::{SinkExt, StreamExt};
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::{AgentSessionState, ChannelClosed, OpenDataChannel, Payload, SessionState};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[derive(Default)]
pub struct Relay {
    ends: Mutex<HashMap<(String, bool), mpsc::UnboundedSender<Message>>>,
    /// Frames for an end that is not there.
    kept: Mutex<HashMap<(String, bool), Vec<Message>>>,
    /// Counts up to cut every socket.
    cuts: watch::Sender<u32>,
    /// Frames by who sent them: an agent's are true.
    pub counts: Mutex<HashMap<bool, usize>>,
    pub opened: Mutex<Vec<OpenDataChannel>>,
}

impl Relay {
    /// Drops every socket there is.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    fn give(&self, session: &str, to_agent: bool, message: Message) {
        let key = (session.to_owned(), to_agent);
        let end = self.ends.lock().unwrap().get(&key).cloned();
        let left = match end {
            Some(end) => end.send(message).err().map(|error| error.0),
            None => Some(message),
        };
        if let Some(message) = left {
            self.kept.lock().unwrap().entry(key).or_default().push(message);
        }
    }
}

pub async fn serve(stream: TcpStream, relay: Arc<Relay>) {
    let mut session = String::new();
    #[allow(clippy::result_large_err)] // the library's own type
    let path = |request: &tokio_tungstenite::tungstenite::handshake::server::Request, response| {
        session = request.uri().path().rsplit('/').next().unwrap().to_owned();
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, path).await else { return };
    let (mut sink, mut stream) = socket.split();
    let Some(Ok(Message::Text(open))) = stream.next().await else { return };
    let open = OpenDataChannel::from_text(open.as_bytes()).unwrap();
    let is_agent = open.client_instance_id.is_some();
    relay.opened.lock().unwrap().push(open);
    let (sender, mut queue) = mpsc::unbounded_channel();
    let key = (session.clone(), is_agent);
    for message in relay.kept.lock().unwrap().remove(&key).unwrap_or_default() {
        sender.send(message).unwrap();
    }
    relay.ends.lock().unwrap().insert(key.clone(), sender);
    let mut cuts = relay.cuts.subscribe();
    cuts.mark_unchanged();
    loop {
        tokio::select! {
            _ = cuts.changed() => break,
            message = queue.recv() => {
                let Some(message) = message else { return };
                if sink.send(message).await.is_err() { break }
            }
            message = stream.next() => {
                let Some(Ok(message)) = message else { break };
                let Message::Binary(bytes) = &message else { continue };
                let frame = AgentMessage::decode(bytes).unwrap();
                *relay.counts.lock().unwrap().entry(is_agent).or_default() += 1;
                if frame.message_type != MessageType::AgentSessionState {
                    relay.give(&session, !is_agent, message);
                } else if AgentSessionState::decode(&frame.payload).unwrap().session_state == SessionState::Terminating {
                    let closed = ChannelClosed::new(Uuid::new_v4(), "mi-1", &session, 1);
                    let frame = AgentMessage::carrying(&closed, Uuid::new_v4(), 1).encode();
                    relay.give(&session, false, Message::Binary(frame));
                }
            }
        }
    }
    relay.ends.lock().unwrap().remove(&key);
}
