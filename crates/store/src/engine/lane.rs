//! Why this exists: the loop of the write lane (group commit) and of the read pool, over any [`Connection`].

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{Connection, Previous};
use crate::changes::Announcer;
use crate::{ErrorCode, StoreError, Tx};

/// The most closures that share one commit, and the longest a batch takes new ones in: bounds how long the first of them waits.
const MAX_BATCH: usize = 512;
const MAX_BATCH_TIME: Duration = Duration::from_millis(25);

/// How often a transaction is run again after its connection was lost, with a growing pause between (50 ms … 0.8 s).
const ATTEMPTS: u32 = 5;

/// Opens connections; owned by a thread.
pub(crate) trait Connect: Send + 'static {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError>;
}

/// A queued closure.
pub(crate) trait Job: Send {
    /// Runs the closure; whether its changes are to be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers the caller: the closure's own answer, or the error of the transaction around it.
    fn answer(self: Box<Self>, end: Result<(), StoreError>);
}

/// A closure with the way back to its caller.
pub(crate) struct Call<F, T, E> {
    closure: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Call<F, T, E> {
    pub(crate) fn new(closure: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Call { closure, result: None, reply }, answer)
    }
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // The thread serves everybody: one closure's panic must not end it.
        self.result = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx))).ok();
        if let (Some(Ok(_)), Some(error)) = (&self.result, tx.failed()) {
            self.result = Some(Err(error.clone().into()));
        }
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, end: Result<(), StoreError>) {
        let answer = match (self.result, end) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::new(ErrorCode::Panicked, "a store closure panicked; its change was rolled back").into()),
        };
        // An error only means that the caller no longer waits.
        let _ = self.reply.send(answer);
    }
}

/// How a transaction ended that was not kept.
enum Failure {
    /// Run it again from its start.
    Again(StoreError),
    /// Answer this to everybody in it.
    Final(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.again { Failure::Again(error) } else { Failure::Final(error) }
    }
}

/// Serves writes until every sender is gone.
pub(crate) fn write_lane(connector: &dyn Connect, mut queue: mpsc::Receiver<Box<dyn Job>>, announcer: &Announcer) {
    let mut connection = None;
    while let Some(job) = queue.blocking_recv() {
        let mut jobs = vec![job];
        let end = repeat(connector, &mut connection, |connection| write_batch(connection, &mut jobs, &mut queue));
        if let Ok(topics) = &end {
            announcer.fire_topics(topics.iter().map(String::as_str));
        }
        let end = end.map(|_| ());
        for job in jobs {
            job.answer(end.clone());
        }
    }
}

/// Serves reads until every sender is gone. The threads of a pool take turns at the queue.
pub(crate) fn read_lane(connector: &dyn Connect, queue: &Arc<Mutex<mpsc::Receiver<Box<dyn Job>>>>) {
    let mut connection: Option<Box<dyn Connection>> = None;
    loop {
        let job = match queue.lock() {
            Ok(mut queue) => queue.blocking_recv(),
            Err(_) => None,
        };
        let Some(mut job) = job else { return };
        let end = repeat(connector, &mut connection, |connection| read_once(connection, job.as_mut()));
        job.answer(end);
        // After the answer: nobody waits for the snapshot to be given back.
        if let Some(connection) = connection.as_mut().filter(|connection| connection.is_usable()) {
            connection.rollback();
        }
    }
}

/// Runs a transaction, again on a new connection if it must be.
fn repeat<T>(
    connector: &dyn Connect,
    connection: &mut Option<Box<dyn Connection>>,
    mut transaction: impl FnMut(&mut dyn Connection) -> Result<T, Failure>,
) -> Result<T, StoreError> {
    let mut pause = Duration::from_millis(50);
    for attempt in 1.. {
        let ended = match usable(connector, connection) {
            Ok(connection) => transaction(connection),
            Err(error) => Err(Failure::from(error)),
        };
        match ended {
            Ok(value) => return Ok(value),
            Err(Failure::Again(error)) if attempt < ATTEMPTS => {
                tracing::warn!(code = ?error.code, error = %error.message, attempt, "the transaction is run again");
                std::thread::sleep(pause);
                pause *= 2;
            }
            Err(Failure::Again(error) | Failure::Final(error)) => return Err(error),
        }
    }
    Err(StoreError::closed())
}

fn usable<'a>(connector: &dyn Connect, connection: &'a mut Option<Box<dyn Connection>>) -> Result<&'a mut dyn Connection, StoreError> {
    if connection.as_ref().is_some_and(|connection| !connection.is_usable()) {
        *connection = None;
    }
    match connection {
        Some(connection) => Ok(connection.as_mut()),
        empty => Ok(empty.insert(connector.connect()?).as_mut()),
    }
}

fn read_once(connection: &mut dyn Connection, job: &mut dyn Job) -> Result<(), Failure> {
    connection.begin_read()?;
    let mut tx = Tx::new(connection);
    job.run(&mut tx);
    let (_, failed) = tx.end();
    match failed {
        Some(error) if error.again => {
            connection.rollback();
            Err(Failure::Again(error))
        }
        _ => Ok(()),
    }
}

/// Runs `jobs`, and all that arrive meanwhile, in one transaction; what they announced, without repeats.
/// Run again, it starts over with the same jobs.
fn write_batch(
    connection: &mut dyn Connection,
    jobs: &mut Vec<Box<dyn Job>>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<Vec<String>, Failure> {
    let ended = run_batch(connection, jobs, queue);
    if ended.is_err() && connection.is_usable() {
        connection.rollback();
    }
    ended
}

fn run_batch(
    connection: &mut dyn Connection,
    jobs: &mut Vec<Box<dyn Job>>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<Vec<String>, Failure> {
    let started = Instant::now();
    connection.begin_write()?;
    let mut announced: Vec<String> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    let mut previous = Previous::None;
    let mut kept = 0_usize;
    let mut next = 0;
    loop {
        if next == jobs.len() {
            let more = next < MAX_BATCH && started.elapsed() < MAX_BATCH_TIME;
            match more.then(|| queue.try_recv().ok()).flatten() {
                Some(job) => jobs.push(job),
                None => break,
            }
        }
        connection.mark(previous)?;
        let mut tx = Tx::new(connection);
        let keep = jobs[next].run(&mut tx);
        let (topics, failed) = tx.end();
        if let Some(error) = failed.filter(|error| error.again || error.code == ErrorCode::Full) {
            return Err(error.into());
        }
        if keep {
            kept += 1;
            for topic in topics {
                if known.insert(topic.clone()) {
                    announced.push(topic);
                }
            }
        }
        previous = if keep { Previous::Keep } else { Previous::Undo };
        next += 1;
    }
    if kept == 0 {
        connection.rollback();
        return Ok(announced);
    }
    if previous == Previous::Undo {
        connection.undo()?;
    }
    connection.commit(&announced)?;
    Ok(announced)
}
