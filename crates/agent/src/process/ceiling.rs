//! What a step's processes may use at most: a runaway script must not take the node, or the agent, down with it.
//!
//! Where cgroup v2 is delegated to the agent (the packaged unit asks for it) each step gets its own group with `memory.max`,
//! `cpu.max` and `pids.max`, and the whole group can be killed at once. Elsewhere limits and a lower priority are inherited by the
//! script's processes; that is weaker (per process, not per tree), and the exit record says which of the two was in force.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Limits for one step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ceiling {
    /// The agent's delegated cgroup, if it has one.
    pub cgroup: Option<PathBuf>,
    /// Name of the step's group inside it.
    pub group: String,
    /// Bytes of memory; 0 = no limit.
    pub memory_bytes: u64,
    /// Percent of all processors, 1–100; 100 = no limit.
    pub cpu_percent: u64,
    /// Processes and threads; 0 = no limit.
    pub pids: u64,
    /// Priority step where there is no cgroup.
    pub nice: u64,
}

/// A ceiling in force.
#[derive(Debug, Default)]
pub struct Applied {
    /// In words, for the exit record.
    pub text: String,
    /// The step's cgroup directory.
    pub group: Option<PathBuf>,
    /// The group this process came from.
    home: Option<PathBuf>,
    /// Priority step for the script's process group, where there is no cgroup.
    nice: i32,
}

/// The cgroup the agent may subdivide, if the system gave it one.
pub fn delegated_cgroup() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    return super::cgroup::delegated();
    #[cfg(not(target_os = "linux"))]
    None
}

impl Ceiling {
    /// Puts this process under the ceiling, so that what it starts next is born under it. Call [`Applied::leave`] afterwards.
    pub fn enter(&self) -> Applied {
        #[cfg(target_os = "linux")]
        if let Some(applied) = self.enter_cgroup() {
            return applied;
        }
        #[cfg(unix)]
        {
            self.enter_rlimits()
        }
        #[cfg(not(unix))]
        {
            let nice = i32::from(self.nice > 0);
            let priority = if nice > 0 { ", below normal priority" } else { "" };
            Applied { text: format!("job object without limits{priority}"), nice, ..Applied::default() }
        }
    }

    #[cfg(target_os = "linux")]
    fn enter_cgroup(&self) -> Option<Applied> {
        use super::cgroup;
        let base = self.cgroup.as_ref()?;
        let group = base.join(&self.group);
        std::fs::create_dir(&group).ok()?;
        let said = self.limit(&group);
        if cgroup::enter(&group).is_err() {
            let _ = std::fs::remove_dir(&group);
            return None;
        }
        Some(Applied { text: format!("cgroup {}", said.join(" ")), group: Some(group), home: Some(cgroup::agent_group(base)), nice: 0 })
    }

    /// Writes the limits into a group. Answers those that the system took.
    #[cfg(target_os = "linux")]
    fn limit(&self, group: &std::path::Path) -> Vec<String> {
        let mut said = Vec::new();
        let mut set = |file: &str, value: String| {
            if std::fs::write(group.join(file), &value).is_ok() {
                said.push(format!("{file}={value}"));
            }
        };
        if self.memory_bytes > 0 {
            set("memory.max", self.memory_bytes.to_string());
        }
        if self.cpu_percent < 100 {
            let processors = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
            set("cpu.max", format!("{} 100000", 1000 * self.cpu_percent * processors));
        }
        set("cpu.weight", "50".to_owned());
        if self.pids > 0 {
            set("pids.max", self.pids.to_string());
        }
        said
    }

    /// Puts the limits back on steps that an earlier life of the agent started: the way into a new one took them away.
    pub fn renew(&self) {
        #[cfg(target_os = "linux")]
        for group in self.cgroup.iter().flat_map(|base| super::cgroup::step_groups(base)) {
            // A group without processes is what a step left behind when its supervisor was killed.
            if std::fs::remove_dir(&group).is_err() {
                self.limit(&group);
            }
        }
    }

    #[cfg(unix)]
    fn enter_rlimits(&self) -> Applied {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let mut said = Vec::new();
        let mut lower = |name: &str, resource: Resource, value: u64| {
            let now = getrlimit(resource);
            let value = now.maximum.map_or(value, |hard| hard.min(value));
            let limit = Rlimit { current: Some(value), maximum: now.maximum };
            if setrlimit(resource, limit).is_ok() {
                said.push(format!("{name}={value}"));
            }
        };
        if self.memory_bytes > 0 {
            lower("RLIMIT_DATA", Resource::Data, self.memory_bytes);
        }
        if self.pids > 0 {
            lower("RLIMIT_NPROC", Resource::Nproc, self.pids);
        }
        let nice = i32::try_from(self.nice.min(19)).unwrap_or(0);
        if nice > 0 {
            said.push(format!("nice={nice}"));
        }
        Applied { text: format!("limits {}", said.join(" ")), nice, ..Applied::default() }
    }
}

impl Applied {
    /// Takes this process itself out of the group again: the supervisor must not starve with its script.
    pub fn leave(&self) {
        if let Some(home) = &self.home {
            let _ = std::fs::write(home.join("cgroup.procs"), std::process::id().to_string());
        }
    }

    /// Whether the script is to be started with a lower priority. Not this process.
    #[cfg(windows)]
    pub fn lowers_priority(&self) -> bool {
        self.nice > 0
    }

    /// Lowers the priority of a script that was just started, and with it of all that it will start. Not this process's own: who waits for a
    /// result should not wait behind the script's load.
    #[cfg(unix)]
    pub fn lower_priority(&self, group: rustix::process::Pid) {
        if self.nice > 0
            && let Err(error) = rustix::process::setpriority_pgrp(Some(group), self.nice)
        {
            tracing::debug!(%error, "a script's priority cannot be lowered");
        }
    }

    /// Kills everything in the group at once, if there is one.
    pub fn kill_group(&self) {
        if let Some(group) = &self.group {
            let _ = std::fs::write(group.join("cgroup.kill"), "1");
        }
    }

    /// Removes the group when nothing lives in it any more; a script's background processes keep it.
    pub fn remove(&self) {
        if let Some(group) = &self.group {
            let _ = std::fs::remove_dir(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_cannot_be_made_is_not_claimed() {
        let applied = Ceiling { cgroup: Some("/nonexistent".into()), group: "step".into(), cpu_percent: 100, ..Ceiling::default() }.enter();
        assert!(applied.group.is_none());
        assert!(!applied.text.contains("cgroup"));
    }
}
