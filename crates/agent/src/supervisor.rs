//! Starts the agent's modules and ends them: one agent on a data directory, gone within seconds when asked, scripts left running.

use crate::agent::Agent;
use crate::config::Config;
use crate::document::inbox;
use crate::home::{self, Home};
use crate::link::Link;
use crate::module::{control_channel, heartbeat, role};
use crate::process::running::Supervisor;
use crate::registration::{self, Registration};
use qd_client::EndpointError;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long an attached agent waits for the one before it, which ends within seconds of its program.
const PREDECESSOR: Duration = Duration::from_secs(15);

/// What a start may ask for besides the directory.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Where the hub is now, when that is not where the node was registered. Holds for this run only.
    pub endpoint: Option<String>,
    /// The agent belongs to the program that started it: it ends when standard input closes, however that program ended, so that no
    /// agent is left behind; and it waits for the agent of an earlier run of that program, which may just be ending.
    pub attached: bool,
}

/// Why the agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `register` comes first.
    #[error("this node is not registered: run `quarterdeck-agent register` with the same --data-dir first")]
    NotRegistered,
    /// Another agent runs on the directory.
    #[error("another agent is running on this data directory")]
    Running,
    /// The data directory or the system.
    #[error("the agent cannot start: {0}")]
    Io(#[from] io::Error),
    /// The stored endpoint or CA.
    #[error("the agent cannot start: {0}")]
    Link(#[from] EndpointError),
}

/// Runs the agent until `stop` (see [`asked_to_stop`]) or [`Agent::stop`].
pub async fn run(home: Home, supervisor: Supervisor, start: Start, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    Registration::load(&home)?.ok_or(StartError::NotRegistered)?;
    // A full disk must not keep the agent away: the directories exist since registration.
    if let Err(error) = home.create() {
        tracing::warn!(%error, "the data directory cannot be written");
    }
    let _lock = if start.attached { lock_after_predecessor(&home).await? } else { lock(&home)? };
    // A registration that was cut off after the hub's yes is finished by the one who holds the directory.
    registration::pending::settle(&home)?;
    let mut registration = Registration::load(&home)?.ok_or(StartError::NotRegistered)?;
    if let Some(endpoint) = start.endpoint {
        registration.endpoint = endpoint;
    }
    let (config, warnings) = Config::load(&home);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let link = Link::new(&registration.endpoint, &registration.region, registration.ca(&home)?.as_deref())?;
    tracing::info!(
        instance_id = registration.instance_id,
        hub = registration.endpoint,
        version = crate::agent::VERSION,
        "quarterdeck-agent starts"
    );
    let agent = Arc::new(Agent::new(home, config, registration, link, supervisor));
    let ceiling = if agent.cgroup.is_some() { "cgroup v2" } else { "limits and nice" };
    tracing::info!(ceiling, "scripts run under a ceiling");
    agent.ceiling().renew();
    if start.attached {
        end_with_standard_input(agent.stop.clone())?;
    }
    inbox::resume(&agent);
    let modules = [tokio::spawn(role::run(agent.clone())), tokio::spawn(heartbeat::run(agent.clone()))];
    let channel = tokio::spawn(control_channel::run(agent.clone()));
    tokio::select! {
        () = stop => {}
        () = agent.stop.cancelled() => {}
    }
    tracing::info!(
        at_work = agent.inbox.len(),
        unacknowledged = agent.replies.len(),
        "stopping; running scripts go on and are taken up again"
    );
    agent.inbox.close();
    agent.stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(3), channel).await;
    for module in modules {
        module.abort();
    }
    Ok(())
}

/// True while an agent runs on the directory.
pub fn is_running(home: &Home) -> bool {
    matches!(lock(home), Err(StartError::Running))
}

fn lock(home: &Home) -> Result<File, StartError> {
    let path = home.lock();
    // An existing file needs no space.
    let file = File::open(&path).or_else(|_| home::private_file().read(true).truncate(false).open(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StartError::Running),
        Err(std::fs::TryLockError::Error(error)) => Err(StartError::Io(error)),
    }
}

async fn lock_after_predecessor(home: &Home) -> Result<File, StartError> {
    let end = tokio::time::Instant::now() + PREDECESSOR;
    loop {
        match lock(home) {
            Err(StartError::Running) if tokio::time::Instant::now() < end => tokio::time::sleep(Duration::from_millis(100)).await,
            other => return other,
        }
    }
}

/// A thread of its own, because a read of standard input cannot be taken back and would hold up the end of the runtime.
fn end_with_standard_input(stop: CancellationToken) -> io::Result<()> {
    std::thread::Builder::new().name("standard-input".to_owned()).stack_size(128 * 1024).spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        stop.cancel();
    })?;
    Ok(())
}

/// Until SIGTERM or Ctrl-C; on Windows also until the console is closed or the machine shuts down.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        if let (Ok(mut c), Ok(mut pause), Ok(mut close), Ok(mut shutdown)) = (ctrl_c(), ctrl_break(), ctrl_close(), ctrl_shutdown()) {
            tokio::select! {
                _ = c.recv() => {}
                _ = pause.recv() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
