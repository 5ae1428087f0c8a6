//! `DIR/agent.json`: everything an operator may tune. The file is optional, every key has a range, and a value outside its
//! range becomes the default with a warning: a typing mistake must never keep a node away from its hub.

use crate::home::{self, Home};
use serde::Deserialize;
use serde_json::Value;

/// The configuration in force. Key names in the file are those of the fields in PascalCase.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `HeartbeatMinutes` (1–60, default 5): how often the node reports itself.
    pub heartbeat_minutes: u64,
    /// `PingSeconds` (5–54, default 50): keep-alive of the control channel. The hub drops a channel after 60 s of silence.
    pub ping_seconds: u64,
    /// `ParallelDocuments` (1–256, default 16): documents that run at the same time.
    pub parallel_documents: u64,
    /// `QueuedDocuments` (0–4096, default 64): documents accepted beyond those; more are answered `ProcessorBufferFull`.
    pub queued_documents: u64,
    /// `OutputLimitBytes` (1 MiB–64 GiB, default 1 GiB): kept output of one stream of one step.
    pub output_limit_bytes: u64,
    /// `OutputSpoolBytes` (1 MiB–1 TiB, default 4 GiB): output of finished documents kept for a hub that is away.
    pub output_spool_bytes: u64,
    /// `ReplySpoolBytes` (1 MiB–4 GiB, default 64 MiB): replies kept for a hub that is away; the oldest go first.
    pub reply_spool_bytes: u64,
    /// `MemoryMaxPercent` (5–100, default 80): share of the machine's memory that one step's processes may use.
    pub memory_max_percent: u64,
    /// `CpuMaxPercent` (1–100, default 100): share of all processors that one step's processes may use.
    pub cpu_max_percent: u64,
    /// `PidsMax` (64–1000000, default 8192): processes and threads of one step.
    pub pids_max: u64,
    /// `Nice` (0–19, default 5): priority of a step's processes where there is no cgroup to weigh them.
    pub nice: u64,
    /// `KillGraceMilliseconds` (0–60000, default 2000): time between SIGTERM and SIGKILL on cancel and timeout.
    pub kill_grace_ms: u64,
    /// `SimilarityThreshold` (0–100, default 40): percentage of hardware facts that must still match for the machine to be the
    /// same one; 0 turns the test off.
    pub similarity_threshold: u64,
    /// `KeyRotateDays` (0–3650, default 0 = when the hub asks): age at which the node's key pair is replaced.
    pub key_rotate_days: u64,
    /// `ShareCredentials` (default false): let scripts find the node's role credentials through `AWS_SHARED_CREDENTIALS_FILE`.
    pub share_credentials: bool,
    /// `RebootCommand`: program and arguments that restart the machine when a script exits with 194 (3010 on Windows).
    pub reboot_command: Vec<String>,
    /// `Environment`: variables added to every script.
    pub environment: Vec<(String, String)>,
    /// `SessionUser` (default `ssm-user`, as the stock agent has it): whose a session is when the hub names nobody and the agent is root.
    /// Made if it is missing; empty is the agent's own user.
    pub session_user: String,
    /// `SessionUserSudo` (default true, as the stock agent has it): a session user that is made may become root without a password.
    pub session_user_sudo: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat_minutes: 5,
            ping_seconds: 50,
            parallel_documents: 16,
            queued_documents: 64,
            output_limit_bytes: 1 << 30,
            output_spool_bytes: 4 << 30,
            reply_spool_bytes: 64 << 20,
            memory_max_percent: 80,
            cpu_max_percent: 100,
            pids_max: 8192,
            nice: 5,
            kill_grace_ms: 2000,
            similarity_threshold: 40,
            key_rotate_days: 0,
            share_credentials: false,
            reboot_command: crate::platform::reboot_command(),
            environment: Vec::new(),
            session_user: "ssm-user".to_owned(),
            session_user_sudo: true,
        }
    }
}

/// The file as written: numbers, texts and lists, each looked at on its own so that one bad value spoils only itself.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Raw(serde_json::Map<String, Value>);

impl Raw {
    fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u64>, default: u64, warnings: &mut Vec<String>) -> u64 {
        match self.0.remove(key) {
            None => default,
            Some(value) => match value.as_u64().filter(|n| range.contains(n)) {
                Some(number) => number,
                None => {
                    warnings.push(format!("{key} must be a whole number from {} to {}; using {default}", range.start(), range.end()));
                    default
                }
            },
        }
    }

    fn flag(&mut self, key: &str, default: bool, warnings: &mut Vec<String>) -> bool {
        match self.0.remove(key) {
            None => default,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                warnings.push(format!("{key} must be true or false; using {default}"));
                default
            }
        }
    }
}

impl Config {
    /// Reads `agent.json`. The second part are the warnings, ready to be logged.
    pub fn load(home: &Home) -> (Self, Vec<String>) {
        match home::read_optional(&home.config()) {
            Ok(None) => (Self::default(), Vec::new()),
            Ok(Some(bytes)) => Self::parse(&bytes),
            Err(error) => (Self::default(), vec![format!("agent.json cannot be read ({error}); using defaults")]),
        }
    }

    /// Parses the text of `agent.json`.
    pub fn parse(bytes: &[u8]) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut raw: Raw = serde_json::from_slice(bytes).unwrap_or_else(|error| {
            warnings.push(format!("agent.json is not a JSON object ({error}); using defaults"));
            Raw::default()
        });
        let d = Self::default();
        let w = &mut warnings;
        let config = Self {
            heartbeat_minutes: raw.number("HeartbeatMinutes", 1..=60, d.heartbeat_minutes, w),
            ping_seconds: raw.number("PingSeconds", 5..=54, d.ping_seconds, w),
            parallel_documents: raw.number("ParallelDocuments", 1..=256, d.parallel_documents, w),
            queued_documents: raw.number("QueuedDocuments", 0..=4096, d.queued_documents, w),
            output_limit_bytes: raw.number("OutputLimitBytes", 1 << 20..=64 << 30, d.output_limit_bytes, w),
            output_spool_bytes: raw.number("OutputSpoolBytes", 1 << 20..=1 << 40, d.output_spool_bytes, w),
            reply_spool_bytes: raw.number("ReplySpoolBytes", 1 << 20..=4 << 30, d.reply_spool_bytes, w),
            memory_max_percent: raw.number("MemoryMaxPercent", 5..=100, d.memory_max_percent, w),
            cpu_max_percent: raw.number("CpuMaxPercent", 1..=100, d.cpu_max_percent, w),
            pids_max: raw.number("PidsMax", 64..=1_000_000, d.pids_max, w),
            nice: raw.number("Nice", 0..=19, d.nice, w),
            kill_grace_ms: raw.number("KillGraceMilliseconds", 0..=60_000, d.kill_grace_ms, w),
            similarity_threshold: raw.number("SimilarityThreshold", 0..=100, d.similarity_threshold, w),
            key_rotate_days: raw.number("KeyRotateDays", 0..=3650, d.key_rotate_days, w),
            share_credentials: raw.flag("ShareCredentials", d.share_credentials, w),
            reboot_command: reboot_command(&mut raw, d.reboot_command, w),
            environment: environment(&mut raw, w),
            session_user: session_user(&mut raw, d.session_user, w),
            session_user_sudo: raw.flag("SessionUserSudo", d.session_user_sudo, w),
        };
        for key in raw.0.keys() {
            warnings.push(format!("{key} is not a key of agent.json"));
        }
        (config, warnings)
    }
}

fn reboot_command(raw: &mut Raw, default: Vec<String>, warnings: &mut Vec<String>) -> Vec<String> {
    let Some(value) = raw.0.remove("RebootCommand") else { return default };
    match serde_json::from_value::<Vec<String>>(value) {
        Ok(command) if !command.is_empty() => command,
        _ => {
            warnings.push("RebootCommand must be a list with a program and its arguments; using the system's own".to_owned());
            default
        }
    }
}

fn session_user(raw: &mut Raw, default: String, warnings: &mut Vec<String>) -> String {
    let Some(value) = raw.0.remove("SessionUser") else { return default };
    // What `useradd` takes, so that a name is never an option of it.
    let clean =
        |name: &str| name.len() <= 32 && !name.starts_with('-') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    match value {
        Value::String(name) if clean(&name) => name,
        _ => {
            warnings.push(format!("SessionUser must be the name of a user, or empty for the agent's own; using {default}"));
            default
        }
    }
}

fn environment(raw: &mut Raw, warnings: &mut Vec<String>) -> Vec<(String, String)> {
    let Some(value) = raw.0.remove("Environment") else { return Vec::new() };
    match serde_json::from_value::<std::collections::BTreeMap<String, String>>(value) {
        Ok(map) => map.into_iter().filter(|(name, _)| !name.is_empty() && !name.contains(['=', '\0'])).collect(),
        Err(_) => {
            warnings.push("Environment must be an object of texts; using none".to_owned());
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_and_wrong_types_become_defaults_with_a_warning_each() {
        let (config, warnings) = Config::parse(
            br#"{"HeartbeatMinutes":0,"ParallelDocuments":"many","PidsMax":100,"ShareCredentials":1,"RebootCommand":[],"Environment":{"A":"b"},"SessionUser":"-x","Foo":1}"#,
        );
        assert_eq!(config.heartbeat_minutes, 5);
        assert_eq!(config.parallel_documents, 16);
        assert_eq!(config.pids_max, 100);
        assert!(!config.share_credentials);
        assert_eq!(config.environment, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(config.session_user, "ssm-user");
        assert_eq!(warnings.len(), 6, "{warnings:?}");
    }

    #[test]
    fn a_broken_file_does_not_stop_the_agent() {
        let (config, warnings) = Config::parse(b"{nonsense");
        assert_eq!(config, Config::default());
        assert_eq!(warnings.len(), 1);
    }
}
