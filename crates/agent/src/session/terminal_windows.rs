//! A pseudo console (ConPTY) with a program on it, on Windows. Its pipes block, so a thread reads, one writes and one waits; each is a
//! few pieces ahead at most.

use std::io::{self, Read, Write};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use qd_wire::payload::TerminalSize;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};

use super::life::Launch;

const READ: usize = 16 * 1024;
const PIECES: usize = 4;

/// A running program on a console of its own.
pub struct Terminal {
    pub screen: Screen,
    pub program: Program,
}

/// The console's other side.
pub struct Screen {
    master: Mutex<Box<dyn MasterPty + Send>>,
    output: tokio::sync::Mutex<mpsc::Receiver<Bytes>>,
    input: mpsc::Sender<Bytes>,
}

/// The program on it.
pub struct Program {
    ended: watch::Receiver<Option<i32>>,
    killer: Box<dyn ChildKiller + Send + Sync>,
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn pty_size(size: TerminalSize) -> PtySize {
    // A console has at least one cell.
    PtySize { rows: size.rows.max(1), cols: size.cols.max(1), pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    pub fn start(launch: &Launch, size: TerminalSize) -> io::Result<Self> {
        let pair = native_pty_system().openpty(pty_size(size)).map_err(other)?;
        let mut command = CommandBuilder::new(&launch.program);
        command.args(&launch.arguments);
        command.env_clear();
        for (name, value) in &launch.environment {
            command.env(name, value);
        }
        command.cwd(&launch.user.home);
        let mut child = pair.slave.spawn_command(command).map_err(other)?;
        drop(pair.slave);
        let killer = child.clone_killer();
        let mut reader = pair.master.try_clone_reader().map_err(other)?;
        let mut writer = pair.master.take_writer().map_err(other)?;
        let (output, theirs) = mpsc::channel::<Bytes>(PIECES);
        let (input, mut typed) = mpsc::channel::<Bytes>(PIECES);
        let (tell, ended) = watch::channel(None);
        thread("console-output", move || {
            let mut piece = vec![0; READ];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if output.blocking_send(Bytes::copy_from_slice(&piece[..count])).is_err() {
                    return;
                }
            }
        })?;
        thread("console-input", move || {
            while let Some(bytes) = typed.blocking_recv() {
                if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
                    return;
                }
            }
        })?;
        thread("console-program", move || {
            let code = child.wait().map_or(-1, |status| i32::try_from(status.exit_code()).unwrap_or(-1));
            tell.send_replace(Some(code));
        })?;
        let screen = Screen { master: Mutex::new(pair.master), output: tokio::sync::Mutex::new(theirs), input };
        Ok(Self { screen, program: Program { ended, killer } })
    }

    /// Ends the program; closing the console ends what else is attached to it.
    pub async fn end(mut self) {
        let _ = self.program.killer.kill();
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).stack_size(256 * 1024).spawn(work).map(drop)
}

impl Screen {
    /// Adds what the program wrote to `buffer`; 0 is the end. Safe to drop and call again.
    pub async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        let piece = self.output.lock().await.recv().await.unwrap_or_default();
        buffer.extend_from_slice(&piece);
        Ok(piece.len())
    }

    /// Types; returns how much was taken. Safe to drop and call again.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let slot = self.input.reserve().await.map_err(other)?;
        slot.send(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    pub fn resize(&self, size: TerminalSize) {
        let _ = self.master.lock().unwrap_or_else(PoisonError::into_inner).resize(pty_size(size));
    }
}

impl Program {
    /// Waits for the program's own end. Safe to drop and call again.
    pub async fn wait(&mut self) -> i32 {
        match self.ended.wait_for(Option::is_some).await {
            Ok(code) => code.unwrap_or(-1),
            Err(_) => -1,
        }
    }
}

/// Starts a program without a console.
pub fn start_plain(launch: &Launch) -> io::Result<Child> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).env_clear().envs(launch.environment.iter().cloned()).current_dir(&launch.user.home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
}

/// Windows has no signals for a program without a console: whatever was asked for, the program and what it started are ended.
pub fn signal_group(child: &Child, _key: u8) {
    if let Some(pid) = child.id() {
        let kill = std::process::Command::new("taskkill")
            .args(["/T", "/F", "/PID", &pid.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if let Err(error) = kill {
            tracing::warn!(%error, "a session's command could not be ended");
        }
    }
}

/// The exit code.
pub fn code_of(status: &std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}
