//! `aws:runPowerShellScript`: Windows PowerShell there, PowerShell 7 elsewhere if it is installed.

use super::{StepCx, script};
use crate::document::outcome::StepResult;
use crate::platform;
use crate::process::Runner;

/// Inputs as for `aws:runShellScript`.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    let Some(program) = platform::powershell_programs().iter().find_map(|name| platform::find_program(name)) else {
        let names = platform::powershell_programs().join(" or ");
        return Some(StepResult::failed(
            cx.action,
            format!(
                "PowerShell is not installed on this node ({names} is not in the search path). Install PowerShell, or use aws:runShellScript."
            ),
        ));
    };
    let mut argv =
        vec![program.to_string_lossy().into_owned(), "-NoLogo".to_owned(), "-NoProfile".to_owned(), "-NonInteractive".to_owned()];
    if cfg!(windows) {
        argv.extend(["-ExecutionPolicy".to_owned(), "Unrestricted".to_owned()]);
    }
    argv.push("-File".to_owned());
    script::run(cx, "_script.ps1", Runner::Through(argv)).await
}
