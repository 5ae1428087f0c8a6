//! A step that asks for a reboot: it runs again when the machine is back (agent-protocol 6.3).
//!
//! What is to happen then is on the disk before the machine is told. A machine that cannot be restarted, because this is a container or the
//! agent's user may not, is a failure of the step: waiting for it would keep the node from everything else.

use super::outcome::{Status, StepResult};
use super::plan::Step;
use super::runner::Run;
use super::state::{Asked, Attempt, Progress, Spot};
use qd_wire::payload::agent_job_reply::DocumentStatus;
use std::process::Stdio;
use std::time::Duration;

/// Reboots one document may ask for; more is a loop.
const REBOOT_LIMIT: u32 = 15;
/// How often a machine is told to restart before it is taken not to do so.
const TRIES: u32 = 5;
/// How long the command that restarts the machine may take. One that takes longer is at work.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);
/// How long a machine may take to go down.
const REBOOT_PATIENCE: Duration = Duration::from_secs(600);
/// Most of what that command says that is told, in characters.
const SAID: usize = 300;

impl Run<'_> {
    /// Writes down that a reboot is wanted, says so, and restarts the machine. Otherwise the result that the step has now.
    pub async fn ask_for_reboot(&self, step: &Step, progress: &mut Progress, result: StepResult) -> Result<(), StepResult> {
        if progress.reboots >= REBOOT_LIMIT {
            let note = format!("the step asked for a reboot more than {REBOOT_LIMIT} times");
            return Err(StepResult { status: Status::Failed, note, ..result });
        }
        if !self.keeper.outlives_reboot() {
            return Err(refused(result, "its disk is full, and what is in memory would be lost"));
        }
        let mut asked = progress.clone();
        let (index, number) = (progress.done.len(), progress.reboots);
        let before = self.told_after(progress);
        asked.attempts.push(Attempt { step: index, number, spot: progress.current });
        asked.current = Spot { volatile: false, before };
        asked.reboots += 1;
        asked.started = None;
        asked.rebooting = Some(self.agent.boot_id.clone());
        asked.asked = Some(Asked { result: result.clone(), tries: 1 });
        if let Err(error) = self.keeper.save(&asked, true).await {
            return Err(refused(result, &format!("where it stands cannot be written down: {error}")));
        }
        self.say(progress, step, Some(&result), DocumentStatus::SuccessAndReboot);
        if let Err(reason) = self.reboot().await {
            return Err(refused(result, &reason));
        }
        *progress = asked;
        Ok(())
    }

    /// The machine did not go down before this life of the agent: tells it again. True if it goes now; otherwise the step has ended.
    pub async fn ask_again(&self, progress: &mut Progress) -> bool {
        let asked = progress.asked.clone();
        let tries = asked.as_ref().map_or(1, |asked| asked.tries);
        let reason = if tries >= TRIES {
            format!("it was told {tries} times and did not restart")
        } else {
            progress.asked = asked.clone().map(|asked| Asked { tries: tries + 1, ..asked });
            match self.keeper.save(progress, true).await {
                Err(error) => format!("where it stands cannot be written down: {error}"),
                Ok(()) => match self.reboot().await {
                    Ok(()) => return true,
                    Err(reason) => reason,
                },
            }
        };
        // Back to before the step asked.
        (progress.rebooting, progress.asked) = (None, None);
        progress.reboots = progress.reboots.saturating_sub(1);
        progress.current = progress.attempts.pop().map(|attempt| attempt.spot).unwrap_or_default();
        let Some(step) = self.plan.steps.get(progress.done.len()) else { return false };
        let result = asked.map_or_else(|| StepResult::failed(&step.action, ""), |asked| asked.result);
        self.take(step, progress, refused(result, &reason));
        self.report(progress).await;
        false
    }

    /// Restarts the machine. From then on no command is taken and no step begun.
    async fn reboot(&self) -> Result<(), String> {
        let Some((program, arguments)) = self.agent.config.reboot_command.split_first() else {
            return Err("it has no RebootCommand".to_owned());
        };
        tracing::warn!(job_id = self.job.as_str(), "a command asks for a reboot; restarting the machine");
        let ran = tokio::process::Command::new(program).args(arguments).stdin(Stdio::null()).output();
        tokio::select! {
            ran = ran => match ran {
                Err(error) => return Err(format!("{program} cannot be run: {error}")),
                Ok(output) if !output.status.success() => {
                    let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().filter(|c| !c.is_control()).take(SAID).collect();
                    return Err(format!("{program} ended with {}: {said}", output.status).trim_end_matches([' ', ':']).to_owned());
                }
                Ok(_) => {}
            },
            // It is going down.
            () = self.agent.inbox.closed().cancelled() => {}
            () = tokio::time::sleep(COMMAND_PATIENCE) => {}
        }
        self.agent.inbox.close();
        // Still here after a while: the restart did not happen. A new life of the agent asks again and takes commands meanwhile.
        let stop = self.agent.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(REBOOT_PATIENCE).await;
            stop.cancel();
        });
        Ok(())
    }
}

fn refused(result: StepResult, reason: &str) -> StepResult {
    let note = format!("asked for a reboot, which this agent could not do: {reason}");
    StepResult { status: Status::Failed, note, ..result }
}
