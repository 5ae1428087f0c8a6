//! Simulated nodes for the hub in this process: to see the console at work before there is a fleet. They are the agent program's, in a
//! process of their own; here they are started, and removed from the hub without a trace.
//!
//! They carry a tag, by which those that a killed app left behind are found and removed at the next start: nothing stands behind them.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use qd_model::Operation;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use crate::embedded::Embedded;
use crate::error::CallError;
use crate::this_machine::{self, HubAddress};

/// Tag of every simulated node.
pub const TAG: &str = "quarterdeck:simulated";
/// Simulated nodes at most.
pub const MOST: u16 = 1000;
/// How long they may take to register: a few seconds, on a machine that does much else a minute.
const PATIENCE: Duration = Duration::from_secs(180);
const FAREWELL: Duration = Duration::from_secs(5);
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// How the simulation stands.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Nodes asked for; 0 when there are none.
    pub nodes: u16,
    /// Whether their process runs.
    pub running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

struct Fleet {
    nodes: u16,
    child: Child,
    /// Held: the nodes leave when it closes, also by this process's end.
    attachment: Option<ChildStdin>,
}

/// The simulated nodes of this app.
#[derive(Default)]
pub struct Simulation {
    fleet: Mutex<Option<Fleet>>,
}

fn failed(message: impl Into<String>) -> CallError {
    CallError::new("SimulationFailed", message.into())
}

impl Simulation {
    pub async fn status(&self) -> Status {
        let mut fleet = self.fleet.lock().await;
        let Some(running) = fleet.as_mut() else { return Status::default() };
        match running.child.try_wait() {
            Ok(None) => Status { nodes: running.nodes, running: true, error: None },
            Ok(Some(status)) => {
                Status { nodes: running.nodes, running: false, error: Some(format!("the simulated nodes ended: {status}")) }
            }
            Err(error) => Status { nodes: running.nodes, running: false, error: Some(error.to_string()) },
        }
    }

    /// Starts `nodes` simulated nodes in place of those there may be; returns when all are connected.
    pub async fn start(&self, hub: &Embedded, nodes: u16) -> Result<Status, CallError> {
        if !(1..=MOST).contains(&nodes) {
            return Err(CallError::new("ValidationException", format!("1 to {MOST} simulated nodes can be started.")));
        }
        let mut fleet = self.fleet.lock().await;
        end(fleet.take()).await;
        remove_left(hub).await?;
        let started = start(this_machine::program(), hub.address(), activation(hub, nodes).await?, nodes).await;
        match started {
            Ok(running) => *fleet = Some(running),
            Err(error) => {
                // Those that had registered have nobody behind them.
                remove_left(hub).await?;
                return Err(error);
            }
        }
        Ok(Status { nodes, running: true, error: None })
    }

    /// Removes what an app that ended left behind, unless simulated nodes run again.
    pub async fn sweep(&self, hub: &Embedded) {
        let fleet = self.fleet.lock().await;
        if fleet.is_some() {
            return;
        }
        match remove_left(hub).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed simulated nodes of an earlier run"),
            Err(error) => tracing::warn!(code = error.code, message = error.message, "simulated nodes of an earlier run are still there"),
        }
    }

    /// Ends the simulated nodes and removes them from the hub; how many were removed.
    pub async fn stop(&self, hub: &Embedded) -> Result<usize, CallError> {
        let mut fleet = self.fleet.lock().await;
        end(fleet.take()).await;
        remove_left(hub).await
    }
}

/// An activation's id and code.
type Activation = (String, String);

async fn activation(hub: &Embedded, nodes: u16) -> Result<Activation, CallError> {
    let input = json!({
        "Description": "Simulated nodes, started from the console",
        "IamRole": "service-role/QuarterdeckManagedNode",
        "RegistrationLimit": nodes,
        "Tags": [{ "Key": TAG, "Value": "true" }],
    });
    let answer = hub.call(Operation::CreateActivation, input).await?;
    match (answer["ActivationId"].as_str(), answer["ActivationCode"].as_str()) {
        (Some(id), Some(code)) => Ok((id.to_owned(), code.to_owned())),
        _ => Err(failed("The hub's answer carries no activation.")),
    }
}

async fn start(program: PathBuf, hub: &HubAddress, (id, code): Activation, nodes: u16) -> Result<Fleet, CallError> {
    let mut command = Command::new(&program);
    command
        .args(["simulate", "--prefix", "sim", "--endpoint", &hub.url(), "--region", &hub.region, "--activation-id", &id])
        .arg("--ca-file")
        .arg(&hub.ca_file)
        .args(["--nodes", &nodes.to_string()])
        // Not among the arguments, which other users can read.
        .env("QUARTERDECK_ACTIVATION_CODE", &code)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    #[cfg(windows)]
    command.creation_flags(CREATE_NO_WINDOW);
    let mut child = command.spawn().map_err(|error| failed(format!("{} did not start: {error}", program.display())))?;
    let attachment = child.stdin.take();
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(|| failed("The simulated nodes have no output."))?).lines();
    match tokio::time::timeout(PATIENCE, lines.next_line()).await {
        Ok(Ok(Some(_))) => Ok(Fleet { nodes, child, attachment }),
        Ok(_) => {
            let ended = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
            Err(failed(format!("The simulated nodes did not connect ({ended}). The log of the hub says why.")))
        }
        Err(_) => Err(failed(format!("The simulated nodes did not connect within {} seconds.", PATIENCE.as_secs()))),
    }
}

async fn end(fleet: Option<Fleet>) {
    let Some(mut fleet) = fleet else { return };
    drop(fleet.attachment.take());
    if tokio::time::timeout(FAREWELL, fleet.child.wait()).await.is_err() {
        let _ = fleet.child.kill().await;
    }
}

/// Removes every simulated node and activation from the hub; how many nodes. The simulation must not run.
async fn remove_left(hub: &Embedded) -> Result<usize, CallError> {
    let mut removed = 0;
    loop {
        let input = json!({ "Filters": [{ "Key": format!("tag:{TAG}"), "Values": ["true"] }], "MaxResults": 50 });
        let answer = hub.call(Operation::DescribeInstanceInformation, input).await?;
        let nodes: Vec<Value> = answer["InstanceInformationList"].as_array().cloned().unwrap_or_default();
        if nodes.is_empty() {
            break;
        }
        for node in nodes {
            match hub.call(Operation::DeregisterManagedInstance, json!({ "InstanceId": node["InstanceId"] })).await {
                Ok(_) => removed += 1,
                // Somebody was faster.
                Err(error) if error.code == "InvalidInstanceId" => {}
                Err(error) => return Err(error),
            }
        }
    }
    let mut token = Value::Null;
    loop {
        let answer = hub.call(Operation::DescribeActivations, json!({ "MaxResults": 50, "NextToken": token })).await?;
        for activation in answer["ActivationList"].as_array().into_iter().flatten() {
            let is_ours = activation["Tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag["Key"] == TAG));
            if is_ours {
                hub.call(Operation::DeleteActivation, json!({ "ActivationId": activation["ActivationId"] })).await?;
            }
        }
        token = answer["NextToken"].clone();
        if token.is_null() {
            return Ok(removed);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::local::Local;

    async fn hub(folder: &std::path::Path) -> Embedded {
        Embedded::open(folder, &Local::in_memory().unwrap()).await.unwrap()
    }

    fn program(folder: &std::path::Path, script: &str) -> PathBuf {
        let program = folder.join("agent.sh");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    #[tokio::test]
    async fn the_code_is_not_among_the_arguments_and_the_nodes_leave_with_their_input() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(&folder.path().join("plane")).await;
        let seen = folder.path().join("seen");
        let script = format!("echo \"$@ / $QUARTERDECK_ACTIVATION_CODE\" > {0}; echo '{{}}'; cat; echo left >> {0}", seen.display());
        let fleet = start(program(folder.path(), &script), hub.address(), activation(&hub, 3).await.unwrap(), 3).await.unwrap();
        end(Some(fleet)).await;
        let text = std::fs::read_to_string(seen).unwrap();
        let (arguments, rest) = text.split_once(" / ").unwrap();
        let (code, left) = rest.split_once('\n').unwrap();
        assert!(code.len() > 10 && !arguments.contains(code) && arguments.contains("--nodes 3"), "{text}");
        assert_eq!(left, "left\n");
        assert_eq!(remove_left(&hub).await.unwrap(), 0);
        let activations = hub.call(Operation::DescribeActivations, json!({})).await.unwrap();
        assert_eq!(activations["ActivationList"], json!([]), "the activation is gone with them");
        hub.close().await;
    }

    #[tokio::test]
    async fn a_start_that_fails_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(&folder.path().join("plane")).await;
        let started = start(program(folder.path(), "exit 3"), hub.address(), activation(&hub, 1).await.unwrap(), 1).await;
        let Err(error) = started else { panic!("it did not fail") };
        assert!(error.code == "SimulationFailed" && error.message.contains("exit status: 3"), "{error:?}");
        let simulation = Simulation::default();
        assert_eq!(simulation.start(&hub, 0).await.unwrap_err().code, "ValidationException");
        assert_eq!(simulation.status().await, Status::default());
        hub.close().await;
    }
}
