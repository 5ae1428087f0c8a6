//! The plugins: one file each, one line each in [`PLUGINS`].
//!
//! A plugin this agent does not run is still known by name, so that the answer can say what to use instead: "unknown" means a
//! typing mistake, "not on this platform" means a wrong target, and the rest has a better way.

pub mod download_content;
pub mod elsewhere;
pub mod refresh_association;
pub mod run_document;
pub mod run_power_shell_script;
pub mod run_shell_script;
pub mod script;

use crate::agent::Agent;
use crate::document::outcome::{Status, StepResult};
use crate::document::plan::Inputs;
use qd_wire::payload::JobId;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a plugin knows of the step it runs.
#[derive(Clone, Copy)]
pub struct StepCx<'a> {
    /// The agent.
    pub agent: &'a Arc<Agent>,
    /// The job the step belongs to.
    pub job: &'a JobId,
    /// The plugin's own name.
    pub action: &'a str,
    /// Its inputs, parameters filled in.
    pub inputs: &'a Inputs,
    /// The step's own directory.
    pub dir: &'a Path,
    /// Directory for downloads and relative working directories of this command.
    pub downloads: &'a Path,
    /// Variables that carry parameters.
    pub variables: &'a [(String, String)],
    /// Cancelled on request.
    pub cancel: &'a CancellationToken,
    /// The step's name for live output, if the hub wants it.
    pub stream: Option<&'a str>,
    /// Bytes of either stream that were told under that name before this attempt.
    pub before: [u64; 2],
    /// The step was started under another boot of the machine: without a result it must count as cut off.
    pub may_have_run: bool,
    /// How deep in documents run by documents.
    pub depth: u8,
}

/// What this agent does with a plugin.
#[derive(Clone, Copy)]
enum Kind {
    RunShellScript,
    RunPowerShellScript,
    DownloadContent,
    RunDocument,
    RefreshAssociation,
    /// Known, run by other means; see [`elsewhere`].
    Elsewhere(elsewhere::Place),
}

/// Every plugin AWS documents name (agent-protocol 6.4).
const PLUGINS: &[(&str, Kind)] = &[
    ("aws:runShellScript", Kind::RunShellScript),
    ("aws:runPowerShellScript", Kind::RunPowerShellScript),
    ("aws:downloadContent", Kind::DownloadContent),
    ("aws:runDocument", Kind::RunDocument),
    ("aws:refreshAssociation", Kind::RefreshAssociation),
    (
        "aws:configurePackage",
        Kind::Elsewhere(elsewhere::Place::Instead(
            "install packages with aws:runShellScript or aws:runPowerShellScript and the system's package manager",
        )),
    ),
    (
        "aws:updateSsmAgent",
        Kind::Elsewhere(elsewhere::Place::Instead("this node runs quarterdeck-agent, which is updated through the hub's install script")),
    ),
    ("aws:updateAgent", Kind::Elsewhere(elsewhere::Place::Windows("it updated EC2Config, which is no longer in use"))),
    (
        "aws:softwareInventory",
        Kind::Elsewhere(elsewhere::Place::Instead(
            "inventory is not built in this version; list what you need with aws:runShellScript or aws:runPowerShellScript",
        )),
    ),
    (
        "aws:configureDocker",
        Kind::Elsewhere(elsewhere::Place::Instead("install or remove Docker with aws:runShellScript and the system's package manager")),
    ),
    ("aws:runDockerAction", Kind::Elsewhere(elsewhere::Place::Instead("call docker from aws:runShellScript or aws:runPowerShellScript"))),
    (
        "aws:domainJoin",
        Kind::Elsewhere(elsewhere::Place::Instead(
            "it joins AWS directories only; join with realm (Linux), dsconfigad (macOS) or Add-Computer (Windows) from a script",
        )),
    ),
    ("aws:cloudWatch", Kind::Elsewhere(elsewhere::Place::Windows("use the CloudWatch agent, or a script that installs a collector"))),
    ("aws:psModule", Kind::Elsewhere(elsewhere::Place::Windows("use Install-Module in aws:runPowerShellScript"))),
    ("aws:applications", Kind::Elsewhere(elsewhere::Place::Windows("use msiexec in aws:runPowerShellScript"))),
    ("aws:configureDaemon", Kind::Elsewhere(elsewhere::Place::Instead("no agent runs it; install a service with a script"))),
];

fn find(action: &str) -> Option<Kind> {
    PLUGINS.iter().find(|(name, _)| *name == action).map(|(_, kind)| *kind)
}

/// The result of a step that cannot run here, `None` if it can. `lenient` (schema 2.2) skips what belongs to another platform.
pub fn refuse(action: &str, lenient: bool) -> Option<StepResult> {
    match find(action) {
        None => Some(StepResult::failed(
            action,
            format!("The plugin {action} is not known to this agent ({}). Check its spelling, or update the agent.", crate::agent::VERSION),
        )),
        Some(Kind::RunShellScript) if cfg!(windows) => {
            Some(other_platform(action, lenient, "Linux and macOS", "use aws:runPowerShellScript"))
        }
        Some(Kind::Elsewhere(place)) => Some(elsewhere::refuse(action, lenient, place)),
        Some(_) => None,
    }
}

/// A plugin of another platform: skipped in schema 2.2, failed before (agent-protocol 6.3).
fn other_platform(action: &str, lenient: bool, platforms: &str, advice: &str) -> StepResult {
    let text = format!("Step execution skipped due to incompatible platform: {action} runs on {platforms} only; {advice}.");
    if lenient {
        StepResult::plain(action, Status::Skipped, 0, text)
    } else {
        StepResult::failed(action, format!("{action} runs on {platforms} only, and this is {}; {advice}.", crate::platform::PLATFORM_TYPE))
    }
}

/// Runs a step. `None` when the agent is going down while the step goes on without it.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    match find(cx.action) {
        Some(Kind::RunShellScript) => run_shell_script::run(cx).await,
        Some(Kind::RunPowerShellScript) => run_power_shell_script::run(cx).await,
        Some(Kind::DownloadContent) => download_content::run(cx).await,
        Some(Kind::RunDocument) => run_document::run(cx).await,
        Some(Kind::RefreshAssociation) => refresh_association::run(cx).await,
        Some(Kind::Elsewhere(_)) | None => refuse(cx.action, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plugin_runs_or_says_what_to_do() {
        for (action, kind) in PLUGINS {
            match refuse(action, false) {
                None => assert!(!matches!(kind, Kind::Elsewhere(_)), "{action}"),
                Some(result) => {
                    assert_eq!(result.status, Status::Failed, "{action}");
                    assert!(result.note.contains(action) && result.note.len() > action.len() + 20, "{}", result.note);
                }
            }
        }
    }

    #[test]
    fn advice_does_not_lead_to_what_is_not_built() {
        let note = refuse("aws:softwareInventory", true).unwrap().note;
        assert!(note.contains("not built in this version") && !note.contains("association"), "{note}");
    }

    #[test]
    fn unknown_is_told_from_not_on_this_platform() {
        assert!(refuse("aws:runShelScript", true).unwrap().note.contains("not known"));
        let windows_only = refuse("aws:psModule", true).unwrap();
        assert_eq!(windows_only.status, if cfg!(windows) { Status::Failed } else { Status::Skipped });
        assert_eq!(refuse("aws:psModule", false).unwrap().status, Status::Failed);
    }
}
