//! The program itself against a hub: register, run, lose the connection, stop.

use crate::hub::Hub;
use crate::life::{INSTANCE, one, wait};
use qd_wire::payload::agent_job_reply::DocumentStatus;
use qd_wire::payload::{AgentJob, JobId, SendCommandContent};
use serde_json::json;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;

pub fn program(arguments: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck-agent"));
    command.args(arguments).arg("--data-dir").arg(dir).stdin(Stdio::null());
    command
}

pub fn register(hub: &Hub, dir: &Path) -> std::process::Output {
    registration(&hub.url, dir).output().unwrap()
}

pub fn registration(url: &str, dir: &Path) -> Command {
    let id = "11111111-2222-4333-8444-555555555555";
    program(&["register", "--endpoint", url, "--activation-id", id, "--activation-code", "abcdefghijklmnopqrst"], dir)
}

pub struct Running(Child);

impl Running {
    pub fn start(dir: &Path) -> Self {
        Self(program(&["run"], dir).spawn().unwrap())
    }

    pub fn of(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn signal(&mut self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn job(command: &str, script: &str) -> AgentJob {
    job_of(command, one(script))
}

fn job_of(command: &str, document: serde_json::Value) -> AgentJob {
    let content: SendCommandContent = serde_json::from_value(json!({"DocumentContent": document, "CommandId": command})).unwrap();
    AgentJob::send(JobId::new(command, INSTANCE).unwrap(), &content)
}

fn ended(hub: &Hub, command: &str) -> DocumentStatus {
    let id = JobId::new(command, INSTANCE).unwrap();
    hub.wait(|seen| {
        let replies = Hub::replies(seen);
        let mut contents = replies.iter().filter(|(_, r)| r.job_id == id).map(|(_, r)| r.reply_content().unwrap());
        contents.find(|c| c.document_status.is_terminal()).map(|c| c.document_status)
    })
}

#[test]
fn from_registration_to_the_end() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    let early = program(&["run"], dir.path()).output().unwrap();
    assert!(!early.status.success() && String::from_utf8_lossy(&early.stderr).contains("register"));
    let done = register(&hub, dir.path());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains(INSTANCE));
    assert!(!register(&hub, dir.path()).status.success(), "a second registration needs --force");
    let mut agent = Running::start(dir.path());
    // The hub asks for a new key pair with the first token; the rotation is signed, and the agent goes on.
    hub.wait(|seen| {
        seen.calls.iter().find(|(name, ..)| name == "UpdateManagedInstancePublicKey").map(|(_, auth, body)| (auth.clone(), body.clone()))
    });
    let opened = hub.wait(|seen| seen.opened.first().map(|open| (open.token_value.clone(), open.streams_output())));
    assert_eq!(opened, ("token-1".to_owned(), true));
    hub.wait(|seen| {
        seen.calls
            .iter()
            .find(|(name, _, body)| name == "UpdateInstanceInformation" && body["SSMConnectionChannel"] == "ssmmessages")
            .map(|_| ())
    });
    assert!(
        !Command::new(env!("CARGO_BIN_EXE_quarterdeck-agent"))
            .args(["run", "--data-dir"])
            .arg(dir.path())
            .output()
            .unwrap()
            .status
            .success()
    );
    let status = program(&["status"], dir.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains(", running"));
    hub.send(&job("c1", "echo over the wire"));
    assert_eq!(ended(&hub, "c1"), DocumentStatus::Success);
    agent.signal(rustix::process::Signal::TERM);
    hub.wait(|seen| (seen.goodbyes == 1).then_some(()));
    let wiped = program(&["deregister-local"], dir.path()).output().unwrap();
    assert!(wiped.status.success() && !dir.path().join("registration.json").exists() && !dir.path().join("key.json").exists());
    let first = hub.seen.lock().unwrap();
    assert_eq!(first.calls[0].1, "", "registration is anonymous");
    assert!(first.calls[1].1.contains(&format!("Credential={INSTANCE}/")), "the role token is asked for with the node's key");
}

#[test]
fn an_attached_agent_ends_with_its_program_and_the_next_one_goes_where_the_hub_is_now() {
    let (before, now, dir) = (Hub::start(), Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&before, dir.path()).status.success());
    let mut first = program(&["run", "--attached"], dir.path()).stdin(Stdio::piped()).spawn().unwrap();
    let program_of_first = first.stdin.take();
    before.wait(|seen| (seen.opened.len() == 1).then_some(()));
    // The second starts while the first still runs: it waits for it, and neither is in the other's way.
    let mut second = program(&["run", "--attached", "--endpoint", &now.url], dir.path()).stdin(Stdio::piped()).spawn().unwrap();
    let program_of_second = second.stdin.take();
    drop(program_of_first);
    assert!(first.wait().unwrap().success(), "it ends in good order");
    now.wait(|seen| (seen.opened.len() == 1).then_some(()));
    assert_eq!(before.seen.lock().unwrap().opened.len(), 1, "nobody went to where the hub was");
    let stored = std::fs::read_to_string(dir.path().join("registration.json")).unwrap();
    assert!(stored.contains(&before.url), "the registration stays as it was");
    drop(program_of_second);
    assert!(second.wait().unwrap().success());
}

#[test]
fn a_lost_connection_costs_nothing() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let mut agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    hub.acknowledging.store(false, Ordering::SeqCst);
    let go = dir.path().join("go");
    hub.send(&job("c1", &format!("while [ ! -e {} ]; do sleep 0.02; done", go.display())));
    hub.wait(|seen| (!seen.messages.is_empty()).then_some(()));
    hub.to_agent.send(None).unwrap();
    std::fs::write(&go, "").unwrap();
    hub.wait(|seen| (seen.opened.len() == 2).then_some(()));
    assert_eq!(ended(&hub, "c1"), DocumentStatus::Success);
    // Not acknowledged, so it comes again with the same id: after a reconnect, and after kill -9.
    let count = |seen: &crate::hub::Seen| {
        Hub::replies(seen).iter().filter(|(_, r)| r.reply_content().unwrap().document_status.is_terminal()).count()
    };
    let before = hub.wait(|seen| Some(count(seen)));
    agent.signal(rustix::process::Signal::KILL);
    hub.acknowledging.store(true, Ordering::SeqCst);
    let _agent = Running::start(dir.path());
    hub.wait(|seen| (count(seen) > before).then_some(()));
    let seen = hub.seen.lock().unwrap();
    let mut ids: Vec<_> = Hub::replies(&seen)
        .into_iter()
        .filter(|(_, r)| r.reply_content().unwrap().document_status.is_terminal())
        .map(|(id, _)| id)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    drop(seen);
    wait(|| std::fs::read_dir(dir.path().join("replies")).unwrap().next().is_none().then_some(()));
}

#[test]
fn a_document_from_the_hub_outlives_the_agent_that_fetched_it() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let (began, go) = (dir.path().join("began"), dir.path().join("go"));
    let inner = one(&format!("echo ran >> {}; while [ ! -e {} ]; do sleep 0.02; done", began.display(), go.display()));
    hub.seen.lock().unwrap().documents.push(inner.to_string());
    let mut agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    let outer = json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:runDocument","name":"d",
        "inputs":{"documentType":"SSMDocument","documentPath":"Inner"}}]});
    hub.send(&job_of("c1", outer));
    wait(|| began.exists().then_some(()));
    agent.signal(rustix::process::Signal::KILL);
    let _agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 2).then_some(()));
    std::fs::write(&go, "").unwrap();
    assert_eq!(ended(&hub, "c1"), DocumentStatus::Success);
    assert_eq!(std::fs::read_to_string(&began).unwrap(), "ran\n");
}

/// The process from which the agent's supervisors come.
#[cfg(target_os = "linux")]
fn nursery(agent: u32) -> Option<rustix::process::Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{agent}/task")).ok()?;
    let children: String = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok()).collect();
    let named = |pid: &&str| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "qd-nursery");
    children.split_whitespace().find(named)?.parse().ok().and_then(rustix::process::Pid::from_raw)
}

#[cfg(target_os = "linux")]
#[test]
fn scripts_start_with_and_without_a_nursery_which_ends_with_its_agent() {
    use rustix::process::{Signal, kill_process, test_kill_process};
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let mut agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    let first = nursery(agent.0.id()).expect("a nursery");
    // The script's parent is a supervisor, and that is a child of the nursery.
    let is_its_grandchild = format!("read _ _ _ grandparent _ < /proc/$PPID/stat && test $grandparent = {}", first.as_raw_nonzero());
    hub.send(&job("c1", &is_its_grandchild));
    assert_eq!(ended(&hub, "c1"), DocumentStatus::Success);
    // Ctrl-C in a terminal reaches it too, and is the agent's to answer.
    kill_process(first, Signal::INT).unwrap();
    hub.send(&job("c2", "true"));
    assert_eq!(ended(&hub, "c2"), DocumentStatus::Success);
    assert_eq!(nursery(agent.0.id()), Some(first));
    kill_process(first, Signal::KILL).unwrap();
    let state = format!("/proc/{}/stat", first.as_raw_nonzero());
    wait(|| std::fs::read_to_string(&state).is_ok_and(|stat| stat.contains(") Z ")).then_some(()));
    hub.send(&job("c3", "true"));
    assert_eq!(ended(&hub, "c3"), DocumentStatus::Success);
    assert_eq!(nursery(agent.0.id()), None, "not even its remains");
    agent.signal(Signal::KILL);
    let agent = Running::start(dir.path());
    let second = wait(|| nursery(agent.0.id()));
    drop(agent);
    wait(|| test_kill_process(second).is_err().then_some(()));
}

#[test]
fn garbage_from_the_hub_is_dropped() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let _agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    let mut broken = qd_wire::AgentMessage::carrying(&job("c0", "true"), uuid::Uuid::new_v4(), 1);
    broken.payload = bytes::Bytes::from_static(b"{not json");
    hub.to_agent.send(Some(broken.clone())).unwrap();
    broken.message_type = qd_wire::MessageType::from_name("something_new").unwrap();
    hub.to_agent.send(Some(broken)).unwrap();
    hub.send(&job("c1", "true"));
    assert_eq!(ended(&hub, "c1"), DocumentStatus::Success);
    assert_eq!(hub.seen.lock().unwrap().opened.len(), 1);
}
