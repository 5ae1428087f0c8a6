//! Process trees on Windows: a job object holds everything a script starts and ends with it.
//!
//! There are no signals, so a stop is requested by a file that the supervisor looks for while its script runs.

use super::StepFiles;
use super::ceiling::Applied;
use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject};
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate};
use tokio::io::{AsyncRead, ReadBuf};

const CREATE_NO_WINDOW: u32 = 0x0800_0000;
const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x0100_0000;
const BELOW_NORMAL_PRIORITY_CLASS: u32 = 0x0000_4000;

/// Rings that may wait for the agent to read them. More would say nothing more.
const RINGS: usize = 64;

/// How a script's own process ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Never set here.
    pub signal: Option<i32>,
}

/// Whether a script can be asked to stop before it is killed: there are no signals, and console events reach only programs of the
/// same console.
pub const CAN_ASK: bool = false;

/// Starts a supervisor so that it outlives the agent: with a hidden console and a group of its own, and outside a job that the agent may
/// itself be in.
pub fn spawn_supervisor(command: &mut tokio::process::Command) -> io::Result<tokio::process::Child> {
    let flags = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP;
    match command.creation_flags(flags | CREATE_BREAKAWAY_FROM_JOB).spawn() {
        // The job we are in does not let its processes go; inside it the script still runs.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => command.creation_flags(flags).spawn(),
        other => other,
    }
}

/// Done at creation, by [`spawn_supervisor`].
pub fn detach() {}

/// A running script with all it started.
pub struct Tree {
    child: Box<dyn ChildWrapper>,
    pid: u32,
    ended: Option<Ended>,
}

/// One stream of the script.
pub enum Stream {
    /// Standard output.
    Out(tokio::process::ChildStdout),
    /// Standard error.
    Err(tokio::process::ChildStderr),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Out(stream) => std::pin::Pin::new(stream).poll_read(cx, buf),
            Self::Err(stream) => std::pin::Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Tree {
    /// Starts `command` in a job object of its own.
    pub fn spawn(command: &mut Command, applied: &Applied) -> io::Result<(Self, Stream, Stream)> {
        let mut fresh = tokio::process::Command::new(command.get_program());
        fresh.args(command.get_args()).env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                fresh.env(name, value);
            }
        }
        if let Some(dir) = command.get_current_dir() {
            fresh.current_dir(dir);
        }
        fresh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut wrapped = CommandWrap::from(fresh);
        // The hidden console of the supervisor is inherited, so no window appears.
        wrapped.wrap(JobObject);
        if applied.lowers_priority() {
            // What the script starts inherits it.
            let mut flags = CreationFlags(Default::default());
            flags.0.0 = BELOW_NORMAL_PRIORITY_CLASS;
            wrapped.wrap(flags);
        }
        let spawned = wrapped.spawn();
        applied.leave();
        let mut child = spawned?;
        let missing = || io::Error::other("a pipe is missing");
        let stdout = child.stdout().take().ok_or_else(missing)?;
        let stderr = child.stderr().take().ok_or_else(missing)?;
        let pid = child.id().unwrap_or(0);
        Ok((Self { child, pid, ended: None }, Stream::Out(stdout), Stream::Err(stderr)))
    }

    /// Process id of the script.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the script has ended: its own process, not the background processes that the job may hold. Cancel safe.
    pub async fn changed(&mut self) -> Option<Ended> {
        if self.ended.is_some() {
            std::future::pending::<()>().await;
        }
        let status = self.child.inner_mut().wait().await;
        let code = status.ok().and_then(|status| status.code()).unwrap_or(-1);
        self.ended = Some(Ended { code, signal: None });
        self.ended
    }

    /// Collects how the script ended.
    pub fn reap(&mut self) -> Option<Ended> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.inner_mut().try_wait()
        {
            self.ended = Some(Ended { code: status.code().unwrap_or(-1), signal: None });
        }
        self.ended
    }

    /// There is no way to ask, see [`CAN_ASK`]; the kill follows at once.
    pub fn terminate(&self) {}

    /// Ends the job with everything in it.
    pub async fn kill(&mut self, _applied: &Applied) {
        let _ = self.child.start_kill();
        for _ in 0..200 {
            if self.reap().is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Known only for the script itself; [`Tree::kill`] ends the rest.
    pub fn is_gone(&mut self) -> bool {
        false
    }
}

/// Requests to stop, made by the agent.
pub struct StopRequests(std::path::PathBuf);

impl StopRequests {
    /// Starts looking.
    pub fn new(files: &StepFiles) -> io::Result<Self> {
        Ok(Self(files.stop()))
    }

    /// Waits for one.
    pub async fn recv(&mut self) {
        while !self.0.exists() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Asks the supervisor of a step to stop its script.
pub fn request_stop(files: &StepFiles) {
    let _ = crate::home::private_file().truncate(false).open(files.stop());
}

/// The side of the pipe on which a supervisor tells its agent that something happened. Writing to it may block, and an agent that does
/// not read must not hold up the script's timeout, so a thread of its own rings.
pub struct Bell(Option<SyncSender<u8>>);

impl Bell {
    /// Takes standard output as the pipe.
    pub fn on_stdout() -> Self {
        let (sender, rings) = sync_channel::<u8>(RINGS);
        let thread = std::thread::Builder::new().name("bell".to_owned()).spawn(move || {
            let mut out = io::stdout();
            // The last ring is the end's, whether or not there was room for it.
            for what in rings.iter().chain(std::iter::once(b'e')) {
                if out.write_all(&[what]).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        });
        Self(thread.is_ok().then_some(sender))
    }

    /// `b'o'`: output was written; `b'e'`: the exit record was written. A ring without room is left out: one waits already.
    pub fn ring(&self, what: u8) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(what);
        }
    }
}

/// Ends a process with all it started.
pub fn kill_group(pid: u32) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &pid.to_string()]).status();
}

/// An opaque mark of when a process started.
pub fn start_time(pid: u32) -> Option<String> {
    let pid = sysinfo::Pid::from_u32(pid);
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    system.process(pid).map(|process| process.start_time().to_string())
}
