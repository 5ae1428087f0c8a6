//! Runs the steps of a document, once each, whatever happens to the agent in between (agent-protocol 4.9, 6.3).
//!
//! Before a step starts the disk says so; when it has ended its result goes to the disk together with the mark of the next one.
//! What the disk says and what the step's directory says then decide after a crash: go on waiting, take the result, start, or
//! report that the step was cut off. Never start twice.

use super::outcome::{Status, StepResult, document_status, shrink};
use super::plan::{Plan, Step};
use super::state::{Place, Progress, State, save_to};
use crate::agent::{Agent, VERSION};
use crate::plugin::{self, StepCx};
use crate::process::StepFiles;
use qd_model::document::parse::OnFailure;
use qd_wire::payload::agent_job_reply::{AdditionalInfo, AgentInfo, AgentJobReply, DocumentStatus, ReplyContent};
use qd_wire::payload::{JobId, JobTopic, Payload};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Reboots one document may ask for; more is a loop.
const REBOOT_LIMIT: u32 = 15;
/// How long a machine may take to go down.
const REBOOT_PATIENCE: Duration = Duration::from_secs(600);
/// Exit code with which a script ends the document successfully.
const SUCCEED_AND_STOP: i64 = 168;
/// Exit code with which a script ends the document as failed.
const FAIL_AND_STOP: i64 = 169;

/// How a list of steps came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps ended, or none follows any more.
    Over,
    /// Cancelled between two steps.
    Cancelled,
    /// The agent or the machine is going down; the disk knows how to go on.
    Suspended,
}

/// A list of steps at work: a document, or one that `aws:runDocument` runs.
pub struct Run<'a> {
    /// The agent.
    pub agent: &'a Arc<Agent>,
    /// The job that brought it.
    pub job: &'a JobId,
    /// What to run.
    pub plan: &'a Plan,
    /// Directory of the step directories.
    pub dir: &'a Path,
    /// Directory for `aws:downloadContent` and relative working directories.
    pub downloads: &'a Path,
    /// Cancelled on request.
    pub cancel: &'a CancellationToken,
    /// How deep in documents run by documents; 0 at the top.
    pub depth: u8,
    /// Where progress is kept.
    pub keeper: Keeper,
    /// Whether the hub wants output while steps run; never below the top.
    pub streaming: bool,
    /// Whether each step is reported on its own.
    pub reporting: bool,
}

/// Where progress is kept.
pub enum Keeper {
    /// In the document's state.
    Document(Option<Place>, Box<State>),
    /// In a file of its own.
    File(PathBuf),
}

impl Keeper {
    async fn save(&self, progress: &Progress, durable: bool) {
        let written = match self {
            Self::Document(None, _) => return,
            Self::Document(Some(place), state) => {
                let (place, state) = (place.clone(), State { progress: progress.clone(), ..(**state).clone() });
                tokio::task::spawn_blocking(move || place.save(&state, durable)).await
            }
            Self::File(path) => {
                let (path, progress) = (path.clone(), progress.clone());
                tokio::task::spawn_blocking(move || save_to(&path, &progress, durable)).await
            }
        };
        if let Err(error) = written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            tracing::warn!(%error, "progress cannot be written; going on from memory");
        }
    }
}

/// Runs a document to its end. False if it was suspended: it stays at work, on disk. Waits for its turn unless it has a permit.
pub async fn run(
    agent: &Arc<Agent>,
    place: Option<Place>,
    state: State,
    plan: &Plan,
    cancel: CancellationToken,
    permit: Option<OwnedSemaphorePermit>,
) -> bool {
    let job = state.job_id.clone();
    let wants_output = state.command().is_ok_and(|content| content.wants_output());
    let permit = match permit {
        Some(permit) => Some(permit),
        None => tokio::select! {
            biased;
            permit = agent.inbox.permits.clone().acquire_owned() => permit.ok(),
            () = cancel.cancelled() => None,
            () = agent.inbox.closed().cancelled() => return false,
        },
    };
    let mut progress = state.progress.clone();
    if progress.done.is_empty() && progress.started.as_ref().is_none_or(|boot| *boot == agent.boot_id) {
        let begun = ReplyContent { document_status: DocumentStatus::InProgress, ..envelope(&[]) };
        agent.outbox.send(&AgentJobReply::new(job.clone(), JobTopic::SendCommand, &begun), Uuid::new_v4());
    }
    let memory;
    let dir = match &place {
        Some(place) => place.dir.clone(),
        None => {
            memory = agent.home.volatile().unwrap_or_else(std::env::temp_dir).join(job.command_id());
            memory
        }
    };
    let volatile = place.as_ref().is_none_or(|place| place.volatile);
    let downloads = dir.join("downloads");
    let run = Run {
        agent,
        job: &job,
        plan,
        dir: &dir,
        downloads: &downloads,
        cancel: &cancel,
        depth: 0,
        keeper: Keeper::Document(place, Box::new(state)),
        streaming: wants_output,
        reporting: plan.steps.len() > 1,
    };
    run.reopen_streams(&progress);
    let end = run.steps(&mut progress).await;
    drop(permit);
    if end == End::Suspended {
        return false;
    }
    // Without the record that it was run, the directory is what keeps it from being run again.
    let recorded = finish(agent, &job, plan, &progress, end, volatile).await;
    if recorded {
        agent.streams.release(&job, dir);
    }
    recorded
}

/// A document that was over when the agent ended: the hub may not have all of its output.
pub fn resume_output(agent: &Agent, place: &Place, state: &State) {
    let command = state.command().ok().filter(|command| command.wants_output());
    let plan = command.and_then(|command| Plan::new(command.document_content, &command.parameters).ok());
    for (index, step) in plan.iter().flat_map(|plan| &plan.steps).enumerate() {
        reopen(agent, &state.job_id, &step.id, &step_dir(&place.dir, index, state.progress.reboots));
    }
    agent.streams.release(&state.job_id, place.dir.clone());
}

fn step_dir(dir: &Path, index: usize, attempt: u32) -> PathBuf {
    dir.join(format!("{index}-{attempt}"))
}

fn reopen(agent: &Agent, job: &JobId, step: &str, dir: &Path) {
    if StepFiles::new(dir).stdout().exists() {
        agent.streams.open(job, step, dir);
        agent.streams.end(job, step);
    }
}

/// The last reply: durable, then remembered, so that neither its loss nor a repeated delivery runs anything again. False when
/// it could not be remembered because the agent is ending.
async fn finish(agent: &Arc<Agent>, job: &JobId, plan: &Plan, progress: &Progress, end: End, volatile: bool) -> bool {
    let statuses: Vec<Status> = progress.done.iter().map(|result| result.status).collect();
    let status = match end {
        End::Cancelled => Status::Cancelled,
        _ => document_status(&statuses),
    };
    let mut content = ReplyContent { document_status: status.wire(), ..envelope(&progress.done) };
    if let ([step], [result]) = (plan.steps.as_slice(), progress.done.as_slice()) {
        content.runtime_status.insert(step.id.clone(), result.to_plugin_result("", "", step_name(step)));
    }
    if volatile {
        content.document_trace_output = "The agent's disk is full; this command ran from memory.".to_owned();
    }
    shrink(&mut content);
    let reply = AgentJobReply::new(job.clone(), JobTopic::SendCommand, &content);
    agent.replies.add(crate::digest::stable_uuid(&[job.as_str(), "final"]), reply.encode()).await;
    let (agent, job) = (agent.clone(), job.clone());
    let recorded = tokio::task::spawn_blocking(move || {
        let now = crate::process::now_ms() / 1000;
        if !agent.seen.contains(job.as_str(), now) {
            agent.seen.record(job.as_str(), now);
        }
    })
    .await;
    // An error here means that the runtime is ending.
    recorded.is_ok()
}

/// A reply without status and steps.
pub fn envelope(done: &[StepResult]) -> ReplyContent {
    let mut info = AdditionalInfo {
        agent: AgentInfo {
            lang: "en-US".to_owned(),
            name: "quarterdeck-agent".to_owned(),
            os: crate::platform::PLATFORM_TYPE.to_ascii_lowercase(),
            osver: "1".to_owned(),
            ver: VERSION.to_owned(),
        },
        date_time: qd_wire::payload::iso8601_ms(u64::try_from(crate::process::now_ms()).unwrap_or(0)),
        ..AdditionalInfo::default()
    };
    for result in done {
        *info.runtime_status_counts.entry(result.status.wire().as_str().to_owned()).or_default() += 1;
    }
    ReplyContent { additional_info: info, ..ReplyContent::default() }
}

/// `stepName` of a reply: empty for schema 1.x, where the plugin's name stands for the step.
fn step_name(step: &Step) -> &str {
    if step.id == step.action { "" } else { &step.id }
}

impl Run<'_> {
    fn step_dir(&self, index: usize, attempt: u32) -> PathBuf {
        step_dir(self.dir, index, attempt)
    }

    /// After a restart: output of steps that ended and that the hub may not have whole.
    fn reopen_streams(&self, progress: &Progress) {
        if !self.streaming {
            return;
        }
        for (index, step) in self.plan.steps.iter().enumerate().take(progress.done.len()) {
            reopen(self.agent, self.job, &step.id, &self.step_dir(index, progress.reboots));
        }
    }

    /// Runs the steps that have no result yet.
    pub async fn steps(&self, progress: &mut Progress) -> End {
        let mut resumed = progress.started.clone();
        if let Some(boot) = progress.rebooting.clone() {
            if boot == self.agent.boot_id {
                self.reboot();
                return End::Suspended;
            }
            progress.rebooting = None;
        }
        while let Some(step) = self.plan.steps.get(progress.done.len()) {
            let started = resumed.take();
            let fresh = started.is_none();
            if fresh && self.agent.inbox.closed().is_cancelled() {
                return End::Suspended;
            }
            if self.cancel.is_cancelled() && !step.finally && self.is_untouched(progress, started.as_deref()) {
                return End::Cancelled;
            }
            let result = match self.without_running(step, progress.exit) {
                Some(result) => result,
                None => {
                    if fresh {
                        progress.started = Some(self.agent.boot_id.clone());
                        self.keeper.save(progress, true).await;
                    }
                    let Some(result) = self.run_step(step, progress, started).await else { return End::Suspended };
                    result
                }
            };
            if result.status == Status::SuccessAndReboot {
                if self.ask_for_reboot(step, progress, &result).await {
                    return End::Suspended;
                }
                let note = format!("the step asked for a reboot more than {REBOOT_LIMIT} times");
                self.take(step, progress, StepResult { status: Status::Failed, note, ..result });
            } else {
                self.take(step, progress, result);
            }
            self.report(progress).await;
        }
        End::Over
    }

    /// Nothing of the next step happened yet: it may be left out.
    fn is_untouched(&self, progress: &Progress, started: Option<&str>) -> bool {
        if started.is_some_and(|boot| boot != self.agent.boot_id) {
            return false;
        }
        let dir = self.step_dir(progress.done.len(), progress.reboots);
        matches!(crate::process::find(&StepFiles::new(dir)), Ok(crate::process::Found::NotStarted))
    }

    /// Results that need no plugin.
    fn without_running(&self, step: &Step, exit: bool) -> Option<StepResult> {
        if exit && !step.finally {
            let text = "Step execution skipped because an earlier step ended the document.";
            return Some(StepResult::plain(&step.action, Status::Skipped, 0, text));
        }
        if let Some(result) = plugin::refuse(&step.action, step.lenient) {
            return Some(result);
        }
        step.left_out.as_ref().map(|why| StepResult::plain(&step.action, Status::Skipped, 0, why))
    }

    async fn run_step(&self, step: &Step, progress: &Progress, started: Option<String>) -> Option<StepResult> {
        let dir = self.step_dir(progress.done.len(), progress.reboots);
        if let Err(error) = crate::home::create_private_dir(&dir) {
            return Some(StepResult::failed(&step.action, format!("the step's directory cannot be made: {error}")));
        }
        let may_have_run = started.is_some_and(|boot| boot != self.agent.boot_id);
        let cx = StepCx {
            agent: self.agent,
            job: self.job,
            action: &step.action,
            inputs: &step.inputs,
            dir: &dir,
            downloads: self.downloads,
            variables: &step.variables,
            cancel: self.cancel,
            stream: self.streaming.then_some(step.id.as_str()),
            may_have_run,
            depth: self.depth,
        };
        // None: the agent is going down and the step goes on without it.
        let result = Box::pin(plugin::run(&cx)).await?;
        if self.streaming {
            reopen(self.agent, self.job, &step.id, &dir);
        }
        Some(result)
    }

    /// Takes a result and decides what follows.
    fn take(&self, step: &Step, progress: &mut Progress, mut result: StepResult) {
        match (result.status, result.code) {
            (Status::Failed, SUCCEED_AND_STOP) => {
                result.status = Status::Success;
                result.note.clear();
                progress.exit = true;
            }
            (Status::Failed, FAIL_AND_STOP) => progress.exit = true,
            (Status::Failed | Status::TimedOut, _) => match step.on_failure {
                None => {}
                Some(OnFailure::Exit) => progress.exit = true,
                Some(OnFailure::SuccessAndExit) => {
                    result.status = Status::Success;
                    progress.exit = true;
                }
            },
            (Status::Success, _) if step.exit_on_success => progress.exit = true,
            _ => {}
        }
        progress.started = None;
        progress.done.push(result);
    }

    /// One reply for the step that has just ended. A document of one step says it with its last reply.
    async fn report(&self, progress: &Progress) {
        if !self.reporting {
            return;
        }
        let (Some(result), Some(step)) = (progress.done.last(), self.plan.steps.get(progress.done.len() - 1)) else { return };
        let mut content = ReplyContent { document_status: DocumentStatus::InProgress, ..envelope(&progress.done) };
        content.runtime_status.insert(step.id.clone(), result.to_plugin_result("", "", step_name(step)));
        shrink(&mut content);
        let reply = AgentJobReply::new(self.job.clone(), JobTopic::SendCommand, &content);
        let id = crate::digest::stable_uuid(&[self.job.as_str(), "step", &step.id]);
        self.agent.replies.add(id, reply.encode()).await;
    }

    /// Writes down that a reboot is wanted, says so, and asks the machine. False if it was asked for too often.
    async fn ask_for_reboot(&self, step: &Step, progress: &mut Progress, result: &StepResult) -> bool {
        if progress.reboots >= REBOOT_LIMIT {
            return false;
        }
        progress.reboots += 1;
        progress.started = None;
        progress.rebooting = Some(self.agent.boot_id.clone());
        self.keeper.save(progress, true).await;
        let mut content = ReplyContent { document_status: DocumentStatus::SuccessAndReboot, ..envelope(&progress.done) };
        content.runtime_status.insert(step.id.clone(), result.to_plugin_result("", "", step_name(step)));
        shrink(&mut content);
        self.agent.outbox.send(&AgentJobReply::new(self.job.clone(), JobTopic::SendCommand, &content), Uuid::new_v4());
        self.reboot();
        true
    }

    fn reboot(&self) {
        let Some((program, arguments)) = self.agent.config.reboot_command.split_first() else { return };
        tracing::warn!(job_id = self.job.as_str(), "a command asks for a reboot; restarting the machine");
        self.agent.inbox.close();
        match tokio::process::Command::new(program).args(arguments).spawn() {
            Ok(mut child) => drop(tokio::spawn(async move { child.wait().await })),
            Err(error) => tracing::error!(%error, "the machine cannot be restarted; trying again later"),
        }
        // Still here after a while: the restart did not happen. A new life of the agent asks again and takes commands meanwhile.
        let stop = self.agent.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(REBOOT_PATIENCE).await;
            stop.cancel();
        });
    }
}

/// Several results as one: texts in order, the last status and code. The files of the parts become those of the whole.
pub fn merged(dirs: &[PathBuf], parts: Vec<StepResult>, dir: &Path) -> StepResult {
    let whole = StepFiles::new(dir);
    for (target, pick) in [(whole.stdout(), StepFiles::stdout as fn(&StepFiles) -> PathBuf), (whole.stderr(), StepFiles::stderr)] {
        if let Err(error) = concatenate(dirs.iter().map(|dir| pick(&StepFiles::new(dir))), &target) {
            tracing::warn!(%error, "output of a part cannot be put together");
        }
    }
    let text = |path: PathBuf| super::outcome::Text::from_file(&path).unwrap_or_default();
    let mut result = parts.last().cloned().unwrap_or_else(|| StepResult::plain("", Status::Success, 0, ""));
    let own: String = parts.iter().filter(|p| !p.stdout.text.is_empty()).map(|p| p.stdout.text.as_str()).collect();
    result.stdout = text(whole.stdout());
    if result.stdout.text.is_empty() {
        result.stdout = super::outcome::Text::from_bytes(own.as_bytes());
    }
    result.stderr = text(whole.stderr());
    result.started_ms = parts.first().map_or(result.started_ms, |part| part.started_ms);
    result
}

fn concatenate(parts: impl Iterator<Item = PathBuf>, target: &Path) -> std::io::Result<()> {
    let mut file = crate::home::private_file().truncate(true).open(target)?;
    for part in parts.filter(|part| part.exists()) {
        std::io::copy(&mut std::fs::File::open(part)?, &mut file)?;
    }
    Ok(())
}
