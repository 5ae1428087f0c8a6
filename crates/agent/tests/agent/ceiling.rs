//! The ceiling by control groups, with real groups. It takes root and a system on cgroup v2 whose root group offers the controllers;
//! elsewhere these tests say so and do nothing, unless `QUARTERDECK_REQUIRE_CGROUP` is set. Limits without groups are tested beside.

use crate::process::{alive, order, pid_in, run_in, supervisor, until_end, wait_for};
use qd_agent::process::ceiling::Ceiling;
use qd_agent::process::running::Running;
use qd_agent::process::{Cause, Order, StepFiles, cgroup};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CONTROLLERS: &str = "+cpu +memory +pids";

/// A group divided as the agent divides its own.
struct Divided(PathBuf);

impl Divided {
    fn new(name: &str) -> Option<Self> {
        match Self::make(&Path::new("/sys/fs/cgroup").join(format!("quarterdeck-test-{}-{name}", std::process::id()))) {
            Ok(divided) => Some(divided),
            Err(reason) => {
                assert!(std::env::var_os("QUARTERDECK_REQUIRE_CGROUP").is_none(), "no control groups: {reason}");
                eprintln!("NOT RUN: this machine gives no control groups (cgroup v2) to divide: {reason}");
                None
            }
        }
    }

    fn make(base: &Path) -> Result<Self, String> {
        let said = |what: &str, error: std::io::Error| format!("{what}: {error}");
        let root = base.parent().ok_or("no root")?;
        let offered = fs::read_to_string(root.join("cgroup.controllers")).map_err(|error| said("cgroup.controllers", error))?;
        if !["cpu", "memory", "pids"].iter().all(|name| offered.split_whitespace().any(|offer| offer == *name)) {
            return Err(format!("the root group offers only '{}'", offered.trim()));
        }
        fs::write(root.join("cgroup.subtree_control"), CONTROLLERS).map_err(|error| said("dividing the root group", error))?;
        fs::create_dir(base).map_err(|error| said("making a group", error))?;
        let divided = Self(base.to_path_buf());
        fs::create_dir(cgroup::agent_group(base)).map_err(|error| said("making a group", error))?;
        fs::write(base.join("cgroup.subtree_control"), CONTROLLERS).map_err(|error| said("dividing a group", error))?;
        Ok(divided)
    }

    fn ceiling(&self) -> Ceiling {
        Ceiling { cgroup: Some(self.0.clone()), group: "step-1".into(), cpu_percent: 100, ..Ceiling::default() }
    }

    fn step(&self) -> PathBuf {
        self.0.join("step-1")
    }
}

impl Drop for Divided {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        for _ in 0..200 {
            for child in fs::read_dir(&self.0).into_iter().flatten().flatten() {
                let _ = fs::remove_dir(child.path());
            }
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

fn order_under(text: &str, ceiling: Ceiling) -> Order {
    Order { ceiling, ..order(text) }
}

#[tokio::test]
async fn a_step_that_takes_too_much_memory_dies_and_nothing_else_does() {
    let Some(divided) = Divided::new("memory") else { return };
    let dir = tempfile::tempdir().unwrap();
    let ceiling = Ceiling { memory_bytes: 16 << 20, ..divided.ceiling() };
    // A line without an end is kept whole by whoever looks for the last one.
    let text = "head -c 60000000 /dev/zero | tail -n 1 | wc -c; head -c 60000000 /dev/zero | tail -n 1 >/dev/null";
    let (record, out, _) = run_in(dir.path(), &order_under(text, ceiling)).await;
    let out = String::from_utf8_lossy(&out);
    assert!(record.ceiling.contains("memory.max=16777216"), "{}", record.ceiling);
    assert_eq!((record.cause, record.code), (Cause::Exited, 137), "{out}");
    assert_eq!(out.trim(), "0", "the script itself went on");
    wait_for(|| (!divided.step().exists()).then_some(())).await;
}

#[tokio::test]
async fn a_step_cannot_fill_the_process_table() {
    let Some(divided) = Divided::new("pids") else { return };
    let dir = tempfile::tempdir().unwrap();
    let ceiling = Ceiling { pids: 10, ..divided.ceiling() };
    let text = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 300 >/dev/null 2>&1 & done; echo all";
    let (record, out, err) = run_in(dir.path(), &order_under(text, ceiling)).await;
    assert!(record.ceiling.contains("pids.max=10"), "{}", record.ceiling);
    assert_ne!(record.code, 0);
    assert!(out.is_empty() && String::from_utf8_lossy(&err).contains("fork"), "{}", String::from_utf8_lossy(&err));
}

#[tokio::test]
async fn what_left_its_session_is_killed_with_its_group() {
    let Some(divided) = Divided::new("kill") else { return };
    let dir = tempfile::tempdir().unwrap();
    let (files, pid_file) = (StepFiles::new(dir.path()), dir.path().join("pid"));
    let text = format!("setsid sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 1; done' & sleep 300", pid_file.display());
    let mut running = Running::start(&supervisor(), &files, &order_under(&text, divided.ceiling())).await.unwrap();
    let escaped = pid_in(&pid_file).await;
    let members = fs::read_to_string(divided.step().join("cgroup.procs")).unwrap();
    assert!(members.lines().any(|pid| pid == escaped.to_string()), "{members}");
    running.request_stop();
    assert_eq!(until_end(&mut running).await.cause, Cause::Cancelled);
    wait_for(|| (!alive(escaped)).then_some(())).await;
    wait_for(|| (!divided.step().exists()).then_some(())).await;
}

#[tokio::test]
async fn room_is_made_for_a_new_agent_and_the_limits_of_running_steps_come_back() {
    let Some(divided) = Divided::new("room") else { return };
    let step = divided.step();
    let left_over = divided.0.join("step-2");
    fs::create_dir(&step).unwrap();
    fs::create_dir(&left_over).unwrap();
    let mut script = Command::new("sleep").arg("300").spawn().unwrap();
    fs::write(step.join("cgroup.procs"), script.id().to_string()).unwrap();
    let base = divided.0.display();
    let enter = format!("echo $$ > {base}/cgroup.procs");
    let in_base = |then: &str| Command::new("sh").args(["-ec", &format!("{enter}; {then}")]).status().unwrap().success();
    assert!(!in_base("true"), "a divided group takes no process, or there would be nothing to make room for");

    // As systemd does: the auxiliary command has a group of its own.
    let program = env!("CARGO_BIN_EXE_quarterdeck-agent");
    let control = format!("mkdir -p {base}/.control; echo $$ > {base}/.control/cgroup.procs; exec {program} make-room");
    assert!(Command::new("sh").args(["-ec", &control]).status().unwrap().success());
    assert!(in_base("true"));

    fs::write(divided.0.join("cgroup.subtree_control"), CONTROLLERS).unwrap();
    Ceiling { memory_bytes: 64 << 20, pids: 20, ..divided.ceiling() }.renew();
    assert_eq!(fs::read_to_string(step.join("memory.max")).unwrap().trim(), "67108864");
    assert_eq!(fs::read_to_string(step.join("pids.max")).unwrap().trim(), "20");
    assert!(!left_over.exists(), "a group that nothing lives in is removed");
    script.kill().unwrap();
    script.wait().unwrap();
}
