//! Process trees on Unix: own session, own group, and on Linux every descendant, however it detached itself.

use super::ceiling::Applied;
use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};

/// How a script's own process ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Exit code, or 128 + signal.
    pub code: i32,
    /// The signal, if one ended it.
    pub signal: Option<i32>,
}

/// Whether a script can be asked to stop before it is killed.
pub const CAN_ASK: bool = true;

/// Starts a supervisor; it leaves the agent's session itself, see [`detach`].
pub fn spawn_supervisor(command: &mut tokio::process::Command) -> io::Result<tokio::process::Child> {
    command.spawn()
}

/// Leaves the agent's session and becomes the one that orphans of the script return to.
pub fn detach() {
    // Fails only for a process that leads its group already, which is as good.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// A running script with all it started.
pub struct Tree {
    pid: Pid,
    children: SignalStream,
    ended: Option<Ended>,
}

/// One stream of the script.
pub type Stream = pipe::Receiver;

impl Tree {
    /// Starts `command` in a process group of its own.
    pub fn spawn(command: &mut Command, applied: &Applied) -> io::Result<(Self, Stream, Stream)> {
        let children = signal(SignalKind::child())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let spawned = command.spawn();
        applied.leave();
        let mut child = spawned?;
        let raw = i32::try_from(child.id()).map_err(io::Error::other)?;
        let pid = Pid::from_raw(raw).ok_or_else(|| io::Error::other("no process id"))?;
        applied.lower_priority(pid);
        let missing = || io::Error::other("a pipe is missing");
        let stdout = pipe::Receiver::from_owned_fd(child.stdout.take().ok_or_else(missing)?.into())?;
        let stderr = pipe::Receiver::from_owned_fd(child.stderr.take().ok_or_else(missing)?.into())?;
        Ok((Self { pid, children, ended: None }, stdout, stderr))
    }

    /// Process id of the script.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits until children changed; answers once the script itself has ended. Orphans are reaped on the way.
    pub async fn changed(&mut self) -> Option<Ended> {
        self.children.recv().await;
        self.reap()
    }

    /// Collects what ended. Returns how the script ended, once known.
    pub fn reap(&mut self) -> Option<Ended> {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == self.pid {
                let signal = status.terminating_signal();
                let code = status.exit_status().or(signal.map(|s| 128 + s)).unwrap_or(-1);
                self.ended = Some(Ended { code, signal });
            }
        }
        self.ended
    }

    /// Asks the whole tree to stop.
    pub fn terminate(&self) {
        let _ = rustix::process::kill_process_group(self.pid, Signal::TERM);
        for pid in descendants() {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    /// Kills the whole tree and everything that is born meanwhile.
    pub async fn kill(&mut self, applied: &Applied) {
        for _ in 0..200 {
            applied.kill_group();
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
            let rest = descendants();
            for pid in &rest {
                let _ = rustix::process::kill_process(*pid, Signal::KILL);
            }
            self.reap();
            if rest.is_empty() && self.ended.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// True when nothing of the tree is left.
    pub fn is_gone(&mut self) -> bool {
        self.reap().is_some() && descendants().is_empty()
    }
}

/// Requests to stop, sent by the agent.
pub struct StopRequests(SignalStream);

impl StopRequests {
    /// Starts listening.
    pub fn new(_files: &super::StepFiles) -> io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?))
    }

    /// Waits for one.
    pub async fn recv(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Asks the supervisor of a step to stop its script.
pub fn request_stop(files: &super::StepFiles) {
    let pid = super::supervisor_pid(files).and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, Signal::TERM);
    }
}

/// The side of the pipe on which a supervisor tells its agent that something happened. Never blocks: an agent that does not read
/// finds everything in the files.
pub struct Bell(Option<pipe::Sender>);

impl Bell {
    /// Takes standard output as the pipe.
    pub fn on_stdout() -> Self {
        let fd = std::io::stdout().as_fd().try_clone_to_owned();
        Self(fd.ok().and_then(|fd| pipe::Sender::from_owned_fd(fd).ok()))
    }

    /// `b'o'`: output was written; `b'e'`: the exit record was written.
    pub fn ring(&self, what: u8) {
        if let Some(pipe) = &self.0 {
            let _ = pipe.try_write(&[what]);
        }
    }
}

/// Kills the process group `pid` leads.
pub fn kill_group(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

/// An opaque mark of when a process started.
pub fn start_time(pid: u32) -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.split(' ').nth(19).map(str::to_owned)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// All living processes below this one.
fn descendants() -> Vec<Pid> {
    let parents = parents();
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let mut found = Vec::new();
    let mut frontier = vec![own];
    while let Some(parent) = frontier.pop() {
        for child in parents.get(&parent).into_iter().flatten() {
            frontier.push(*child);
            found.extend(Pid::from_raw(*child));
        }
    }
    found
}

/// Living processes by parent.
#[cfg(target_os = "linux")]
fn parents() -> HashMap<i32, Vec<i32>> {
    let mut map: HashMap<i32, Vec<i32>> = HashMap::new();
    let Ok(entries) = std::fs::read_dir("/proc") else { return map };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else { continue };
        let stat = String::from_utf8_lossy(&stat);
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let mut fields = rest.split(' ');
        let state = fields.next();
        let parent = fields.next().and_then(|f| f.parse::<i32>().ok());
        if let (Some(state), Some(parent)) = (state, parent)
            && state != "Z"
        {
            map.entry(parent).or_default().push(pid);
        }
    }
    map
}

#[cfg(not(target_os = "linux"))]
fn parents() -> HashMap<i32, Vec<i32>> {
    let mut listing = Command::new("ps");
    listing.args(["-axo", "pid=,ppid=,stat="]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(child) = listing.spawn() else { return HashMap::new() };
    let own = child.id();
    let Ok(output) = child.wait_with_output() else { return HashMap::new() };
    parents_in(&String::from_utf8_lossy(&output.stdout), own)
}

/// Reads a listing of process, parent and state. `listing` is the process that made it: a child of ours, and gone by now. It is told by
/// its number, because a script may well be called as it is.
#[cfg(any(test, not(target_os = "linux")))]
fn parents_in(text: &str, listing: u32) -> HashMap<i32, Vec<i32>> {
    let mut map: HashMap<i32, Vec<i32>> = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let pid = fields.next().and_then(|f| f.parse::<i32>().ok());
        let parent = fields.next().and_then(|f| f.parse::<i32>().ok());
        let state = fields.next().unwrap_or("Z");
        if let (Some(pid), Some(parent)) = (pid, parent)
            && !state.starts_with('Z')
            && u32::try_from(pid) != Ok(listing)
        {
            map.entry(parent).or_default().push(pid);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listing_itself_is_left_out_of_a_listing() {
        let text = "  100   1 Ss\n  101 100 S+\n  102 100 R\n  103 100 Z\n  104 102 S\nnonsense\n";
        let parents = parents_in(text, 102);
        assert_eq!(parents[&100], [101], "neither the listing nor the dead");
        assert_eq!(parents[&102], [104]);
        assert_eq!(parents[&1], [100]);
    }
}
