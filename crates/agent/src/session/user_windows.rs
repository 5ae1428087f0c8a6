//! Whose session it is, on Windows: the agent's own account. Run As is for Unix, as AWS has it.

use bytes::Bytes;
use std::path::PathBuf;

use super::plan::Account;
use crate::config::Config;

/// Variables of the agent's own that a session has no business with.
const NOT_PASSED_ON: [&str; 4] = ["AWS_", "QUARTERDECK_", "RUST_LOG", "RUST_BACKTRACE"];

/// The account of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub home: PathBuf,
}

/// The user a session runs as.
pub async fn of(account: &Account, _config: &Config) -> Result<User, String> {
    match account {
        Account::Default | Account::Elevated => {
            let name = std::env::var("USERNAME").unwrap_or_else(|_| "SYSTEM".to_owned());
            let home = std::env::var_os("USERPROFILE").map_or_else(|| PathBuf::from(r"C:\"), PathBuf::from);
            Ok(User { name, home })
        }
        Account::Named(name) => Err(format!("sessions on Windows run as the agent's account; Run As ({name}) is for Linux and macOS")),
    }
}

/// The system's environment, without what is the agent's own.
pub fn environment(_user: &User) -> Vec<(String, String)> {
    let own = |name: &str| NOT_PASSED_ON.iter().any(|prefix| name.to_ascii_uppercase().starts_with(prefix));
    std::env::vars().filter(|(name, _)| !name.is_empty() && !name.starts_with('=') && !own(name)).collect()
}

/// The shell of a session.
pub fn login_shell(_user: &User) -> (PathBuf, Option<String>, Vec<String>) {
    (PathBuf::from("powershell.exe"), None, vec!["-NoLogo".to_owned()])
}

/// What runs a command line.
pub fn command_line(command: &str) -> (PathBuf, Vec<String>) {
    (PathBuf::from("powershell.exe"), vec!["-NoLogo".to_owned(), "-Command".to_owned(), command.to_owned()])
}

/// A document's lines as they are typed.
pub fn typed(lines: &str) -> String {
    lines.lines().map(|line| format!("{line}\r")).collect()
}

/// Input as the console takes it: a line feed of its own is Enter.
pub fn keys(input: &Bytes) -> Bytes {
    if !input.contains(&b'\n') {
        return input.clone();
    }
    let mut keys = Vec::with_capacity(input.len());
    let mut before = 0;
    for byte in input {
        match (before, *byte) {
            (b'\r', b'\n') => keys.push(b'\n'),
            (_, b'\n') => keys.push(b'\r'),
            (_, other) => keys.push(other),
        }
        before = *byte;
    }
    keys.into()
}
