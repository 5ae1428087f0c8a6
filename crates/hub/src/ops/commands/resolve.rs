//! From a command's targets to its invocations, in one transaction with the flag that says so: a crash leaves either none or all.

use std::collections::BTreeMap;

use qd_model::shapes::commands::SendCommandInput;
use qd_store::table::commands::{self, Command, Counts, Stage};
use qd_store::table::invocations::{self, Invocation};
use qd_store::table::nodes;
use qd_store::{StoreError, Tx};

use super::advance::Scene;
use super::{moves, status, targets};
use crate::events;

/// Turns the targets of a command into invocations, unless that was done already.
pub fn resolve(tx: &mut Tx<'_>, scene: &Scene, command_id: &str) -> Result<(), StoreError> {
    let Some(command) = commands::get(tx, command_id)? else { return Ok(()) };
    if command.resolved || command.finished_at.is_some() {
        return Ok(());
    }
    let asked = commands::asked(tx, command_id)?.unwrap_or_default();
    let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
    let wanted = wanted(tx, &request)?;
    let known: BTreeMap<String, nodes::Target> =
        nodes::targets(tx, &wanted)?.into_iter().map(|node| (node.instance_id.clone(), node)).collect();
    let mut counted = Counts::default();
    let mut told = Vec::new();
    for (ordinal, instance_id) in (0_i64..).zip(&wanted) {
        let node = known.get(instance_id);
        let (stage, trace) = first_stage(&command, &asked.platforms, node);
        let mut invocation = Invocation {
            command_id: command.command_id.clone(),
            instance_id: instance_id.clone(),
            ordinal,
            requested_at: command.requested_at,
            document_name: command.document_name.clone(),
            instance_name: node.map(|n| n.name.clone()).unwrap_or_default(),
            stage: Stage::Pending,
            first_sent_at: None,
            last_sent_at: None,
            started_at: None,
            ended_at: stage.is_terminal().then_some(scene.now),
            trace_output: trace.to_owned(),
        };
        told.extend(events::invocation_changed(scene, &invocation, stage));
        invocation.stage = stage;
        invocations::insert(tx, &invocation)?;
        counted.add(stage, 1);
    }
    events::emit_all(tx, scene.now, &told)?;
    commands::add_counts(tx, command_id, &counted)?;
    let total = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    // Rounded down, but at least one may run, or nothing ever would (semantics 1.7).
    let concurrency =
        status::share(request.max_concurrency.as_deref().unwrap_or(super::send_command::DEFAULT_MAX_CONCURRENCY), total).max(1);
    let errors = status::share(request.max_errors.as_deref().unwrap_or(super::send_command::DEFAULT_MAX_ERRORS), total);
    commands::set_resolved(tx, command_id, total, concurrency, errors)?;
    moves::settle(tx, scene, command_id)?;
    Ok(())
}

fn wanted(tx: &mut Tx<'_>, request: &SendCommandInput) -> Result<Vec<String>, StoreError> {
    if let Some(ids) = request.instance_ids.as_ref().filter(|ids| !ids.is_empty()) {
        return Ok(ids.clone());
    }
    // They were understood when the command was accepted.
    let selectors = targets::parse(request.targets.as_deref().unwrap_or_default()).unwrap_or_default();
    targets::matching(tx, &selectors)
}

/// Whether a document for `platforms` runs on a node of `platform_type`. A node that has not said what it is yet is given the chance.
pub fn runs_on(platforms: &[String], platform_type: &str) -> bool {
    platforms.is_empty() || platform_type.is_empty() || platforms.iter().any(|p| p == platform_type)
}

/// Where an invocation begins, and why if that is its end. A node that is away is parked at once: it takes no slot.
fn first_stage(command: &Command, platforms: &[String], node: Option<&nodes::Target>) -> (Stage, &'static str) {
    match node {
        None => (Stage::Undeliverable, "The node is no longer registered."),
        Some(node) if !runs_on(platforms, &node.platform_type) => {
            (Stage::InvalidPlatform, "The document does not support the node's platform.")
        }
        Some(_) if command.cancelled => (Stage::Cancelled, ""),
        Some(node) => (if node.is_connected { Stage::Pending } else { Stage::Delayed }, ""),
    }
}
