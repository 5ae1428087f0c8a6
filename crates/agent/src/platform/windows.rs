//! Windows. Facts come from PowerShell's CIM queries, once at start.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub const DEFAULT_PATH: &str = r"C:\Windows\System32;C:\Windows;C:\Windows\System32\WindowsPowerShell\v1.0";
pub const POWERSHELL: &[&str] = &["powershell", "pwsh"];

/// One query for everything, because starting PowerShell takes a second. What tells one start of the machine from another is when its
/// first process began: the boot time that Windows reports moves with every correction of the clock.
fn facts() -> &'static serde_json::Value {
    static FACTS: OnceLock<serde_json::Value> = OnceLock::new();
    FACTS.get_or_init(|| {
        let query = "$o=Get-CimInstance Win32_OperatingSystem;$s=Get-CimInstance Win32_ComputerSystemProduct;\
            $i=Get-CimInstance Win32_Process -Filter \"Name='wininit.exe'\"|Select-Object -First 1;\
            $t=if($i.CreationDate){$i.CreationDate}else{$o.LastBootUpTime};\
            $b=Get-CimInstance Win32_BIOS;$c=Get-CimInstance Win32_Processor|Select-Object -First 1;\
            @{name=$o.Caption;version=$o.Version;boot=$t.ToFileTimeUtc().ToString();\
            memory=[uint64]$o.TotalVisibleMemorySize*1024;uuid=$s.UUID;bios=$b.SerialNumber;cpu=$c.Name;\
            machine=(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Cryptography).MachineGuid}|ConvertTo-Json -Compress";
        let output = Command::new("powershell").args(["-NoProfile", "-NonInteractive", "-Command", query]).output();
        output.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok()).unwrap_or_default()
    })
}

fn fact(name: &str) -> String {
    facts()[name].as_str().unwrap_or("").trim().to_owned()
}

pub fn name_and_version() -> (String, String) {
    let name = fact("name");
    (if name.is_empty() { "Windows".to_owned() } else { name }, fact("version"))
}

pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

pub fn boot_id() -> String {
    fact("boot")
}

pub fn hardware_facts() -> Vec<(&'static str, String)> {
    vec![
        ("machine-id", fact("machine")),
        ("product-uuid", fact("uuid")),
        ("bios", fact("bios")),
        ("processor", fact("cpu")),
        ("memory", total_memory().to_string()),
    ]
}

pub fn total_memory() -> u64 {
    facts()["memory"].as_u64().unwrap_or(0)
}

pub fn free_bytes(_path: &Path) -> Option<u64> {
    // Unknown is answered as "plenty": the reserve for a nearly full disk is a Linux facility.
    Some(u64::MAX)
}

/// Administrators and the system alone, or the owner alone where the agent is run by an ordinary user: below `C:\ProgramData` everybody
/// could read otherwise. Numbers stand for the accounts, because their names depend on the system's language.
pub fn make_private(path: &Path) -> std::io::Result<()> {
    const SYSTEM: &str = "*S-1-5-18:(OI)(CI)F";
    const ADMINISTRATORS: &str = "*S-1-5-32-544:(OI)(CI)F";
    const OWNER: &str = "*S-1-3-4:(OI)(CI)F";
    let icacls = |arguments: &[&str]| -> std::io::Result<()> {
        let output = Command::new("icacls").arg(path).args(arguments).arg("/Q").output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(std::io::Error::other(format!("icacls {} ended with {}: {said}", path.display(), output.status)))
    };
    // Somebody else may have made the directory first, to stay its owner; only an administrator can take it over.
    if icacls(&["/setowner", "*S-1-5-32-544"]).is_ok() {
        icacls(&["/inheritance:r", "/grant:r", SYSTEM, "/grant:r", ADMINISTRATORS])
    } else {
        icacls(&["/inheritance:r", "/grant:r", SYSTEM, "/grant:r", ADMINISTRATORS, "/grant:r", OWNER])
    }
}

pub fn is_noexec(_path: &Path) -> bool {
    false
}

pub fn memory_directory() -> Option<PathBuf> {
    None
}

pub fn reboot_command() -> Vec<String> {
    vec!["shutdown.exe".to_owned(), "/r".to_owned(), "/t".to_owned(), "0".to_owned()]
}
