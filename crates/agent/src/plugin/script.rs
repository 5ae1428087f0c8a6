//! What the two script plugins share: environment, working directory, ceiling, supervision, result (agent-protocol 6.5).

use super::StepCx;
use crate::document::outcome::{Status, StepResult, Text};
use crate::platform;
use crate::process::ceiling::Ceiling;
use crate::process::running::{Event, Running};
use crate::process::{Cause, ExitRecord, Found, KILLED_CODE, Order, Program, Runner, StepFiles, find, kill_leftovers};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Variables of the agent's own that scripts have no business with: supervision by the service manager, our settings, and
/// credentials somebody may have started the agent with.
const NOT_PASSED_ON: &[&str] = &[
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDS",
    "LISTEN_PID",
    "CREDENTIALS_DIRECTORY",
    "RUNTIME_DIRECTORY",
    "RUST_LOG",
    "RUST_BACKTRACE",
];
const NOT_PASSED_ON_BY_PREFIX: &[&str] = &["QUARTERDECK_", "AWS_", "SYSTEMD_"];

/// Timeout of a step, read as the hub reads it: 5 seconds to 48 hours, anything else is an hour.
pub fn timeout_seconds(cx: &StepCx<'_>) -> u64 {
    u64::from(qd_model::document::timeout::seconds(cx.inputs.get("timeoutSeconds")))
}

/// Runs the script of a step, or goes on with the one that was started before.
pub async fn run(cx: &StepCx<'_>, file_name: &str, runner: Runner) -> Option<StepResult> {
    let text = cx.inputs.lines("runCommand").join("\n");
    let program = Program::Script { file_name: file_name.to_owned(), text, runner };
    run_program(cx, program).await
}

/// Runs a program under supervision.
pub async fn run_program(cx: &StepCx<'_>, program: Program) -> Option<StepResult> {
    let files = StepFiles::new(cx.dir);
    // A supervisor may end before it has begun: killed for want of memory, or on a disk that has just become full. Once more, then.
    let mut again = true;
    loop {
        let found = match find(&files) {
            Ok(found) => found,
            Err(error) => return Some(StepResult::failed(cx.action, format!("the step's directory cannot be read: {error}"))),
        };
        let mut running = match found {
            Found::Finished(record) => return Some(result_of(cx, &files, Some(&record))),
            Found::Interrupted => {
                kill_leftovers(&files);
                return Some(result_of(cx, &files, None));
            }
            Found::NotStarted if cx.may_have_run => return Some(result_of(cx, &files, None)),
            Found::Alive => Running::attach(&files),
            Found::NotStarted => {
                if cx.cancel.is_cancelled() {
                    return Some(StepResult::plain(cx.action, Status::Cancelled, i64::from(KILLED_CODE), ""));
                }
                match Running::start(&cx.agent.supervisor, &files, &order(cx, program.clone())).await {
                    Ok(running) => running,
                    Err(_) if again => {
                        again = false;
                        continue;
                    }
                    Err(error) => return Some(not_started(cx, &error.to_string())),
                }
            }
        };
        if let Some(step) = cx.stream {
            cx.agent.streams.open(cx.job, step, cx.dir, cx.before);
        }
        follow(cx, &mut running).await?;
        match running.found() {
            Ok(Found::NotStarted) if cx.cancel.is_cancelled() => {}
            Ok(Found::NotStarted) if again => {
                again = false;
                tracing::warn!(reason = running.reason(), "a script was not started; trying again");
            }
            Ok(Found::NotStarted) => return Some(not_started(cx, &running.reason())),
            Ok(_) => {}
            Err(error) => return Some(StepResult::failed(cx.action, format!("the step's result cannot be read: {error}"))),
        }
    }
}

fn not_started(cx: &StepCx<'_>, reason: &str) -> StepResult {
    StepResult::failed(cx.action, format!("the script could not be started: {reason}"))
}

/// Time between two requests to stop a script.
const STOP_AGAIN: Duration = Duration::from_millis(500);

/// Waits for the end of a script. `None` when the agent is going down.
async fn follow(cx: &StepCx<'_>, running: &mut Running) -> Option<()> {
    let mut asked_to_stop = false;
    loop {
        tokio::select! {
            biased;
            () = cx.cancel.cancelled(), if !asked_to_stop => {
                asked_to_stop = true;
                running.request_stop();
            }
            () = cx.agent.inbox.closed().cancelled() => return None,
            event = running.event() => {
                cx.agent.streams.ring();
                if event == Event::Ended {
                    return Some(());
                }
                // A request that came before the supervisor could hear it is made again.
                if asked_to_stop {
                    running.request_stop();
                }
            }
            // A script that is silent gives no other occasion.
            () = tokio::time::sleep(STOP_AGAIN), if asked_to_stop => running.request_stop(),
        }
    }
}

fn order(cx: &StepCx<'_>, program: Program) -> Order {
    let config = &cx.agent.config;
    Order {
        program,
        environment: environment(cx),
        working_directory: working_directory(&cx.inputs.text("workingDirectory"), cx.downloads),
        timeout_seconds: timeout_seconds(cx),
        output_limit_bytes: config.output_limit_bytes,
        kill_grace_ms: config.kill_grace_ms,
        ceiling: Ceiling { group: step_group(cx.dir), ..cx.agent.ceiling() },
        home: cx.agent.home.root().to_path_buf(),
    }
}

/// Name of the step's control group.
fn step_group(dir: &Path) -> String {
    #[cfg(target_os = "linux")]
    return crate::process::cgroup::step_name(dir.as_os_str().as_encoded_bytes());
    #[cfg(not(target_os = "linux"))]
    dir.to_string_lossy().into_owned()
}

/// As the stock agent: absolute as given, else below the command's downloads if that exists, else the default.
pub fn working_directory(wanted: &str, downloads: &Path) -> PathBuf {
    let path = Path::new(wanted);
    if path.is_absolute() {
        return path.to_path_buf();
    }
    let below = downloads.join(path);
    if below.is_dir() {
        return below;
    }
    let default =
        if cfg!(windows) { std::env::var("SystemDrive").map(|d| d + "\\").unwrap_or_else(|_| "C:\\".to_owned()) } else { "/".to_owned() };
    PathBuf::from(default)
}

fn environment(cx: &StepCx<'_>) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !NOT_PASSED_ON.contains(&name.as_str()) && !NOT_PASSED_ON_BY_PREFIX.iter().any(|p| name.starts_with(p)))
        .collect();
    let mut set = |name: &str, value: &str| {
        list.retain(|(n, _)| n != name);
        list.push((name.to_owned(), value.to_owned()));
    };
    if std::env::var_os("PATH").is_none_or(|path| path.is_empty()) {
        set("PATH", platform::default_path());
    }
    let (name, version) = platform::name_and_version();
    set("AWS_SSM_INSTANCE_ID", &cx.agent.registration.instance_id);
    set("AWS_SSM_REGION_NAME", &cx.agent.registration.region);
    set("AWS_SSM_PLATFORM_NAME", &name);
    set("AWS_SSM_PLATFORM_VERSION", &version);
    set("SSM_COMMAND_ID", cx.job.command_id());
    if cx.agent.config.share_credentials {
        set("AWS_SHARED_CREDENTIALS_FILE", &cx.agent.home.shared_credentials().to_string_lossy());
        set("AWS_REGION", &cx.agent.registration.region);
    }
    for (name, value) in &cx.agent.config.environment {
        set(name, value);
    }
    if let Ok(wanted) = cx.inputs.object("environment") {
        for (name, value) in &wanted.0 {
            if !name.is_empty() && !name.contains(['=', '\0']) {
                set(name, value.as_str().unwrap_or(&value.to_string()));
            }
        }
    }
    for (name, value) in cx.variables {
        set(name, value);
    }
    // A NUL cannot stand in an environment; the rest of such a value would be lost silently otherwise.
    list.retain(|(_, value)| !value.contains('\0'));
    list
}

/// What is said of a step that was begun and left no result.
pub const CUT_OFF: &str = "The step was cut off before its result was recorded (the machine went down or its supervisor was killed). \
    It was not run again, because it may already have had its effect.";

/// `None`: started, and nobody knows how it ended.
fn result_of(cx: &StepCx<'_>, files: &StepFiles, record: Option<&ExitRecord>) -> StepResult {
    let text = |path: PathBuf| -> Text {
        Text::from_file(&path).unwrap_or_else(|error: io::Error| Text::from_bytes(error.to_string().as_bytes()))
    };
    let mut result = StepResult::plain(cx.action, Status::Failed, 1, "");
    result.stdout = text(files.stdout());
    result.stderr = text(files.stderr());
    let Some(record) = record else {
        result.code = -1;
        result.note = CUT_OFF.to_owned();
        return result;
    };
    (result.started_ms, result.ended_ms) = (record.started_ms, record.ended_ms);
    result.code = i64::from(record.code);
    (result.status, result.note) = match (record.cause, record.code) {
        (Cause::Exited, 0) => (Status::Success, String::new()),
        (Cause::Exited, code) if code == platform::REBOOT_CODE && cx.depth == 0 => (Status::SuccessAndReboot, String::new()),
        (Cause::Exited, code) if code == platform::REBOOT_CODE => (
            Status::Failed,
            format!(
                "failed to run commands: exit status {code} asks for a reboot, which is not possible inside aws:runDocument in this version. \
                 Let a step of the command's own document ask for it."
            ),
        ),
        (Cause::Exited, code) => match record.signal {
            Some(signal) => (Status::Failed, format!("failed to run commands: signal {signal}")),
            None => (Status::Failed, format!("failed to run commands: exit status {code}")),
        },
        (Cause::TimedOut, _) => (Status::TimedOut, format!("failed to run commands: stopped after {} seconds", timeout_seconds(cx))),
        (Cause::Cancelled, _) => (Status::Cancelled, "failed to run commands: cancelled".to_owned()),
        (Cause::NotStarted, _) => {
            (Status::Failed, format!("failed to run commands: {}", record.message.as_deref().unwrap_or("the script could not be started")))
        }
    };
    if record.dropped_bytes > 0 {
        let lost = format!("{} bytes of output were not kept: over the limit, or the disk was full.", record.dropped_bytes);
        result.note = if result.note.is_empty() { lost } else { format!("{lost}\n{}", result.note) };
    }
    tracing::debug!(ceiling = record.ceiling, code = record.code, "a script ended");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_directory_is_found_as_the_stock_agent_does() {
        let dir = tempfile::tempdir().unwrap();
        let downloads = dir.path().join("downloads");
        let default = working_directory("", &downloads);
        assert!(default.is_absolute() && default.parent().is_none());
        std::fs::create_dir_all(downloads.join("a")).unwrap();
        assert_eq!(working_directory("", &downloads), downloads.join(""));
        assert_eq!(working_directory("a", &downloads), downloads.join("a"));
        assert_eq!(working_directory("b", &downloads), default);
    }
}
