//! Where supervisors come from on Linux: a copy of the agent, made while it was small and had one thread, that forks one for every step.
//!
//! Starting our own binary again means loading, linking and relocating ten megabytes before a script may begin, which takes longer than most
//! scripts; a fork of a small process takes a tenth of that. The nursery knows nothing and keeps nothing: it is told a step's directory and
//! given the two pipes, and everything else is as if the binary had been started (see [`super::supervise`]). It ends with the agent; when it
//! ends before, the agent starts its binary as on other systems.

#![allow(unsafe_code, reason = "fork and signal dispositions have no safe form; this is one of the agent's platform files")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType,
};
use rustix::process::{Pid, WaitOptions};
use tokio::net::unix::pipe;

/// Its name in lists of processes.
const NAME: &std::ffi::CStr = c"qd-nursery";
/// The name of what comes from it.
const SUPERVISOR: &std::ffi::CStr = c"qd-supervisor";
/// The longest path of a step's directory, in bytes (Linux's PATH_MAX).
const LONGEST_PATH: usize = 4096;
/// Signals a terminal or a service manager sends to all of a service. The nursery ends with its agent instead.
const LEFT_TO_THE_AGENT: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// The agent's end.
#[derive(Debug)]
pub struct Nursery {
    socket: OwnedFd,
    pid: Pid,
    gone: AtomicBool,
}

impl Nursery {
    /// Makes the nursery. To be called before anything else of the agent: `None` when this process has more than one thread already, or when
    /// the system refuses.
    pub fn start() -> Option<Self> {
        if std::fs::read_dir("/proc/self/task").ok()?.count() != 1 {
            return None;
        }
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).ok()?;
        // SAFETY: this process has one thread, as was just seen, so the copy's memory and locks are whole.
        match unsafe { libc::fork() } {
            -1 => None,
            0 => {
                drop(ours);
                serve(&theirs);
                // SAFETY: ends the process without running the agent's clean-up, which is not its own.
                unsafe { libc::_exit(0) }
            }
            pid => Some(Self { socket: ours, pid: Pid::from_raw(pid)?, gone: AtomicBool::new(false) }),
        }
    }

    /// Starts a supervisor for a step's directory. Returns the way its order goes in and the bell it rings; `None` when there is no nursery any
    /// more.
    pub fn supervisor(&self, dir: &Path) -> Option<(pipe::Sender, pipe::Receiver)> {
        if self.gone.load(Ordering::Relaxed) {
            return None;
        }
        let asked = self.ask(dir);
        if let Err(error) = &asked {
            let ended = rustix::process::waitpid(Some(self.pid), WaitOptions::NOHANG);
            self.gone.store(!matches!(ended, Ok(None)), Ordering::Relaxed);
            tracing::warn!(%error, "the nursery gives no supervisor; the agent's program is started instead");
        }
        asked.ok()
    }

    fn ask(&self, dir: &Path) -> io::Result<(pipe::Sender, pipe::Receiver)> {
        let path = dir.as_os_str().as_bytes();
        if path.len() > LONGEST_PATH {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let (order, send_order) = io::pipe()?;
        let (hear_bell, bell) = io::pipe()?;
        let given = [order.as_fd(), bell.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&given));
        // Never waits: an agent must not hang on its nursery.
        rustix::net::sendmsg(&self.socket, &[IoSlice::new(path)], &mut ancillary, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
        Ok((pipe::Sender::from_owned_fd(send_order.into())?, pipe::Receiver::from_owned_fd(hear_bell.into())?))
    }
}

/// Makes supervisors until the agent is gone.
fn serve(agent: &OwnedFd) {
    // SAFETY: only dispositions are set, no handler runs. Children that nobody waits for vanish by themselves.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, NAME.as_ptr());
        for signal in LEFT_TO_THE_AGENT {
            libc::signal(signal, libc::SIG_IGN);
        }
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
    }
    let mut path = vec![0; LONGEST_PATH];
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let told = rustix::net::recvmsg(agent, &mut [IoSliceMut::new(&mut path)], &mut ancillary, RecvFlags::CMSG_CLOEXEC);
        let length = match told {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(message) if message.bytes > 0 => message.bytes,
            // The agent is gone.
            _ => return,
        };
        let given: Vec<OwnedFd> = ancillary
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(given) => Some(given.collect::<Vec<_>>()),
                _ => None,
            })
            .flatten()
            .collect();
        // Looked at before the fork: a copy that was given nothing must not become a second nursery.
        let [order, bell] = given.as_slice() else { continue };
        // SAFETY: the nursery has one thread: it starts none.
        if unsafe { libc::fork() } == 0 {
            let code = supervise(order, bell, Path::new(OsStr::from_bytes(&path[..length])), agent);
            // SAFETY: as in `start`.
            unsafe { libc::_exit(code) }
        }
    }
}

/// What a supervisor is after a start of the binary: its order is standard input, its bell standard output, signals are as the system has
/// them, and it holds nothing of the nursery's.
fn supervise(order: &OwnedFd, bell: &OwnedFd, dir: &Path, agent: &OwnedFd) -> i32 {
    let Ok(nothing) = File::options().write(true).open("/dev/null") else { return 1 };
    // SAFETY: name and dispositions only; and the descriptors that are closed are not used again in this process, which ends with `_exit`.
    let placed = unsafe {
        libc::prctl(libc::PR_SET_NAME, SUPERVISOR.as_ptr());
        for signal in LEFT_TO_THE_AGENT.into_iter().chain([libc::SIGCHLD]) {
            libc::signal(signal, libc::SIG_DFL);
        }
        let wanted = [(order.as_raw_fd(), 0), (bell.as_raw_fd(), 1), (nothing.as_raw_fd(), 2)];
        let placed = wanted.into_iter().all(|(from, to)| libc::dup2(from, to) == to);
        for left in [order, bell, agent] {
            libc::close(left.as_raw_fd());
        }
        placed
    };
    if placed { super::supervise::main(dir) } else { 1 }
}
