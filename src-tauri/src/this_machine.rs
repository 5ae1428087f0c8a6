//! This machine as the first node: a real agent process beside the app, registered once, kept running while the app runs.
//!
//! It is the same `quarterdeck-agent` that runs on every other node and it reaches the hub over the same listener; the app only starts it,
//! restarts it when it ends, and stops it when the app quits. It is attached to the app by its standard input, which the system closes
//! however the app ends, so that a killed app leaves no agent behind to meet the next one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// First and longest wait before an agent that ended is started again.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// An agent that ran this long was well; the next wait starts from the first again.
const RAN_WELL: Duration = Duration::from_secs(60);
/// How long registration may take.
const REGISTRATION: Duration = Duration::from_secs(60);
/// How long the agent may take to end its work when the app quits.
const FAREWELL: Duration = Duration::from_secs(8);

#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// What a hub gives for one registration (CreateActivation).
pub struct Activation {
    pub id: String,
    pub code: Zeroizing<String>,
}

/// Where the hub is, as the agent needs to know it.
#[derive(Debug, Clone)]
pub struct HubAddress {
    pub listener: SocketAddr,
    pub region: String,
    /// PEM file of the hub's certificate authority.
    pub ca_file: PathBuf,
}

impl HubAddress {
    /// URL of the hub's listener.
    pub fn url(&self) -> String {
        format!("https://{}", self.listener)
    }
}

/// How this machine stands as a node, for `app_info`. The console shows `reason` where there is one.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum NodeState {
    /// The hub is opening.
    Waiting,
    Registering,
    #[serde(rename_all = "camelCase")]
    Running {
        process_id: u32,
    },
    /// It ended and is started again after `wait_ms` milliseconds.
    #[serde(rename_all = "camelCase")]
    Restarting {
        reason: String,
        wait_ms: u64,
    },
    /// It could not become a node and tries again after `wait_ms` milliseconds, or at once with `enrol_this_machine`.
    #[serde(rename_all = "camelCase")]
    Retrying {
        reason: String,
        wait_ms: u64,
    },
    /// It cannot run here; nothing more is tried by itself.
    Unavailable {
        reason: String,
    },
    /// Somebody removed this node; `enrol_this_machine` enrols it again.
    Removed,
    Stopped,
}

/// Why this machine is not a node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error("quarterdeck-agent is not beside the program ({0})")]
    NoAgent(PathBuf),
    #[error("starting {program}: {source}")]
    Start { program: PathBuf, source: std::io::Error },
    #[error("registration did not end within {} seconds", REGISTRATION.as_secs())]
    RegistrationTimeout,
    #[error("registration failed: {0}")]
    Registration(String),
    #[error("no activation: {0}")]
    Activation(String),
}

/// The agent of this machine.
pub struct Agent {
    program: PathBuf,
    /// The agent's own data: its key, its credentials, its work. Separate from an agent that the system itself may run.
    data_dir: PathBuf,
    hub: HubAddress,
}

impl Agent {
    /// The agent at `program`, if it is there.
    pub fn at(program: PathBuf, data_dir: PathBuf, hub: HubAddress) -> Result<Self, NodeError> {
        if !program.is_file() {
            return Err(NodeError::NoAgent(program));
        }
        Ok(Self { program, data_dir, hub })
    }

    /// The id under which this machine registered, if it did.
    pub fn instance_id(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.data_dir.join("registration.json")).ok()?;
        let registration: serde_json::Value = serde_json::from_str(&text).ok()?;
        registration["InstanceId"].as_str().map(str::to_owned)
    }

    /// Forgets the registration, the keys and the work of a node that the hub does not know any more. The agent must not run.
    pub async fn forget(&self) -> Result<(), NodeError> {
        self.to_its_end(self.command("deregister-local")).await
    }

    /// Registers this machine. The activation code goes through the environment, because arguments can be read by other users.
    pub async fn register(&self, activation: Activation) -> Result<(), NodeError> {
        let mut command = self.command("register");
        command
            // What is left of an earlier registration that cannot be read, or that was not forgotten, is replaced.
            .arg("--force")
            .arg("--endpoint")
            .arg(self.hub.url())
            .arg("--ca-file")
            .arg(&self.hub.ca_file)
            .arg("--region")
            .arg(&self.hub.region)
            .arg("--activation-id")
            .arg(&activation.id)
            .env("QUARTERDECK_ACTIVATION_CODE", activation.code.as_str());
        self.to_its_end(command).await
    }

    /// Runs a short-lived command of the agent's.
    async fn to_its_end(&self, mut command: Command) -> Result<(), NodeError> {
        let start = |source| NodeError::Start { program: self.program.clone(), source };
        let child = command.stderr(Stdio::piped()).spawn().map_err(start)?;
        let output = tokio::time::timeout(REGISTRATION, child.wait_with_output())
            .await
            .map_err(|_| NodeError::RegistrationTimeout)?
            .map_err(start)?;
        if output.status.success() {
            return Ok(());
        }
        Err(NodeError::Registration(last_line(&output.stderr, output.status)))
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(subcommand)
            .arg("--data-dir")
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // A console program would open a console window beside the app.
        #[cfg(windows)]
        command.creation_flags(CREATE_NO_WINDOW);
        command
    }

    /// Keeps the agent running until `stop` says so, then lets it end its work.
    pub async fn keep_running(&self, state: &watch::Sender<NodeState>, stop: &mut watch::Receiver<bool>) {
        let mut wait = FIRST_WAIT;
        while !*stop.borrow() {
            let started = tokio::time::Instant::now();
            // The hub may listen elsewhere than when this machine registered.
            let run = self.command("run").arg("--attached").arg("--endpoint").arg(self.hub.url()).stdin(Stdio::piped()).spawn();
            let reason = match run {
                Err(source) => NodeError::Start { program: self.program.clone(), source }.to_string(),
                Ok(mut child) => {
                    // Taken out, because waiting for the child would close it.
                    let attachment = child.stdin.take();
                    state.send_replace(NodeState::Running { process_id: child.id().unwrap_or_default() });
                    tokio::select! {
                        ended = child.wait() => ended.map_or_else(|error| error.to_string(), |status| status.to_string()),
                        () = stopped(stop) => {
                            drop(attachment);
                            end(&mut child).await;
                            break;
                        }
                    }
                }
            };
            if started.elapsed() >= RAN_WELL {
                wait = FIRST_WAIT;
            }
            tracing::warn!(%reason, ?wait, "the agent of this machine ended; starting it again");
            state.send_replace(NodeState::Restarting { reason, wait_ms: wait.as_millis() as u64 });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stopped(stop) => break,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        state.send_replace(NodeState::Stopped);
    }
}

/// Where the agent's program is: beside this one.
pub fn program() -> PathBuf {
    let name = if cfg!(windows) { "quarterdeck-agent.exe" } else { "quarterdeck-agent" };
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_path_buf)).unwrap_or_default();
    beside.join(name)
}

/// Until the app quits (or is gone, which is the same to the agent).
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Lets an agent that is no longer attached end by itself, so that it keeps its work for the next start, and ends it when it does not.
async fn end(child: &mut Child) {
    if tokio::time::timeout(FAREWELL, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// The last line that a failed program wrote, shortened: the agent says there what was wrong.
fn last_line(stderr: &[u8], status: std::process::ExitStatus) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => line.trim().chars().take(500).collect(),
        None => status.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn agent(folder: &Path, script: &str) -> Agent {
        let program = folder.join("agent.sh");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let hub = HubAddress { listener: ([127, 0, 0, 1], 7443).into(), region: "local-1".to_owned(), ca_file: folder.join("ca.pem") };
        Agent { program, data_dir: folder.join("agent"), hub }
    }

    fn activation() -> Activation {
        Activation { id: "id-1".to_owned(), code: Zeroizing::new("code-1".to_owned()) }
    }

    #[tokio::test]
    async fn the_activation_code_is_in_the_environment_and_not_in_the_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let agent = agent(folder.path(), &format!("echo \"$@ / $QUARTERDECK_ACTIVATION_CODE\" > {}", seen.display()));
        agent.register(activation()).await.unwrap();
        let seen = std::fs::read_to_string(seen).unwrap();
        let (arguments, code) = seen.trim().split_once(" / ").unwrap();
        assert_eq!(code, "code-1");
        assert!(!arguments.contains("code-1"));
        assert!(arguments.contains("--endpoint https://127.0.0.1:7443"));
    }

    #[tokio::test]
    async fn a_failed_registration_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let agent = agent(folder.path(), "echo starting >&2; echo 'InvalidActivation: expired' >&2; exit 3");
        let error = agent.register(activation()).await.unwrap_err();
        assert_eq!(error.to_string(), "registration failed: InvalidActivation: expired");
    }

    #[tokio::test]
    async fn an_agent_that_ends_is_started_again_and_stops_with_the_app() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        // As the agent does, it runs until its standard input closes.
        let script = format!("echo \"$@\" >> {0}; [ $(wc -l < {0}) -ge 2 ] && exec cat; exit 1", count.display());
        let agent = agent(folder.path(), &script);
        let (state, mut seen) = watch::channel(NodeState::Waiting);
        let (stop, mut stopped) = watch::channel(false);
        let kept = tokio::spawn(async move { agent.keep_running(&state, &mut stopped).await });
        seen.wait_for(|state| matches!(state, NodeState::Restarting { .. })).await.unwrap();
        seen.wait_for(|state| matches!(state, NodeState::Running { .. })).await.unwrap();
        stop.send(true).unwrap();
        kept.await.unwrap();
        assert_eq!(*seen.borrow(), NodeState::Stopped);
        let runs = std::fs::read_to_string(count).unwrap();
        assert!(runs.lines().all(|run| run.ends_with("--attached --endpoint https://127.0.0.1:7443")), "{runs}");
    }
}
