//! `aws:runShellScript`: the lines of `runCommand` as one script, run by `sh` or by the interpreter of its `#!` line.

use super::{StepCx, script};
use crate::document::outcome::StepResult;
use crate::process::Runner;

/// Inputs: `runCommand[]`, `workingDirectory`, `timeoutSeconds`, `environment{}`.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    script::run(cx, "_script.sh", Runner::Shell).await
}
