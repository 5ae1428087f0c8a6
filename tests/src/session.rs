//! The two ends of a session made by hand, for what neither a client nor an agent would do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qd_client::{CallError, Endpoint, Request};
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{Acknowledge, AgentTaskComplete, CreateControlChannelAnswer, CreateControlChannelRequest, DocumentStatus, Payload};
use qd_wire::{AgentMessage, MessageType};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

use crate::TestHub;
use crate::node::HandNode;

/// A time that frames carry.
const NOW: u64 = 1_795_343_638_616;

/// One end of a session.
pub struct HandEnd {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kind: MessageType,
    next: i64,
}

async fn upgrade(
    endpoint: &Endpoint,
    url: &str,
    headers: &[(String, String)],
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, String> {
    let mut request = url.replacen("https", "wss", 1).into_client_request().expect("a request");
    for (name, value) in headers {
        let name = tokio_tungstenite::tungstenite::http::HeaderName::from_bytes(name.as_bytes()).expect("a header");
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    let tls = Connector::Rustls(Arc::new(endpoint.tls().expect("TLS")));
    let opened = tokio_tungstenite::connect_async_tls_with_config(request, None, true, Some(tls)).await;
    opened.map(|(socket, _)| socket).map_err(|error| error.to_string())
}

impl HandEnd {
    /// The client's end, by what StartSession or ResumeSession answered.
    pub async fn client(hub: &TestHub, started: &Value) -> Self {
        let token = started["TokenValue"].as_str().expect("a token");
        Self::client_with(hub, started["StreamUrl"].as_str().expect("a URL"), token).await.expect("the upgrade")
    }

    /// The client's end with any token.
    pub async fn client_with(hub: &TestHub, url: &str, token: &str) -> Result<Self, String> {
        let ca = std::fs::read(hub.ca_file()).expect("the hub's CA");
        let endpoint = Endpoint::hub(hub.url(), "local-1").and_then(|e| e.with_ca(&ca)).expect("the hub's endpoint");
        let mut socket = upgrade(&endpoint, url, &[]).await?;
        let opening = json!({
            "MessageSchemaVersion": "1.0", "RequestId": Uuid::new_v4(), "TokenValue": token, "ClientId": Uuid::new_v4(), "ClientVersion": "1.2.650.0",
        });
        socket.send(Message::text(opening.to_string())).await.expect("the first frame");
        Ok(Self { socket, kind: MessageType::InputStreamData, next: 0 })
    }

    /// The next message; `None` when the hub closed the connection or was silent for five seconds.
    pub async fn receive(&mut self) -> Option<AgentMessage> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(5), self.socket.next()).await.ok()??;
            match next.ok()? {
                Message::Binary(frame) => return AgentMessage::decode(&frame).ok(),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next message of that type.
    pub async fn expect(&mut self, message_type: MessageType) -> AgentMessage {
        for _ in 0..200 {
            match self.receive().await {
                Some(message) if message.message_type == message_type => return message,
                Some(_) => {}
                None => break,
            }
        }
        panic!("no {message_type} came");
    }

    /// Whether the hub ends the connection, whatever it says before.
    pub async fn is_closed(&mut self) -> bool {
        let closed = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if message.is_close() {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.is_ok()
    }

    pub async fn send(&mut self, frame: impl Into<bytes::Bytes>) {
        self.socket.send(Message::Binary(frame.into())).await.expect("the frame is sent");
    }

    /// A frame of this end's stream.
    pub fn frame(&self, sequence: i64, kind: PayloadType, payload: &[u8]) -> AgentMessage {
        let mut message = AgentMessage::new(self.kind.clone(), Uuid::new_v4(), NOW, payload.to_vec().into());
        message.sequence_number = sequence;
        message.payload_type = kind as u32;
        message
    }

    /// Sends the next message of the stream.
    pub async fn say(&mut self, kind: PayloadType, payload: &[u8]) -> AgentMessage {
        let message = self.frame(self.next, kind, payload);
        self.next += 1;
        self.send(message.encode()).await;
        message
    }

    pub async fn acknowledge(&mut self, message: &AgentMessage) {
        self.send(Acknowledge::of(message).into_message(Uuid::new_v4(), NOW).encode()).await;
    }

    /// Drops the connection without a word, as a cut cable does.
    pub fn cut(self) -> i64 {
        self.next
    }

    /// Goes on where a connection before stopped.
    #[must_use]
    pub fn from(mut self, next: i64) -> Self {
        self.next = next;
        self
    }

    pub fn next(&self) -> i64 {
        self.next
    }
}

impl HandNode {
    /// CreateDataChannel; the token it answers.
    pub async fn create_data_channel(&self, session: &str) -> Result<String, CallError> {
        let mut request = CreateControlChannelRequest::new(Uuid::new_v4());
        request.client_id = Some(String::new());
        let request = Request::post("ssmmessages", &format!("/v1/data-channel/{session}"), request.to_text());
        let answer = self.client().send(request).await?;
        Ok(CreateControlChannelAnswer::from_xml(&answer.body).expect("XML with a token").token_value)
    }

    /// Opens the node's end with a token.
    pub async fn open_data_channel(&self, session: &str, token: &str) -> Result<HandEnd, String> {
        let upgrade_request = Request::get("ssmmessages", &format!("/v1/data-channel/{session}")).with_query("role", "publish_subscribe");
        let (url, headers) = self.client().signed_headers(upgrade_request).await.expect("signed headers");
        let mut socket = upgrade(self.endpoint(), url.as_str(), &headers).await?;
        let opening = json!({
            "MessageSchemaVersion": "1.0", "RequestId": Uuid::new_v4(), "TokenValue": token, "ClientInstanceId": self.instance_id, "ClientId": "",
        });
        socket.send(Message::text(opening.to_string())).await.expect("the first frame");
        Ok(HandEnd { socket, kind: MessageType::OutputStreamData, next: 0 })
    }

    /// Creates and opens its end of a session.
    pub async fn attend(&self, session: &str) -> HandEnd {
        let token = self.create_data_channel(session).await.expect("a token");
        let mut end = self.open_data_channel(session, &token).await.expect("the upgrade");
        end.state(session, "Connected").await;
        end
    }
}

impl HandEnd {
    /// `agent_session_state`.
    pub async fn state(&mut self, session: &str, state: &str) {
        let text = json!({ "SchemaVersion": 1, "SessionState": state, "SessionId": session }).to_string();
        let mut message = AgentMessage::new(MessageType::AgentSessionState, Uuid::new_v4(), NOW, text.into());
        message.flags = 3;
        self.send(message.encode()).await;
    }
}

/// `agent_task_complete` of a session.
pub fn task_complete(node: &str, session: &str, status: DocumentStatus, output: &str) -> bytes::Bytes {
    let text = json!({ "SchemaVersion": 1, "TaskId": session, "Topic": "agent_task_complete", "InstanceId": node, "Output": output });
    let mut complete = AgentTaskComplete::decode(text.to_string().as_bytes()).expect("readable");
    complete.final_task_status = status;
    AgentMessage::carrying(&complete, Uuid::new_v4(), NOW).encode()
}
