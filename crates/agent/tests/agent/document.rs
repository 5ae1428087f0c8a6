//! Documents from job to reply, over restarts of agent and machine.

use crate::life::{INSTANCE, Life, config, one, shell, wait};
use qd_agent::config::Config;
use qd_agent::document::state::{Progress, State};
use qd_agent::home::Home;
use qd_wire::payload::agent_job_reply::DocumentStatus;
use qd_wire::payload::{AgentJob, JobId, OutputStream};
use serde_json::json;
use std::path::Path;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

fn documents(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("documents")).unwrap().count()
}

#[test]
fn a_command_is_acknowledged_run_and_reported() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", one("echo hi; echo oops >&2; exit 3"));
    assert_eq!(life.ack(&job), "200");
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Failed);
    let step = &last.runtime_status["run"];
    assert_eq!((step.code, step.name.as_str(), step.step_name.as_str()), (3, "aws:runShellScript", "run"));
    assert_eq!(step.standard_output, "hi\n");
    assert_eq!(step.standard_error, "oops\nfailed to run commands: exit status 3");
    assert_eq!(step.output, "hi\n\n----------ERROR-------\noops\nfailed to run commands: exit status 3");
    assert_eq!(last.additional_info.runtime_status_counts["Failed"], 1);
    wait(|| (documents(dir.path()) == 0).then_some(()));
    // Delivered again, while remembered and after a restart: not run again.
    life.send("c1", one("echo hi"));
    life.wait(|h| (h.acks.len() == 2).then_some(()));
    assert_eq!(life.heard().acks[1].1, "51405");
    life.kill();
    let life = Life::begin(dir.path(), config(), "boot");
    assert_eq!(life.ack(&life.send("c1", one("echo hi"))), "51405");
}

#[test]
fn schema_1_2_and_the_environment_of_scripts() {
    let dir = dir();
    let life = Life::begin(dir.path(), Config { environment: vec![("SITE".into(), "here".into())], ..config() }, "boot");
    let document = json!({"schemaVersion":"1.2","parameters":{"commands":{"type":"StringList"}},
        "runtimeConfig":{"aws:runShellScript":{"properties":[{"id":"0.aws:runShellScript","runCommand":"{{ commands }}"}]}}});
    let script = "echo $AWS_SSM_INSTANCE_ID/$AWS_SSM_REGION_NAME/$SSM_COMMAND_ID/$SITE/${AWS_SECRET_ACCESS_KEY:-none}";
    let job = life.send_with("c1", document, json!({"commands": [script, "pwd"]}), false);
    let step = life.last(&job).runtime_status["aws:runShellScript"].clone();
    assert_eq!(step.standard_output, format!("{INSTANCE}/local-1/c1/here/none\n/\n"));
    assert_eq!(step.step_name, "");
}

#[test]
fn a_document_that_cannot_run_says_why() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", json!({"schemaVersion":"0.3"}));
    assert_eq!(life.ack(&job), "51408");
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Failed);
    assert!(last.document_trace_output.contains("0.3"), "{}", last.document_trace_output);
    let unreadable = AgentJob {
        content: "{".into(),
        job_id: JobId::new("c2", INSTANCE).unwrap(),
        topic: "aws.ssm.sendCommand".into(),
        schema_version: 1,
    };
    life.take(&unreadable);
    assert_eq!(life.ack(&unreadable.job_id), "51408");
    let foreign = AgentJob { job_id: JobId::new("c3", "mi-00000000000000000").unwrap(), ..unreadable.clone() };
    life.take(&foreign);
    assert_eq!(life.ack(&foreign.job_id), "51406");
    let topic = AgentJob { topic: "aws.ssm.other".into(), job_id: JobId::new("c4", INSTANCE).unwrap(), ..unreadable };
    life.take(&topic);
    assert_eq!(life.ack(&topic.job_id), "51403");
}

#[test]
fn flow_words_and_exit_codes() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    let run = |command: &str, document| {
        let job = life.send(command, document);
        let status = life.last(&job).document_status.to_string();
        (status, life.steps(&job).into_values().collect::<Vec<_>>().join(" "))
    };
    let none = json!({});
    let (a, b, c) = ("a", "b", "c");
    let fin = json!({"finallyStep": true});
    let case = |command: &str, first: &str, more: &serde_json::Value| {
        run(command, shell(&[(a, first, more.clone()), (b, "true", none.clone()), (c, "true", fin.clone())]))
    };
    let ok = |text: &str, steps: &str| (text.to_owned(), steps.to_owned());
    assert_eq!(case("c1", "exit 1", &none), ok("Failed", "Failed Success Success"));
    assert_eq!(case("c2", "exit 1", &json!({"onFailure": "exit"})), ok("Failed", "Failed Skipped Success"));
    assert_eq!(case("c3", "exit 1", &json!({"onFailure": "successAndExit"})), ok("Success", "Success Skipped Success"));
    assert_eq!(case("c4", "exit 0", &json!({"onSuccess": "exit"})), ok("Success", "Success Skipped Success"));
    assert_eq!(case("c5", "exit 168", &none), ok("Success", "Success Skipped Success"));
    assert_eq!(case("c6", "exit 169", &none), ok("Failed", "Failed Skipped Success"));
    let other = json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:psModule","name":"a","inputs":{}},
        {"action":"aws:runShellScript","name":"b","precondition":{"StringEquals":["platformType","Windows"]},"inputs":{"runCommand":["false"]}}]});
    assert_eq!(run("c7", other), ok("Success", "Skipped Skipped"));
    // What this node lacks is no failure where the step is not for this node.
    let lacking = json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:configurePackage","name":"a",
        "precondition":{"StringEquals":["platformType","Windows"]},"inputs":{"name":"x","action":"Install"}}]});
    assert_eq!(run("c9", lacking), ok("Success", "Skipped"));
    let failed = json!({"schemaVersion":"2.0","mainSteps":[{"action":"aws:psModule","name":"a","inputs":{}}]});
    assert_eq!(run("c8", failed), ok("Failed", "Failed"));
}

#[test]
fn a_cancel_kills_what_runs_and_leaves_out_what_waits() {
    let dir = dir();
    let life = Life::begin(dir.path(), Config { parallel_documents: 1, queued_documents: 1, ..config() }, "boot");
    let marks = dir.path().join("marks");
    let running =
        life.send("c1", shell(&[("a", &format!("echo x >> {}; sleep 600", marks.display()), json!({})), ("b", "true", json!({}))]));
    wait(|| (lines(&marks) == 1).then_some(()));
    let queued = life.send("c2", one(&format!("echo x >> {}", marks.display())));
    assert_eq!(life.ack(&queued), "200");
    assert_eq!(life.ack(&life.send("c3", one("true"))), "51402");
    life.cancel(&queued);
    assert_eq!(life.last(&queued).document_status, DocumentStatus::Cancelled);
    life.cancel(&running);
    assert_eq!(life.last(&running).document_status, DocumentStatus::Cancelled);
    let heard = life.heard();
    let step = heard.replies.iter().find_map(|(_, _, c)| c.runtime_status.get("a")).unwrap();
    assert_eq!((step.code, step.status.as_str()), (137, "Cancelled"));
    assert_eq!(lines(&marks), 1);
}

#[test]
fn a_cancel_that_comes_before_a_silent_script_has_begun_ends_it() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    // Several, so that some are cut off between the order and the moment at which their supervisor listens.
    let jobs: Vec<_> = (0..6).map(|n| life.send(&format!("c{n}"), one("sleep 600"))).collect();
    for job in &jobs {
        assert_eq!(life.ack(job), "200");
        life.cancel(job);
    }
    for job in &jobs {
        assert_eq!(life.last(job).document_status, DocumentStatus::Cancelled);
    }
}

#[test]
fn a_timeout_is_told_from_a_failure() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", shell(&[("run", "echo before; sleep 600", json!({"timeoutSeconds": "5"}))]));
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::TimedOut);
    assert_eq!((last.runtime_status["run"].code, last.runtime_status["run"].standard_output.as_str()), (137, "before\n"));
    // As the hub reads it.
    let job = life.send("c2", shell(&[("run", "sleep 600", json!({"timeoutSeconds": 5.0}))]));
    assert_eq!(life.last(&job).document_status, DocumentStatus::TimedOut);
}

#[test]
fn a_killed_agent_neither_loses_nor_repeats() {
    let dir = dir();
    let (marks, go) = (dir.path().join("marks"), dir.path().join("go"));
    let script = format!("echo ran >> {m}; while [ ! -e {g} ]; do sleep 0.02; done; echo finished", m = marks.display(), g = go.display());
    let document = shell(&[("a", &script, json!({})), ("b", &format!("echo ran >> {}", marks.display()), json!({}))]);
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", document);
    wait(|| (lines(&marks) == 1).then_some(()));
    life.kill();
    // The script ends while there is no agent.
    std::fs::write(&go, "").unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    assert_eq!(life.last(&job).document_status, DocumentStatus::Success);
    assert_eq!(life.steps(&job).len(), 2);
    assert_eq!(lines(&marks), 2);
    wait(|| (documents(dir.path()) == 0).then_some(()));
}

#[test]
fn replies_wait_for_a_hub_over_restarts() {
    let dir = dir();
    let life = Life::begin_with(dir.path(), config(), "boot", false);
    let job = life.send("c1", one("echo kept"));
    wait(|| (life.agent.replies.len() == 1 && life.agent.inbox.is_empty()).then_some(()));
    life.kill();
    let life = Life::begin(dir.path(), config(), "boot");
    assert_eq!(life.last(&job).runtime_status["run"].standard_output, "kept\n");
    assert!(life.agent.replies.is_empty());
}

#[test]
fn a_machine_that_went_down_under_a_step_does_not_repeat_it() {
    let dir = dir();
    let marks = dir.path().join("marks");
    let life = Life::begin(dir.path(), config(), "boot-1");
    let job = life.send("c1", one(&format!("echo ran >> {}; sleep 600", marks.display())));
    wait(|| (lines(&marks) == 1).then_some(()));
    life.kill();
    // A loss of power: the supervisor dies with everything else.
    let step = dir.path().join("documents/c1/0-0");
    let pid: i32 = std::fs::read_to_string(step.join("alive")).unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    let life = Life::begin(dir.path(), config(), "boot-2");
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Failed);
    assert!(last.runtime_status["run"].standard_error.contains("cut off"), "{:?}", last.runtime_status["run"].standard_error);
    assert_eq!(lines(&marks), 1);
}

#[test]
fn a_step_that_asks_for_a_reboot_runs_again_after_it() {
    let dir = dir();
    let (marks, rebooted) = (dir.path().join("marks"), dir.path().join("rebooted"));
    let reboot = || Config { reboot_command: vec!["touch".into(), rebooted.display().to_string()], ..config() };
    let script = format!("echo ran >> {m}; [ $(wc -l < {m}) -ge 2 ] || exit 194", m = marks.display());
    let life = Life::begin(dir.path(), reboot(), "boot-1");
    let job = life.send("c1", shell(&[("a", &script, json!({})), ("b", "true", json!({}))]));
    wait(|| rebooted.exists().then_some(()));
    life.wait(|h| h.replies.iter().any(|(_, _, c)| c.document_status == DocumentStatus::SuccessAndReboot).then_some(()));
    life.kill();
    // The agent restarts but the machine has not: it is asked again, and nothing runs.
    std::fs::remove_file(&rebooted).unwrap();
    let life = Life::begin(dir.path(), reboot(), "boot-1");
    wait(|| rebooted.exists().then_some(()));
    assert_eq!(lines(&marks), 1);
    life.kill();
    let life = Life::begin(dir.path(), reboot(), "boot-2");
    assert_eq!(life.last(&job).document_status, DocumentStatus::Success);
    assert_eq!(lines(&marks), 2);
}

#[test]
fn output_streams_whole_while_and_after_it_runs() {
    let dir = dir();
    let go = dir.path().join("go");
    let life = Life::begin(dir.path(), config(), "boot");
    let script = format!("echo first; while [ ! -e {} ]; do sleep 0.02; done; head -c 3000000 /dev/zero; echo err >&2", go.display());
    let job = life.send_with("c1", one(&script), json!({}), true);
    let key = ("run".to_owned(), OutputStream::Stdout);
    life.wait(|h| h.output.get(&key).filter(|o| *o == b"first\n").map(|_| ()));
    life.kill();
    let life = Life::begin(dir.path(), config(), "boot");
    std::fs::write(&go, "").unwrap();
    life.wait(|h| (h.ended.len() == 2).then_some(()));
    assert_eq!(life.heard().output[&key].len(), 3_000_006);
    assert_eq!(life.heard().output[&("run".to_owned(), OutputStream::Stderr)], b"err\n");
    assert_eq!(life.last(&job).document_status, DocumentStatus::Success);
    wait(|| (documents(dir.path()) == 0).then_some(()));
}

#[test]
fn documents_run_documents() {
    let dir = dir();
    let inner = dir.path().join("inner.yaml");
    std::fs::write(
        &inner,
        "schemaVersion: '2.2'\nparameters:\n  who: {type: String}\nmainSteps:\n- action: aws:runShellScript\n  name: x\n  inputs:\n    runCommand: ['echo hello {{ who }}']\n- action: aws:runShellScript\n  name: y\n  inputs:\n    runCommand: ['echo bad >&2; exit 4']\n",
    )
    .unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    let step = |path: &Path| {
        json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:runDocument","name":"d","inputs":{"documentType":"LocalPath",
        "documentPath":path,"documentParameters":"{\"who\":\"world\"}"}}]})
    };
    let job = life.send_with("c1", step(&inner), json!({}), true);
    let result = life.last(&job).runtime_status["d"].clone();
    assert_eq!((result.status.as_str(), result.code, result.standard_output.as_str()), ("Failed", 4, "hello world\n"));
    assert!(result.standard_error.contains("bad\n") && result.standard_error.contains("y: failed to run commands: exit status 4"));
    // A document that runs itself ends.
    let endless = dir.path().join("endless.json");
    std::fs::write(&endless, step(&endless).to_string()).unwrap();
    let job = life.send("c2", step(&endless));
    assert!(life.last(&job).runtime_status["d"].standard_error.contains("3 deep"));
}

#[test]
fn content_is_fetched_from_git_and_run() {
    let dir = dir();
    let repository = dir.path().join("repository");
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-C"])
            .arg(&repository)
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    std::fs::create_dir(&repository).unwrap();
    std::fs::write(repository.join("run.sh"), "echo from git").unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "x"]);
    let life = Life::begin(dir.path(), config(), "boot");
    let document = |options: &str| {
        json!({"schemaVersion":"2.2","mainSteps":[
        {"action":"aws:downloadContent","name":"get","inputs":{"sourceType":"Git","destinationPath":"src",
            "sourceInfo":json!({"repository":format!("file://{}", repository.display()),"getOptions":options}).to_string()}},
        {"action":"aws:runShellScript","name":"run","inputs":{"workingDirectory":"src","runCommand":["sh ./run.sh"],"onFailure":"exit"}}]})
    };
    let job = life.send("c1", document("branch:main"));
    assert_eq!(life.last(&job).document_status, DocumentStatus::Success, "{:?}", life.steps(&job));
    let output = life.heard().replies.iter().find_map(|(_, _, c)| c.runtime_status.get("run").map(|r| r.standard_output.clone()));
    assert_eq!(output.unwrap(), "from git\n");
    let job = life.send("c2", document("branch:absent"));
    assert_eq!(life.last(&job).document_status, DocumentStatus::Failed);
}

#[test]
fn many_at_once_and_each_exactly_once() {
    let dir = dir();
    let marks = dir.path().join("marks");
    let life = Life::begin(dir.path(), Config { parallel_documents: 8, queued_documents: 100, ..config() }, "boot");
    let jobs: Vec<JobId> = (0..60).map(|n| life.send(&format!("c{n}"), one(&format!("echo {n} >> {}", marks.display())))).collect();
    // Cut off in the middle, twice.
    wait(|| (lines(&marks) >= 10).then_some(()));
    life.kill();
    let life = Life::begin(dir.path(), config(), "boot");
    wait(|| (lines(&marks) >= 25).then_some(()));
    life.kill();
    let life = Life::begin(dir.path(), config(), "boot");
    for (n, job) in jobs.iter().enumerate() {
        // What was killed before its ack is delivered again by a hub; a double delivery is harmless.
        life.send(job.command_id(), one(&format!("echo {n} >> {}", marks.display())));
    }
    wait(|| (life.agent.inbox.is_empty()).then_some(()));
    wait(|| (lines(&marks) >= 60).then_some(()));
    let text = std::fs::read_to_string(&marks).unwrap();
    let mut numbers: Vec<usize> = text.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_still_runs_commands() {
    let dir = dir();
    let small = dir.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k", "none"]).arg(&small).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("not allowed to mount a small file system here; the fall-back is covered by unit tests");
        return;
    }
    let life = Life::begin(&small, config(), "boot");
    // Fills up to the last byte.
    let mut filler = std::fs::File::create(small.join("filler")).unwrap();
    while std::io::Write::write(&mut filler, &[0; 4096]).is_ok_and(|n| n > 0) {}
    let job = life.send_with("c1", one("echo still here"), json!({}), true);
    let ack = life.ack(&job);
    let last = life.last(&job);
    // What would be forgotten by a reboot does not ask for one.
    let reboot = life.last(&life.send("c2", one("exit 194")));
    let after = life.last(&life.send("c3", one("true")));
    life.kill();
    let _ = std::process::Command::new("umount").arg("-l").arg(&small).status();
    assert_eq!(ack, "200");
    assert_eq!(last.document_status, DocumentStatus::Success);
    assert_eq!(last.runtime_status["run"].standard_output, "still here\n");
    assert!(last.document_trace_output.contains("disk is full"));
    let refused = &reboot.runtime_status["run"];
    assert_eq!((refused.status.as_str(), refused.code), ("Failed", 194));
    assert!(refused.standard_error.contains("asked for a reboot, which this agent could not do"), "{}", refused.standard_error);
    assert_eq!(after.document_status, DocumentStatus::Success);
}

/// A small file system; `None` where this user may not mount.
#[cfg(target_os = "linux")]
struct Small(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Small {
    fn new(dir: &Path, size: &str) -> Option<Self> {
        let small = dir.join("small");
        std::fs::create_dir(&small).unwrap();
        let size = format!("size={size}");
        let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(&small).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(small));
        }
        eprintln!("NOT RUN: not allowed to mount a small file system here");
        None
    }

    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.join("filler")).unwrap();
        while std::io::Write::write(&mut filler, &[0; 4096]).is_ok_and(|n| n > 0) {}
    }
}

#[cfg(target_os = "linux")]
impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
        if let Some(volatile) = Home::new(&self.0).volatile() {
            let _ = std::fs::remove_dir_all(volatile);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_under_a_command_does_not_cut_its_next_step_off() {
    let dir = dir();
    let Some(small) = Small::new(dir.path(), "2m") else { return };
    let (marks, go, go_on) = (dir.path().join("marks"), dir.path().join("go"), dir.path().join("go-on"));
    let life = Life::begin(&small.0, config(), "boot");
    let wait_for = |file: &Path| format!("while [ ! -e {} ]; do sleep 0.02; done", file.display());
    let document = shell(&[
        ("a", &format!("echo a >> {}; {}", marks.display(), wait_for(&go)), json!({})),
        ("b", &format!("echo b >> {}; {}; echo from b", marks.display(), wait_for(&go_on)), json!({})),
        ("c", "echo from c", json!({})),
    ]);
    let job = life.send_with("c1", document, json!({}), true);
    wait(|| (lines(&marks) == 1).then_some(()));
    small.fill();
    std::fs::write(&go, "").unwrap();
    wait(|| (lines(&marks) == 2).then_some(()));
    // Nothing could be noted on the disk, and still nothing is lost or repeated.
    life.kill();
    let life = Life::begin(&small.0, config(), "boot");
    std::fs::write(&go_on, "").unwrap();
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Success, "{:?}", life.heard().replies);
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "a\nb\n");
    let step = |name: &str| life.heard().replies.iter().find_map(|(_, _, c)| c.runtime_status.get(name).map(|r| r.standard_output.clone()));
    assert_eq!((step("b").unwrap(), step("c").unwrap()), ("from b\n".to_owned(), "from c\n".to_owned()));
    let key = ("b".to_owned(), OutputStream::Stdout);
    life.wait(|h| h.ended.contains(&key).then_some(()));
    assert_eq!(life.heard().output[&key], b"from b\n");
    wait(|| {
        let left = Home::new(&small.0).volatile().map_or(0, |volatile| std::fs::read_dir(volatile).unwrap().count());
        (left == 0).then_some(())
    });
}

/// A stored command that leaves a mark.
fn stored(instance: &str, mark: &Path) -> State {
    let content = json!({"Parameters": {}, "DocumentContent": one(&format!("echo ran >> {}", mark.display())), "CommandId": "c1", "DocumentName": "Doc"});
    let job_id = JobId::new("c1", instance).unwrap();
    State { job_id, content: content.to_string(), accepted_ms: 1, progress: Progress::default() }
}

fn store(dir: &Path, state: &State) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("state.json"), serde_json::to_vec(state).unwrap()).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn only_our_own_memory_is_resumed_from() {
    use std::os::unix::fs::PermissionsExt;
    let dir = dir();
    let mark = dir.path().join("mark");
    let digest = qd_agent::digest::hex_of(dir.path().to_string_lossy().as_bytes())[..16].to_owned();
    let open = std::path::PathBuf::from(format!("/dev/shm/quarterdeck-{digest}"));
    store(&open.join("c1"), &stored(INSTANCE, &mark));
    let home = Home::new(dir.path());
    let Ok(ours) = home.make_volatile() else { return eprintln!("NOT RUN: no place in memory for this user") };
    store(&ours.join("c1"), &stored(INSTANCE, &mark));
    std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o777)).unwrap();
    Life::begin(dir.path(), config(), "boot").kill();
    assert!(ours.join("c1").exists(), "not even touched");
    assert!(!mark.exists());
    std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o700)).unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    wait(|| mark.exists().then_some(()));
    wait(|| life.agent.inbox.is_empty().then_some(()));
    life.kill();
    assert_eq!(lines(&mark), 1);
    for left in [open, ours] {
        let _ = std::fs::remove_dir_all(left);
    }
}

#[test]
fn what_is_stored_for_another_node_is_not_run() {
    let dir = dir();
    let mark = dir.path().join("mark");
    let home = Home::new(dir.path());
    home.create().unwrap();
    store(&home.documents().join("c1"), &stored("mi-00000000000000000", &mark));
    let life = Life::begin(dir.path(), config(), "boot");
    assert!(life.agent.inbox.is_empty());
    assert_eq!(documents(dir.path()), 0);
    // Enough for anything that was started to leave its mark.
    life.last(&life.send("c2", one("true")));
    assert!(!mark.exists());
}

#[test]
fn a_machine_that_cannot_be_restarted_fails_the_step_and_nothing_else() {
    let dir = dir();
    let refuse = vec!["sh".to_owned(), "-c".to_owned(), "echo no bus here >&2; exit 1".to_owned()];
    let life = Life::begin(dir.path(), Config { reboot_command: refuse, ..config() }, "boot");
    let job = life.send("c1", shell(&[("a", "echo before; exit 194", json!({})), ("b", "true", json!({}))]));
    assert_eq!(life.last(&job).document_status, DocumentStatus::Failed);
    let told = |h: &crate::life::Heard| {
        h.replies.iter().filter_map(|(_, _, c)| c.runtime_status.get("a")).find(|a| a.status == DocumentStatus::Failed).cloned()
    };
    let a = life.wait(told);
    assert_eq!((a.code, a.standard_output.as_str()), (194, "before\n"));
    assert!(
        a.standard_error.contains("asked for a reboot, which this agent could not do: sh ended with exit status: 1: no bus here"),
        "{a:?}"
    );
    assert_eq!(life.steps(&job)["b"], "Success");
    life.kill();
    let life = Life::begin(dir.path(), Config { reboot_command: vec!["/no/such/program".into()], ..config() }, "boot");
    let last = life.last(&life.send("c2", one("exit 194")));
    assert!(last.runtime_status["run"].standard_error.contains("/no/such/program cannot be run"));
    assert_eq!(life.ack(&life.send("c3", one("true"))), "200", "the node takes commands");
}

#[test]
fn a_machine_that_never_restarts_is_told_so_often_and_no_more() {
    let dir = dir();
    let (marks, told) = (dir.path().join("marks"), dir.path().join("told"));
    let reboot = || Config { reboot_command: vec!["sh".into(), "-c".into(), format!("echo x >> {}", told.display())], ..config() };
    let life = Life::begin(dir.path(), reboot(), "boot");
    let job = life.send("c1", one(&format!("echo ran >> {}; exit 194", marks.display())));
    wait(|| (lines(&told) == 1).then_some(()));
    life.kill();
    for round in 2..=5 {
        let life = Life::begin(dir.path(), reboot(), "boot");
        wait(|| (lines(&told) == round).then_some(()));
        life.kill();
    }
    let life = Life::begin(dir.path(), reboot(), "boot");
    let last = life.last(&job);
    assert!(last.runtime_status["run"].standard_error.contains("it was told 5 times and did not restart"), "{last:?}");
    assert_eq!((lines(&told), lines(&marks)), (5, 1));
    assert_eq!(life.ack(&life.send("c2", one("true"))), "200");
}

#[test]
fn an_unknown_boot_is_no_boot() {
    let dir = dir();
    let (go, began) = (dir.path().join("go"), dir.path().join("began"));
    let life = Life::begin(dir.path(), config(), "");
    assert_eq!(life.last(&life.send("c1", one("true"))).document_status, DocumentStatus::Success);
    let script = format!("touch {}; while [ ! -e {} ]; do sleep 0.02; done", began.display(), go.display());
    let job = life.send("c2", one(&script));
    wait(|| began.exists().then_some(()));
    life.kill();
    let life = Life::begin(dir.path(), config(), "");
    std::fs::write(&go, "").unwrap();
    assert_eq!(life.last(&job).document_status, DocumentStatus::Success);
}

#[test]
fn output_from_before_and_after_a_reboot_is_one() {
    let dir = dir();
    let (marks, rebooted) = (dir.path().join("marks"), dir.path().join("rebooted"));
    let reboot = || Config { reboot_command: vec!["touch".into(), rebooted.display().to_string()], ..config() };
    let script = format!("echo ran >> {m}; wc -l < {m}; [ $(wc -l < {m}) -ge 2 ] || exit 194; echo end", m = marks.display());
    let document = shell(&[("first", "echo earlier", json!({})), ("a", &script, json!({}))]);
    // A hub that hears nothing before the reboot, and one that hears all.
    for listening in [false, true] {
        let command = format!("c-{listening}");
        for file in [&marks, &rebooted] {
            let _ = std::fs::remove_file(file);
        }
        let life = Life::begin_with(dir.path(), reboot(), "boot-1", listening);
        let job = life.send_with(&command, document.clone(), json!({}), true);
        wait(|| rebooted.exists().then_some(()));
        let key = ("a".to_owned(), OutputStream::Stdout);
        if listening {
            life.wait(|h| h.output.get(&key).filter(|o| *o == b"1\n").map(|_| ()));
            assert!(!life.heard().ended.contains(&key), "more may come");
        }
        life.kill();
        let life = Life::begin(dir.path(), reboot(), "boot-2");
        assert_eq!(life.last(&job).document_status, DocumentStatus::Success);
        life.wait(|h| h.ended.contains(&key).then_some(()));
        assert_eq!(life.heard().output[&key], b"1\n2\nend\n");
        if !listening {
            assert_eq!(life.heard().output[&("first".to_owned(), OutputStream::Stdout)], b"earlier\n");
        }
        wait(|| (documents(dir.path()) == 0).then_some(()));
        life.kill();
    }
}

#[test]
fn properties_of_one_plugin_are_one_result() {
    let dir = dir();
    let (marks, go) = (dir.path().join("marks"), dir.path().join("go"));
    let second = format!("echo two; echo two >> {}; while [ ! -e {} ]; do sleep 0.02; done; exit 3", marks.display(), go.display());
    let document = json!({"schemaVersion":"1.2","runtimeConfig":{"aws:runShellScript":{"properties":[
        {"id":"0.aws:runShellScript","runCommand":[format!("echo one; echo one >> {}", marks.display())]},
        {"id":"1.aws:runShellScript","runCommand":[second]},
        {"id":"2.aws:runShellScript","runCommand":["echo three; exit 4"]}]}}});
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send_with("c1", document, json!({}), true);
    wait(|| (lines(&marks) == 2).then_some(()));
    life.kill();
    std::fs::write(&go, "").unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Failed);
    assert_eq!(last.runtime_status.keys().collect::<Vec<_>>(), ["aws:runShellScript"]);
    let result = &last.runtime_status["aws:runShellScript"];
    assert_eq!((result.code, result.step_name.as_str(), result.standard_output.as_str()), (3, "", "one\ntwo\nthree\n"));
    assert!(result.standard_error.contains("exit status 3\nfailed to run commands: exit status 4"), "{}", result.standard_error);
    assert_eq!(last.additional_info.runtime_status_counts["Failed"], 1);
    let key = ("aws:runShellScript".to_owned(), OutputStream::Stdout);
    life.wait(|h| h.ended.contains(&key).then_some(()));
    assert_eq!(life.heard().output[&key], b"one\ntwo\nthree\n");
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "one\ntwo\n");
    assert_eq!(life.heard().ended.iter().filter(|ended| **ended == key).count(), 1);
}

fn runs(kind: &str, path: &str, parameters: &str) -> serde_json::Value {
    json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:runDocument","name":"d",
        "inputs":{"documentType":kind,"documentPath":path,"documentParameters":parameters}}]})
}

#[test]
fn a_document_inside_goes_on_as_it_was_begun() {
    let dir = dir();
    let (inner, marks, go) = (dir.path().join("inner.json"), dir.path().join("marks"), dir.path().join("go"));
    let script = format!("echo {{{{ who }}}} >> {}; while [ ! -e {} ]; do sleep 0.02; done; echo done", marks.display(), go.display());
    let mut document = shell(&[("x", &script, json!({})), ("y", "echo and y", json!({}))]);
    document["parameters"] = json!({"who": {"type": "String"}});
    std::fs::write(&inner, document.to_string()).unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", runs("LocalPath", &inner.to_string_lossy(), "{\"who\":\"world\"}"));
    wait(|| (lines(&marks) == 1).then_some(()));
    life.kill();
    std::fs::write(&inner, one("echo something else").to_string()).unwrap();
    std::fs::write(&go, "").unwrap();
    let life = Life::begin(dir.path(), config(), "boot");
    let result = life.last(&job).runtime_status["d"].clone();
    assert_eq!((result.status.as_str(), result.standard_output.as_str()), ("Success", "done\nand y\n"), "{result:?}");
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "world\n");
}

#[test]
fn what_a_document_inside_cannot_do_is_said() {
    let dir = dir();
    let inner = dir.path().join("inner.json");
    let life = Life::begin(dir.path(), config(), "boot");
    let failure = |command: &str, document: serde_json::Value, parameters: &str| {
        std::fs::write(&inner, document.to_string()).unwrap();
        let last = life.last(&life.send(command, runs("LocalPath", &inner.to_string_lossy(), parameters)));
        assert_eq!(last.document_status, DocumentStatus::Failed);
        last.runtime_status["d"].standard_error.clone()
    };
    let said = failure("c1", one("exit 194"), "{}");
    assert!(said.contains("a reboot, which is not possible inside aws:runDocument"), "{said}");
    let mut document = one("echo {{ who }}");
    document["parameters"] = json!({"who": {"type": "String", "default": "{{ssm:name}}"}});
    let said = failure("c2", document, "{}");
    assert!(said.contains("Parameter Store"), "{said}");
}

#[test]
fn a_step_waits_for_the_nodes_role() {
    let dir = dir();
    let life = Life::begin(dir.path(), config(), "boot");
    let job = life.send("c1", runs("SSMDocument", "Inner", "{}"));
    let other = life.send("c2", runs("SSMDocument", "Inner", "{}"));
    // Waiting is no failure, and can be ended.
    life.cancel(&other);
    assert_eq!(life.last(&other).document_status, DocumentStatus::Cancelled);
    assert!(life.heard().replies.iter().all(|(_, id, c)| id != job.as_str() || !c.document_status.is_terminal()));
    life.agent.link.set_credentials(qd_client::Credentials::new("ASIATEST", "secret", None));
    assert!(life.last(&job).runtime_status["d"].standard_error.contains("cannot be fetched"));
}
