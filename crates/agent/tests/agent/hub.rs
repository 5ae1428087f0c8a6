//! The smallest hub an agent can live with: plain HTTP on the loopback, canned answers, one websocket at a time.

use futures_util::{SinkExt, StreamExt};
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::{AgentJob, AgentJobReply, AgentJobReplyAck, OpenControlChannel, Payload};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[derive(Default)]
pub struct Seen {
    /// Operation, authorization header, body.
    pub calls: Vec<(String, String, Value)>,
    pub opened: Vec<OpenControlChannel>,
    pub pings: usize,
    pub goodbyes: usize,
    pub messages: Vec<AgentMessage>,
    /// Answers to GetDocument, the last first.
    pub documents: Vec<String>,
}

pub struct Hub {
    pub url: String,
    pub seen: Arc<Mutex<Seen>>,
    /// Frames for the agent; `None` drops the connection.
    pub to_agent: mpsc::UnboundedSender<Option<AgentMessage>>,
    /// Whether replies are acknowledged.
    pub acknowledging: Arc<std::sync::atomic::AtomicBool>,
    /// Status and body for an operation in place of the canned ones; status 0 hangs up without an answer.
    pub answers: Answers,
    /// Data channels.
    pub relay: Arc<crate::relay::Relay>,
    _runtime: tokio::runtime::Runtime,
}

type Answers = Arc<Mutex<HashMap<&'static str, (u16, String)>>>;

impl Hub {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let acknowledging = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let (to_agent, frames) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let (s, a, frames) = (seen.clone(), acknowledging.clone(), Arc::new(tokio::sync::Mutex::new(frames)));
        let other = answers.clone();
        let relay = Arc::<crate::relay::Relay>::default();
        let relaying = relay.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, s.clone(), a.clone(), other.clone(), frames.clone(), relaying.clone()));
            }
        });
        Self { url, seen, to_agent, acknowledging, answers, relay, _runtime: runtime }
    }

    pub fn send(&self, job: &AgentJob) {
        self.to_agent.send(Some(AgentMessage::carrying(job, Uuid::new_v4(), 1_795_343_638_616))).unwrap();
    }

    pub fn wait<T>(&self, mut what: impl FnMut(&Seen) -> Option<T>) -> T {
        crate::life::wait(|| what(&self.seen.lock().unwrap()))
    }

    /// Replies that were sent, with their message ids.
    pub fn replies(seen: &Seen) -> Vec<(Uuid, AgentJobReply)> {
        let replies = seen.messages.iter().filter(|m| m.message_type == MessageType::AgentJobReply);
        replies.map(|m| (m.message_id, AgentJobReply::decode(&m.payload).unwrap())).collect()
    }
}

type Frames = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Option<AgentMessage>>>>;

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
    acknowledging: Arc<std::sync::atomic::AtomicBool>,
    answers: Answers,
    frames: Frames,
    relay: Arc<crate::relay::Relay>,
) {
    let mut start = [0; 24];
    while stream.peek(&mut start).await.unwrap_or(0) < start.len() {
        tokio::task::yield_now().await;
    }
    if start.starts_with(b"GET /v1/control-channel") {
        return channel(stream, seen, acknowledging, frames).await;
    }
    if start.starts_with(b"GET /v1/data-channel") {
        return crate::relay::serve(stream, relay).await;
    }
    let (mut text, mut body_at) = (Vec::new(), None);
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        text.extend_from_slice(&buffer[..count]);
        body_at = body_at.or_else(|| text.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4));
        if let Some(at) = body_at {
            let head = String::from_utf8_lossy(&text[..at]).into_owned();
            let length: usize = header(&head, "content-length").parse().unwrap_or(0);
            if text.len() >= at + length {
                break (head, serde_json::from_slice(&text[at..at + length]).unwrap_or(Value::Null));
            }
        }
        if count == 0 {
            return;
        }
    };
    let operation = header(&head, "x-amz-target").replace("AmazonSSM.", "");
    let (status, answer) = match operation.as_str() {
        "RegisterManagedInstance" => (200, json!({"InstanceId": crate::life::INSTANCE}).to_string()),
        "RequestManagedInstanceRoleToken" => {
            let expires = jiff::Timestamp::now().as_second() + 3600;
            let rotate = seen.lock().unwrap().calls.iter().all(|(name, ..)| name != "UpdateManagedInstancePublicKey");
            (200, json!({"AccessKeyId":"ASIATEST","SecretAccessKey":"s","SessionToken":"t","TokenExpirationDate":expires,"UpdateKeyPair":rotate}).to_string())
        }
        // A document that is there once: what was fetched is kept.
        "GetDocument" => match seen.lock().unwrap().documents.pop() {
            Some(content) => (200, json!({"Name": "Inner", "Content": content, "DocumentFormat": "JSON"}).to_string()),
            None => (400, json!({"__type": "InvalidDocument", "message": "it is gone"}).to_string()),
        },
        "" => (201, "<R><MessageSchemaVersion>1.0</MessageSchemaVersion><TokenValue>token-1</TokenValue></R>".to_owned()),
        _ => (200, "{}".to_owned()),
    };
    let other = answers.lock().unwrap().get(operation.as_str()).cloned();
    seen.lock().unwrap().calls.push((operation, header(&head, "authorization"), body));
    let (status, answer) = other.unwrap_or((status, answer));
    if status == 0 {
        return;
    }
    let text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
    let _ = stream.write_all(text.as_bytes()).await;
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

async fn channel(stream: TcpStream, seen: Arc<Mutex<Seen>>, acknowledging: Arc<std::sync::atomic::AtomicBool>, frames: Frames) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let Some(Ok(Message::Text(open))) = socket.next().await else { return };
    seen.lock().unwrap().opened.push(OpenControlChannel::from_text(open.as_bytes()).unwrap());
    let mut frames = frames.lock().await;
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(Some(message)) => socket.send(Message::Binary(message.encode())).await.unwrap(),
                _ => return,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let message = AgentMessage::decode(&bytes).unwrap();
                    if message.message_type == MessageType::AgentJobReply && acknowledging.load(std::sync::atomic::Ordering::SeqCst) {
                        let reply = AgentJobReply::decode(&message.payload).unwrap();
                        let ack = AgentJobReplyAck { job_id: reply.job_id, acknowledged_message_id: message.message_id };
                        socket.send(Message::Binary(AgentMessage::carrying(&ack, Uuid::new_v4(), 1).encode())).await.unwrap();
                    }
                    if message.message_type == MessageType::AgentTaskComplete {
                        let end = qd_wire::payload::AgentTaskComplete::decode(&message.payload).unwrap();
                        let known = qd_wire::payload::AgentTaskAcknowledge::new(message.message_id, &end.task_id);
                        socket.send(Message::Binary(AgentMessage::carrying(&known, Uuid::new_v4(), 1).encode())).await.unwrap();
                    }
                    seen.lock().unwrap().messages.push(message);
                }
                Some(Ok(Message::Ping(_))) => seen.lock().unwrap().pings += 1,
                Some(Ok(Message::Close(_))) => {
                    seen.lock().unwrap().goodbyes += 1;
                    return;
                }
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}
