//! systemd and launchd. Each definition is a template in `packaging/`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SYSTEMD: &str = include_str!("../../packaging/quarterdeck-agent.service");
const LAUNCHD: &str = include_str!("../../packaging/quarterdeck-agent.plist");
const UNIT: &str = "quarterdeck-agent.service";
const LABEL: &str = "dev.quarterdeck.agent";

/// launchd takes a moment to let go of a service before it takes a new one of the same name.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// What installing means on a system: a file to write and commands to run.
struct Steps {
    file: PathBuf,
    text: String,
    install: Vec<Step>,
    before_removal: Vec<Step>,
    after_removal: Vec<Step>,
}

/// One command.
struct Step {
    argv: Vec<String>,
    /// What its failure means.
    failure: Failure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Ends,
    /// There was nothing to do.
    IsFine,
    /// The system may not be ready yet.
    IsTriedAgain,
}

/// Installs and starts the service for the agent of `data_dir`; with `print` only says what it would do. Installing again replaces
/// the definition and restarts the service.
pub fn install(data_dir: &Path, user: bool, print: bool) -> io::Result<()> {
    let steps = steps(&std::env::current_exe()?, data_dir, user)?;
    if print {
        println!("# {}\n{}", steps.file.display(), steps.text);
        steps.install.iter().for_each(Step::print);
        return Ok(());
    }
    if let Some(parent) = steps.file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    println!("writing {}", steps.file.display());
    std::fs::write(&steps.file, &steps.text)?;
    steps.install.iter().try_for_each(Step::run)
}

/// Stops and removes the service.
pub fn uninstall(user: bool, print: bool) -> io::Result<()> {
    let steps = steps(Path::new(""), Path::new(""), user)?;
    if print {
        steps.before_removal.iter().for_each(Step::print);
        println!("# remove {}", steps.file.display());
        steps.after_removal.iter().for_each(Step::print);
        return Ok(());
    }
    for step in &steps.before_removal {
        if let Err(error) = step.run() {
            println!("{error}; going on");
        }
    }
    match std::fs::remove_file(&steps.file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => println!("removed {}", steps.file.display()),
    }
    steps.after_removal.iter().try_for_each(Step::run)
}

impl Step {
    fn new(failure: Failure, words: &[&str]) -> Self {
        Self { argv: words.iter().map(|&word| word.to_owned()).collect(), failure }
    }

    fn print(&self) {
        println!("# {}", self.argv.join(" "));
    }

    fn run(&self) -> io::Result<()> {
        let Some((program, arguments)) = self.argv.split_first() else { return Ok(()) };
        let tries = if self.failure == Failure::IsTriedAgain { TRIES } else { 1 };
        for left in (0..tries).rev() {
            println!("running {}", self.argv.join(" "));
            let status = Command::new(program)
                .args(arguments)
                .status()
                .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
            if status.success() || self.failure == Failure::IsFine {
                return Ok(());
            }
            if left == 0 {
                return Err(io::Error::other(format!("{} ended with {status}", self.argv.join(" "))));
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        Ok(())
    }
}

fn steps(binary: &Path, data_dir: &Path, user: bool) -> io::Result<Steps> {
    let home =
        if user { Some(std::env::var_os("HOME").map(PathBuf::from).ok_or_else(|| io::Error::other("HOME is not set"))?) } else { None };
    if cfg!(target_os = "macos") {
        let domain = if user { format!("gui/{}", rustix::process::getuid().as_raw()) } else { "system".to_owned() };
        return Ok(launchd(binary, data_dir, home.as_deref(), &domain));
    }
    Ok(systemd(binary, data_dir, home.as_deref()))
}

/// For the user with the home directory `home`, else for the system.
fn systemd(binary: &Path, data_dir: &Path, home: Option<&Path>) -> Steps {
    let (folder, target) = match home {
        Some(home) => (home.join(".config/systemd/user"), "default.target"),
        None => (PathBuf::from("/etc/systemd/system"), "multi-user.target"),
    };
    let control = |words: &[&str]| {
        let mut argv = vec!["systemctl"];
        argv.extend(home.map(|_| "--user"));
        argv.extend(words);
        Step::new(Failure::Ends, &argv)
    };
    Steps {
        text: SYSTEMD
            .replace("@BINARY@", &unit(&binary.to_string_lossy()))
            .replace("@DATA_DIR@", &unit(&data_dir.to_string_lossy()))
            .replace("@TARGET@", target),
        file: folder.join(UNIT),
        // A running agent of an earlier installation is replaced, so it is restarted rather than started.
        install: vec![control(&["daemon-reload"]), control(&["enable", UNIT]), control(&["restart", UNIT])],
        before_removal: vec![control(&["disable", "--now", UNIT])],
        after_removal: vec![control(&["daemon-reload"])],
    }
}

/// `domain` is launchd's name of where the service lives: `system` or `gui/<user id>`.
fn launchd(binary: &Path, data_dir: &Path, home: Option<&Path>, domain: &str) -> Steps {
    let folder = match home {
        Some(home) => home.join("Library/LaunchAgents"),
        None => PathBuf::from("/Library/LaunchDaemons"),
    };
    let file = folder.join(format!("{LABEL}.plist"));
    let service = format!("{domain}/{LABEL}");
    let path = file.to_string_lossy().into_owned();
    let bootout = || Step::new(Failure::IsFine, &["launchctl", "bootout", &service]);
    Steps {
        text: LAUNCHD.replace("@BINARY@", &xml(&binary.to_string_lossy())).replace("@DATA_DIR@", &xml(&data_dir.to_string_lossy())),
        install: vec![
            bootout(),
            // A service that was disabled once would be refused.
            Step::new(Failure::Ends, &["launchctl", "enable", &service]),
            Step::new(Failure::IsTriedAgain, &["launchctl", "bootstrap", domain, &path]),
        ],
        before_removal: vec![bootout()],
        after_removal: Vec::new(),
        file,
    }
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
        let (binary, data_dir) = (Path::new("/opt/a b/agent"), Path::new("/var/lib/50% & more"));
        let unit = systemd(binary, data_dir, None);
        assert!(unit.text.contains(r#"ExecStart="/opt/a b/agent" run --data-dir "/var/lib/50%% & more""#), "{}", unit.text);
        assert!(unit.text.contains("WantedBy=multi-user.target"));
        let list = launchd(binary, data_dir, None, "system");
        assert!(list.text.contains("<string>/var/lib/50% &amp; more</string>"), "{}", list.text);
        for text in [&unit.text, &list.text] {
            assert!(!text.contains('@'), "{text}");
        }
        assert_eq!(super::unit("/a%b\"$"), "/a%%b\\\"$$");
        assert_eq!(xml("a<&>\""), "a&lt;&amp;&gt;&quot;");
    }

    #[test]
    fn a_user_gets_a_service_of_their_own() {
        let home = Some(Path::new("/home/x"));
        let unit = systemd(Path::new("/a"), Path::new("/d"), home);
        assert_eq!(unit.file, Path::new("/home/x/.config/systemd/user/quarterdeck-agent.service"));
        assert!(unit.install.iter().chain(&unit.before_removal).all(|step| step.argv[1] == "--user"));
        let list = launchd(Path::new("/a"), Path::new("/d"), home, "gui/501");
        assert_eq!(list.file, Path::new("/home/x/Library/LaunchAgents/dev.quarterdeck.agent.plist"));
        let last = list.install.last().map(|step| step.argv.join(" "));
        assert_eq!(last.as_deref(), Some("launchctl bootstrap gui/501 /home/x/Library/LaunchAgents/dev.quarterdeck.agent.plist"));
    }

    #[test]
    fn stopping_the_service_leaves_scripts_alone() {
        assert!(SYSTEMD.contains("KillMode=process") && SYSTEMD.contains("Delegate=yes"));
        assert!(LAUNCHD.contains("AbandonProcessGroup"));
    }

    #[test]
    fn scripts_make_files_that_others_may_read() {
        assert!(!SYSTEMD.contains("UMask") && !LAUNCHD.contains("Umask"));
    }

    #[test]
    fn a_command_that_fails_ends_the_installation_unless_that_is_fine() {
        assert!(Step::new(Failure::Ends, &["false"]).run().is_err());
        assert!(Step::new(Failure::IsFine, &["false"]).run().is_ok());
        assert!(Step::new(Failure::IsFine, &["/no/such/program"]).run().unwrap_err().to_string().contains("/no/such/program"));
    }
}
