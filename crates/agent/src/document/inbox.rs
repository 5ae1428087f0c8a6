//! Takes jobs: once each, durable before the ack, never more than the node can hold (agent-protocol 4.6, 4.7, 4.10).

use super::plan::Plan;
use super::runner;
use super::state::{Place, Progress, State, load_all};
use crate::agent::Agent;
use crate::config::Config;
use qd_wire::agent_message::AgentMessage;
use qd_wire::payload::agent_job_reply::{AgentJobReply, DocumentStatus, ReplyContent};
use qd_wire::payload::{AckStatus, AgentJob, AgentJobAck, JobId, JobTopic, Payload};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Commands at work or waiting, by command id.
pub struct Inbox {
    at_work: Mutex<HashMap<String, CancellationToken>>,
    closed: CancellationToken,
    limit: usize,
    /// One permit per document that runs.
    pub permits: Arc<Semaphore>,
}

impl Inbox {
    /// Empty.
    pub fn new(config: &Config) -> Self {
        let parallel = usize::try_from(config.parallel_documents).unwrap_or(16);
        Self {
            at_work: Mutex::default(),
            closed: CancellationToken::new(),
            limit: parallel + usize::try_from(config.queued_documents).unwrap_or(64),
            permits: Arc::new(Semaphore::new(parallel)),
        }
    }

    fn at_work(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commands at work or waiting.
    pub fn len(&self) -> usize {
        self.at_work().len()
    }

    /// True when nothing is at work.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From now on jobs are refused with `ClosedProcessor`, and no further step is started.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Cancelled by [`Inbox::close`].
    pub fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    fn finished(&self, command_id: &str) {
        self.at_work().remove(command_id);
    }
}

/// Takes up the documents of earlier lives.
pub fn resume(agent: &Arc<Agent>) {
    for (place, state) in load_all(&agent.home) {
        if state.job_id.instance_id() != agent.registration.instance_id {
            tracing::warn!(job_id = state.job_id.as_str(), "a stored command is for another node; it is not run");
            let _ = super::state::remove(&place.dir);
            continue;
        }
        if agent.seen.contains(state.job_id.as_str(), crate::process::now_ms() / 1000) {
            // Over, with its last reply in the spool; what remains is output on its way.
            runner::resume_output(agent, &place, &state);
            continue;
        }
        let command_id = state.job_id.command_id().to_owned();
        tracing::info!(job_id = state.job_id.as_str(), steps_done = state.progress.done.len(), "resuming a command");
        let cancel = CancellationToken::new();
        agent.inbox.at_work().insert(command_id, cancel.clone());
        match state
            .command()
            .map_err(|e| e.to_string())
            .and_then(|c| Plan::new(c.document_content, &c.parameters).map_err(|e| e.to_string()))
        {
            Ok(plan) => spawn(agent, Some(place), state, plan, cancel, None),
            Err(error) => {
                tracing::error!(%error, "a stored command cannot be read any more");
                let agent = agent.clone();
                tokio::spawn(async move {
                    refuse(&agent, &state.job_id, &error).await;
                    agent.inbox.finished(state.job_id.command_id());
                    let _ = std::fs::remove_dir_all(place.dir);
                });
            }
        }
    }
}

/// Takes an `agent_job` frame. Everything slow happens on a task of its own: the reader of the channel goes on.
pub fn take(agent: &Arc<Agent>, message: &AgentMessage) {
    let job = match AgentJob::decode(&message.payload) {
        Ok(job) => job,
        Err(error) => {
            // Without a job id there is nothing to answer; the hub's own limits end it.
            tracing::warn!(%error, "a job cannot be read");
            return;
        }
    };
    let ack = Ack { agent: agent.clone(), job_id: job.job_id.clone(), message_id: message.message_id, created: message.created_date };
    if job.job_id.instance_id() != agent.registration.instance_id {
        return ack.send(AckStatus::InvalidDocument);
    }
    match job.job_topic() {
        Some(JobTopic::SendCommand) => take_command(ack, job),
        Some(JobTopic::CancelCommand) => take_cancel(&ack, &job),
        None => ack.send(AckStatus::UnexpectedDocumentType),
    }
}

struct Ack {
    agent: Arc<Agent>,
    job_id: JobId,
    message_id: Uuid,
    created: u64,
}

impl Ack {
    fn send(&self, status: AckStatus) {
        if status != AckStatus::Successful {
            tracing::info!(job_id = self.job_id.as_str(), status = status.message(), "a job is not taken");
        }
        let ack = AgentJobAck::new(self.job_id.clone(), self.message_id, self.created, status);
        self.agent.outbox.send(&ack, Uuid::new_v4());
    }
}

fn take_command(ack: Ack, job: AgentJob) {
    let agent = ack.agent.clone();
    let cancel = CancellationToken::new();
    {
        let mut at_work = agent.inbox.at_work();
        let command_id = job.job_id.command_id();
        if at_work.contains_key(command_id) || agent.seen.contains(job.job_id.as_str(), crate::process::now_ms() / 1000) {
            return ack.send(AckStatus::DuplicateCommand);
        }
        if agent.inbox.closed.is_cancelled() {
            return ack.send(AckStatus::ClosedProcessor);
        }
        if at_work.len() >= agent.inbox.limit {
            return ack.send(AckStatus::ProcessorBufferFull);
        }
        at_work.insert(command_id.to_owned(), cancel.clone());
    }
    tokio::spawn(accept(ack, job, cancel));
}

async fn accept(ack: Ack, job: AgentJob, cancel: CancellationToken) {
    let agent = ack.agent.clone();
    let plan = match job.send_command() {
        Ok(content) => Plan::new(content.document_content, &content.parameters).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(reason) => {
            ack.send(AckStatus::ParseError);
            refuse(&agent, &job.job_id, &reason).await;
            return agent.inbox.finished(job.job_id.command_id());
        }
    };
    // The mark "started" goes out with the acceptance when the first step starts right away: one sync for both.
    let permit = agent.inbox.permits.clone().try_acquire_owned().ok();
    let first_now = permit.is_some();
    let progress = Progress { started: first_now.then(|| agent.boot_id.clone()), ..Progress::default() };
    let mut state = State { job_id: job.job_id, content: job.content, accepted_ms: crate::process::now_ms(), progress };
    let (home, first) = (agent.home.clone(), state.clone());
    let written = tokio::task::spawn_blocking(move || Place::create(&home, &first)).await;
    let place = match written {
        Ok(Ok(place)) => Some(place),
        Ok(Err(error)) => {
            tracing::error!(%error, "neither disk nor memory directory takes a document; its state is kept in this process only");
            state.progress.started = None;
            None
        }
        Err(_) => {
            agent.inbox.finished(state.job_id.command_id());
            return ack.send(AckStatus::UnexpectedError);
        }
    };
    ack.send(AckStatus::Successful);
    spawn(&agent, place, state, plan, cancel, permit);
}

fn spawn(
    agent: &Arc<Agent>,
    place: Option<Place>,
    state: State,
    plan: Plan,
    cancel: CancellationToken,
    permit: Option<OwnedSemaphorePermit>,
) {
    let agent = agent.clone();
    tokio::spawn(async move {
        let job_id = state.job_id.clone();
        if runner::run(&agent, place, state, &plan, cancel, permit).await {
            agent.inbox.finished(job_id.command_id());
        }
    });
}

/// Cancels a command at work. An unknown one is no error: it may have ended a moment ago (agent-protocol 4.10).
fn take_cancel(ack: &Ack, job: &AgentJob) {
    let Ok(content) = job.cancel_command() else { return ack.send(AckStatus::ParseError) };
    ack.send(AckStatus::Successful);
    let reply = ReplyContent { document_status: DocumentStatus::InProgress, ..runner::envelope([]) };
    ack.agent.outbox.send(&AgentJobReply::new(job.job_id.clone(), JobTopic::CancelCommand, &reply), Uuid::new_v4());
    let cancel = ack.agent.inbox.at_work().get(content.cancel_message_id.command_id()).cloned();
    match cancel {
        Some(cancel) => cancel.cancel(),
        None => tracing::info!(job_id = content.cancel_message_id.as_str(), "a command to be cancelled is not at work"),
    }
}

/// A document that cannot be run: Failed, with the reason.
async fn refuse(agent: &Agent, job_id: &JobId, reason: &str) {
    let content = ReplyContent {
        document_status: DocumentStatus::Failed,
        document_trace_output: format!("The document cannot be run: {reason}."),
        ..runner::envelope([])
    };
    let reply = AgentJobReply::new(job_id.clone(), JobTopic::SendCommand, &content);
    agent.replies.add(crate::digest::stable_uuid(&[job_id.as_str(), "refused"]), reply.encode()).await;
}
