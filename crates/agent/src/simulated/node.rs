//! Why this exists: one simulated node as the hub sees it: registration, role token, heartbeat, control channel, and for each job an
//! acknowledgement and the replies a stock agent sends (agent-protocol 2, 3.2, 4). It runs nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use qd_client::{Credentials, Request};
use qd_wire::payload::{
    AckStatus, AgentJob, AgentJobAck, AgentJobReply, AgentJobReplyAck, CreateControlChannelAnswer, CreateControlChannelRequest,
    DocumentStatus, JobTopic, OpenControlChannel, Payload, PluginResult, ReplyContent, iso8601_ms,
};
use qd_wire::{AgentMessage, MessageType};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use uuid::Uuid;

use super::Manner;
use super::fleet::{CREDENTIALS, Shared};
use super::keys::NodeKey;

/// Agents ping this often (agent-protocol 4.3).
const PING: Duration = Duration::from_secs(54);
const HEARTBEAT: Duration = Duration::from_secs(300);
/// A reply that was not acknowledged is sent again after this.
const REPEAT: Duration = Duration::from_secs(60);
/// Role tokens live an hour; a new one is fetched at half of it.
const TOKEN_LIFE: Duration = Duration::from_secs(1800);
/// Job ids remembered, to answer a repeated one as a duplicate.
const REMEMBERED: usize = 256;
/// The version simulated nodes report.
const VERSION: &str = "3.3.0.0";

/// Platforms of a lifelike fleet: kind, name, version.
const PLATFORMS: [(&str, &str, &str); 5] = [
    ("Linux", "Ubuntu", "24.04"),
    ("Linux", "Debian GNU/Linux", "12"),
    ("Linux", "Amazon Linux", "2023"),
    ("Windows", "Microsoft Windows Server 2022 Datacenter", "10.0.20348"),
    ("MacOS", "macOS", "15.5"),
];
/// Longest time for which a lifelike node works on a step.
const WORK_MS: usize = 2_000;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// The documents' answer: the frames at once, and those after the work.
struct Answer {
    now: Vec<Bytes>,
    later: Vec<Bytes>,
}

/// What a fleet has done so far.
#[derive(Debug, Default)]
pub struct Counters {
    pub connected: AtomicUsize,
    pub jobs: AtomicUsize,
    pub job_bytes: AtomicUsize,
    pub answers: AtomicUsize,
    pub answer_bytes: AtomicUsize,
    pub acknowledged: AtomicUsize,
    pub acknowledged_bytes: AtomicUsize,
}

/// A registered node.
pub struct Node {
    shared: Arc<Shared>,
    instance_id: String,
    fingerprint: String,
    name: String,
    index: usize,
    key: NodeKey,
    credentials: Credentials,
    token_since: Instant,
    recent: VecDeque<String>,
    /// Replies the hub has not acknowledged.
    pending: HashMap<Uuid, (Bytes, Instant)>,
}

impl Node {
    /// Registers with an activation and fetches the first role token.
    pub async fn register(
        shared: Arc<Shared>,
        (id, code): &(String, String),
        key: NodeKey,
        name: String,
        index: usize,
    ) -> anyhow::Result<Node> {
        let fingerprint = Uuid::new_v4().to_string();
        let input = json!({
            "ActivationId": id, "ActivationCode": code, "Fingerprint": fingerprint, "PublicKey": key.public, "PublicKeyType": "Rsa",
        });
        let answer = shared.client.call_anonymous("ssm", "AmazonSSM.RegisterManagedInstance", &input).await.context("registering")?;
        let instance_id = text(&answer, "InstanceId")?;
        let credentials = Credentials::new("", "", None);
        let (recent, pending) = (VecDeque::new(), HashMap::new());
        let mut node =
            Node { shared, instance_id, fingerprint, name, index, key, credentials, token_since: Instant::now(), recent, pending };
        node.refresh().await?;
        node.heartbeat().await?;
        Ok(node)
    }

    async fn refresh(&mut self) -> anyhow::Result<()> {
        let input = json!({ "Fingerprint": self.fingerprint });
        let call = self.shared.client.call_rsa(&self.instance_id, &self.key.private, "AmazonSSM.RequestManagedInstanceRoleToken", &input);
        let token = call.await.context("fetching a role token")?;
        self.credentials =
            Credentials::new(text(&token, "AccessKeyId")?, text(&token, "SecretAccessKey")?, Some(text(&token, "SessionToken")?.into()));
        self.token_since = Instant::now();
        Ok(())
    }

    /// UpdateInstanceInformation (agent-protocol 3.2).
    async fn heartbeat(&self) -> anyhow::Result<()> {
        let ((kind, platform, version), address) = match self.shared.manner {
            Manner::Instant => (PLATFORMS[1], "10.0.0.1".to_owned()),
            // Addresses that documentation is given (RFC 5737): nobody has them.
            Manner::Lifelike => (PLATFORMS[self.index % PLATFORMS.len()], format!("192.0.2.{}", self.index % 254 + 1)),
        };
        let input = json!({
            "AgentName": "amazon-ssm-agent", "AgentStatus": "Active", "AgentVersion": VERSION, "ComputerName": self.name,
            "IPAddress": address, "InstanceId": self.instance_id, "PlatformName": platform, "PlatformType": kind,
            "PlatformVersion": version, "SSMConnectionChannel": "ssmmessages",
        });
        let call = self.shared.client.call("ssm", "AmazonSSM.UpdateInstanceInformation", &input);
        CREDENTIALS.scope(self.credentials.clone(), call).await.context("reporting itself")?;
        Ok(())
    }

    /// Opens the control channel: the REST call, the upgrade, the opening text (agent-protocol 4.1, 4.2).
    pub async fn open(&mut self) -> anyhow::Result<Socket> {
        if self.token_since.elapsed() > TOKEN_LIFE {
            self.refresh().await?;
        }
        let path = format!("/v1/control-channel/{}", self.instance_id);
        let body = CreateControlChannelRequest::new(Uuid::new_v4()).to_text();
        let create = self.shared.client.send(Request::post("ssmmessages", &path, body));
        let created = CREDENTIALS.scope(self.credentials.clone(), create).await.context("creating a control channel")?;
        let token = CreateControlChannelAnswer::from_xml(&created.body)?.token_value;
        let upgrade = Request::get("ssmmessages", &path).with_query("role", "subscribe").with_query("stream", "input");
        let signing = self.shared.client.signed_headers(upgrade);
        let (url, headers) = CREDENTIALS.scope(self.credentials.clone(), signing).await.context("signing the upgrade")?;
        let mut request = url.as_str().replacen("https", "wss", 1).into_client_request()?;
        for (name, value) in &headers {
            let name = tokio_tungstenite::tungstenite::http::HeaderName::from_bytes(name.as_bytes())?;
            request.headers_mut().insert(name, value.parse()?);
        }
        let tcp = TcpStream::connect(self.shared.address).await.context("connecting")?;
        tcp.set_nodelay(true)?;
        let tls = self.shared.tls.connect(self.shared.server_name.clone(), tcp).await.context("the TLS handshake")?;
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let (mut socket, _) = tokio_tungstenite::client_async_with_config(request, tls, Some(config)).await.context("the upgrade")?;
        let mut opening = OpenControlChannel::ours(Uuid::new_v4(), token, VERSION, "linux");
        // As a stock agent: results come with the replies.
        opening.quarterdeck = None;
        socket.send(Message::text(opening.to_text())).await.context("the opening text")?;
        self.shared.counters.connected.fetch_add(1, Ordering::Relaxed);
        Ok(socket)
    }

    /// Serves the channel, and a new one whenever it ends, until the fleet stops.
    pub async fn live(mut self, first: Socket) {
        let shared = Arc::clone(&self.shared);
        let mut socket = Some(first);
        let mut pause = Duration::from_secs(1);
        loop {
            if let Some(socket) = socket.take() {
                let ended = tokio::select! {
                    () = shared.stop.cancelled() => return,
                    ended = self.serve(socket) => ended,
                };
                shared.counters.connected.fetch_sub(1, Ordering::Relaxed);
                if let Err(error) = ended {
                    tracing::debug!(instance_id = self.instance_id, "a simulated channel ended: {error:#}");
                }
                pause = Duration::from_millis(u64::from(self.instance_id.bytes().map(u32::from).sum::<u32>() % 2500));
            }
            tokio::select! {
                () = shared.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            match self.open().await {
                Ok(opened) => socket = Some(opened),
                Err(_) => pause = (pause * 2).clamp(Duration::from_secs(1), Duration::from_secs(30)),
            }
        }
    }

    async fn serve(&mut self, mut socket: Socket) -> anyhow::Result<()> {
        for (frame, _) in self.pending.values() {
            socket.feed(Message::Binary(frame.clone())).await?;
        }
        socket.flush().await?;
        let start = Instant::now();
        let mut ping = tokio::time::interval_at(start + PING, PING);
        // Spread, so that a fleet's heartbeats do not come at once.
        let offset = HEARTBEAT.mul_f64(f64::from(self.instance_id.bytes().map(u32::from).sum::<u32>() % 100) / 100.0);
        let mut heartbeat = tokio::time::interval_at(start + offset + PING, HEARTBEAT);
        loop {
            tokio::select! {
                message = socket.next() => match message.transpose()? {
                    Some(Message::Binary(frame)) => self.receive(&mut socket, &frame).await?,
                    Some(Message::Close(_)) | None => return Ok(()),
                    Some(_) => {}
                },
                _ = ping.tick() => {
                    socket.send(Message::Ping(Bytes::from_static(b"keepalive"))).await?;
                    self.repeat(&mut socket).await?;
                }
                _ = heartbeat.tick() => {
                    if self.token_since.elapsed() > TOKEN_LIFE {
                        self.refresh().await?;
                    }
                    self.heartbeat().await?;
                }
            }
        }
    }

    async fn repeat(&mut self, socket: &mut Socket) -> anyhow::Result<()> {
        for (frame, sent) in self.pending.values_mut().filter(|(_, sent)| sent.elapsed() >= REPEAT) {
            *sent = Instant::now();
            socket.send(Message::Binary(frame.clone())).await?;
        }
        Ok(())
    }

    async fn receive(&mut self, socket: &mut Socket, frame: &[u8]) -> anyhow::Result<()> {
        let message = AgentMessage::decode(frame)?;
        let counters = &self.shared.counters;
        match message.message_type {
            MessageType::AgentJob => {
                counters.jobs.fetch_add(1, Ordering::Relaxed);
                counters.job_bytes.fetch_add(frame.len(), Ordering::Relaxed);
                let Answer { now, later } = self.answers(&message)?;
                self.send(socket, now).await?;
                if self.shared.manner == Manner::Lifelike && !later.is_empty() {
                    let work = (self.index * 7919 + frame.len()) % WORK_MS;
                    tokio::time::sleep(Duration::from_millis(work as u64)).await;
                }
                self.send(socket, later).await?;
            }
            MessageType::AgentJobReplyAck => {
                counters.acknowledged.fetch_add(1, Ordering::Relaxed);
                counters.acknowledged_bytes.fetch_add(frame.len(), Ordering::Relaxed);
                self.pending.remove(&AgentJobReplyAck::decode(&message.payload)?.acknowledged_message_id);
            }
            _ => {}
        }
        Ok(())
    }

    async fn send(&self, socket: &mut Socket, frames: Vec<Bytes>) -> anyhow::Result<()> {
        for frame in frames {
            self.shared.counters.answers.fetch_add(1, Ordering::Relaxed);
            self.shared.counters.answer_bytes.fetch_add(frame.len(), Ordering::Relaxed);
            socket.feed(Message::Binary(frame)).await?;
        }
        socket.flush().await?;
        Ok(())
    }

    /// The acknowledgement and the replies to a job, in the order a stock agent sends them (agent-protocol 4.9).
    fn answers(&mut self, message: &AgentMessage) -> anyhow::Result<Answer> {
        let job = AgentJob::decode(&message.payload)?;
        let topic = job.job_topic().ok_or_else(|| anyhow!("a job with the topic {}", job.topic))?;
        let ack = |status| AgentJobAck::new(job.job_id.clone(), message.message_id, message.created_date, status);
        let known = self.recent.iter().any(|id| id == job.job_id.as_str());
        let status = if known { AckStatus::DuplicateCommand } else { AckStatus::Successful };
        let mut frames = vec![AgentMessage::carrying(&ack(status), Uuid::new_v4(), now()).encode()];
        let mut later = Vec::new();
        if known {
            return Ok(Answer { now: frames, later });
        }
        self.recent.push_back(job.job_id.as_str().to_owned());
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        // The first reply only says that it began; it is not repeated.
        frames.push(reply(&job, topic, DocumentStatus::InProgress, []).1);
        if topic == JobTopic::SendCommand {
            let steps = self.shared.steps(job.job_id.command_id(), || steps(&job.send_command()?.document_content))?;
            let single = steps.len() == 1;
            let said = self.says();
            let ended = said.status.clone();
            let results: Vec<(String, PluginResult)> = steps.iter().cloned().map(|step| result(step, &said)).collect();
            for step in &results {
                self.keep(&mut later, reply(&job, topic, DocumentStatus::InProgress, [step.clone()]));
            }
            let last = if single { results } else { Vec::new() };
            self.keep(&mut later, reply(&job, topic, ended, last));
        }
        Ok(Answer { now: frames, later })
    }

    /// What every step of this node says: of ten lifelike nodes one fails and one says something else.
    fn says(&self) -> Said {
        let (status, code, output, error) = match (self.shared.manner, self.index % 10) {
            (Manner::Instant, _) => (DocumentStatus::Success, 0, "simulated\n", ""),
            (Manner::Lifelike, 7) => (DocumentStatus::Failed, 1, "simulated: nothing was run\n", "simulated: this node fails on purpose\n"),
            (Manner::Lifelike, 3) => {
                (DocumentStatus::Success, 0, "simulated: nothing was run\nsimulated: this node says one line more\n", "")
            }
            (Manner::Lifelike, _) => (DocumentStatus::Success, 0, "simulated: nothing was run\n", ""),
        };
        Said { status, code, output, error }
    }

    fn keep(&mut self, frames: &mut Vec<Bytes>, (id, frame): (Uuid, Bytes)) {
        self.pending.insert(id, (frame.clone(), Instant::now()));
        frames.push(frame);
    }
}

/// Name and action of each step of a document, of schema 1.2 or 2.x.
fn steps(document: &Value) -> anyhow::Result<Vec<(String, String)>> {
    if let Some(steps) = document["mainSteps"].as_array() {
        return steps.iter().map(|step| Ok((text(step, "name")?, text(step, "action")?))).collect();
    }
    match document["runtimeConfig"].as_object() {
        Some(plugins) => Ok(plugins.keys().map(|plugin| (plugin.clone(), plugin.clone())).collect()),
        None => bail!("a document without steps"),
    }
}

/// What a step ends with.
struct Said {
    status: DocumentStatus,
    code: i64,
    output: &'static str,
    error: &'static str,
}

fn result((name, action): (String, String), said: &Said) -> (String, PluginResult) {
    let time = iso8601_ms(now());
    let result = PluginResult {
        status: said.status.clone(),
        code: said.code,
        name: action,
        output: format!("{}{}", said.output, said.error),
        start_date_time: time.clone(),
        end_date_time: time,
        step_name: name.clone(),
        standard_output: said.output.into(),
        standard_error: said.error.into(),
        ..PluginResult::default()
    };
    (name, result)
}

fn reply(
    job: &AgentJob,
    topic: JobTopic,
    status: DocumentStatus,
    steps: impl IntoIterator<Item = (String, PluginResult)>,
) -> (Uuid, Bytes) {
    let mut content = ReplyContent {
        document_status: status,
        runtime_status: steps.into_iter().collect(),
        additional_info: Default::default(),
        document_trace_output: String::new(),
    };
    content.additional_info.date_time = iso8601_ms(now());
    content.additional_info.agent.name = "amazon-ssm-agent".into();
    content.additional_info.agent.ver = VERSION.into();
    for step in content.runtime_status.values() {
        *content.additional_info.runtime_status_counts.entry(step.status.to_string()).or_default() += 1;
    }
    let id = Uuid::new_v4();
    (id, AgentMessage::carrying(&AgentJobReply::new(job.job_id.clone(), topic, &content), id, now()).encode())
}

fn text(value: &Value, member: &str) -> anyhow::Result<String> {
    value[member].as_str().map(str::to_owned).ok_or_else(|| anyhow!("the answer has no {member}"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_millis() as u64)
}
