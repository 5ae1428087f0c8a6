//! Whose session it is: the user's entry in the system's database, from which home, shell and groups come (session-protocol 5.2).

#![allow(unsafe_code, reason = "the user database has no safe form; this is one of the agent's platform files")]

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::plan::Account;
use crate::config::Config;

/// The longest entry that is read.
const MAX_ENTRY_BYTES: usize = 256 * 1024;
/// Groups of one user.
const MAX_GROUPS: usize = 4096;
/// What a session runs in whose user may not log in, as the stock agent's do.
const PLAIN_SHELL: &str = "/bin/sh";
/// Lets the session user administer the machine, as the stock agent's may. AWS's own file name, so that both agents share it.
const SUDOERS: &str = "/etc/sudoers.d/ssm-agent-users";
const PATIENCE: Duration = Duration::from_secs(30);

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: libc::uid_t,
    pub gid: libc::gid_t,
    pub groups: Vec<libc::gid_t>,
    pub home: PathBuf,
    pub shell: PathBuf,
    /// This is another user than the agent's.
    pub switch: bool,
}

/// The user a session runs as, made if it is the node's own session user and is missing.
pub async fn of(account: &Account, config: &Config) -> Result<User, String> {
    let root = rustix::process::geteuid().is_root();
    match account {
        Account::Elevated if root => own(),
        Account::Elevated => Err("the document asks for the administrator (runAsElevated), and the agent does not run as root".to_owned()),
        Account::Default if !root || config.session_user.is_empty() => own(),
        Account::Default => match named(&config.session_user)? {
            Some(user) => Ok(user),
            None => {
                make(&config.session_user, config.session_user_sudo).await?;
                named(&config.session_user)?.ok_or_else(|| format!("the user {} was made and is not there", config.session_user))
            }
        },
        Account::Named(name) => {
            let user = named(name)?.ok_or_else(|| format!("the Run As user {name} does not exist on this node"))?;
            if user.uid == 0 || user.gid == 0 {
                return Err(format!("sessions do not run as {name}: a Run As user must not be root"));
            }
            if user.switch && !root {
                return Err(format!("the agent does not run as root, so it cannot run a session as {name}"));
            }
            Ok(user)
        }
    }
}

fn own() -> Result<User, String> {
    let uid = rustix::process::geteuid().as_raw();
    let found = entry(|pwd, buffer, result| {
        // SAFETY: the buffer is as long as is said, and outlives what points into it.
        unsafe { libc::getpwuid_r(uid, pwd, buffer.as_mut_ptr(), buffer.len(), result) }
    })?;
    let gid = rustix::process::getegid().as_raw();
    // A container's user often has no entry.
    let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    Ok(found.unwrap_or_else(|| User {
        name: uid.to_string(),
        uid,
        gid,
        groups: vec![gid],
        home: home(),
        shell: PathBuf::from(PLAIN_SHELL),
        switch: false,
    }))
}

fn named(name: &str) -> Result<Option<User>, String> {
    let text = CString::new(name).map_err(|_| "the user's name is not one".to_owned())?;
    entry(|pwd, buffer, result| {
        // SAFETY: as above; the name ends with a NUL and outlives the call.
        unsafe { libc::getpwnam_r(text.as_ptr(), pwd, buffer.as_mut_ptr(), buffer.len(), result) }
    })
}

fn entry(
    mut ask: impl FnMut(*mut libc::passwd, &mut Vec<libc::c_char>, *mut *mut libc::passwd) -> libc::c_int,
) -> Result<Option<User>, String> {
    let mut buffer: Vec<libc::c_char> = vec![0; 4096];
    loop {
        // SAFETY: a passwd of zeros is valid: numbers and null pointers.
        let mut pwd: libc::passwd = unsafe { std::mem::zeroed() };
        let mut result = std::ptr::null_mut();
        match ask(&raw mut pwd, &mut buffer, &raw mut result) {
            0 if result.is_null() => return Ok(None),
            0 => return Ok(Some(read(&pwd))),
            libc::ERANGE if buffer.len() < MAX_ENTRY_BYTES => buffer.resize(buffer.len() * 2, 0),
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(format!("the system's users cannot be read: {}", std::io::Error::from_raw_os_error(error))),
        }
    }
}

fn read(pwd: &libc::passwd) -> User {
    let text = |pointer: *const libc::c_char| {
        if pointer.is_null() {
            return Vec::new();
        }
        // SAFETY: the system filled the entry in with texts that end with a NUL and lie in the caller's buffer.
        unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec()
    };
    let path = |bytes: Vec<u8>, other: &str| {
        let path = PathBuf::from(OsStr::from_bytes(&bytes));
        if path.is_absolute() { path } else { PathBuf::from(other) }
    };
    let shell = path(text(pwd.pw_shell), PLAIN_SHELL);
    let no_login = shell.file_name().is_none_or(|name| name == "nologin" || name == "false");
    User {
        name: String::from_utf8_lossy(&text(pwd.pw_name)).into_owned(),
        uid: pwd.pw_uid,
        gid: pwd.pw_gid,
        groups: groups(pwd),
        home: path(text(pwd.pw_dir), "/"),
        shell: if no_login || !shell.exists() { PathBuf::from(PLAIN_SHELL) } else { shell },
        switch: pwd.pw_uid != rustix::process::geteuid().as_raw(),
    }
}

fn groups(pwd: &libc::passwd) -> Vec<libc::gid_t> {
    let mut found: Vec<libc::gid_t> = vec![0; MAX_GROUPS];
    let mut count = libc::c_int::try_from(found.len()).unwrap_or(0);
    // SAFETY: the name is the entry's own; the list is as long as is said. macOS spells a group's number as a signed one of the same size.
    #[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
    let status = unsafe { libc::getgrouplist(pwd.pw_name, pwd.pw_gid as _, found.as_mut_ptr().cast(), &raw mut count) };
    found.truncate(usize::try_from(count).unwrap_or(0).min(MAX_GROUPS));
    if status < 0 || found.is_empty() { vec![pwd.pw_gid] } else { found }
}

/// Makes the session user, as the stock agent does at its first session.
async fn make(name: &str, sudo: bool) -> Result<(), String> {
    if cfg!(target_os = "macos") {
        return Err(format!("the user {name} does not exist; make it, or name another as SessionUser in agent.json"));
    }
    let mut command = tokio::process::Command::new("useradd");
    command.args(["-m", name]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let made = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        // 9: the name is taken, by another session that came at the same time.
        Ok(Ok(output)) if output.status.code() == Some(9) => Ok(()),
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().chars().take(300).collect()),
        Ok(Err(error)) => Err(format!("useradd: {error}")),
        Err(_) => Err("useradd does not end".to_owned()),
    };
    made.map_err(|reason: String| {
        format!("the session user {name} could not be made ({reason}); make it, or name another as SessionUser in agent.json")
    })?;
    tracing::info!(name, "the session user was made");
    let folder = Path::new(SUDOERS).parent().is_some_and(Path::is_dir);
    if sudo && folder && !Path::new(SUDOERS).exists() {
        let text = format!(
            "# Made by quarterdeck-agent for sessions; SessionUserSudo in agent.json turns it off.\n{name} ALL=(ALL) NOPASSWD:ALL\n"
        );
        let temporary = format!("{SUDOERS}.tmp");
        let written = std::fs::write(&temporary, text)
            .and_then(|()| std::fs::set_permissions(&temporary, std::os::unix::fs::PermissionsExt::from_mode(0o440)))
            .and_then(|()| std::fs::rename(&temporary, SUDOERS));
        if let Err(error) = written {
            tracing::warn!(%error, "the session user was not made an administrator");
        }
    }
    Ok(())
}

/// The environment a login gives. Nothing of the agent's own is in it but the language.
pub fn environment(user: &User) -> Vec<(String, String)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let language = std::env::var("LANG").ok().filter(|value| !value.is_empty()).unwrap_or_else(|| "C.UTF-8".to_owned());
    [
        ("HOME", text(&user.home)),
        ("USER", user.name.clone()),
        ("LOGNAME", user.name.clone()),
        ("SHELL", text(&user.shell)),
        ("PATH", crate::platform::default_path().to_owned()),
        ("LANG", language),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The shell a login starts: program, what it is told it is called, arguments. The dash makes it read the user's profile.
pub fn login_shell(user: &User) -> (PathBuf, Option<String>, Vec<String>) {
    let name = user.shell.file_name().map_or_else(|| "sh".into(), |name| name.to_string_lossy().into_owned());
    (user.shell.clone(), Some(format!("-{name}")), Vec::new())
}

/// What runs a command line.
pub fn command_line(command: &str) -> (PathBuf, Vec<String>) {
    (PathBuf::from(PLAIN_SHELL), vec!["-c".to_owned(), command.to_owned()])
}

/// A document's lines as they are typed.
pub fn typed(lines: &str) -> String {
    format!("{lines}\n")
}

/// Input as the terminal takes it: as it is.
pub fn keys(input: &bytes::Bytes) -> bytes::Bytes {
    input.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn users_are_the_systems() {
        let own = of(&Account::Default, &Config { session_user: String::new(), ..Config::default() }).await.unwrap();
        assert!(!own.switch && own.home.is_absolute() && own.shell.exists() && own.groups.contains(&own.gid), "{own:?}");
        let gone = of(&Account::Named("no-such-user-here".into()), &Config::default()).await.unwrap_err();
        assert!(gone.contains("no-such-user-here"), "{gone}");
        assert!(of(&Account::Named("root".into()), &Config::default()).await.unwrap_err().contains("root"));
        let names: Vec<String> = environment(&own).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG"]);
    }
}
