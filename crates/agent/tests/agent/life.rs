//! One life of an agent without a hub: jobs go in as frames, acks and replies come out, and the life can end as if by `kill -9`.

use qd_agent::agent::Agent;
use qd_agent::config::Config;
use qd_agent::document::inbox;
use qd_agent::home::Home;
use qd_agent::link::Link;
use qd_agent::process::running::Supervisor;
use qd_agent::registration::Registration;
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::agent_job_reply::ReplyContent;
use qd_wire::payload::{AgentJob, AgentJobAck, AgentJobReply, JobId, OutputAck, OutputStream, Payload};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const INSTANCE: &str = "mi-0123456789abcdef0";

/// What came out of an agent.
#[derive(Default)]
pub struct Heard {
    pub acks: Vec<(String, String)>,
    pub replies: Vec<(Uuid, String, ReplyContent)>,
    pub output: HashMap<(String, OutputStream), Vec<u8>>,
    pub ended: Vec<(String, OutputStream)>,
}

pub struct Life {
    runtime: Option<tokio::runtime::Runtime>,
    pub agent: Arc<Agent>,
    heard: Arc<Mutex<Heard>>,
}

pub fn config() -> Config {
    Config { kill_grace_ms: 200, reboot_command: vec!["true".into()], ..Config::default() }
}

impl Life {
    /// `boot` stands for a boot of the machine.
    pub fn begin(dir: &Path, config: Config, boot: &str) -> Self {
        Self::begin_with(dir, config, boot, true)
    }

    /// `listening`: a hub that acknowledges everything at once.
    pub fn begin_with(dir: &Path, config: Config, boot: &str, listening: bool) -> Self {
        Self::begin_at(dir, config, boot, listening, "http://127.0.0.1:9")
    }

    /// A node of the hub at `endpoint`.
    pub fn begin_at(dir: &Path, config: Config, boot: &str, listening: bool, endpoint: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let home = Home::new(dir);
        home.create().unwrap();
        let registration =
            Registration { instance_id: INSTANCE.into(), endpoint: endpoint.into(), region: "local-1".into(), own_ca: false };
        let link = Link::new(&registration.endpoint, "local-1", None).unwrap();
        let supervisor = Supervisor::at(env!("CARGO_BIN_EXE_quarterdeck-agent"));
        let mut agent = Agent::new(home, config, registration, link, supervisor);
        agent.boot_id = boot.into();
        let agent = Arc::new(agent);
        let heard = Arc::new(Mutex::new(Heard::default()));
        {
            let _inside = runtime.enter();
            let mut queue = agent.outbox.connect();
            if listening {
                runtime.spawn(pump(agent.clone(), heard.clone()));
            }
            let (to, of) = (heard.clone(), agent.clone());
            runtime.spawn(async move {
                let _keep = of;
                while let Some(frame) = queue.recv().await {
                    hear(&to, &AgentMessage::decode(&frame).unwrap());
                }
            });
            inbox::resume(&agent);
        }
        Self { runtime: Some(runtime), agent, heard }
    }

    /// Sends a command; returns its job id.
    pub fn send(&self, command: &str, document: Value) -> JobId {
        self.send_with(command, document, json!({}), false)
    }

    pub fn send_with(&self, command: &str, document: Value, parameters: Value, output: bool) -> JobId {
        let job_id = JobId::new(command, INSTANCE).unwrap();
        let mut content = json!({"Parameters": parameters, "DocumentContent": document, "CommandId": command, "DocumentName": "Doc"});
        if output {
            content["Quarterdeck"] = json!({"Output": true});
        }
        self.take(&AgentJob {
            content: content.to_string(),
            job_id: job_id.clone(),
            topic: "aws.ssm.sendCommand.x".into(),
            schema_version: 1,
        });
        job_id
    }

    pub fn cancel(&self, job: &JobId) {
        let own = JobId::new(&Uuid::new_v4().to_string(), INSTANCE).unwrap();
        self.take(&AgentJob::cancel(own, job.clone()));
    }

    pub fn take(&self, job: &AgentJob) {
        let _inside = self.runtime.as_ref().unwrap().enter();
        inbox::take(&self.agent, &AgentMessage::carrying(job, Uuid::new_v4(), 1_795_343_638_616));
    }

    pub fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap()
    }

    /// Waits for something heard.
    pub fn wait<T>(&self, mut what: impl FnMut(&Heard) -> Option<T>) -> T {
        wait(|| what(&self.heard()))
    }

    pub fn ack(&self, job: &JobId) -> String {
        self.wait(|h| h.acks.iter().find(|(id, _)| id == job.as_str()).map(|(_, code)| code.clone()))
    }

    /// The last reply of a command.
    pub fn last(&self, job: &JobId) -> ReplyContent {
        self.wait(|h| h.replies.iter().find(|(_, id, c)| id == job.as_str() && c.document_status.is_terminal()).map(|(_, _, c)| c.clone()))
    }

    /// Statuses of the steps that were reported, by name.
    pub fn steps(&self, job: &JobId) -> BTreeMap<String, String> {
        let heard = self.heard();
        let replies = heard.replies.iter().filter(|(_, id, _)| id == job.as_str());
        replies.flat_map(|(_, _, c)| &c.runtime_status).map(|(name, r)| (name.clone(), r.status.to_string())).collect()
    }

    /// Ends at once: no task runs another line.
    pub fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for threads of the file system only: two agents on one directory are excluded by a lock.
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// What a control channel does, with a hub that takes everything.
async fn pump(agent: Arc<Agent>, heard: Arc<Mutex<Heard>>) {
    loop {
        let now = tokio::time::Instant::now();
        while let Some((message_id, payload)) = agent.replies.next(now) {
            hear(&heard, &AgentMessage::new(MessageType::AgentJobReply, message_id, 1, payload));
            agent.replies.acknowledged(message_id);
        }
        while let Some(chunk) = agent.streams.next(now) {
            let key = (chunk.step.clone(), chunk.stream);
            let offset = {
                let mut heard = heard.lock().unwrap();
                let kept = heard.output.entry(key.clone()).or_default();
                let from = usize::try_from(chunk.offset).unwrap();
                if from <= kept.len() {
                    kept.truncate(from);
                    kept.extend_from_slice(&chunk.data);
                }
                let offset = kept.len() as u64;
                if chunk.last {
                    heard.ended.push(key);
                }
                offset
            };
            agent.streams.acknowledged(&OutputAck { job_id: chunk.job_id, step: chunk.step, stream: chunk.stream, offset }, now);
        }
        tokio::select! {
            () = agent.replies.changed.notified() => {}
            () = agent.streams.changed.notified() => {}
        }
    }
}

fn hear(heard: &Mutex<Heard>, message: &AgentMessage) {
    let mut heard = heard.lock().unwrap();
    match message.message_type {
        MessageType::AgentJobAck => {
            let ack = AgentJobAck::decode(&message.payload).unwrap();
            heard.acks.push((ack.job_id.to_string(), ack.status_code.as_str().to_owned()));
        }
        MessageType::AgentJobReply => {
            let reply = AgentJobReply::decode(&message.payload).unwrap();
            assert!(reply.content.len() <= 120_000, "a reply of {} bytes", reply.content.len());
            let content = reply.reply_content().unwrap();
            heard.replies.push((message.message_id, reply.job_id.to_string(), content));
        }
        ref other => panic!("unexpected {other}"),
    }
}

pub fn wait<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A document of schema 2.2 with shell steps: name, script, further inputs.
pub fn shell(steps: &[(&str, &str, Value)]) -> Value {
    let steps: Vec<Value> = steps
        .iter()
        .map(|(name, script, more)| {
            let mut inputs = json!({"runCommand": script.lines().collect::<Vec<_>>()});
            for (key, value) in more.as_object().into_iter().flatten() {
                inputs[key] = value.clone();
            }
            json!({"action": "aws:runShellScript", "name": name, "inputs": inputs})
        })
        .collect();
    json!({"schemaVersion": "2.2", "mainSteps": steps})
}

pub fn one(script: &str) -> Value {
    shell(&[("run", script, json!({}))])
}
