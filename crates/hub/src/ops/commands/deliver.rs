//! From an invocation to a frame on its node's channel, and again until the node says that it has it (agent-protocol 4.6, 4.7).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use qd_model::shapes::commands::SendCommandInput;
use qd_store::table::commands::{self, Stage};
use qd_store::table::invocations::{self, Change, Invocation};
use qd_store::{StoreError, Tx};
use qd_wire::agent_message::AgentMessage;
use qd_wire::payload::agent_job::QuarterdeckContent;
use qd_wire::payload::{AgentJob, JobId, SendCommandContent};
use serde_json::Value;
use uuid::Uuid;

use super::advance::{self, Scene};
use super::moves::Moves;
use super::{parameters, text};
use crate::channel::Handle;
use crate::crash_point;
use crate::hub::Shared;

/// A stock agent remembers a job for 30 minutes; sent again after that it would run twice (agent-protocol 6.9).
pub const RESEND_UNTIL_MS: i64 = 25 * 60 * 1_000;
/// How long an acknowledgement may take before the same job is sent again.
pub const RESEND_AFTER_MS: i64 = 5_000;
/// A node that is connected and says nothing of a job for so long is parked: it must hold up neither the ramp-up nor a slot.
const PARK_AFTER_MS: i64 = 15_000;
/// Shortest and longest wait before what is parked for a connected node is tried again; it grows with the age of the command.
const RETRY_MS: (i64, i64) = (RESEND_AFTER_MS, 30_000);
/// A cancel that a listening node has not answered for so long is of a job that never arrived (agent-protocol 4.10: an agent says nothing of
/// a job it does not know).
const CANCEL_UNANSWERED_MS: i64 = 60_000;
/// Rows that [`resend`] changes at a time, of each kind.
const BATCH: i64 = 1_000;
/// Jobs kept ready to send: the text of a command is the same for each of its nodes.
const KEPT_JOBS: usize = 64;

/// Ready-made job contents of recent commands.
#[derive(Default)]
pub struct Jobs(Mutex<HashMap<String, Arc<Job>>>);

/// A command as agents get it.
pub struct Job {
    plain: SendCommandContent,
    steps: StepNames,
}

/// Names of a document's steps, as replies and output carry them.
pub type StepNames = Arc<[String]>;

impl Jobs {
    async fn of(&self, shared: &Shared, command_id: &str) -> Result<Option<Arc<Job>>, StoreError> {
        if let Some(job) = self.kept().get(command_id) {
            return Ok(Some(job.clone()));
        }
        let id = command_id.to_owned();
        let read = shared.store.read(move |tx| Ok::<_, StoreError>((commands::get(tx, &id)?, commands::asked(tx, &id)?))).await?;
        let (Some(command), Some(asked)) = read else { return Ok(None) };
        // Without the values it was sent with, a command must not run: the document's defaults are somebody else's values.
        let Some(given) = parameters::open(&shared.master_key, command_id, &asked.parameters) else { return Ok(None) };
        let Some(typed) = parameters::for_agents(&asked.document, &given) else { return Ok(None) };
        let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
        Ok(Some(self.keep(&command, &asked.document, &request, typed)))
    }

    /// Names of the steps of a recent command's document; `None` when it is not kept.
    pub fn step_names(&self, command_id: &str) -> Option<StepNames> {
        self.kept().get(command_id).map(|job| job.steps.clone())
    }

    /// Makes a command's job ready: `document` is its content as JSON text, `parameters` are typed as declared.
    pub fn keep(
        &self,
        command: &commands::Command,
        document: &str,
        request: &SendCommandInput,
        parameters: serde_json::Map<String, Value>,
    ) -> Arc<Job> {
        let job = Arc::new(Job { plain: content(command, document, request, parameters), steps: text::step_names(document).into() });
        let mut kept = self.kept();
        if kept.len() >= KEPT_JOBS {
            kept.clear();
        }
        kept.insert(command.command_id.clone(), job.clone());
        job
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Job>>> {
        // Every change is one insert or a clear, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn content(
    command: &commands::Command,
    document: &str,
    request: &SendCommandInput,
    parameters: serde_json::Map<String, Value>,
) -> SendCommandContent {
    let document_content: Value = serde_json::from_str(document).unwrap_or(Value::Null);
    let logs = request.cloud_watch_output_config.clone().unwrap_or_default();
    SendCommandContent {
        parameters,
        document_content,
        command_id: command.command_id.clone(),
        document_name: command.document_name.clone(),
        output_s3_key_prefix: request.output_s3_key_prefix.clone().unwrap_or_default(),
        output_s3_bucket_name: request.output_s3_bucket_name.clone().unwrap_or_default(),
        cloud_watch_log_group_name: logs.cloud_watch_log_group_name.unwrap_or_default(),
        cloud_watch_output_enabled: logs.cloud_watch_output_enabled.unwrap_or_default(),
        quarterdeck: None,
    }
}

/// Sends a command to nodes that are connected here. What does not get through is sent again by [`resend`].
pub async fn send(shared: &Arc<Shared>, command_id: &str, instance_ids: &[String]) {
    let job = match shared.jobs.of(shared, command_id).await {
        Ok(Some(job)) => job,
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%error, command_id, "a command could not be read for sending");
            return;
        }
    };
    let texts = Texts::new(&job.plain);
    for (n, instance_id) in instance_ids.iter().enumerate() {
        if let Some(handle) = shared.registry.get(instance_id) {
            send_one(shared, &handle, command_id, &texts);
            crash_point::reached("job-queued");
        }
        if n % 256 == 255 {
            // A large fleet must not keep this thread from everything else.
            tokio::task::yield_now().await;
        }
    }
}

/// The job's text for stock agents and for agents that stream output.
struct Texts {
    plain: String,
    streaming: String,
}

impl Texts {
    fn new(content: &SendCommandContent) -> Self {
        let mut streaming = content.clone();
        streaming.quarterdeck = Some(QuarterdeckContent { output: true });
        let text = |c: &SendCommandContent| serde_json::to_string(c).unwrap_or_default();
        Self { plain: text(content), streaming: text(&streaming) }
    }
}

fn send_one(shared: &Shared, handle: &Handle, command_id: &str, texts: &Texts) {
    let Ok(job_id) = JobId::new(command_id, &handle.instance_id) else { return };
    let content = if handle.streams_output { &texts.streaming } else { &texts.plain };
    let job = AgentJob { content: content.clone(), job_id, topic: format!("aws.ssm.sendCommand.{}", shared.region), schema_version: 1 };
    push(shared, handle, &job);
}

fn push(shared: &Shared, handle: &Handle, job: &AgentJob) {
    let now = u64::try_from(shared.clock.now_ms()).unwrap_or_default();
    let message = AgentMessage::carrying(job, Uuid::new_v4(), now);
    if !message.fits() {
        tracing::error!(job_id = job.job_id.as_str(), "a job is too large for a frame");
        return;
    }
    if !handle.send(message.encode()) {
        tracing::debug!(job_id = job.job_id.as_str(), "the node's queue is full; the job is sent again later");
    }
}

/// Tells a node to stop a command.
pub fn send_cancel(shared: &Shared, command_id: &str, instance_id: &str) {
    let Some(handle) = shared.registry.get(instance_id) else { return };
    let own = JobId::new(&Uuid::new_v4().to_string(), instance_id);
    if let (Ok(own), Ok(cancelled)) = (own, JobId::new(command_id, instance_id)) {
        push(shared, &handle, &AgentJob::cancel(own, cancelled));
    }
}

/// A node opened its channel here: what was parked for it gets its turn, what it has not acknowledged is sent again.
pub async fn node_connected(shared: &Arc<Shared>, instance_id: &str) {
    let streams_output = shared.registry.get(instance_id).is_some_and(|h| h.streams_output);
    let scene = Scene::of(shared);
    let id = instance_id.to_owned();
    let read = shared.store.read(move |tx| invocations::waiting_for_node(tx, &id)).await;
    let waiting = match read {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::error!(%error, instance_id, "what waits for a node could not be read");
            return;
        }
    };
    let mut parked = Vec::new();
    for invocation in waiting {
        match invocation.stage {
            Stage::Cancelling => send_cancel(shared, &invocation.command_id, instance_id),
            // A stock agent forgets a job after half an hour; sent once more after that, it would run twice. What it did with the first one it
            // still reports; otherwise the invocation times out.
            _ if !streams_output && !may_resend(&invocation, scene.now) => {}
            Stage::Delayed | Stage::Released => parked.push(invocation),
            _ => send(shared, &invocation.command_id, &[instance_id.to_owned()]).await,
        }
    }
    if parked.is_empty() {
        return;
    }
    let taken_up = shared.store.write(move |tx| {
        let mut moves = Moves::new(&scene);
        for invocation in &parked {
            moves.to(tx, invocation, Stage::Pending)?;
        }
        moves.close(tx)
    });
    match taken_up.await {
        Ok(commands) => commands.iter().for_each(|command| shared.wakers.command(&command.command_id)),
        // They stay parked, and are tried again with everything that is.
        Err(error) => tracing::error!(%error, instance_id, "what was parked for a node could not be taken up again"),
    }
}

fn may_resend(invocation: &Invocation, now: i64) -> bool {
    invocation.first_sent_at.is_none_or(|first| now - first < RESEND_UNTIL_MS)
}

/// Whether what is parked for a connected node has waited long enough.
fn may_retry(invocation: &Invocation, now: i64) -> bool {
    let wait = ((now - invocation.requested_at) / 8).clamp(RETRY_MS.0, RETRY_MS.1);
    invocation.last_sent_at.is_none_or(|last| now - last >= wait)
}

/// What [`resend`] found to do, after it wrote that it is being done.
#[derive(Default)]
struct Due {
    /// Command and node to send the job to.
    jobs: Vec<(String, String)>,
    /// The same, to send a cancel to.
    cancels: Vec<(String, String)>,
    /// Commands of which something moved.
    moved: Vec<String>,
}

/// Sends again what the nodes of this hub have not answered, jobs and cancels, takes over what another hub released or cancelled for them,
/// parks what is not answered at all, and takes up again what was parked. Returns whether anything waits for an answer.
pub async fn resend(shared: &Arc<Shared>) -> Result<bool, StoreError> {
    let (scene, hub) = (Scene::of(shared), shared.clone());
    let due = shared.store.write(move |tx| due(tx, &scene, &hub)).await?;
    for (command_id, instance_id) in &due.cancels {
        send_cancel(shared, command_id, instance_id);
    }
    due.moved.iter().for_each(|command_id| shared.wakers.command(command_id));
    let any = !due.jobs.is_empty() || !due.cancels.is_empty();
    let mut by_command: HashMap<String, Vec<String>> = HashMap::new();
    for (command_id, instance_id) in due.jobs {
        by_command.entry(command_id).or_default().push(instance_id);
    }
    for (command_id, instance_ids) in by_command {
        send(shared, &command_id, &instance_ids).await;
    }
    Ok(any)
}

fn due(tx: &mut Tx<'_>, scene: &Scene, shared: &Shared) -> Result<Due, StoreError> {
    let mut due = Due::default();
    let mut moves = Moves::new(scene);
    let now = scene.now;
    let again = |stage| Change { sent_at: Some(now), ..Change::to(stage, now) };
    for invocation in invocations::released_for_hub(tx, &scene.hub_id, BATCH)? {
        if advance::mark_sent(tx, scene, &mut moves, &invocation)? {
            due.jobs.push((invocation.command_id, invocation.instance_id));
        }
    }
    let before = now - RESEND_AFTER_MS;
    for invocation in invocations::unanswered_since(tx, &scene.hub_id, Stage::Unacknowledged, before, BATCH)? {
        // Our own agent remembers its jobs for longer than any command may wait.
        let remembers = shared.registry.get(&invocation.instance_id).is_some_and(|handle| handle.streams_output);
        let silent = invocation.first_sent_at.is_some_and(|first| now - first >= PARK_AFTER_MS);
        if silent || !(remembers || may_resend(&invocation, now)) {
            moves.change(tx, &invocation, &again(Stage::Delayed))?;
            invocations::to_the_end(tx, &invocation.command_id, &invocation.instance_id)?;
        } else {
            moves.change(tx, &invocation, &again(invocation.stage))?;
            due.jobs.push((invocation.command_id, invocation.instance_id));
        }
    }
    for invocation in invocations::parked_for_hub(tx, &scene.hub_id, now - RETRY_MS.0, now - RESEND_UNTIL_MS, BATCH)? {
        if may_retry(&invocation, now) {
            moves.to(tx, &invocation, Stage::Pending)?;
        }
    }
    for invocation in invocations::unanswered_cancels(tx, &scene.hub_id, now - CANCEL_UNANSWERED_MS, BATCH)? {
        moves.to(tx, &invocation, Stage::Cancelled)?;
    }
    for invocation in invocations::unanswered_since(tx, &scene.hub_id, Stage::Cancelling, before, BATCH)? {
        moves.change(tx, &invocation, &again(invocation.stage))?;
        due.cancels.push((invocation.command_id, invocation.instance_id));
    }
    due.moved = moves.close(tx)?.into_iter().map(|command| command.command_id).collect();
    Ok(due)
}
