//! The part of the control-group tree (cgroup v2) that the service manager leaves to the agent, and how the agent divides it:
//!
//! ```text
//! quarterdeck-agent.service/   the unit's own group, delegated; without processes while it is divided
//!   agent/                     the agent and the supervisors
//!   step-<digest>/             one step's script with all it started, under its ceiling
//! ```
//!
//! A group with limited children may hold no processes, and systemd starts a service in the unit's own group. While scripts of an
//! earlier life of the agent run in it, that fails, so the unit calls [`make_room`] first; the limits that this takes away are put back
//! by [`Ceiling::renew`](super::ceiling::Ceiling::renew).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where cgroup v2 is mounted when nothing else is: on every system whose service manager delegates it.
const ROOT: &str = "/sys/fs/cgroup";
/// The agent's own group.
const AGENT: &str = "agent";
/// What the names of the steps' groups begin with.
const STEP: &str = "step-";
/// The group that systemd runs a unit's auxiliary commands in.
const CONTROL: &str = ".control";
/// Controllers that a ceiling needs.
const CONTROLLERS: &[&str] = &["cpu", "memory", "pids"];

/// The group the agent may divide, if the system gave it one. Moves the processes in it into a group of their own first.
pub fn delegated() -> Option<PathBuf> {
    let base = own_base()?;
    let offered = fs::read_to_string(base.join("cgroup.controllers")).ok()?;
    let wanted: Vec<String> =
        CONTROLLERS.iter().filter(|name| offered.split_whitespace().any(|offer| offer == **name)).map(|name| format!("+{name}")).collect();
    if wanted.is_empty() {
        return None;
    }
    let leaf = agent_group(&base);
    fs::create_dir_all(&leaf).ok()?;
    // All of them, because the nursery is there too.
    for process in fs::read_to_string(base.join("cgroup.procs")).ok()?.lines() {
        // One that has just ended is no obstacle.
        let _ = fs::write(leaf.join("cgroup.procs"), process);
    }
    fs::write(base.join("cgroup.subtree_control"), wanted.join(" ")).ok()?;
    Some(base)
}

/// Undivides the unit's group, so that the service manager can start the agent in it. Scripts that still run go on without a limit
/// until the agent renews it.
pub fn make_room() -> io::Result<()> {
    let Some(base) = own_base() else { return Ok(()) };
    let file = base.join("cgroup.subtree_control");
    let divided: Vec<String> = fs::read_to_string(&file)?.split_whitespace().map(|name| format!("-{name}")).collect();
    if divided.is_empty() { Ok(()) } else { fs::write(file, divided.join(" ")) }
}

/// The unit's group, from where this process stands in it. `None` outside a unit.
fn own_base() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let base = base_of(Path::new(ROOT), &own)?;
    // The root group has no such file; dividing it would touch processes that are not ours.
    base.join("cgroup.type").exists().then_some(base)
}

/// `own` is the text of `/proc/self/cgroup`.
fn base_of(root: &Path, own: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let group = root.join(path.trim_start_matches('/'));
    match group.file_name()?.to_str()? {
        AGENT | CONTROL => group.parent().map(Path::to_path_buf),
        _ => Some(group),
    }
}

/// The agent's own group below `base`.
pub fn agent_group(base: &Path) -> PathBuf {
    base.join(AGENT)
}

/// The name of a step's group, from something that tells steps apart.
pub fn step_name(distinct: &[u8]) -> String {
    format!("{STEP}{}", &crate::digest::hex_of(distinct)[..16])
}

/// The steps' groups that are there now.
pub fn step_groups(base: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(base) else { return Vec::new() };
    entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(STEP)).map(|entry| entry.path()).collect()
}

/// Moves this process into a group.
pub fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), std::process::id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_group_is_found_from_every_place_in_it() {
        let base = |own: &str| base_of(Path::new("/sys/fs/cgroup"), own);
        let unit = Some(PathBuf::from("/sys/fs/cgroup/system.slice/quarterdeck-agent.service"));
        assert_eq!(base("0::/system.slice/quarterdeck-agent.service\n"), unit);
        assert_eq!(base("0::/system.slice/quarterdeck-agent.service/agent\n"), unit);
        assert_eq!(base("0::/system.slice/quarterdeck-agent.service/.control\n"), unit);
        assert_eq!(base("9:memory:/x\n1:name=systemd:/y\n"), None, "control groups of the old kind only");
    }

    #[test]
    fn only_steps_are_steps() {
        let dir = tempfile::tempdir().unwrap();
        let name = step_name(b"one");
        for group in ["agent", ".control", &name] {
            fs::create_dir(dir.path().join(group)).unwrap();
        }
        assert_eq!(step_groups(dir.path()), [dir.path().join(name)]);
        assert_ne!(step_name(b"one"), step_name(b"two"));
    }
}
