//! Sessions on this node: shells, commands and ports that people open through the hub (session-protocol 4 to 6).
//!
//! A session is a task of the agent with a data channel of its own; it outlives the control channel and its own sockets, and ends with
//! the agent. Nothing of it touches the disk, so that a machine without a free byte can be looked at. Whatever keeps a session from
//! starting is told to the hub, which tells the person: a stock agent is silent then.

mod channel;
mod command;
mod life;
mod plan;
mod port;
mod shell;
#[cfg_attr(unix, path = "terminal_unix.rs")]
#[cfg_attr(windows, path = "terminal_windows.rs")]
mod terminal;
mod timers;
#[cfg_attr(unix, path = "user_unix.rs")]
#[cfg_attr(windows, path = "user_windows.rs")]
mod user;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qd_wire::payload::{AgentTaskComplete, ChannelClosed, DocumentStatus, InteractiveShell};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::agent::Agent;

/// Sessions at a time; a stock agent has as many.
const MAX_SESSIONS: usize = 1000;
/// How often the end of a session is told, and how far apart (session-protocol 6.5).
const TELLINGS: u32 = 5;
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// How long the end of a session waits for a hub that is away.
const PATIENCE: Duration = Duration::from_secs(600);

/// The sessions of an agent.
#[derive(Default)]
pub struct Sessions {
    running: Mutex<HashMap<String, CancellationToken>>,
    /// Ends the hub has not acknowledged, by message id.
    told: Mutex<HashMap<Uuid, Arc<Notify>>>,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub status: DocumentStatus,
    /// For the person; empty when there is nothing to say.
    pub output: String,
}

impl Ended {
    pub fn well() -> Self {
        Self { status: DocumentStatus::Success, output: String::new() }
    }

    pub fn because(output: impl Into<String>) -> Self {
        Self { status: DocumentStatus::Success, output: output.into() }
    }

    pub fn failed(output: impl Into<String>) -> Self {
        Self { status: DocumentStatus::Failed, output: output.into() }
    }
}

impl Sessions {
    fn running(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.running().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hub ends a session.
    pub fn close(&self, closed: &ChannelClosed) {
        if let Some(cancel) = self.running().get(&closed.session_id) {
            cancel.cancel();
        }
    }

    /// The hub knows the end that was told with this message.
    pub fn acknowledged(&self, message_id: Uuid) {
        if let Some(known) = self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&message_id) {
            known.notify_one();
        }
    }
}

/// Starts a session, or tells why not. One that is running already is not started again.
pub fn start(agent: &Arc<Agent>, order: InteractiveShell) {
    let plan = match plan::read(&order) {
        Ok(plan) => plan,
        Err(refused) => {
            tracing::warn!(session_id = refused.session_id, reason = refused.reason, "a session cannot be started");
            let (agent, ended) = (agent.clone(), Ended::failed(refused.reason));
            tokio::spawn(async move { tell(&agent, &refused.session_id, &ended).await });
            return;
        }
    };
    let cancel = agent.stop.child_token();
    {
        let mut running = agent.sessions.running();
        if running.contains_key(&plan.session_id) {
            return;
        }
        if running.len() >= MAX_SESSIONS {
            drop(running);
            let ended = Ended::failed(format!("this node runs {MAX_SESSIONS} sessions already"));
            let (agent, session_id) = (agent.clone(), plan.session_id);
            tokio::spawn(async move { tell(&agent, &session_id, &ended).await });
            return;
        }
        running.insert(plan.session_id.clone(), cancel.clone());
    }
    let agent = agent.clone();
    tokio::spawn(async move {
        let session_id = plan.session_id.clone();
        tracing::info!(session_id, session_type = plan.session_type(), "a session begins");
        let ended = life::run(&agent, plan, cancel).await;
        agent.sessions.running().remove(&session_id);
        tracing::info!(session_id, status = ended.status.as_str(), reason = ended.output, "a session has ended");
        tell(&agent, &session_id, &ended).await;
    });
}

/// Tells the hub how a session ended, until it says that it knows.
async fn tell(agent: &Agent, session_id: &str, ended: &Ended) {
    let mut complete = AgentTaskComplete {
        schema_version: 1,
        task_id: session_id.to_owned(),
        topic: "agent_task_complete".to_owned(),
        final_task_status: ended.status.clone(),
        is_routing_failure: false,
        aws_account_id: String::new(),
        instance_id: agent.registration.instance_id.clone(),
        output: ended.output.clone(),
        s3_bucket: String::new(),
        s3_url_suffix: String::new(),
        cwl_group: String::new(),
        cwl_stream: String::new(),
        retry_number: 0,
    };
    let (message_id, known) = (Uuid::new_v4(), Arc::new(Notify::new()));
    agent.sessions.told.lock().unwrap_or_else(PoisonError::into_inner).insert(message_id, known.clone());
    let mut connected = agent.connected.subscribe();
    for telling in 0..TELLINGS {
        let there = tokio::time::timeout(PATIENCE, connected.wait_for(Option::is_some)).await.is_ok_and(|there| there.is_ok());
        if !there {
            break;
        }
        complete.retry_number = i64::from(telling);
        agent.outbox.send(&complete, message_id);
        if tokio::time::timeout(TELL_AGAIN * (telling + 1), known.notified()).await.is_ok() {
            return;
        }
    }
    agent.sessions.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&message_id);
}
