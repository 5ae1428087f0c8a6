//! What one transaction does to invocations, gathered: their rows change one by one, but their commands' counters, the events and the
//! commands' own status are written once for all of them. A thousand results in one commit cost a thousand rows, not eight thousand
//! statements.

use std::collections::BTreeMap;

use qd_store::table::commands::{self, Command, Counts, Stage};
use qd_store::table::invocations::{self, Change, Invocation};
use qd_store::{StoreError, Tx};

use super::advance::Scene;
use super::status::aggregate;
use crate::events::{self, Told};

/// The moves of a transaction. [`Moves::close`] must follow, or the counters are wrong.
#[must_use]
pub struct Moves<'s> {
    scene: &'s Scene,
    counts: BTreeMap<String, Counts>,
    told: Vec<Told>,
}

impl<'s> Moves<'s> {
    /// None yet.
    pub fn new(scene: &'s Scene) -> Self {
        Self { scene, counts: BTreeMap::new(), told: Vec::new() }
    }

    /// Moves one invocation to a stage; `false` when another transaction was first.
    pub fn to(&mut self, tx: &mut Tx<'_>, invocation: &Invocation, stage: Stage) -> Result<bool, StoreError> {
        self.change(tx, invocation, &Change::to(stage, self.scene.now))
    }

    /// Changes one invocation; `false` when another transaction was first.
    pub fn change(&mut self, tx: &mut Tx<'_>, invocation: &Invocation, change: &Change) -> Result<bool, StoreError> {
        if *change == Change::to(invocation.stage, self.scene.now) && !change.stage.is_terminal() {
            return Ok(true);
        }
        if !invocations::change(tx, &invocation.command_id, &invocation.instance_id, invocation.stage, change)? {
            return Ok(false);
        }
        let counts = self.counts.entry(invocation.command_id.clone()).or_default();
        counts.add(invocation.stage, -1);
        counts.add(change.stage, 1);
        self.told.extend(events::invocation_changed(self.scene, invocation, change.stage));
        Ok(true)
    }

    /// Writes the counters and the events, and settles every command that something was moved of. Returns these as they now stand.
    pub fn close(self, tx: &mut Tx<'_>) -> Result<Vec<Command>, StoreError> {
        for (command_id, moved) in &self.counts {
            commands::add_counts(tx, command_id, moved)?;
        }
        events::emit_all(tx, self.scene.now, &self.told)?;
        let mut settled = Vec::new();
        for command_id in self.counts.keys() {
            settled.extend(settle(tx, self.scene, command_id)?);
        }
        Ok(settled)
    }
}

/// Recomputes the command's status after its invocations moved, and says so when it changed. Returns the command as it now stands.
pub fn settle(tx: &mut Tx<'_>, scene: &Scene, command_id: &str) -> Result<Option<Command>, StoreError> {
    let Some(mut command) = commands::get(tx, command_id)? else { return Ok(None) };
    if command.finished_at.is_some() || !command.resolved {
        return Ok(Some(command));
    }
    let now = aggregate(&command.counts, command.max_errors, command.cancelled);
    if now.status != command.status || now.details != command.status_details {
        command.finished_at = now.terminal.then_some(scene.now);
        command.status = now.status.to_owned();
        command.status_details = now.details.to_owned();
        commands::set_status(tx, command_id, now.status, now.details, command.finished_at)?;
        events::command_changed(tx, scene, &command)?;
    }
    Ok(Some(command))
}
