//! The agent's side of a supervised step: start it, find it again after a restart, hear from it, stop it.

use super::supervise::NOT_STARTED;
use super::{ExitRecord, Found, Order, StepFiles, find, kill_leftovers, system};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;
use tokio::task::JoinHandle;

#[cfg(target_os = "linux")]
use super::nursery::Nursery;

/// First and longest pause between looks at a step that was started by an earlier life of the agent.
const POLL: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// The binary that supervises: this one.
#[derive(Clone, Debug)]
pub struct Supervisor {
    program: PathBuf,
    /// Where supervisors come from while it lives.
    #[cfg(target_os = "linux")]
    nursery: Option<Arc<Nursery>>,
}

/// Where an order goes in.
type OrderPipe = Box<dyn AsyncWrite + Send + Unpin>;
/// Where a supervisor's bell is heard.
type BellPipe = Box<dyn AsyncRead + Send + Sync + Unpin>;

impl Supervisor {
    /// This very binary, also when its file was replaced by an update meanwhile.
    pub fn this_binary() -> io::Result<Self> {
        let link = PathBuf::from("/proc/self/exe");
        let program = if cfg!(target_os = "linux") && link.exists() { link } else { std::env::current_exe()? };
        Ok(Self::at(program))
    }

    /// Another binary, for tests.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            #[cfg(target_os = "linux")]
            nursery: None,
        }
    }

    /// With a nursery, if there is one.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_nursery(self, nursery: Option<Nursery>) -> Self {
        Self { nursery: nursery.map(Arc::new), ..self }
    }

    /// Starts a supervisor of `files`. The last of the answer ends with it, where this process is its parent.
    fn start(&self, files: &StepFiles) -> io::Result<(OrderPipe, BellPipe, Option<JoinHandle<()>>)> {
        #[cfg(target_os = "linux")]
        if let Some((order, bell)) = self.nursery.as_ref().and_then(|nursery| nursery.supervisor(files.dir())) {
            return Ok((Box::new(order), Box::new(bell), None));
        }
        let mut command = Command::new(&self.program);
        #[cfg(unix)]
        command.arg0("quarterdeck-agent");
        command.arg("supervise").arg(files.dir());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(false);
        let mut child = system::spawn_supervisor(&mut command)?;
        let missing = || io::Error::other("a pipe is missing");
        let order = child.stdin.take().ok_or_else(missing)?;
        let bell = child.stdout.take().ok_or_else(missing)?;
        // Reaps the supervisor when it ends; it may live longer than the step, for a script's background processes.
        let ended = tokio::spawn(async move {
            let _ = child.wait().await;
        });
        Ok((Box::new(order), Box::new(bell), Some(ended)))
    }
}

/// What happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// More output may be in the files.
    Output,
    /// It is over; ask [`Running::result`].
    Ended,
}

/// A supervised step.
pub struct Running {
    files: StepFiles,
    bell: Option<BellPipe>,
    /// Ends with the supervisor, where that is known. A script's background processes may hold its end of the bell open, so silence says nothing.
    supervisor: Option<JoinHandle<()>>,
    /// What a supervisor that gave up had to say.
    reason: Option<Vec<u8>>,
    pause: Duration,
}

/// Longest reason kept, in bytes.
const REASON_LIMIT: usize = 1000;

impl Running {
    /// Starts a supervisor for `order` in the step directory. Returns when the order was handed over.
    pub async fn start(supervisor: &Supervisor, files: &StepFiles, order: &Order) -> io::Result<Self> {
        let text = serde_json::to_vec(order).map_err(io::Error::other)?;
        let (mut pipe, bell, supervisor) = supervisor.start(files)?;
        pipe.write_all(&text).await?;
        pipe.shutdown().await?;
        Ok(Self { files: files.clone(), bell: Some(bell), supervisor, reason: None, pause: POLL.0 })
    }

    /// Takes up a step that an earlier life of the agent started.
    pub fn attach(files: &StepFiles) -> Self {
        Self { files: files.clone(), bell: None, supervisor: None, reason: None, pause: POLL.0 }
    }

    /// Waits for something to happen. Cancel safe.
    pub async fn event(&mut self) -> Event {
        if let Some(bell) = &mut self.bell {
            let mut rings = [0u8; 256];
            let gone = async {
                match &mut self.supervisor {
                    Some(supervisor) => drop(supervisor.await),
                    None => std::future::pending().await,
                }
            };
            let heard = tokio::select! {
                biased;
                heard = bell.read(&mut rings) => heard.unwrap_or(0),
                () = gone => 0,
            };
            if heard > 0 && self.hear(&rings[..heard]) {
                return Event::Output;
            }
            (self.bell, self.supervisor) = (None, None);
            return self.look().unwrap_or(Event::Output);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(POLL.1);
        self.look().unwrap_or(Event::Output)
    }

    /// Takes what came through the bell. True if more is to be waited for.
    fn hear(&mut self, heard: &[u8]) -> bool {
        let (rings, said) = match (&self.reason, heard.iter().position(|ring| *ring == NOT_STARTED)) {
            (Some(_), _) => (&[][..], Some(heard)),
            (None, Some(at)) => (&heard[..at], Some(&heard[at + 1..])),
            (None, None) => (heard, None),
        };
        if let Some(said) = said {
            let reason = self.reason.get_or_insert_default();
            let room = REASON_LIMIT.saturating_sub(reason.len());
            reason.extend_from_slice(&said[..said.len().min(room)]);
        }
        !rings.contains(&b'e')
    }

    /// Why the script was not started, if its supervisor said so.
    pub fn reason(&self) -> String {
        match &self.reason {
            Some(reason) => String::from_utf8_lossy(reason).into_owned(),
            None => "the supervisor ended before it began".to_owned(),
        }
    }

    /// What the step's directory says.
    pub fn found(&self) -> io::Result<Found> {
        find(&self.files)
    }

    fn look(&self) -> Option<Event> {
        match find(&self.files) {
            Ok(Found::Alive) | Err(_) => None,
            Ok(_) => Some(Event::Ended),
        }
    }

    /// Asks for the script and everything it started to be killed.
    pub fn request_stop(&self) {
        system::request_stop(&self.files);
    }

    /// How it ended. `None` when the supervisor died without saying; leftovers of the script are killed then.
    pub fn result(&self) -> io::Result<Option<ExitRecord>> {
        match find(&self.files)? {
            Found::Finished(record) => Ok(Some(record)),
            Found::Alive => Err(io::Error::other("the step still runs")),
            Found::Interrupted | Found::NotStarted => {
                kill_leftovers(&self.files);
                Ok(None)
            }
        }
    }
}
