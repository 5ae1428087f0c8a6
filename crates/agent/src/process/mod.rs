//! Running a script so that neither the agent's death nor its restart kills, repeats or loses it.
//!
//! The agent does not run scripts itself. It starts its own binary again as `quarterdeck-agent supervise <step directory>`, a
//! process that outlives it, hands it an [`Order`] on standard input, and from then on only reads files:
//!
//! | file | meaning |
//! |---|---|
//! | `alive` | locked as long as the supervisor owns the step; holds its process id |
//! | `child.json` | written before the script is started: from here on the step must never be started again |
//! | `stdout`, `stderr` | the raw streams, up to the limit |
//! | `exit.json` | how it ended; appears at once or not at all |
//!
//! A lock cannot outlive its holder and cannot be confused with a recycled process id, so [`find`] is exact after any crash.

pub mod ceiling;
#[cfg(target_os = "linux")]
pub mod cgroup;
#[cfg(target_os = "linux")]
pub mod nursery;
#[cfg(target_os = "linux")]
pub mod oom;
pub mod output;
pub mod running;
pub mod supervise;
#[cfg(unix)]
pub mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
pub mod windows;
#[cfg(windows)]
use windows as system;

use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Exit code AWS reports for a step that was killed, by cancel or by timeout (agent-protocol 4.10, 6.5).
pub const KILLED_CODE: i32 = 137;

/// What to run. Travels to the supervisor over a pipe, so that script text and parameters are on disk only as the script itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The program or script.
    pub program: Program,
    /// The whole environment of the child; nothing is inherited.
    pub environment: Vec<(String, String)>,
    /// Working directory; must exist. The step directory's own files are not there.
    pub working_directory: PathBuf,
    /// Seconds after which everything is killed and the step is `TimedOut`.
    pub timeout_seconds: u64,
    /// Bytes kept of each stream.
    pub output_limit_bytes: u64,
    /// Milliseconds between the request to stop and the kill.
    pub kill_grace_ms: u64,
    /// Resource ceiling for the whole process tree.
    pub ceiling: ceiling::Ceiling,
    /// The agent's data directory: where the step's directory takes no script, the one in memory does, see
    /// [`crate::home::Home::make_volatile`].
    pub home: PathBuf,
}

/// The two ways a step runs something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Program {
    /// A script text, written beside the step's files and run.
    Script {
        /// File name of the script inside the step directory.
        file_name: String,
        /// Its bytes, exactly as the document has them.
        text: String,
        /// What runs the file.
        runner: Runner,
    },
    /// A program with its arguments.
    Command {
        /// Program and arguments; never empty.
        argv: Vec<String>,
    },
}

/// What runs a script file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Runner {
    /// `sh -c <path>`: a `#!` line selects the interpreter, without one `sh` reads the file (agent-protocol 6.5).
    Shell,
    /// This program and arguments, followed by the path.
    Through(Vec<String>),
}

/// How a supervised step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Why it ended.
    pub cause: Cause,
    /// Exit code; 128 + n for a process that died of signal n by itself, 137 for one we killed.
    pub code: i32,
    /// The signal that ended the script's own process, if one did.
    pub signal: Option<i32>,
    /// Why it could not start, or what was lost.
    pub message: Option<String>,
    /// Bytes of the two streams that were kept.
    pub stdout_bytes: u64,
    /// As above, for standard error.
    pub stderr_bytes: u64,
    /// Bytes beyond the limit or the disk.
    pub dropped_bytes: u64,
    /// Start and end, epoch milliseconds.
    pub started_ms: i64,
    /// As above.
    pub ended_ms: i64,
    /// The ceiling that was in force, in words.
    pub ceiling: String,
}

/// Why a supervised step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// By itself.
    Exited,
    /// Killed at its timeout.
    TimedOut,
    /// Killed on request.
    Cancelled,
    /// It never ran.
    NotStarted,
}

/// Written before the script starts. Its presence means: may have run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChildRecord {
    /// Process id and group of the script, 0 while it is being started.
    pub pid: u32,
    /// The kernel's start time of that process, opaque; guards against a recycled id.
    pub started: Option<String>,
}

/// What a step directory says about its step.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// Nothing was started; it is safe to start.
    NotStarted,
    /// A supervisor is at work.
    Alive,
    /// It ended and said how.
    Finished(ExitRecord),
    /// The script was started, and its supervisor died without a word: killed, or the machine went down.
    Interrupted,
}

/// The files of one step directory.
#[derive(Clone, Debug)]
pub struct StepFiles {
    dir: PathBuf,
}

impl StepFiles {
    /// Names the files of `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }
    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// Raw standard output.
    pub fn stdout(&self) -> PathBuf {
        self.dir.join("stdout")
    }
    /// Raw standard error.
    pub fn stderr(&self) -> PathBuf {
        self.dir.join("stderr")
    }
    /// Locked while supervised.
    pub fn alive(&self) -> PathBuf {
        self.dir.join("alive")
    }
    /// See [`ChildRecord`].
    pub fn child(&self) -> PathBuf {
        self.dir.join("child.json")
    }
    /// See [`ExitRecord`].
    pub fn exit(&self) -> PathBuf {
        self.dir.join("exit.json")
    }
    /// Appears to ask a supervisor to stop, where there are no signals.
    pub fn stop(&self) -> PathBuf {
        self.dir.join("stop")
    }
}

/// Looks at a step directory. Exact at any time: the order of the questions matters, because the supervisor writes its exit
/// record before it gives up the lock.
pub fn find(files: &StepFiles) -> io::Result<Found> {
    if is_locked(&files.alive())? {
        return Ok(Found::Alive);
    }
    if let Some(record) = crate::home::read_json::<ExitRecord>(&files.exit())? {
        return Ok(Found::Finished(record));
    }
    match files.child().try_exists()? {
        true => Ok(Found::Interrupted),
        false => Ok(Found::NotStarted),
    }
}

/// Kills what an interrupted step left behind, if its script still runs unsupervised.
pub fn kill_leftovers(files: &StepFiles) {
    let Ok(Some(child)) = crate::home::read_json::<ChildRecord>(&files.child()) else { return };
    if child.pid != 0 && child.started.is_some() && system::start_time(child.pid) == child.started {
        tracing::warn!(pid = child.pid, "killing a script whose supervisor died");
        system::kill_group(child.pid);
    }
}

/// The supervisor's process id, while it holds the lock.
pub fn supervisor_pid(files: &StepFiles) -> Option<u32> {
    if !is_locked(&files.alive()).unwrap_or(false) {
        return None;
    }
    std::fs::read_to_string(files.alive()).ok()?.trim().parse().ok()
}

fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Epoch milliseconds now.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
