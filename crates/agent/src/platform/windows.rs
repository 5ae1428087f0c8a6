//! Windows. Facts come from PowerShell's CIM queries, once; the machine's id from the registry.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub const DEFAULT_PATH: &str = r"C:\Windows\System32;C:\Windows;C:\Windows\System32\WindowsPowerShell\v1.0";
pub const POWERSHELL: &[&str] = &["powershell", "pwsh"];

/// Time between two queries while they fail: each costs a second, and facts are asked for at every step.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// How often the start of the machine is asked for: the service that knows may start after this one.
const BOOT_TRIES: u32 = 4;

/// What was learned. A failure is not kept: the service that answers may not have started yet.
enum Facts {
    Unknown { asked: Option<Instant> },
    Known(serde_json::Value),
}

static FACTS: Mutex<Facts> = Mutex::new(Facts::Unknown { asked: None });

fn fact(name: &str) -> serde_json::Value {
    let mut facts = FACTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Facts::Unknown { asked } = &*facts
        && asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN)
    {
        *facts = match query() {
            Ok(known) => Facts::Known(known),
            Err(error) => {
                tracing::warn!(error, "Windows does not answer what this machine is; asking again later");
                Facts::Unknown { asked: Some(Instant::now()) }
            }
        };
    }
    match &*facts {
        Facts::Known(known) => known[name].clone(),
        Facts::Unknown { .. } => serde_json::Value::Null,
    }
}

/// One query for everything, because starting PowerShell takes a second. What tells one start of the machine from another is when its
/// first process began: the boot time that Windows reports moves with every correction of the clock. PowerShell 5.1 writes to a pipe in
/// the console's code page unless it is told otherwise, and the system's name is not ASCII everywhere.
fn query() -> Result<serde_json::Value, String> {
    let query = "try{[Console]::OutputEncoding=[Text.Encoding]::UTF8}catch{};\
        $o=Get-CimInstance Win32_OperatingSystem;$s=Get-CimInstance Win32_ComputerSystemProduct;\
        $i=Get-CimInstance Win32_Process -Filter \"Name='wininit.exe'\"|Select-Object -First 1;\
        $t=if($i.CreationDate){$i.CreationDate}else{$o.LastBootUpTime};\
        $b=Get-CimInstance Win32_BIOS;$c=Get-CimInstance Win32_Processor|Select-Object -First 1;\
        @{name=$o.Caption;version=$o.Version;boot=$t.ToFileTimeUtc().ToString();\
        memory=[uint64]$o.TotalVisibleMemorySize*1024;uuid=$s.UUID;bios=$b.SerialNumber;cpu=$c.Name}|ConvertTo-Json -Compress";
    let output = Command::new("powershell")
        .args(["-NoProfile", "-NonInteractive", "-Command", query])
        .output()
        .map_err(|error| format!("PowerShell cannot be started: {error}"))?;
    // Some consoles begin with a byte order mark.
    let text = output.stdout.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&output.stdout);
    let known: serde_json::Value = serde_json::from_slice(text).map_err(|error| format!("PowerShell's answer cannot be read: {error}"))?;
    if known["name"].as_str().is_none_or(str::is_empty) || known["boot"].as_str().is_none_or(str::is_empty) {
        return Err("PowerShell's answer says neither the system's name nor its start".to_owned());
    }
    Ok(known)
}

fn text(name: &str) -> String {
    fact(name).as_str().unwrap_or("").trim().to_owned()
}

/// From the registry itself (its 64-bit side, whatever this program is): it is what a node is told apart by, and must be there when PowerShell is not.
fn machine_guid() -> String {
    let access = winreg::enums::KEY_READ | winreg::enums::KEY_WOW64_64KEY;
    let key = winreg::HKLM.open_subkey_with_flags(r"SOFTWARE\Microsoft\Cryptography", access);
    key.and_then(|key| key.get_value::<String, _>("MachineGuid")).unwrap_or_default().trim().to_owned()
}

pub fn name_and_version() -> (String, String) {
    let name = text("name");
    (if name.is_empty() { "Windows".to_owned() } else { name }, text("version"))
}

pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

pub fn boot_id() -> String {
    for left in (0..BOOT_TRIES).rev() {
        let boot = text("boot");
        if !boot.is_empty() || left == 0 {
            return boot;
        }
        std::thread::sleep(ASK_AGAIN);
    }
    String::new()
}

pub fn hardware_facts() -> Vec<(&'static str, String)> {
    vec![
        ("machine-id", machine_guid()),
        ("product-uuid", text("uuid")),
        ("bios", text("bios")),
        ("processor", text("cpu")),
        ("memory", total_memory().to_string()),
    ]
}

pub fn total_memory() -> u64 {
    fact("memory").as_u64().unwrap_or(0)
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
