//! `quarterdeck-agent supervise <step directory>`: owns one script from before its start until after its end.
//!
//! It shares nothing with the agent but files, so the agent may be stopped, killed or replaced at any moment. The order of its
//! writes is what makes the protocol of [`super`] safe: lock, child record, start, output, exit record, unlock.

use super::output::{KeptStream, RESERVE, reserve_space};
use super::system::{self, Bell, Ended, StopRequests, Stream, Tree};
use super::{Cause, ChildRecord, ExitRecord, KILLED_CODE, Order, Program, Runner, StepFiles, now_ms};
use crate::home;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until};

/// Largest order accepted on standard input, in bytes.
const ORDER_LIMIT: u64 = 8 * 1024 * 1024;
/// How long output of background processes is still collected after the script itself has ended.
const DRAIN: Duration = Duration::from_millis(1000);
/// Below this much free space blocks are set aside for output and exit record before the script starts.
const LOW_SPACE: u64 = 64 * 1024 * 1024;
/// Rung instead of `o` and `e` by a supervisor that gives up; the reason follows, to the end of the pipe.
pub const NOT_STARTED: u8 = b'f';
/// A point in time that does not come.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Runs the step of `dir` as ordered on standard input. Exit code of the supervisor process: 0 when an exit record was written.
pub fn main(dir: &Path) -> i32 {
    let files = StepFiles::new(dir);
    match start(&files) {
        Ok(()) => 0,
        Err(error) => {
            // The agent hears it if the script was never started; afterwards the files say more.
            let mut bell = io::stdout();
            let _ = bell.write_all(&[NOT_STARTED]).and_then(|()| bell.write_all(error.to_string().as_bytes())).and_then(|()| bell.flush());
            1
        }
    }
}

fn start(files: &StepFiles) -> io::Result<()> {
    let mut text = Vec::new();
    io::stdin().take(ORDER_LIMIT).read_to_end(&mut text)?;
    let order: Order = serde_json::from_slice(&text).map_err(io::Error::other)?;
    drop(text);
    // The agent's own files say what they are; the script's are to be as they would be on any other machine.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // Listened for before anybody can learn our number: a request that is not heard would end us, and the script with nobody to watch it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = {
        let _entered = runtime.enter();
        StopRequests::new(files)?
    };
    let mut alive = home::private_file().read(true).truncate(false).open(files.alive())?;
    alive.try_lock().map_err(|_| io::Error::other("the step has a supervisor"))?;
    alive.set_len(0)?;
    alive.write_all(std::process::id().to_string().as_bytes())?;
    // Before the child record: a step whose end could not be written down is not begun.
    let low = home_is_low(files.dir());
    let exit = prepare_exit(files, low)?;
    // create_new makes "at most once" a property of the file system, not of our care.
    let child = home::private_file().create_new(true).open(files.child())?;
    system::detach();
    runtime.block_on(supervise(files, &order, stop, Held { alive, child, exit, low }))
}

/// What a supervisor holds before it begins.
struct Held {
    /// Locked.
    alive: File,
    child: File,
    /// Takes the exit record.
    exit: File,
    /// The disk is nearly full.
    low: bool,
}

async fn supervise(files: &StepFiles, order: &Order, stop: StopRequests, held: Held) -> io::Result<()> {
    let Held { alive, mut child, exit, low } = held;
    let bell = Bell::on_stdout();
    let started_ms = now_ms();
    // On a full disk it stays empty, which means the same.
    let _ = serde_json::to_vec(&ChildRecord::default()).map(|bytes| child.write_all(&bytes));
    let mut stdout = KeptStream::create(&files.stdout(), order.output_limit_bytes, low);
    let mut stderr = KeptStream::create(&files.stderr(), order.output_limit_bytes, low);
    let applied = order.ceiling.enter();
    let mut record = ExitRecord {
        cause: Cause::NotStarted,
        code: -1,
        signal: None,
        message: None,
        stdout_bytes: 0,
        stderr_bytes: 0,
        dropped_bytes: 0,
        started_ms,
        ended_ms: started_ms,
        ceiling: applied.text.clone(),
    };
    let mut script = SpareScript(None);
    let spawned = match command(files, order, &mut script) {
        Ok(mut command) => spawn(&mut command, &applied),
        Err(error) => {
            applied.leave();
            Err(error)
        }
    };
    let mut pumps = None;
    match spawned {
        Err(error) => record.message = Some(error.to_string()),
        Ok((tree, out, err)) => {
            note_child(files, &tree);
            let mut watch = Watch { tree, applied: &applied, out: Pump::new(out), err: Pump::new(err), stop, bell: &bell };
            let (cause, ended) = watch.until_end(order, &mut stdout, &mut stderr).await;
            record.cause = cause;
            record.signal = ended.signal;
            record.code = if cause == Cause::Exited { ended.code } else { KILLED_CODE };
            pumps = Some((watch.tree, watch.out, watch.err));
        }
    }
    let dropped;
    (record.stdout_bytes, dropped) = stdout.finish();
    record.dropped_bytes = dropped;
    let (kept, dropped) = stderr.finish();
    record.stderr_bytes = kept;
    record.dropped_bytes += dropped;
    record.ended_ms = now_ms();
    write_exit(files, exit, &record)?;
    drop(alive);
    bell.ring(b'e');
    drop(bell);
    drop(script);
    if let Some((tree, out, err)) = pumps {
        linger(tree, out, err).await;
    }
    applied.remove();
    Ok(())
}

fn spawn(command: &mut Command, applied: &super::ceiling::Applied) -> io::Result<(Tree, Stream, Stream)> {
    #[cfg(target_os = "linux")]
    let spared = super::oom::not_spared();
    let spawned = Tree::spawn(command, applied);
    #[cfg(target_os = "linux")]
    spared.again();
    spawned
}

/// Keeps the pipes of background processes open and empty: a daemon that a script started must not die of a closed pipe.
async fn linger(mut tree: Tree, mut out: Pump, mut err: Pump) {
    let mut scrap = KeptStream::create(Path::new(""), 0, false);
    let mut scrap2 = KeptStream::create(Path::new(""), 0, false);
    while out.open || err.open {
        tokio::select! {
            _ = out.pump(&mut scrap), if out.open => {}
            _ = err.pump(&mut scrap2), if err.open => {}
            _ = tree.changed() => {}
        }
    }
}

struct Watch<'a> {
    tree: Tree,
    applied: &'a super::ceiling::Applied,
    out: Pump,
    err: Pump,
    stop: StopRequests,
    bell: &'a Bell,
}

impl Watch<'_> {
    /// Follows the script to its end. After a timeout or a stop nothing of its tree is left alive.
    async fn until_end(&mut self, order: &Order, stdout: &mut KeptStream, stderr: &mut KeptStream) -> (Cause, Ended) {
        let now = Instant::now();
        let never = now + NEVER;
        let mut deadline = now + Duration::from_secs(order.timeout_seconds);
        let grace = if system::CAN_ASK { Duration::from_millis(order.kill_grace_ms) } else { Duration::ZERO };
        let (mut kill_at, mut drain_until) = (never, never);
        let mut cause = Cause::Exited;
        let mut ended = None;
        loop {
            let stopping = cause != Cause::Exited;
            if let Some(end) = ended {
                if stopping && self.tree.is_gone() {
                    self.drain(stdout, stderr).await;
                    return (cause, end);
                }
                if !stopping && !self.out.open && !self.err.open {
                    return (cause, end);
                }
            }
            tokio::select! {
                biased;
                () = self.stop.recv(), if !stopping && ended.is_none() => {
                    cause = Cause::Cancelled;
                    kill_at = Instant::now() + grace;
                    self.tree.terminate();
                }
                () = sleep_until(deadline), if !stopping && ended.is_none() => {
                    cause = Cause::TimedOut;
                    deadline = never;
                    kill_at = Instant::now() + grace;
                    self.tree.terminate();
                }
                () = sleep_until(kill_at) => {
                    self.tree.kill(self.applied).await;
                    let end = self.tree.reap().unwrap_or(Ended { code: KILLED_CODE, signal: None });
                    self.drain(stdout, stderr).await;
                    return (cause, end);
                }
                () = sleep_until(drain_until) => {
                    if let Some(end) = ended {
                        return (cause, end);
                    }
                }
                () = self.out.pump(stdout), if self.out.open => self.bell.ring(b'o'),
                () = self.err.pump(stderr), if self.err.open => self.bell.ring(b'o'),
                end = self.tree.changed(), if ended.is_none() => {
                    ended = end;
                    // While stopping, the kill is what ends the wait: a survivor must not be left because its parent went.
                    if ended.is_some() && !stopping {
                        drain_until = Instant::now() + DRAIN;
                    }
                }
            }
        }
    }

    /// Reads what is left in the pipes of a dead tree.
    async fn drain(&mut self, stdout: &mut KeptStream, stderr: &mut KeptStream) {
        let _ = tokio::time::timeout(DRAIN, async {
            while self.out.open {
                self.out.pump(stdout).await;
            }
            while self.err.open {
                self.err.pump(stderr).await;
            }
        })
        .await;
    }
}

/// Moves one stream from its pipe to its file.
struct Pump {
    stream: Stream,
    open: bool,
    buffer: Vec<u8>,
}

impl Pump {
    fn new(stream: Stream) -> Self {
        Self { stream, open: true, buffer: vec![0; 64 * 1024] }
    }

    /// Moves what is there. Cancel safe: nothing is lost between reading and writing, there is no await between them.
    async fn pump(&mut self, into: &mut KeptStream) {
        match self.stream.read(&mut self.buffer).await {
            Ok(0) | Err(_) => self.open = false,
            Ok(count) => into.write(&self.buffer[..count]),
        }
    }
}

fn command(files: &StepFiles, order: &Order, spare: &mut SpareScript) -> io::Result<Command> {
    if !order.working_directory.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the working directory {} does not exist", order.working_directory.display()),
        ));
    }
    let argv = match &order.program {
        Program::Command { argv } => argv.clone(),
        Program::Script { file_name, text, runner } => {
            // Windows PowerShell reads a script without this mark in the machine's old code page.
            let text = if cfg!(windows) && file_name.ends_with(".ps1") { &format!("\u{feff}{text}") } else { text };
            let path = write_script(files, &order.home, file_name, text, spare)?;
            let path_text = path.to_str().ok_or_else(|| io::Error::other("the data directory's name is not UTF-8"))?.to_owned();
            match runner {
                Runner::Shell => shell_argv(&path, &path_text, text),
                Runner::Through(argv) => argv.iter().cloned().chain([path_text]).collect(),
            }
        }
    };
    let (program, arguments) = argv.split_first().ok_or_else(|| io::Error::other("no program"))?;
    let mut command = Command::new(located(program, &order.environment));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, program);
    command.args(arguments).env_clear().envs(order.environment.iter().map(|(n, v)| (n, v)));
    command.current_dir(&order.working_directory);
    Ok(command)
}

/// A program's place in the `PATH` that the script will have. Looked up here, because a command that is to be looked up in another `PATH` than
/// our own has to be forked, which takes several times as long as spawning it.
fn located(program: &str, environment: &[(String, String)]) -> PathBuf {
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str());
    match path.filter(|_| cfg!(unix) && !program.contains('/')) {
        Some(path) => std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|candidate| is_executable(candidate))
            .unwrap_or_else(|| program.into()),
        None => program.into(),
    }
}

fn is_executable(file: &Path) -> bool {
    #[cfg(unix)]
    let may_run = |found: &std::fs::Metadata| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = |_: &std::fs::Metadata| true;
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && may_run(&found))
}

/// A script that had to go to memory. Removed when the step is over.
struct SpareScript(Option<PathBuf>);

impl Drop for SpareScript {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Writes the script executable. With no space left it goes to memory instead.
fn write_script(files: &StepFiles, home: &Path, file_name: &str, text: &str, spare: &mut SpareScript) -> io::Result<PathBuf> {
    let path = files.dir().join(file_name);
    match write_executable(&path, text) {
        Err(error) if home::is_disk_full(&error) => {
            let _ = std::fs::remove_file(&path);
            let memory = home::Home::new(home).make_volatile().map_err(|_| error)?;
            let path = memory.join(format!("{}{}-{file_name}", crate::document::state::SPARE_SCRIPT, std::process::id()));
            // Left by a supervisor of the same number that was killed.
            let _ = std::fs::remove_file(&path);
            spare.0 = Some(path.clone());
            write_executable(&path, text)?;
            Ok(path)
        }
        other => other.map(|()| path),
    }
}

fn write_executable(path: &Path, text: &str) -> io::Result<()> {
    let mut options = home::private_file();
    // Nothing is followed and nothing is taken over: the file is ours or there is none.
    options.create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o700);
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// `sh -c '<path>'`, as the stock agent does, which comes to `sh <path>` where the script names no interpreter: the shell would find that the
/// kernel cannot run it and start another shell. On a file system mounted `noexec` the interpreter is started by hand, as the kernel would.
fn shell_argv(path: &Path, path_text: &str, text: &str) -> Vec<String> {
    if !text.starts_with("#!") && !text.starts_with('\u{7f}') {
        return vec!["sh".to_owned(), path_text.to_owned()];
    }
    if crate::platform::is_noexec(path) {
        let line = text.lines().next().unwrap_or("");
        let mut argv: Vec<String> = match line.strip_prefix("#!") {
            Some(rest) => {
                let rest = rest.trim();
                rest.split_once(char::is_whitespace)
                    .map_or_else(|| vec![rest.to_owned()], |(program, argument)| vec![program.to_owned(), argument.trim().to_owned()])
            }
            None => vec!["sh".to_owned()],
        };
        argv.push(path_text.to_owned());
        return argv;
    }
    vec!["sh".to_owned(), "-c".to_owned(), format!("'{}'", path_text.replace('\'', "'\\''"))]
}

fn note_child(files: &StepFiles, tree: &Tree) {
    let record = ChildRecord { pid: tree.pid(), started: system::start_time(tree.pid()) };
    if let Ok(bytes) = serde_json::to_vec(&record) {
        // In place: on a full disk a rename could not be prepared, and a torn record only means "may have run", as it should.
        let _ = home::private_file().truncate(true).open(files.child()).and_then(|mut f| f.write_all(&bytes));
    }
}

fn home_is_low(dir: &Path) -> bool {
    crate::platform::free_bytes(dir).is_none_or(|free| free < LOW_SPACE)
}

fn prepare_exit(files: &StepFiles, reserve: bool) -> io::Result<File> {
    let file = home::private_file().truncate(true).open(files.exit().with_extension("tmp"))?;
    if reserve {
        reserve_space(&file, RESERVE / 16);
    }
    Ok(file)
}

fn write_exit(files: &StepFiles, mut file: File, record: &ExitRecord) -> io::Result<()> {
    let bytes = serde_json::to_vec(record).map_err(io::Error::other)?;
    let temporary = files.exit().with_extension("tmp");
    // The disk may have been filled by the script itself and be emptied by its end: worth a few tries.
    let mut result = Ok(());
    for _ in 0..50 {
        result = file.set_len(0).and_then(|()| io::Seek::rewind(&mut file)).and_then(|()| file.write_all(&bytes));
        if result.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    result?;
    std::fs::rename(&temporary, files.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_the_shell() {
        let argv = shell_argv(Path::new("/tmp/it's/x"), "/tmp/it's/x", "#!/bin/sh\necho");
        assert_eq!(argv, ["sh", "-c", "'/tmp/it'\\''s/x'"]);
        assert_eq!(shell_argv(Path::new("/tmp/it's/x"), "/tmp/it's/x", "echo"), ["sh", "/tmp/it's/x"]);
    }
}
