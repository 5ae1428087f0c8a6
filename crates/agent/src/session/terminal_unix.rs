//! A pseudo terminal with a program on it, and programs as other users, on Unix.

#![allow(unsafe_code, reason = "what happens between fork and exec has no safe form; this is one of the agent's platform files")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use bytes::BytesMut;
use qd_wire::payload::TerminalSize;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

use super::life::Launch;
use super::user::User;

/// Bytes gathered before they are sent: a pty gives four KiB at a time.
const GATHERED: usize = 16 * 1024;
const READ: usize = 8 * 1024;
/// Time between the hang-up and the kill.
const GRACE: Duration = Duration::from_millis(300);

/// A running program on a terminal of its own.
pub struct Terminal {
    pub screen: Screen,
    pub program: Program,
}

/// The terminal's other side.
pub struct Screen(AsyncFd<OwnedFd>);

/// The program that leads the terminal's session.
pub struct Program {
    child: Child,
    leader: Pid,
}

impl Terminal {
    pub fn start(launch: &Launch, size: TerminalSize) -> io::Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::termios::tcsetwinsize(&slave, winsize(size))?;
        if launch.user.switch {
            // `mesg`, `screen` and gpg's question for a password open it by its name.
            let _ = rustix::fs::fchown(&slave, Some(rustix::fs::Uid::from_raw(launch.user.uid)), None);
            let _ = rustix::fs::fchmod(&slave, Mode::from_raw_mode(0o620));
        }
        let mut command = command(launch);
        let stdio = || slave.try_clone().map(Stdio::from);
        command.stdin(stdio()?).stdout(stdio()?).stderr(stdio()?);
        let user = launch.user.clone();
        // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(BorrowedFd::borrow_raw(libc::STDIN_FILENO))?;
                become_user(&user)
            });
        }
        let child = command.spawn()?;
        drop(slave);
        let leader = pid_of(&child)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        // SAFETY: what is registered owns its descriptor, which stays the same until it is dropped together with the registration.
        let master = unsafe { AsyncFd::register(master) }.map_err(io::Error::from)?;
        Ok(Self { screen: Screen(master), program: Program { child, leader } })
    }

    /// Ends what runs on the terminal as a closed window does: everything is told to hang up; what does not care for it in the
    /// foreground or as the session's leader is killed, and in the background what has not asked to be spared (`nohup`).
    pub async fn end(self) {
        let Self { screen, mut program } = self;
        let foreground = rustix::termios::tcgetpgrp(screen.0.get_ref()).ok();
        let groups: Vec<Pid> = [Some(program.leader), foreground].into_iter().flatten().collect();
        for group in &groups {
            let _ = rustix::process::kill_process_group(*group, Signal::HUP);
            let _ = rustix::process::kill_process_group(*group, Signal::CONT);
        }
        for member in members(program.leader) {
            let _ = rustix::process::kill_process(member, Signal::HUP);
            let _ = rustix::process::kill_process(member, Signal::CONT);
        }
        let _ = tokio::time::timeout(GRACE, program.child.wait()).await;
        for group in &groups {
            let _ = rustix::process::kill_process_group(*group, Signal::KILL);
        }
        for member in members(program.leader).into_iter().filter(|member| !ignores_hangup(*member)) {
            let _ = rustix::process::kill_process(member, Signal::KILL);
        }
        let _ = tokio::time::timeout(GRACE, program.child.wait()).await;
    }
}

impl Screen {
    /// Adds what the program wrote to `buffer`; 0 is the end. Safe to drop and call again.
    pub async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        let before = buffer.len();
        let first = self.0.async_io(Interest::READABLE, |fd| read_once(fd, buffer)).await;
        match first {
            Ok(0) => return Ok(0),
            // Linux, once nobody has the terminal open any more.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(0),
            other => other?,
        };
        while buffer.len() - before < GATHERED {
            match read_once(self.0.get_ref(), buffer) {
                Ok(count) if count > 0 => {}
                // The next call will see the end, or an error.
                _ => break,
            }
        }
        Ok(buffer.len() - before)
    }

    /// Types; returns how much was taken. Safe to drop and call again.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.async_io(Interest::WRITABLE, |fd| rustix::io::write(fd, bytes).map_err(Into::into)).await
    }

    pub fn resize(&self, size: TerminalSize) {
        let _ = rustix::termios::tcsetwinsize(self.0.get_ref(), winsize(size));
    }
}

impl Program {
    /// Waits for the program's own end; the exit code, or 128 and the signal. Safe to drop and call again.
    pub async fn wait(&mut self) -> i32 {
        self.child.wait().await.map_or(-1, |status| code_of(&status))
    }
}

fn winsize(size: TerminalSize) -> Winsize {
    Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 }
}

fn read_once(fd: &OwnedFd, buffer: &mut BytesMut) -> io::Result<usize> {
    let mut piece = [0; READ];
    let count = rustix::io::read(fd.as_fd(), &mut piece)?;
    buffer.extend_from_slice(&piece[..count]);
    Ok(count)
}

/// The program with the user's environment, and nothing of the agent's.
fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    if let Some(name) = &launch.name {
        command.arg0(name);
    }
    // Entered as the user, who may not be let in: then the root directory is as good.
    let directory = if launch.user.home.is_dir() { launch.user.home.as_path() } else { std::path::Path::new("/") };
    command.args(&launch.arguments).env_clear().envs(launch.environment.iter().cloned()).current_dir(directory).kill_on_drop(true);
    command
}

/// Starts a program without a terminal, as the user and in a group of its own.
pub fn start_plain(launch: &Launch) -> io::Result<Child> {
    let mut command = command(launch);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let user = launch.user.clone();
    // SAFETY: as above.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            become_user(&user)
        });
    }
    command.spawn()
}

/// Sends a signal to the group a program leads: `2` for Ctrl-C, `3` for Ctrl-\, anything else kills.
pub fn signal_group(child: &Child, key: u8) {
    let signal = match key {
        2 => Signal::INT,
        3 => Signal::QUIT,
        _ => Signal::KILL,
    };
    if let Ok(pid) = pid_of(child) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// Exit code, or 128 and the signal.
pub fn code_of(status: &std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    let raw = child.id().and_then(|id| i32::try_from(id).ok());
    raw.and_then(Pid::from_raw).ok_or_else(|| io::Error::other("the program has ended"))
}

/// Only system calls: runs between fork and exec.
fn become_user(user: &User) -> io::Result<()> {
    let done = |status: libc::c_int| if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: plain system calls on numbers, and a list that lives as long as the closure.
    unsafe {
        libc::umask(0o022);
        if !user.switch {
            return Ok(());
        }
        done(libc::setgroups(user.groups.len() as _, user.groups.as_ptr()))?;
        done(libc::setgid(user.gid))?;
        done(libc::setuid(user.uid))
    }
}

/// All processes of the session that `leader` leads.
#[cfg(target_os = "linux")]
fn members(leader: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let wanted = leader.as_raw_nonzero().get().to_string();
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name, which may hold anything: state, parent, group, session.
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(3)) == Some(wanted.as_str())
    })
    .filter_map(Pid::from_raw)
    .collect()
}

#[cfg(not(target_os = "linux"))]
fn members(_leader: Pid) -> Vec<Pid> {
    Vec::new()
}

/// Whether a process was started to outlive its terminal.
#[cfg(target_os = "linux")]
fn ignores_hangup(pid: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 1 != 0)
}

#[cfg(not(target_os = "linux"))]
fn ignores_hangup(_pid: Pid) -> bool {
    true
}
