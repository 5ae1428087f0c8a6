//! Process trees on Windows: a job object holds everything a script starts and ends with it.
//!
//! There are no signals, so a stop is requested by a file that the supervisor looks for while its script runs.

use super::StepFiles;
use super::ceiling::Applied;
use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject};
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};

const CREATE_NO_WINDOW: u32 = 0x0800_0000;
const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
const CREATE_BREAKAWAY_FROM_JOB: u32 = 0x0100_0000;

/// How a script's own process ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Never set here.
    pub signal: Option<i32>,
}

/// The agent starts supervisors so that they outlive it.
pub fn detached(command: &mut tokio::process::Command) {
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_BREAKAWAY_FROM_JOB);
}

/// Done at creation, by [`detached`].
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

    /// Waits until the script has ended.
    pub async fn changed(&mut self) -> Option<Ended> {
        if self.ended.is_some() {
            std::future::pending::<()>().await;
        }
        // Polls the process itself: waiting on the job would wait for background processes too.
        loop {
            if let Some(ended) = self.reap() {
                return Some(ended);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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

    /// There is no polite way; the kill follows after the grace.
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

/// The side of the pipe on which a supervisor tells its agent that something happened.
pub struct Bell;

impl Bell {
    /// Standard output is the pipe.
    pub fn on_stdout() -> Self {
        Self
    }

    /// One byte; an agent that is gone is no error.
    pub fn ring(&self, what: u8) {
        use std::io::Write;
        let mut out = io::stdout();
        let _ = out.write_all(&[what]).and_then(|()| out.flush());
    }
}

/// Ends a process with all it started.
pub fn kill_group(pid: u32) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &pid.to_string()]).status();
}

/// An opaque mark of when a process started.
pub fn start_time(pid: u32) -> Option<String> {
    let query = format!("(Get-Process -Id {pid}).StartTime.ToFileTimeUtc()");
    let output = Command::new("powershell").args(["-NoProfile", "-NonInteractive", "-Command", &query]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
