//! macOS. Facts come from the system's own command-line tools, which need no private interfaces.

use std::path::{Path, PathBuf};
use std::process::Command;

pub const DEFAULT_PATH: &str = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin";
pub const POWERSHELL: &[&str] = &["pwsh", "powershell"];

pub fn name_and_version() -> (String, String) {
    let name = said("sw_vers", &["-productName"]);
    (if name.is_empty() { "macOS".to_owned() } else { name }, said("sw_vers", &["-productVersion"]))
}

pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub fn boot_id() -> String {
    said("sysctl", &["-n", "kern.bootsessionuuid"])
}

pub fn hardware_facts() -> Vec<(&'static str, String)> {
    let platform = said("ioreg", &["-rd1", "-c", "IOPlatformExpertDevice"]);
    let field =
        |name: &str| platform.lines().find(|line| line.contains(name)).and_then(|line| line.split('"').nth(3)).unwrap_or("").to_owned();
    vec![
        ("machine-id", field("IOPlatformUUID")),
        ("serial", field("IOPlatformSerialNumber")),
        ("product", said("sysctl", &["-n", "hw.model"])),
        ("processor", said("sysctl", &["-n", "machdep.cpu.brand_string"])),
        ("memory", total_memory().to_string()),
        ("mac", said("ifconfig", &["en0", "ether"]).lines().find(|line| line.contains("ether ")).unwrap_or("").trim().to_owned()),
    ]
}

pub fn total_memory() -> u64 {
    said("sysctl", &["-n", "hw.memsize"]).parse().unwrap_or(0)
}

pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Nothing to do: the mode that the directory was made with says so already.
pub fn make_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

pub fn is_noexec(_path: &Path) -> bool {
    false
}

pub fn memory_directory() -> Option<PathBuf> {
    None
}

pub fn reboot_command() -> Vec<String> {
    vec!["/sbin/shutdown".to_owned(), "-r".to_owned(), "now".to_owned()]
}

fn said(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
