//! Linux.

use std::fs;
use std::path::{Path, PathBuf};

pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
pub const POWERSHELL: &[&str] = &["pwsh", "powershell"];

pub fn name_and_version() -> (String, String) {
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release")).unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
            .filter(|value| !value.is_empty())
    };
    let name = field("NAME").unwrap_or_else(|| "Linux".to_owned());
    let version = field("VERSION_ID").unwrap_or_else(|| trimmed("/proc/sys/kernel/osrelease"));
    (name, version)
}

pub fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.contains('.') {
        return name;
    }
    // The full name, if /etc/hosts knows it; asking a name server could block the agent's start.
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let dotted = format!("{name}.");
    hosts
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split_whitespace().skip(1))
        .find(|word| !name.is_empty() && word.starts_with(&dotted))
        .map_or(name, str::to_owned)
}

pub fn boot_id() -> String {
    trimmed("/proc/sys/kernel/random/boot_id")
}

pub fn hardware_facts() -> Vec<(&'static str, String)> {
    let first = |paths: &[&str]| paths.iter().map(|p| trimmed(p)).find(|t| !t.is_empty()).unwrap_or_default();
    vec![
        ("machine-id", first(&["/etc/machine-id", "/var/lib/dbus/machine-id"])),
        ("product-uuid", trimmed("/sys/class/dmi/id/product_uuid")),
        ("product", trimmed("/sys/class/dmi/id/product_name") + &trimmed("/sys/class/dmi/id/sys_vendor")),
        ("bios", trimmed("/sys/class/dmi/id/bios_version") + &trimmed("/sys/class/dmi/id/bios_date")),
        ("processor", processor()),
        ("memory", total_memory().to_string()),
        ("mac", mac_addresses()),
        ("disks", names("/dev/disk/by-uuid")),
    ]
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name") || line.starts_with("CPU part")).unwrap_or("");
    format!("{model}:{}", text.lines().filter(|line| line.starts_with("processor")).count())
}

fn mac_addresses() -> String {
    let Ok(entries) = fs::read_dir("/sys/class/net") else { return String::new() };
    // Only interfaces with a device behind them: bridges and containers come and go.
    let mut found: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("device").exists())
        .map(|entry| fs::read_to_string(entry.path().join("address")).unwrap_or_default().trim().to_owned())
        .collect();
    found.sort();
    found.join(",")
}

fn names(dir: &str) -> String {
    let Ok(entries) = fs::read_dir(dir) else { return String::new() };
    let mut found: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    found.sort();
    found.join(",")
}

pub fn total_memory() -> u64 {
    let info = rustix::system::sysinfo();
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)] // the field's width differs between architectures
    let (units, unit) = (info.totalram as u64, u64::from(info.mem_unit));
    units.saturating_mul(unit.max(1))
}

pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let blocks = if rustix::process::geteuid().is_root() { stat.f_bfree } else { stat.f_bavail };
    Some(blocks.saturating_mul(stat.f_frsize))
}

/// Nothing to do: the mode that the directory was made with says so already.
pub fn make_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

pub fn is_noexec(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|stat| stat.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
}

/// Where only this user or root can make something, then where everybody can.
pub fn memory_directories() -> Vec<PathBuf> {
    let user = rustix::process::geteuid();
    let run = if user.is_root() {
        // The unit's RuntimeDirectory.
        Some(PathBuf::from("/run"))
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute() && crate::home::check_private(dir).is_ok())
    };
    let shared = Path::new("/dev/shm").join(format!("quarterdeck-agent-{}", user.as_raw()));
    run.map(|dir| dir.join("quarterdeck-agent")).into_iter().chain([shared]).collect()
}

pub fn reboot_command() -> Vec<String> {
    vec!["shutdown".to_owned(), "-r".to_owned(), "now".to_owned()]
}

fn trimmed(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}
