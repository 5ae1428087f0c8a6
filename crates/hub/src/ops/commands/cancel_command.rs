//! CancelCommand: what has not begun ends at once, what runs is told to stop (semantics 2.5.4).

use std::collections::BTreeSet;

use qd_model::ApiError;
use qd_model::shapes::commands::{CancelCommandInput, CancelCommandOutput};
use qd_store::table::commands::{self, Stage};
use qd_store::table::connections;
use qd_store::table::invocations::{self, Change, Invocation};
use uuid::Uuid;

use super::advance::Scene;
use super::deliver;
use super::moves::{self, Moves};
use crate::crash_point;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::task;

/// Invocations changed by one transaction at most.
const BATCH: i64 = 1_000;

/// Cancels a command on all its nodes, or on those that are named.
pub async fn run(cx: &Cx, input: CancelCommandInput) -> Result<CancelCommandOutput, ApiError> {
    if Uuid::parse_str(&input.command_id).is_err() {
        return Err(unknown(&input.command_id));
    }
    let ids = input.instance_ids.unwrap_or_default();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    if distinct.len() != ids.len() {
        return Err(ApiError::new("DuplicateInstanceId", "InstanceIds names a node more than once."));
    }
    loop {
        let scene = Scene::of(cx.shared());
        let (command_id, named) = (input.command_id.clone(), ids.clone());
        let (stop, more) = cx.store().write(move |tx| cancel(tx, &scene, &command_id, &named)).await?;
        crash_point::reached("cancel-committed");
        for instance_id in stop {
            deliver::send_cancel(cx.shared(), &input.command_id, &instance_id);
        }
        if !more {
            break;
        }
    }
    cx.shared().wakers.command(&input.command_id);
    Ok(CancelCommandOutput {})
}

fn unknown(command_id: &str) -> ApiError {
    ApiError::new("InvalidCommandId", format!("There is no command {command_id}."))
}

/// One batch: the nodes that must be told to stop, and whether there is more.
fn cancel(tx: &mut qd_store::Tx<'_>, scene: &Scene, command_id: &str, named: &[String]) -> Result<(Vec<String>, bool), Fault> {
    let command = commands::get(tx, command_id)?.ok_or_else(|| unknown(command_id))?;
    if command.finished_at.is_some() {
        return Ok((Vec::new(), false));
    }
    let mut batch: Vec<Invocation> = Vec::new();
    if named.is_empty() {
        commands::set_cancelled(tx, command_id)?;
        for stage in [Stage::Pending, Stage::Delayed, Stage::Released, Stage::Unacknowledged, Stage::InProgress] {
            batch.extend(invocations::at_stage(tx, command_id, stage, BATCH)?);
        }
    } else {
        for instance_id in named {
            let found = invocations::get(tx, command_id, instance_id)?;
            let missing = || ApiError::new("InvalidInstanceId", format!("Command {command_id} was not sent to {instance_id}."));
            // Before its targets are resolved, a command of tags has no invocations to name.
            batch.push(found.ok_or_else(missing)?);
        }
        batch.retain(|i| !i.stage.is_terminal() && i.stage != Stage::Cancelling);
    }
    let mut stop = Vec::new();
    let mut moves = Moves::new(scene);
    for invocation in &batch {
        // What was sent may run, also where its node has been away since.
        let begun = matches!(invocation.stage, Stage::Unacknowledged | Stage::InProgress) || invocation.first_sent_at.is_some();
        let to = if begun { Stage::Cancelling } else { Stage::Cancelled };
        let elsewhere = begun && connections::get(tx, &invocation.instance_id)?.is_some_and(|channel| channel.hub_id != scene.hub_id);
        // Where another hub holds the node's channel, that one sends it, and at once: it counts as never sent.
        let sent_at = begun.then_some(if elsewhere { 0 } else { scene.now });
        if !moves.change(tx, invocation, &Change { sent_at, ..Change::to(to, scene.now) })? || !begun {
            continue;
        }
        invocations::cancel_asked(tx, command_id, &invocation.instance_id, scene.now)?;
        if elsewhere {
            tx.notify(task::RELEASED);
        } else {
            stop.push(invocation.instance_id.clone());
        }
    }
    if moves.close(tx)?.is_empty() {
        moves::settle(tx, scene, command_id)?;
    }
    tx.notify(task::COMMANDS);
    Ok((stop, named.is_empty() && i64::try_from(batch.len()).unwrap_or(i64::MAX) >= BATCH))
}
