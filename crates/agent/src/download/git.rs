//! Fetching from a Git repository with the `git` program: https, ssh and local paths, a branch or a commit.
//!
//! `git` runs under supervision like a script, so cancel, timeout and the agent's own death are handled as for any step.

use crate::document::outcome::{Status, StepResult};
use crate::plugin::{StepCx, script};
use crate::process::{Found, Program, StepFiles, find};
use base64::Engine;
use std::path::{Path, PathBuf};

/// What to fetch.
#[derive(Default)]
pub struct Repository {
    /// URL or path.
    pub url: String,
    /// `branch:<name>` or `commitID:<sha>`; empty for the default branch.
    pub get_options: String,
    /// User name and password for https.
    pub login: Option<(String, String)>,
    /// Private key for ssh, PEM.
    pub private_key: Option<String>,
    /// Do not check the ssh host key.
    pub skip_host_key_checking: bool,
}

/// Clones into a directory below the step's own; returns it, or the result the step ends with.
pub async fn clone(cx: &StepCx<'_>, repository: &Repository) -> Result<PathBuf, Option<StepResult>> {
    let failed = |text: String| Some(StepResult::failed(cx.action, text));
    if crate::platform::find_program("git").is_none() {
        return Err(failed("git is not installed on this node; install it, or use another sourceType.".to_owned()));
    }
    let (branch, commit) = options(&repository.get_options).map_err(failed)?;
    if repository.url.starts_with('-') || repository.url.trim().is_empty() {
        return Err(failed("the repository is missing".to_owned()));
    }
    let tree = cx.dir.join("tree");
    let variables = variables(cx.dir, repository).map_err(failed)?;
    let mut argv: Vec<String> = ["git", "clone", "--quiet"].map(str::to_owned).to_vec();
    if commit.is_none() {
        argv.extend(["--depth", "1"].map(str::to_owned));
    }
    if let Some(branch) = &branch {
        argv.extend(["--single-branch", "--branch", branch].map(str::to_owned));
    }
    argv.extend(["--".to_owned(), repository.url.trim().to_owned(), tree.to_string_lossy().into_owned()]);
    let result = git(cx, "clone", argv, &variables, Some(&tree)).await;
    let result = match (result, &commit) {
        (Ok(()), Some(commit)) => {
            let argv = ["git", "-C", &tree.to_string_lossy(), "checkout", "--quiet", "--detach", commit].map(str::to_owned).to_vec();
            git(cx, "checkout", argv, &variables, None).await
        }
        (result, _) => result,
    };
    let _ = std::fs::remove_file(cx.dir.join("ssh-key"));
    result.map(|()| tree)
}

fn options(text: &str) -> Result<(Option<String>, Option<String>), String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok((None, None));
    }
    let (kind, value) = text.split_once(':').ok_or_else(|| format!("getOptions {text:?} is not branch:<name> or commitID:<id>"))?;
    let value = value.trim().to_owned();
    let sound = !value.is_empty() && !value.starts_with('-') && !value.contains(char::is_whitespace);
    match kind.trim().to_ascii_lowercase().as_str() {
        "branch" if sound => Ok((Some(value), None)),
        "commitid" if sound && value.bytes().all(|b| b.is_ascii_hexdigit()) => Ok((None, Some(value))),
        _ => Err(format!("getOptions {text:?} is not branch:<name> or commitID:<id>")),
    }
}

/// Settings that carry a login to the repository's own host and nowhere else: git sends such a header to every address it is led to.
fn login_settings(url: &str, username: &str, password: &str) -> Result<Vec<(String, String)>, String> {
    // What is no URL is a path or an address of ssh, which have other proofs.
    let Ok(url) = url.trim().parse::<reqwest::Url>() else { return Ok(Vec::new()) };
    match url.scheme() {
        "https" => {}
        "http" => {
            return Err("the repository's address is http://, which would show the login to everybody on the way; use https://".to_owned());
        }
        _ => return Ok(Vec::new()),
    }
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    let host = url.origin().ascii_serialization();
    Ok(vec![
        ("http.followRedirects".to_owned(), "false".to_owned()),
        (format!("http.{host}/.extraHeader"), format!("Authorization: Basic {token}")),
    ])
}

/// Secrets travel in the environment and in a private file, never on a command line that others can list.
fn variables(dir: &Path, repository: &Repository) -> Result<Vec<(String, String)>, String> {
    let mut list = vec![("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())];
    if let Some((username, password)) = &repository.login {
        let settings = login_settings(&repository.url, username, password)?;
        list.push(("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string()));
        for (n, (key, value)) in settings.into_iter().enumerate() {
            list.push((format!("GIT_CONFIG_KEY_{n}"), key));
            list.push((format!("GIT_CONFIG_VALUE_{n}"), value));
        }
    }
    let mut ssh = "ssh -o BatchMode=yes".to_owned();
    if repository.skip_host_key_checking {
        ssh.push_str(" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null");
    }
    if let Some(key) = &repository.private_key {
        let path = dir.join("ssh-key");
        let mut text = key.trim_end().to_owned();
        text.push('\n');
        crate::home::write_atomic(&path, text.as_bytes()).map_err(|error| format!("the ssh key cannot be written: {error}"))?;
        ssh.push_str(&format!(" -o IdentitiesOnly=yes -i '{}'", path.to_string_lossy().replace('\'', "'\\''")));
    }
    list.push(("GIT_SSH_COMMAND".to_owned(), ssh));
    Ok(list)
}

/// One call of git. A call that was cut off is made again: it changes nothing but its own directory.
async fn git(
    cx: &StepCx<'_>,
    name: &str,
    argv: Vec<String>,
    variables: &[(String, String)],
    fresh: Option<&Path>,
) -> Result<(), Option<StepResult>> {
    let dir = cx.dir.join(format!("git-{name}"));
    if matches!(find(&StepFiles::new(&dir)), Ok(Found::Interrupted | Found::NotStarted)) {
        crate::process::kill_leftovers(&StepFiles::new(&dir));
        let _ = std::fs::remove_dir_all(&dir);
        if let Some(tree) = fresh {
            let _ = std::fs::remove_dir_all(tree);
        }
    }
    if let Err(error) = crate::home::create_private_dir(&dir) {
        return Err(Some(StepResult::failed(cx.action, format!("the step's directory cannot be made: {error}"))));
    }
    let inner = StepCx { dir: &dir, stream: None, may_have_run: false, variables, ..*cx };
    match script::run_program(&inner, Program::Command { argv }).await {
        None => Err(None),
        Some(result) if result.status == Status::Success => Ok(()),
        Some(mut result) => {
            result.note = format!("git {name} failed. {}", result.note);
            Err(Some(result))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_login(url: &str) -> Result<Vec<(String, String)>, String> {
        let login = Some(("u".to_owned(), "p".to_owned()));
        variables(Path::new("."), &Repository { url: url.to_owned(), login, ..Repository::default() })
    }

    /// What git itself makes of the variables for an address.
    fn setting(variables: &[(String, String)], name: &str, url: &str) -> String {
        let mut git = std::process::Command::new("git");
        git.args(["config", "--get-urlmatch", name, url]).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent").current_dir("/");
        let output = git.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[cfg(unix)]
    #[test]
    fn a_login_goes_to_its_own_host_only() {
        let variables = with_login(" HTTPS://Git.example:8443/a/b.git").unwrap();
        let header = |url| setting(&variables, "http.extraHeader", url);
        assert_eq!(header("https://git.example:8443/a/b.git"), "Authorization: Basic dTpw");
        for elsewhere in ["https://git.example/a/b.git", "http://git.example:8443/a", "https://evil.git.example:8443/a", "https://example/"]
        {
            assert_eq!(header(elsewhere), "", "{elsewhere}");
        }
        assert_eq!(setting(&variables, "http.followRedirects", "https://git.example:8443/a/b.git"), "false");
    }

    #[test]
    fn a_login_never_goes_over_plain_http() {
        let error = with_login("http://git.example/a.git").unwrap_err();
        assert!(error.contains("https://") && !error.contains("git.example"), "{error}");
        for other in ["git@git.example:a/b.git", "/srv/git/a.git", "ssh://git.example/a.git"] {
            let variables = with_login(other).unwrap();
            assert!(variables.iter().all(|(_, value)| !value.contains("dTpw")), "{other}");
        }
        let plain = Repository { url: "http://git.example/a.git".to_owned(), ..Repository::default() };
        assert!(variables(Path::new("."), &plain).is_ok(), "without a login there is nothing to see");
    }

    #[test]
    fn options_are_read_and_cannot_become_switches() {
        assert_eq!(options("branch: main").unwrap(), (Some("main".to_owned()), None));
        assert_eq!(options("commitID:abc123").unwrap(), (None, Some("abc123".to_owned())));
        for bad in ["main", "branch:--upload-pack=x", "commitID:xyz", "branch:a b", "tag:x"] {
            assert!(options(bad).is_err(), "{bad}");
        }
    }
}
