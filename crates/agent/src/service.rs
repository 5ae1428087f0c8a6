//! The agent as a service: a systemd unit, a launchd property list, a scheduled task that Windows starts at boot.
//!
//! Each definition is a template in `packaging/`. Stopping the service must not stop running scripts: they are supervised by
//! processes of their own and are taken up again by the next start.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const SYSTEMD: &str = include_str!("../packaging/quarterdeck-agent.service");
const LAUNCHD: &str = include_str!("../packaging/quarterdeck-agent.plist");
const WINDOWS: &str = include_str!("../packaging/quarterdeck-agent.xml");

/// What installing means on a system: files to write and commands to run.
struct Steps {
    file: PathBuf,
    text: String,
    after: Vec<Vec<String>>,
    before_removal: Vec<Vec<String>>,
    after_removal: Vec<Vec<String>>,
}

/// Installs and starts the service for the agent of `data_dir`; with `print` only says what it would do.
pub fn install(data_dir: &Path, user: bool, print: bool) -> io::Result<()> {
    let binary = std::env::current_exe()?;
    let steps = steps(&binary, data_dir, user)?;
    if print {
        println!("# {}\n{}", steps.file.display(), steps.text);
        steps.after.iter().for_each(|command| println!("# {}", command.join(" ")));
        return Ok(());
    }
    if let Some(parent) = steps.file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    println!("writing {}", steps.file.display());
    std::fs::write(&steps.file, &steps.text)?;
    steps.after.iter().try_for_each(|command| call(command))
}

/// Stops and removes the service.
pub fn uninstall(user: bool, print: bool) -> io::Result<()> {
    let steps = steps(Path::new(""), Path::new(""), user)?;
    if print {
        steps.before_removal.iter().for_each(|command| println!("# {}", command.join(" ")));
        println!("# remove {}", steps.file.display());
        steps.after_removal.iter().for_each(|command| println!("# {}", command.join(" ")));
        return Ok(());
    }
    for command in &steps.before_removal {
        if let Err(error) = call(command) {
            println!("{error}; going on");
        }
    }
    match std::fs::remove_file(&steps.file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => println!("removed {}", steps.file.display()),
    }
    steps.after_removal.iter().try_for_each(|command| call(command))
}

fn call(command: &[String]) -> io::Result<()> {
    println!("running {}", command.join(" "));
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let status = Command::new(program).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program} ended with {status}"))) }
}

fn steps(binary: &Path, data_dir: &Path, user: bool) -> io::Result<Steps> {
    let home = || std::env::var_os("HOME").map(PathBuf::from).ok_or_else(|| io::Error::other("HOME is not set"));
    let (binary, data_dir) = (binary.to_string_lossy(), data_dir.to_string_lossy());
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    if cfg!(windows) {
        let folder = std::env::var("ProgramData").unwrap_or_else(|_| r"C:\ProgramData".to_owned());
        let file = PathBuf::from(folder).join("Quarterdeck").join("quarterdeck-agent.xml");
        let mut create = words("schtasks /Create /F /TN Quarterdeck\\Agent /XML");
        create.push(file.to_string_lossy().into_owned());
        return Ok(Steps {
            text: filled(WINDOWS, &xml(&binary), &xml(&data_dir), ""),
            file,
            after: vec![create, words("schtasks /Run /TN Quarterdeck\\Agent")],
            before_removal: vec![words("schtasks /End /TN Quarterdeck\\Agent"), words("schtasks /Delete /F /TN Quarterdeck\\Agent")],
            after_removal: Vec::new(),
        });
    }
    if cfg!(target_os = "macos") {
        let folder = if user { home()?.join("Library/LaunchAgents") } else { PathBuf::from("/Library/LaunchDaemons") };
        let file = folder.join("dev.quarterdeck.agent.plist");
        let path = file.to_string_lossy().into_owned();
        return Ok(Steps {
            text: filled(LAUNCHD, &xml(&binary), &xml(&data_dir), ""),
            file,
            after: vec![vec!["launchctl".to_owned(), "load".to_owned(), "-w".to_owned(), path.clone()]],
            before_removal: vec![vec!["launchctl".to_owned(), "unload".to_owned(), "-w".to_owned(), path]],
            after_removal: Vec::new(),
        });
    }
    let (file, control, target) = if user {
        (home()?.join(".config/systemd/user/quarterdeck-agent.service"), "systemctl --user", "default.target")
    } else {
        (PathBuf::from("/etc/systemd/system/quarterdeck-agent.service"), "systemctl", "multi-user.target")
    };
    let control = |rest: &str| words(&format!("{control} {rest}"));
    Ok(Steps {
        text: filled(SYSTEMD, &unit(&binary), &unit(&data_dir), target),
        file,
        after: vec![control("daemon-reload"), control("enable --now quarterdeck-agent.service")],
        before_removal: vec![control("disable --now quarterdeck-agent.service")],
        after_removal: vec![control("daemon-reload")],
    })
}

fn filled(template: &str, binary: &str, data_dir: &str, target: &str) -> String {
    template.replace("@BINARY@", binary).replace("@DATA_DIR@", data_dir).replace("@TARGET@", target)
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A path inside the double quotes of a unit file.
fn unit(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_and_escaped() {
        for template in [SYSTEMD, LAUNCHD, WINDOWS] {
            let text = filled(template, "/opt/agent", "/var/lib/a b", "multi-user.target");
            assert!(text.contains("/opt/agent") && text.contains("/var/lib/a b") && !text.contains('@'), "{text}");
        }
        assert_eq!(unit("/a%b\"$"), "/a%%b\\\"$$");
        assert_eq!(xml("a<&>\""), "a&lt;&amp;&gt;&quot;");
    }

    #[test]
    fn stopping_the_service_leaves_scripts_alone() {
        assert!(SYSTEMD.contains("KillMode=process") && SYSTEMD.contains("Delegate=yes"));
        assert!(LAUNCHD.contains("AbandonProcessGroup"));
    }
}
