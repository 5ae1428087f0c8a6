//! Runs the steps of a document, once each, whatever happens to the agent in between (agent-protocol 4.9, 6.3).
//!
//! Before a step starts the disk says so; when it has ended its result goes to the disk together with the mark of the next one.
//! What the disk says and what the step's directory says then decide after a crash: go on waiting, take the result, start, or
//! report that the step was cut off. Never start twice.

use super::outcome::{Status, StepResult, document_status, shrink, together};
use super::place::{self, Found};
use super::plan::{Plan, Step};
use super::state::{Attempt, Place, Progress, Spot, State, save_to};
use crate::agent::{Agent, VERSION};
use crate::plugin::script::CUT_OFF;
use crate::plugin::{self, StepCx};
use crate::process::StepFiles;
use qd_model::document::parse::OnFailure;
use qd_wire::payload::agent_job_reply::{AdditionalInfo, AgentInfo, AgentJobReply, DocumentStatus, ReplyContent};
use qd_wire::payload::{JobId, JobTopic, Payload};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
    /// The first step's mark was written in this life of the agent, with the acceptance.
    pub begun: bool,
}

/// Where progress is kept.
pub enum Keeper {
    /// In the document's state.
    Document(Option<Place>, Box<State>),
    /// In a file of its own.
    File(PathBuf),
}

impl Keeper {
    /// Writes progress down; durably if that matters after a loss of power.
    pub async fn save(&self, progress: &Progress, durable: bool) -> std::io::Result<()> {
        let written = match self {
            Self::Document(None, _) => return Err(std::io::ErrorKind::StorageFull.into()),
            Self::Document(Some(place), state) => {
                let (place, state) = (place.clone(), State { progress: progress.clone(), ..(**state).clone() });
                tokio::task::spawn_blocking(move || place.save(&state, durable)).await
            }
            Self::File(path) => {
                let (path, progress) = (path.clone(), progress.clone());
                tokio::task::spawn_blocking(move || save_to(&path, &progress, durable)).await
            }
        };
        written.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Whether what is saved is there after a restart of the machine.
    pub fn outlives_reboot(&self) -> bool {
        match self {
            Self::Document(place, _) => place.as_ref().is_some_and(|place| !place.volatile),
            Self::File(_) => true,
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
    let begun = permit.is_some() && state.progress.started.is_some();
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
    if progress.done.is_empty() && (begun || progress.started.as_ref().is_none_or(|boot| agent.is_this_boot(boot))) {
        let begun = ReplyContent { document_status: DocumentStatus::InProgress, ..envelope([]) };
        agent.outbox.send(&AgentJobReply::new(job.clone(), JobTopic::SendCommand, &begun), Uuid::new_v4());
    }
    let (dir, volatile) = place::of_place(agent, &job, place.as_ref());
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
        reporting: plan.groups().count() > 1,
        begun,
    };
    if wants_output {
        reopen(agent, &job, plan, &dir, &progress);
    }
    let end = run.steps(&mut progress).await;
    drop(permit);
    if end == End::Suspended {
        return false;
    }
    // Without the record that it was run, the directory is what keeps it from being run again.
    let recorded = finish(agent, &job, plan, &progress, end, volatile).await;
    if recorded {
        agent.streams.release(&job, place::of_document(agent, &job, dir));
    }
    recorded
}

/// A document that was over when the agent ended: the hub may not have all of its output.
pub fn resume_output(agent: &Agent, place: &Place, state: &State) {
    let command = state.command().ok().filter(|command| command.wants_output());
    if let Some(plan) = command.and_then(|command| Plan::new(command.document_content, &command.parameters).ok()) {
        reopen(agent, &state.job_id, &plan, &place.dir, &state.progress);
    }
    agent.streams.release(&state.job_id, place::of_document(agent, &state.job_id, place.dir.clone()));
}

/// After a restart: output of all that ended, which the hub may not have whole.
fn reopen(agent: &Agent, job: &JobId, plan: &Plan, dir: &Path, progress: &Progress) {
    for attempt in &progress.attempts {
        reopen_attempt(agent, job, plan, dir, attempt);
    }
    for group in plan.groups().filter(|group| group.end <= progress.done.len()) {
        agent.streams.end(job, &plan.steps[group.start].id);
    }
}

fn reopen_attempt(agent: &Agent, job: &JobId, plan: &Plan, dir: &Path, attempt: &Attempt) {
    let dir = place::of_attempt(agent, job, dir, attempt);
    if let Some(step) = plan.steps.get(attempt.step)
        && StepFiles::new(&dir).stdout().exists()
    {
        agent.streams.open(job, &step.id, &dir, attempt.spot.before);
    }
}

/// Results as they are reported: the properties of one plugin are one. `more` is what the step after `done` has so far.
fn reported<'a>(plan: &'a Plan, done: &[StepResult], more: Option<&StepResult>) -> Vec<(&'a Step, StepResult)> {
    let known: Vec<StepResult> = done.iter().chain(more).cloned().collect();
    let group = |group: std::ops::Range<usize>| {
        let parts = known.get(group.start..group.end.min(known.len()))?;
        Some((&plan.steps[group.start], together(parts)?))
    };
    plan.groups().map_while(group).collect()
}

/// The last reply: durable, then remembered, so that neither its loss nor a repeated delivery runs anything again. False when
/// it could not be remembered because the agent is ending.
async fn finish(agent: &Arc<Agent>, job: &JobId, plan: &Plan, progress: &Progress, end: End, volatile: bool) -> bool {
    let statuses: Vec<Status> = progress.done.iter().map(|result| result.status).collect();
    let status = match end {
        End::Cancelled => Status::Cancelled,
        _ => document_status(&statuses),
    };
    let results = reported(plan, &progress.done, None);
    let mut content = ReplyContent { document_status: status.wire(), ..envelope(results.iter().map(|(_, result)| result)) };
    if let (1, [(step, result)]) = (plan.groups().count(), results.as_slice()) {
        content.runtime_status.insert(step.id.clone(), result.to_plugin_result("", "", &step.name));
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
pub fn envelope<'a>(done: impl IntoIterator<Item = &'a StepResult>) -> ReplyContent {
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

impl Run<'_> {
    /// Runs the steps that have no result yet.
    pub async fn steps(&self, progress: &mut Progress) -> End {
        let mut begun = self.begun;
        let mut resumed = progress.started.clone().filter(|_| !begun);
        if let Some(boot) = progress.rebooting.clone() {
            if !self.agent.is_this_boot(&boot) {
                (progress.rebooting, progress.asked) = (None, None);
            } else if self.ask_again(progress).await {
                return End::Suspended;
            }
        }
        while let Some(step) = self.plan.steps.get(progress.done.len()) {
            let started = resumed.take();
            let fresh = started.is_none() && !std::mem::take(&mut begun);
            if fresh && self.agent.inbox.closed().is_cancelled() {
                return End::Suspended;
            }
            if self.cancel.is_cancelled() && !step.finally && self.is_untouched(progress, started.as_deref()) {
                self.leave_group(progress).await;
                return End::Cancelled;
            }
            let result = match self.without_running(step, progress.exit) {
                Some(result) => result,
                None => match self.run_step(step, progress, started, fresh).await {
                    Some(result) => result,
                    None => return End::Suspended,
                },
            };
            let result = if result.status == Status::SuccessAndReboot {
                match self.ask_for_reboot(step, progress, result).await {
                    Ok(()) => return End::Suspended,
                    Err(result) => result,
                }
            } else {
                result
            };
            self.take(step, progress, result);
            self.report(progress).await;
        }
        End::Over
    }

    /// Nothing of the next step happened yet: it may be left out.
    fn is_untouched(&self, progress: &Progress, started: Option<&str>) -> bool {
        if started.is_some_and(|boot| !self.agent.is_this_boot(boot)) {
            return false;
        }
        matches!(crate::process::find(&StepFiles::new(self.look(progress))), Ok(crate::process::Found::NotStarted))
    }

    /// Results that need no plugin. A step that is not for this node is left out whether or not the node could run it.
    fn without_running(&self, step: &Step, exit: bool) -> Option<StepResult> {
        if exit && !step.finally {
            let text = "Step execution skipped because an earlier step ended the document.";
            return Some(StepResult::plain(&step.action, Status::Skipped, 0, text));
        }
        if let Some(why) = &step.left_out {
            return Some(StepResult::plain(&step.action, Status::Skipped, 0, why));
        }
        plugin::refuse(&step.action, step.lenient)
    }

    /// Runs the next step. `None`: the agent is going down and the step goes on without it.
    async fn run_step(&self, step: &Step, progress: &mut Progress, started: Option<String>, fresh: bool) -> Option<StepResult> {
        let elsewhere = progress.current.volatile;
        let dir = match self.place(progress) {
            Ok(Found::Dir(dir)) => dir,
            Ok(Found::Lost) => return Some(StepResult { code: -1, ..StepResult::failed(&step.action, CUT_OFF) }),
            Err(error) => return Some(StepResult::failed(&step.action, format!("the step's directory cannot be made: {error}"))),
        };
        if fresh || progress.current.volatile != elsewhere {
            progress.started.get_or_insert_with(|| self.agent.boot_id.clone());
            if let Err(error) = self.keeper.save(progress, true).await {
                tracing::warn!(%error, "progress cannot be written; going on from memory");
            }
        }
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
            before: progress.current.before,
            may_have_run: started.is_some_and(|boot| !self.agent.is_this_boot(&boot)),
            depth: self.depth,
        };
        Box::pin(plugin::run(&cx)).await
    }

    /// Takes a result and decides what follows.
    pub fn take(&self, step: &Step, progress: &mut Progress, mut result: StepResult) {
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
        let index = progress.done.len();
        let group_ends = self.plan.group(index).end == index + 1;
        let before = if group_ends { [0, 0] } else { self.told_after(progress) };
        let attempt = Attempt { step: index, number: progress.reboots, spot: progress.current };
        progress.attempts.push(attempt);
        progress.current = Spot { volatile: false, before };
        progress.started = None;
        progress.done.push(result);
        if self.streaming {
            reopen_attempt(self.agent, self.job, self.plan, self.dir, &attempt);
            if group_ends {
                self.agent.streams.end(self.job, &step.id);
            }
        }
    }

    /// Bytes of each stream that are told under the next step's name once what it has written so far is.
    pub fn told_after(&self, progress: &Progress) -> [u64; 2] {
        let ([out, err], [more_out, more_err]) = (progress.current.before, place::written(&self.look(progress)));
        [out + more_out, err + more_err]
    }

    /// One reply for the step that has just ended. A document of one step says it with its last reply.
    pub async fn report(&self, progress: &Progress) {
        let index = progress.done.len().saturating_sub(1);
        let (Some(step), group) = (self.plan.steps.get(index), self.plan.group(index)) else { return };
        if !self.reporting || group.end != progress.done.len() {
            return;
        }
        let reply = self.reply(progress, step, None, DocumentStatus::InProgress);
        let id = crate::digest::stable_uuid(&[self.job.as_str(), "step", &step.id]);
        self.agent.replies.add(id, reply.encode()).await;
    }

    /// No further part of the group follows: what its parts have come to is reported.
    async fn leave_group(&self, progress: &Progress) {
        let index = progress.done.len();
        let group = self.plan.group(index);
        if self.reporting && group.start < index {
            let step = &self.plan.steps[group.start];
            let reply = self.reply(progress, step, None, DocumentStatus::InProgress);
            self.agent.replies.add(crate::digest::stable_uuid(&[self.job.as_str(), "step", &step.id]), reply.encode()).await;
        }
    }

    /// Says how a step stands, to a hub that is there. `more` is what it has beyond its parts that ended.
    pub fn say(&self, progress: &Progress, step: &Step, more: Option<&StepResult>, status: DocumentStatus) {
        self.agent.outbox.send(&self.reply(progress, step, more, status), Uuid::new_v4());
    }

    fn reply(&self, progress: &Progress, step: &Step, more: Option<&StepResult>, status: DocumentStatus) -> AgentJobReply {
        let results = reported(self.plan, &progress.done, more);
        // What the step has so far is no result to be counted yet.
        let counted = results.iter().take(results.len() - usize::from(more.is_some() && !results.is_empty()));
        let mut content = ReplyContent { document_status: status, ..envelope(counted.map(|(_, result)| result)) };
        if let Some((_, result)) = results.iter().find(|(of, _)| of.id == step.id) {
            content.runtime_status.insert(step.id.clone(), result.to_plugin_result("", "", &step.name));
        }
        shrink(&mut content);
        AgentJobReply::new(self.job.clone(), JobTopic::SendCommand, &content)
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
