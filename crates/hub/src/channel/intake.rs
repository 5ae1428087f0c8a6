//! From what nodes said to state, many nodes in one transaction. Everything is durable before it is acknowledged.
//!
//! The channels hand over what they heard and wait; the intake takes all that waits at once. So a command's counters, its status and the
//! events are written once for a thousand results (see [`Moves`]), and a lone result waits for nobody.

use std::sync::Arc;

use qd_store::table::commands::{self, Command, Stage};
use qd_store::table::invocation_steps::{self, Step};
use qd_store::table::invocations::{self, Change, Invocation};
use qd_store::table::output_chunks::{self, Chunk, OutputKey};
use qd_store::table::sessions::{self, Status};
use qd_store::{StoreError, Tx};
use tokio::sync::{mpsc, oneshot};

use crate::crash_point;
use crate::hub::Shared;
use crate::ops;
use crate::ops::commands::advance::Scene;
use crate::ops::commands::deliver::{Jobs, StepNames};
use crate::ops::commands::moves::Moves;
use crate::ops::commands::text;

/// Nodes whose news share a transaction at most.
const MAX_BATCH: usize = 512;
/// Channels that may wait before handing over waits too.
const QUEUE: usize = 4_096;

/// What a node said.
#[derive(Debug)]
pub enum News {
    /// Of a job of this command.
    Ack(String, Ack),
    /// Progress or end of this command.
    Report(String, Report),
    Output(Output),
    SessionEnded(SessionEnded),
}

impl News {
    /// The step at which it is durable.
    fn step(&self) -> &'static str {
        match self {
            Self::Ack(..) => "ack-committed",
            Self::Report(..) | Self::SessionEnded(_) => "reply-committed",
            Self::Output(_) => "output-committed",
        }
    }
}

/// What became of a job that was sent.
#[derive(Debug)]
pub enum Ack {
    /// It is on the node's disk.
    Delivered,
    /// The node did not take it, because it is busy or about to stop.
    Later,
    /// The node has it and cannot read it; its reply says so too, perhaps with the reason.
    Unreadable,
    /// The node will not run it, for this reason.
    Failed(String),
}

/// What a reply tells.
#[derive(Debug)]
pub struct Report {
    pub steps: Vec<Step>,
    pub trace: String,
    pub end: Option<Stage>,
}

/// A piece of a step's output.
#[derive(Debug)]
pub struct Output {
    pub key: OutputKey,
    /// `None` when it only says that no more will come.
    pub chunk: Option<Chunk>,
    /// Bytes of the stream up to and with this piece.
    pub end: u64,
    /// No more will come.
    pub last: bool,
}

/// A session that has ended on its node.
#[derive(Debug)]
pub struct SessionEnded {
    pub session_id: String,
    pub failed: bool,
    /// Why it failed, as the agent says it.
    pub output: String,
    /// Where the agent put the session's log, if anywhere.
    pub s3: Option<String>,
    pub log_group: Option<String>,
}

/// The news of one node, and where to tell that they are durable.
pub struct Letter {
    instance_id: String,
    news: Vec<News>,
    stored: oneshot::Sender<Vec<u64>>,
}

/// Where channels hand over what they heard.
pub struct Intake(mpsc::Sender<Letter>);

impl Intake {
    /// The way in, and what [`run`] takes from.
    pub fn new() -> (Self, mpsc::Receiver<Letter>) {
        let (sender, letters) = mpsc::channel(QUEUE);
        (Self(sender), letters)
    }

    /// Hands over news of a node; returns when they are durable: how far each of its outputs is stored, in their order. `None` when they could
    /// not be stored; the node must not be answered then.
    pub async fn take(&self, instance_id: String, news: Vec<News>) -> Option<Vec<u64>> {
        let (stored, answer) = oneshot::channel();
        self.0.send(Letter { instance_id, news, stored }).await.ok()?;
        answer.await.ok()
    }
}

/// Takes news until the hub shuts down.
pub async fn run(shared: Arc<Shared>, mut letters: mpsc::Receiver<Letter>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            taken = letters.recv_many(&mut batch, MAX_BATCH) => if taken == 0 { return },
        }
        write(&shared, std::mem::take(&mut batch)).await;
    }
}

async fn write(shared: &Arc<Shared>, batch: Vec<Letter>) {
    let (senders, news): (Vec<_>, Vec<_>) = batch.into_iter().map(|l| (l.stored, (l.instance_id, l.news))).unzip();
    let news = Arc::new(news);
    if let Err(error) = stored(shared, news.clone(), 0..news.len(), senders).await {
        tracing::error!(%error, "news of nodes could not be stored; the nodes will repeat them");
    }
}

/// Stores the letters of `range` together, and each alone if that fails: one that cannot be stored must not keep out the others.
async fn stored(
    shared: &Arc<Shared>,
    news: Arc<Vec<(String, Vec<News>)>>,
    range: std::ops::Range<usize>,
    senders: Vec<oneshot::Sender<Vec<u64>>>,
) -> Result<(), StoreError> {
    let written = once(shared, news.clone(), range.clone()).await;
    match written {
        Ok(durable) => {
            for (sender, durable) in senders.into_iter().zip(durable) {
                // An error only says that the channel has ended meanwhile.
                let _ = sender.send(durable);
            }
            Ok(())
        }
        Err(error) if range.len() <= 1 => Err(error),
        Err(_) => {
            for (n, sender) in range.zip(senders) {
                match once(shared, news.clone(), n..n + 1).await {
                    Ok(mut durable) => drop(sender.send(durable.pop().unwrap_or_default())),
                    Err(error) => {
                        let instance_id = news.get(n).map(|(id, _)| id.as_str());
                        tracing::error!(%error, instance_id, "news of a node could not be stored; it will repeat them");
                    }
                }
            }
            Ok(())
        }
    }
}

async fn once(
    shared: &Arc<Shared>,
    news: Arc<Vec<(String, Vec<News>)>>,
    range: std::ops::Range<usize>,
) -> Result<Vec<Vec<u64>>, StoreError> {
    let scene = Scene::of(shared);
    let (written, of) = (news.clone(), range.clone());
    let hub = shared.clone();
    let (durable, settled) =
        shared.store.write(move |tx| apply(tx, &scene, &hub.jobs, news.get(range.clone()).unwrap_or_default())).await?;
    if cfg!(debug_assertions) {
        written.get(of).into_iter().flatten().flat_map(|(_, news)| news).for_each(|item| crash_point::reached(item.step()));
    }
    settled.iter().filter(|command| waits_for_a_turn(command)).for_each(|command| shared.wakers.command(&command.command_id));
    Ok(durable)
}

/// Whether the dispatcher has more to hand out for this command.
fn waits_for_a_turn(command: &Command) -> bool {
    command.finished_at.is_none() && command.counts.of(Stage::Pending) + command.counts.of(Stage::Delayed) > 0
}

type Applied = (Vec<Vec<u64>>, Vec<Command>);

fn apply(tx: &mut Tx<'_>, scene: &Scene, jobs: &Jobs, letters: &[(String, Vec<News>)]) -> Result<Applied, StoreError> {
    let mut moves = Moves::new(scene);
    let mut all = Vec::with_capacity(letters.len());
    for (instance_id, news) in letters {
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        let mut durable = Vec::new();
        for item in news {
            match item {
                News::Ack(command_id, ack) => {
                    if let Some(draft) = open(tx, jobs, &mut drafts, command_id, instance_id)? {
                        draft.acknowledge(ack, scene.now);
                    }
                }
                News::Report(command_id, report) => {
                    if let Some(draft) = open(tx, jobs, &mut drafts, command_id, instance_id)? {
                        draft.report(report, scene.now);
                    }
                }
                News::SessionEnded(ended) => session_ended(tx, scene, instance_id, ended)?,
                News::Output(output) => {
                    // Output of a command that is not this node's, or no longer kept, or of no step of it, is thrown away; saying "durable"
                    // ends its sending.
                    let draft = open(tx, jobs, &mut drafts, &output.key.command_id, instance_id)?;
                    let known = draft.is_some_and(|draft| draft.names.contains(&output.key.step));
                    durable.push(if known { store_output(tx, output, scene.now)? } else { output.end });
                }
            }
        }
        for draft in drafts {
            draft.write(tx, &mut moves)?;
        }
        all.push(durable);
    }
    Ok((all, moves.close(tx)?))
}

/// An invocation with what this letter says of it.
struct Draft<'n> {
    found: Invocation,
    change: Change,
    steps: Vec<&'n Step>,
    /// Names of the document's steps: nothing else is a step's report or output.
    names: StepNames,
    /// The node did not take the job.
    refused: bool,
}

/// The draft of a command's invocation on this node, read when it is first asked for; `None` when there is no such invocation.
fn open<'d, 'n>(
    tx: &mut Tx<'_>,
    jobs: &Jobs,
    drafts: &'d mut Vec<Draft<'n>>,
    command_id: &str,
    instance_id: &str,
) -> Result<Option<&'d mut Draft<'n>>, StoreError> {
    if !drafts.iter().any(|d| d.found.command_id == command_id) {
        let Some(found) = invocations::get(tx, command_id, instance_id)? else { return Ok(None) };
        let change = Change { stage: found.stage, sent_at: None, started_at: None, ended_at: None, trace: None };
        let names = match jobs.step_names(command_id) {
            Some(names) => names,
            None => text::step_names(&commands::asked(tx, command_id)?.unwrap_or_default().document).into(),
        };
        drafts.push(Draft { found, change, steps: Vec::new(), names, refused: false });
    }
    Ok(drafts.iter_mut().find(|d| d.found.command_id == command_id))
}

impl<'n> Draft<'n> {
    fn acknowledge(&mut self, ack: &Ack, now: i64) {
        if self.change.stage.is_terminal() {
            return;
        }
        let waiting = matches!(self.change.stage, Stage::Unacknowledged | Stage::Released | Stage::Pending | Stage::Delayed);
        match ack {
            Ack::Delivered | Ack::Unreadable => {
                self.started(now);
                if waiting {
                    self.change.stage = Stage::InProgress;
                }
                if matches!(ack, Ack::Unreadable) {
                    self.change.trace = Some("The agent could not read the command (AgentJobMessageParseError).".to_owned());
                }
            }
            // Parked, so that it holds up neither the ramp-up nor a slot.
            Ack::Later if waiting => {
                self.change.stage = Stage::Delayed;
                self.refused = true;
            }
            Ack::Later if self.change.stage == Stage::Cancelling && self.found.started_at.is_none() => self.ended(Stage::Cancelled, now),
            Ack::Later => {}
            Ack::Failed(reason) => {
                self.change.trace = Some(reason.clone());
                self.ended(Stage::Failed, now);
            }
        }
    }

    fn report(&mut self, report: &'n Report, now: i64) {
        for step in report.steps.iter().filter(|step| self.names.contains(&step.step)) {
            // What is said later of a step is said over what was said before.
            match self.steps.iter_mut().find(|s| s.step == step.step) {
                Some(earlier) => *earlier = step,
                None => self.steps.push(step),
            }
        }
        if self.change.stage.is_terminal() {
            return;
        }
        if !report.trace.is_empty() {
            self.change.trace = Some(report.trace.clone());
        }
        self.started(now);
        match report.end {
            Some(stage) => self.ended(stage, now),
            // A step's report says that the command runs, also when its ack was lost.
            None if self.change.stage != Stage::Cancelling => self.change.stage = Stage::InProgress,
            None => {}
        }
    }

    fn started(&mut self, now: i64) {
        if self.found.started_at.is_none() {
            self.change.started_at = Some(now);
        }
    }

    fn ended(&mut self, stage: Stage, now: i64) {
        self.change.stage = stage;
        self.change.ended_at = Some(now);
    }

    fn write(self, tx: &mut Tx<'_>, moves: &mut Moves<'_>) -> Result<(), StoreError> {
        for step in &self.steps {
            if self.found.stage.is_terminal() { invocation_steps::put_late(tx, step)? } else { invocation_steps::put(tx, step)? }
        }
        moves.change(tx, &self.found, &self.change)?;
        if self.refused {
            invocations::never_sent(tx, &self.found.command_id, &self.found.instance_id)?;
        }
        Ok(())
    }
}

/// A session is over when its node says so. Said again, and for a session that ended before, it changes nothing but where its log is.
fn session_ended(tx: &mut Tx<'_>, scene: &Scene, instance_id: &str, ended: &SessionEnded) -> Result<(), StoreError> {
    let Some(session) = sessions::get(tx, &ended.session_id)?.filter(|session| session.target == instance_id) else { return Ok(()) };
    let details = ops::sessions::shown(&ended.output, 1_024);
    let details = (ended.failed && !details.is_empty()).then_some(details.as_str());
    let status = if ended.failed { Status::Failed } else { Status::Terminated };
    ops::sessions::end(tx, scene, &session, status, details)?;
    sessions::closed_on_node(tx, &ended.session_id, ended.s3.as_deref(), ended.log_group.as_deref())
}

/// Stores a piece of output; how far the output is durable.
fn store_output(tx: &mut Tx<'_>, output: &Output, now: i64) -> Result<u64, StoreError> {
    if output.end > output_chunks::MAX_OUTPUT.unsigned_abs() {
        output_chunks::close(tx, &output.key, now)?;
        return Ok(output.end);
    }
    let mut durable = match &output.chunk {
        Some(chunk) => Some(output_chunks::append(tx, &output.key, chunk, now)?),
        None => None,
    };
    if output.last && durable.is_none_or(|at| u64::try_from(at) == Ok(output.end)) {
        durable = Some(output_chunks::finish(tx, &output.key, i64::try_from(output.end).unwrap_or(i64::MAX), now)?);
    }
    tx.notify(crate::extension::output::topic(&output.key.command_id, &output.key.instance_id));
    Ok(durable.and_then(|at| u64::try_from(at).ok()).unwrap_or_default())
}
