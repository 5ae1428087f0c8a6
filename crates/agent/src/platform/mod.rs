//! What differs between operating systems and is not about processes: names, facts, places. One file per system, same functions.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};

/// `PlatformType` as the API spells it.
pub const PLATFORM_TYPE: &str = if cfg!(windows) {
    "Windows"
} else if cfg!(target_os = "macos") {
    "MacOS"
} else {
    "Linux"
};

/// The exit code with which a script asks for a reboot (agent-protocol 6.3).
pub const REBOOT_CODE: i32 = if cfg!(windows) { 3010 } else { 194 };

/// Name and version of the operating system, e.g. `("Debian GNU/Linux", "12")`.
pub fn name_and_version() -> (String, String) {
    system::name_and_version()
}

/// The machine's host name; empty when the system does not say.
pub fn host_name() -> String {
    system::host_name()
}

/// Changes with every start of the machine. Where the system does not say, every answer is another one: taking two unknown starts for
/// the same would have a machine restarted again and again.
pub fn boot_id() -> String {
    known_or_unique(system::boot_id())
}

fn known_or_unique(id: String) -> String {
    if id.is_empty() {
        tracing::warn!("the system does not say which start of the machine this is");
        return format!("unknown-{}", uuid::Uuid::new_v4());
    }
    id
}

/// Facts that identify the hardware, by name. Facts that cannot be read are absent.
pub fn hardware_facts() -> Vec<(&'static str, String)> {
    let mut facts = system::hardware_facts();
    facts.push(("hostname", host_name()));
    if let Some(address) = ip_address(None) {
        facts.push(("ip", address.to_string()));
    }
    // Memory of 0 bytes is not known either.
    facts.retain(|(name, value)| !value.trim().is_empty() && (*name != "memory" || value != "0"));
    facts
}

/// Bytes of main memory, 0 if unknown.
pub fn total_memory() -> u64 {
    system::total_memory()
}

/// Bytes this user may still write on the file system of `path`.
pub fn free_bytes(path: &Path) -> Option<u64> {
    system::free_bytes(path)
}

/// Lets only this user and the system's administrators into the directory `path` and what will be made in it.
pub fn make_private(path: &Path) -> std::io::Result<()> {
    system::make_private(path)
}

/// True if programs on the file system of `path` cannot be executed.
pub fn is_noexec(path: &Path) -> bool {
    system::is_noexec(path)
}

/// Directories for this user's agents that live in memory and do not depend on a disk, best first. They may not be there yet, and where
/// everybody may make some, somebody else may have been first: see [`crate::home::check_private`].
pub fn memory_directories() -> Vec<PathBuf> {
    #[cfg(target_os = "linux")]
    return system::memory_directories();
    #[cfg(not(target_os = "linux"))]
    system::memory_directory().into_iter().collect()
}

/// Program and arguments that restart the machine.
pub fn reboot_command() -> Vec<String> {
    system::reboot_command()
}

/// A search path for scripts when the agent itself was started without one.
pub fn default_path() -> &'static str {
    system::DEFAULT_PATH
}

/// Programs that run PowerShell scripts, best first.
pub fn powershell_programs() -> &'static [&'static str] {
    system::POWERSHELL
}

/// The address this machine uses to reach `peer` (`host:port`), or to reach the outside if there is no peer. Sends nothing.
pub fn ip_address(peer: Option<&str>) -> Option<IpAddr> {
    let towards = |local: &str, peer: &str| {
        let socket = UdpSocket::bind(local).ok()?;
        socket.connect(peer).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    };
    let outside = || towards("0.0.0.0:0", "192.0.2.1:9").or_else(|| towards("[::]:0", "[2001:db8::1]:9"));
    match peer.and_then(|peer| towards("0.0.0.0:0", peer).or_else(|| towards("[::]:0", peer))) {
        Some(ip) if !ip.is_loopback() => Some(ip),
        found => outside().or(found),
    }
}

/// Looks a program up in the search path.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| default_path().into());
    std::env::split_paths(&path).find_map(|dir| {
        let plain = dir.join(name);
        let exe = dir.join(format!("{name}.exe"));
        if plain.is_file() { Some(plain) } else { (cfg!(windows) && exe.is_file()).then_some(exe) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_described() {
        let (name, _) = name_and_version();
        assert!(!name.is_empty());
        assert!(!boot_id().is_empty());
        assert!(total_memory() > 1 << 20);
        assert!(free_bytes(Path::new(".")).is_some());
        assert!(!is_noexec(&std::env::current_exe().unwrap()));
    }

    #[test]
    fn an_unknown_start_of_the_machine_is_like_no_other() {
        assert_eq!(known_or_unique("x".to_owned()), "x");
        let (first, second) = (known_or_unique(String::new()), known_or_unique(String::new()));
        assert!(!first.is_empty() && first != second);
    }

    #[test]
    fn programs_are_found() {
        assert!(find_program(if cfg!(windows) { "cmd" } else { "sh" }).is_some());
        assert!(find_program("no-such-program-here").is_none());
    }
}
