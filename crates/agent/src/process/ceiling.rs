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

/// The cgroup the agent may subdivide, if the system gave it one. Moves the processes in it into a leaf first, because a group
/// with processes of its own may not have limited children.
#[cfg(target_os = "linux")]
pub fn delegated_cgroup() -> Option<PathBuf> {
    use std::fs;
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mut base = PathBuf::from("/sys/fs/cgroup").join(path.trim_start_matches('/'));
    if base.file_name().is_some_and(|name| name == "agent") {
        base = base.parent()?.to_path_buf();
    }
    // The root group has no cgroup.type; dividing it would touch processes that are not ours.
    if !base.join("cgroup.type").exists() {
        return None;
    }
    let controllers = fs::read_to_string(base.join("cgroup.controllers")).ok()?;
    let wanted: Vec<String> = ["cpu", "memory", "pids"]
        .iter()
        .filter(|name| controllers.split_whitespace().any(|c| c == **name))
        .map(|name| format!("+{name}"))
        .collect();
    if wanted.is_empty() {
        return None;
    }
    let leaf = base.join("agent");
    fs::create_dir_all(&leaf).ok()?;
    // Everything of the service, because the nursery and supervisors of an earlier agent may be there too.
    for process in fs::read_to_string(base.join("cgroup.procs")).ok()?.lines() {
        // One that has just ended is no obstacle.
        let _ = fs::write(leaf.join("cgroup.procs"), process);
    }
    fs::write(base.join("cgroup.subtree_control"), wanted.join(" ")).ok()?;
    Some(base)
}

/// No cgroups here.
#[cfg(not(target_os = "linux"))]
pub fn delegated_cgroup() -> Option<PathBuf> {
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
            Applied { text: "job object without limits".to_owned(), ..Applied::default() }
        }
    }

    #[cfg(target_os = "linux")]
    fn enter_cgroup(&self) -> Option<Applied> {
        use std::fs;
        let base = self.cgroup.as_ref()?;
        let group = base.join(&self.group);
        fs::create_dir(&group).ok()?;
        let mut said = Vec::new();
        let mut set = |file: &str, value: String| {
            if fs::write(group.join(file), &value).is_ok() {
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
        if fs::write(group.join("cgroup.procs"), std::process::id().to_string()).is_err() {
            let _ = fs::remove_dir(&group);
            return None;
        }
        Some(Applied { text: format!("cgroup {}", said.join(" ")), group: Some(group), home: Some(base.join("agent")), nice: 0 })
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
