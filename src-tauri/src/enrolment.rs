//! Keeps this machine a node: registers it on the first start, tries again where that fails, and lets it go when somebody removes it.
//!
//! A node that was removed from the hub is refused for ever under its old id, and one that enrols anew by itself could not be removed at
//! all. So a removal is remembered, and only the person's wish enrols this machine again.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::embedded::Embedded;
use crate::local::Local;
use crate::local::settings::THIS_MACHINE_REMOVED;
use crate::this_machine::{Agent, NodeError, NodeState, stopped};

/// First and longest wait before an enrolment that failed is tried again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How often the hub is asked whether it still knows this machine, beside listening to its events.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Detail type of AWS's event for a node that was removed.
const DEREGISTERED: &str = "SSM Managed Instance Deregistration";

/// This machine and the hub it is to be a node of.
pub struct Enrolment<'a> {
    pub hub: &'a Embedded,
    pub local: &'a Local,
    /// Where the agent's program is; looked for anew with every try.
    pub program: PathBuf,
    pub data_dir: PathBuf,
    pub state: &'a watch::Sender<NodeState>,
    /// Counts the person's wishes to try again.
    pub again: watch::Receiver<u64>,
    pub stop: watch::Receiver<bool>,
}

/// How one life of the agent ended.
enum End {
    AppQuits,
    Removed,
}

impl Enrolment<'_> {
    /// Until the app quits.
    pub async fn keep(mut self) {
        let mut wait = FIRST_WAIT;
        while !*self.stop.borrow() {
            self.again.borrow_and_update();
            if self.local.flag_setting(THIS_MACHINE_REMOVED, false) {
                self.state.send_replace(NodeState::Removed);
                self.pause(None).await;
                continue;
            }
            match self.live().await {
                Ok(End::AppQuits) => return,
                Ok(End::Removed) => wait = FIRST_WAIT,
                Err(error @ NodeError::NoAgent(_)) => {
                    tracing::warn!(%error, "this machine is not a node");
                    self.state.send_replace(NodeState::Unavailable { reason: error.to_string() });
                    self.pause(None).await;
                }
                Err(error) => {
                    tracing::warn!(%error, ?wait, "this machine is not a node; trying again");
                    self.state.send_replace(NodeState::Retrying { reason: error.to_string(), wait_ms: wait.as_millis() as u64 });
                    self.pause(Some(wait)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        self.state.send_replace(NodeState::Stopped);
    }

    /// Until `wait` is over, the person wants to try again, or the app quits.
    async fn pause(&mut self, wait: Option<Duration>) {
        let over = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            _ = self.again.changed() => {}
            () = stopped(&mut self.stop) => {}
        }
    }

    /// Registers this machine where it is not, and keeps its agent running until the app quits or the node is removed.
    async fn live(&mut self) -> Result<End, NodeError> {
        let agent = Agent::at(self.program.clone(), self.data_dir.clone(), self.hub.address().clone())?;
        if agent.instance_id().is_none() {
            self.state.send_replace(NodeState::Registering);
            agent.register(self.hub.activation().await?).await?;
        }
        let id = agent.instance_id().ok_or_else(|| NodeError::Registration("the agent wrote no registration".to_owned()))?;
        let (halt, mut halted) = watch::channel(false);
        let running = agent.keep_running(self.state, &mut halted);
        tokio::pin!(running);
        let end = tokio::select! {
            () = &mut running => End::AppQuits,
            () = stopped(&mut self.stop) => End::AppQuits,
            () = removed(self.hub, &id) => End::Removed,
        };
        halt.send_replace(true);
        if !matches!(*self.state.borrow(), NodeState::Stopped) {
            running.await;
        }
        if matches!(end, End::Removed) {
            tracing::warn!(instance_id = id, "this machine was removed from the hub");
            // Written first: an app that ends in between does not come back as another node.
            if let Err(error) = self.local.set_setting(THIS_MACHINE_REMOVED, &true.into()) {
                tracing::warn!(%error, "local state was not written");
            }
            if let Err(error) = agent.forget().await {
                tracing::warn!(%error, "the agent kept its registration");
            }
        }
        Ok(end)
    }
}

/// Until the hub does not know node `id` any more.
async fn removed(hub: &Embedded, id: &str) {
    let mut events = hub.events(None);
    let mut asking = tokio::time::interval(ASK_AGAIN);
    asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // An event may be missed, while nobody listened or the app was away; the hub's answer counts.
            _ = asking.tick() => {}
            page = events.next() => match page {
                Ok(Some(page)) if page.iter().any(|event| is_removal(event, id)) => {}
                Ok(Some(_)) => continue,
                Ok(None) => return std::future::pending().await,
                Err(error) => {
                    tracing::debug!(%error, "the event stream failed");
                    asking.tick().await;
                }
            },
        }
        match hub.knows_node(id).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::debug!(code = error.code, "the hub did not say whether it knows this machine"),
        }
    }
}

fn is_removal(event: &Value, id: &str) -> bool {
    event["detail-type"] == DEREGISTERED && event["detail"]["instance-id"] == id
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    /// An agent that does what its script says at `register`, and runs until its standard input closes.
    fn program(folder: &Path, register: &str) -> PathBuf {
        let program = folder.join("agent.sh");
        let script = format!(
            "#!/bin/sh\ndir=$3; cd {0}\ncase $1 in\nregister) {register};;\nrun) exec cat;;\n\
             deregister-local) rm $dir/registration.json; echo >> forgotten;;\nesac\n",
            folder.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    struct Kept {
        state: watch::Receiver<NodeState>,
        again: watch::Sender<u64>,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
        local: Arc<Local>,
    }

    impl Kept {
        async fn start(folder: &Path, program: PathBuf) -> Self {
            let local = Arc::new(Local::in_memory().unwrap());
            let hub = Embedded::open(&folder.join("plane"), &local).await.unwrap();
            let state = Arc::new(watch::Sender::new(NodeState::Waiting));
            let (again, asked) = watch::channel(0);
            let (stop, stopped) = watch::channel(false);
            let data_dir = folder.join("agent");
            std::fs::create_dir_all(&data_dir).unwrap();
            let (kept, seen) = (local.clone(), state.subscribe());
            let task = tokio::spawn(async move {
                let enrolment = Enrolment { hub: &hub, local: &kept, program, data_dir, state: &state, again: asked, stop: stopped };
                enrolment.keep().await;
                hub.close().await;
            });
            Self { state: seen, again, stop, task, local }
        }

        async fn wait_for(&mut self, what: &str, is: impl FnMut(&NodeState) -> bool) -> NodeState {
            let found = tokio::time::timeout(Duration::from_secs(60), self.state.wait_for(is)).await;
            found.unwrap_or_else(|_| panic!("{what}")).unwrap().clone()
        }

        async fn stop(self) {
            self.stop.send_replace(true);
            self.task.await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_enrolment_that_fails_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo try >> tries; [ $(wc -l < tries) -ge 3 ] || { echo 'no hub' >&2; exit 1; }; \
                      echo '{\"InstanceId\":\"mi-1\"}' > $dir/registration.json";
        let program = program(folder.path(), script);
        let hidden = folder.path().join("away");
        std::fs::rename(&program, &hidden).unwrap();
        let mut kept = Kept::start(folder.path(), program.clone()).await;
        kept.wait_for("no program", |state| matches!(state, NodeState::Unavailable { .. })).await;
        std::fs::rename(&hidden, &program).unwrap();
        kept.again.send_modify(|asked| *asked += 1);
        let retrying = kept.wait_for("a first failure", |state| matches!(state, NodeState::Retrying { .. })).await;
        assert_eq!(retrying, NodeState::Retrying { reason: "registration failed: no hub".to_owned(), wait_ms: 1000 });
        kept.wait_for("the agent", |state| matches!(state, NodeState::Running { .. })).await;
        kept.stop().await;
        assert_eq!(std::fs::read_to_string(folder.path().join("tries")).unwrap().lines().count(), 3);
    }

    #[tokio::test]
    async fn a_node_that_the_hub_does_not_know_is_let_go_until_the_person_wants_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo try >> tries; echo '{\"InstanceId\":\"mi-00000000000000001\"}' > $dir/registration.json";
        let mut kept = Kept::start(folder.path(), program(folder.path(), script)).await;
        kept.wait_for("the removal", |state| *state == NodeState::Removed).await;
        assert!(folder.path().join("forgotten").exists());
        assert!(kept.local.flag_setting(THIS_MACHINE_REMOVED, false));
        kept.local.set_setting(THIS_MACHINE_REMOVED, &Value::Null).unwrap();
        kept.again.send_modify(|asked| *asked += 1);
        kept.wait_for("another registration", |state| *state != NodeState::Removed).await;
        kept.stop().await;
        assert_eq!(std::fs::read_to_string(folder.path().join("tries")).unwrap().lines().count(), 2);
    }

    #[test]
    fn only_our_own_removal_counts() {
        let event = serde_json::json!({ "detail-type": DEREGISTERED, "detail": { "instance-id": "mi-1" } });
        assert!(is_removal(&event, "mi-1"));
        assert!(!is_removal(&event, "mi-2"));
    }
}
