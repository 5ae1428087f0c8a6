//! Scripts under supervision: nasty texts, nasty processes, nasty moments.

use qd_agent::process::ceiling::Ceiling;
use qd_agent::process::running::{Event, Running, Supervisor};
use qd_agent::process::{Cause, ExitRecord, Found, Order, Program, Runner, StepFiles, find, supervisor_pid};
use std::path::Path;
use std::time::{Duration, Instant};

pub fn supervisor() -> Supervisor {
    Supervisor::at(env!("CARGO_BIN_EXE_quarterdeck-agent"))
}

pub fn order(text: &str) -> Order {
    Order {
        program: Program::Script { file_name: "_script.sh".into(), text: text.into(), runner: Runner::Shell },
        environment: vec![("PATH".into(), std::env::var("PATH").unwrap())],
        working_directory: "/".into(),
        timeout_seconds: 60,
        output_limit_bytes: 1 << 30,
        kill_grace_ms: 300,
        ceiling: Ceiling { cpu_percent: 100, ..Ceiling::default() },
        home: "/nonexistent/home-of-an-agent".into(),
    }
}

pub async fn until_end(running: &mut Running) -> ExitRecord {
    while running.event().await != Event::Ended {}
    running.result().unwrap().expect("an exit record")
}

pub async fn run_in(dir: &Path, order: &Order) -> (ExitRecord, Vec<u8>, Vec<u8>) {
    let files = StepFiles::new(dir);
    let mut running = Running::start(&supervisor(), &files, order).await.unwrap();
    let record = until_end(&mut running).await;
    (record, std::fs::read(files.stdout()).unwrap_or_default(), std::fs::read(files.stderr()).unwrap_or_default())
}

async fn run(text: &str) -> (ExitRecord, Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    run_in(dir.path(), &order(text)).await
}

pub fn alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub async fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn pid_in(path: &Path) -> i32 {
    wait_for(|| std::fs::read_to_string(path).ok()?.trim().parse().ok()).await
}

#[tokio::test]
async fn streams_and_exit_code() {
    let (record, out, err) = run("echo out; echo err >&2; exit 7").await;
    assert_eq!((record.cause, record.code), (Cause::Exited, 7));
    assert_eq!((&out[..], &err[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!((record.stdout_bytes, record.stderr_bytes, record.dropped_bytes), (4, 4, 0));
}

#[tokio::test]
async fn texts_survive_exactly() {
    for (text, expected) in [
        ("echo 'single' \"double\" `echo back` $(echo sub)", "single double back sub\n"),
        ("cat <<'EOF'\n$HOME `x` \\ \"q\" 'q'\nEOF", "$HOME `x` \\ \"q\" 'q'\n"),
        ("printf '%s' '한글 😀 é'", "한글 😀 é"),
        ("printf 'a\\r\\nb'", "a\r\nb"),
        ("#!/usr/bin/env python3\nimport sys\nprint('from python', len(sys.argv))", "from python 1\n"),
        ("#!/bin/bash\na=(1 2 3); echo ${#a[@]} ${BASH_VERSION:+bash}", "3 bash\n"),
        ("", ""),
        ("# only a comment", ""),
        ("echo a; echo b \\\n  c; # end", "a\nb c\n"),
        ("echo \"\t tab\"", "\t tab\n"),
        ("set -eu; x=1; echo ${y:-unset}", "unset\n"),
    ] {
        let (record, out, _) = run(text).await;
        assert_eq!(String::from_utf8_lossy(&out), expected, "{text:?}");
        assert_eq!(record.code, 0, "{text:?}");
    }
}

#[tokio::test]
async fn binary_and_huge_lines_are_kept_raw() {
    let (_, out, _) = run("printf 'a\\000b\\377'").await;
    assert_eq!(out, b"a\0b\xff");
    let (record, out, _) = run("head -c 5000000 /dev/zero | tr '\\0' x").await;
    assert_eq!((out.len(), record.stdout_bytes), (5_000_000, 5_000_000));
}

#[tokio::test]
async fn the_limit_keeps_a_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let mut order = order("printf abcdef; printf gh >&2");
    order.output_limit_bytes = 4;
    let (record, out, err) = run_in(dir.path(), &order).await;
    assert_eq!((&out[..], &err[..]), (&b"abcd"[..], &b"gh"[..]));
    assert_eq!((record.dropped_bytes, record.code), (2, 0));
}

#[tokio::test]
async fn a_script_that_kills_itself_has_not_been_cancelled() {
    let (record, ..) = run("kill -9 $$").await;
    assert_eq!((record.cause, record.code), (Cause::Exited, 137));
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let mut order = order("true");
    order.working_directory = "/no/such/place".into();
    let (record, ..) = run_in(dir.path(), &order).await;
    assert_eq!(record.cause, Cause::NotStarted);
    assert!(record.message.unwrap().contains("/no/such/place"));
}

#[tokio::test]
async fn nothing_of_the_agents_environment_leaks() {
    let (_, out, _) = run("env").await;
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        let name = line.split('=').next().unwrap();
        assert!(["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name), "{line}");
    }
}

#[tokio::test]
async fn a_background_child_neither_blocks_nor_dies() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let text = format!("(while :; do echo tick; sleep 0.05; done) & echo $! > {}; echo started", pid_file.display());
    let (record, out, _) = run_in(dir.path(), &order(&text)).await;
    assert_eq!((record.cause, record.code), (Cause::Exited, 0));
    assert!(String::from_utf8_lossy(&out).contains("started\n"));
    let pid = pid_in(&pid_file).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(alive(pid), "a daemon that writes to its pipe survives the end of its step");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_stop_kills_children_in_sessions_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let (deep, stubborn) = (dir.path().join("deep"), dir.path().join("stubborn"));
    let text = format!(
        "setsid sh -c 'echo $$ > {}; sleep 600' & (trap '' TERM; sh -c 'echo $$ > {}; while :; do sleep 1; done') & wait",
        deep.display(),
        stubborn.display()
    );
    let files = StepFiles::new(dir.path());
    let mut running = Running::start(&supervisor(), &files, &order(&text)).await.unwrap();
    let (deep, stubborn) = (pid_in(&deep).await, pid_in(&stubborn).await);
    running.request_stop();
    let record = until_end(&mut running).await;
    assert_eq!((record.cause, record.code), (Cause::Cancelled, 137));
    assert!(!alive(deep) && !alive(stubborn));
}

#[tokio::test]
async fn a_timeout_kills_and_keeps_the_output() {
    let dir = tempfile::tempdir().unwrap();
    let mut order = order("echo before; sleep 600");
    order.timeout_seconds = 1;
    let (record, out, _) = run_in(dir.path(), &order).await;
    assert_eq!((record.cause, record.code), (Cause::TimedOut, 137));
    assert_eq!(out, b"before\n");
}

#[tokio::test]
async fn a_step_is_found_again_and_never_started_twice() {
    let dir = tempfile::tempdir().unwrap();
    let files = StepFiles::new(dir.path());
    assert_eq!(find(&files).unwrap(), Found::NotStarted);
    let marks = dir.path().join("marks");
    let go = dir.path().join("go");
    let text = format!("echo ran >> {}; while [ ! -e {} ]; do sleep 0.02; done; echo done", marks.display(), go.display());
    drop(Running::start(&supervisor(), &files, &order(&text)).await.unwrap());
    wait_for(|| marks.exists().then_some(())).await;
    assert_eq!(find(&files).unwrap(), Found::Alive);
    // Someone tries to start it again: refused, before and after its end.
    let mut second = Running::start(&supervisor(), &files, &order(&text)).await.unwrap();
    std::fs::write(&go, "").unwrap();
    let mut attached = Running::attach(&files);
    let record = until_end(&mut attached).await;
    assert_eq!(record.code, 0);
    while second.event().await != Event::Ended {}
    let mut third = Running::start(&supervisor(), &files, &order(&text)).await.unwrap();
    while third.event().await != Event::Ended {}
    assert_eq!(std::fs::read_to_string(&marks).unwrap(), "ran\n");
    assert!(matches!(find(&files).unwrap(), Found::Finished(_)));
}

#[tokio::test]
async fn a_killed_supervisor_leaves_an_interrupted_step_and_no_script() {
    let dir = tempfile::tempdir().unwrap();
    let files = StepFiles::new(dir.path());
    let pid_file = dir.path().join("pid");
    let text = format!("echo $$ > {}; sleep 600", pid_file.display());
    let mut running = Running::start(&supervisor(), &files, &order(&text)).await.unwrap();
    let script = pid_in(&pid_file).await;
    // The record with the id follows the start.
    wait_for(|| std::fs::read_to_string(files.child()).ok().filter(|t| t.contains("started\":\""))).await;
    let pid = i32::try_from(supervisor_pid(&files).unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    while running.event().await != Event::Ended {}
    assert_eq!(find(&files).unwrap(), Found::Interrupted);
    assert!(running.result().unwrap().is_none());
    wait_for(|| (!alive(script)).then_some(())).await;
}

#[tokio::test]
async fn output_is_on_disk_while_the_script_runs() {
    let dir = tempfile::tempdir().unwrap();
    let files = StepFiles::new(dir.path());
    let go = dir.path().join("go");
    let text = format!("echo first; while [ ! -e {} ]; do sleep 0.02; done", go.display());
    let mut running = Running::start(&supervisor(), &files, &order(&text)).await.unwrap();
    assert_eq!(running.event().await, Event::Output);
    wait_for(|| std::fs::read(files.stdout()).ok().filter(|t| t == b"first\n")).await;
    std::fs::write(&go, "").unwrap();
    until_end(&mut running).await;
}

/// The agent's program as a service manager might start it: with a strict mask for files, and spared by the kernel.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_script_has_the_usual_mask_and_is_not_spared() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("as-a-service");
    let text = format!(
        "#!/bin/sh\numask 077\necho -500 > /proc/self/oom_score_adj || touch {}\nexec {} \"$@\"\n",
        dir.path().join("refused").display(),
        env!("CARGO_BIN_EXE_quarterdeck-agent")
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let step = dir.path().join("step");
    std::fs::create_dir(&step).unwrap();
    let files = StepFiles::new(&step);
    let made = dir.path().join("made");
    let text = format!("umask; cat /proc/self/oom_score_adj; mkdir {d}; touch {d}/file; cat /proc/$PPID/oom_score_adj", d = made.display());
    let mut running = Running::start(&Supervisor::at(&program), &files, &order(&text)).await.unwrap();
    assert_eq!(until_end(&mut running).await.code, 0);
    let out = std::fs::read_to_string(files.stdout()).unwrap();
    let said: Vec<&str> = out.lines().collect();
    assert_eq!(said[..2], ["0022", "0"], "{out}");
    if dir.path().join("refused").exists() {
        eprintln!("NOT RUN: this user may not be spared");
    } else {
        assert_eq!(said[2], "-500", "the supervisor still is");
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&made), mode(&made.join("file"))), (0o755, 0o644));
    assert_eq!((mode(&files.stdout()), mode(&files.exit()), mode(&step.join("_script.sh"))), (0o600, 0o600, 0o700));
}

#[tokio::test]
async fn a_supervisor_that_gives_up_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let files = StepFiles::new(dir.path());
    // Where a file should be made there is a directory.
    std::fs::create_dir(files.exit().with_extension("tmp")).unwrap();
    let mut running = Running::start(&supervisor(), &files, &order("true")).await.unwrap();
    while running.event().await != Event::Ended {}
    assert_eq!(running.found().unwrap(), Found::NotStarted);
    assert!(running.reason().contains("directory"), "{}", running.reason());
    std::fs::remove_dir(files.exit().with_extension("tmp")).unwrap();
    assert_eq!(run_in(dir.path(), &order("exit 5")).await.0.code, 5, "what was not started may be");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_script_that_the_disk_does_not_take_runs_from_a_place_of_our_own() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(dir.path()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        return eprintln!("NOT RUN: not allowed to mount a small file system here");
    }
    let text = format!("echo $0\n# {}\n", "x".repeat(100_000));
    let (record, out, _) = run_in(dir.path(), &Order { home: data.path().to_path_buf(), ..order(&text) }).await;
    let _ = std::process::Command::new("umount").arg("-l").arg(dir.path()).status();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(record.code, 0, "{record:?}");
    let script = Path::new(out.trim());
    let folder = script.parent().unwrap();
    assert_eq!(qd_agent::home::Home::new(data.path()).volatile().as_deref(), Some(folder));
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    wait_for(|| (!script.exists()).then_some(())).await;
    std::fs::remove_dir(folder).unwrap();
}
