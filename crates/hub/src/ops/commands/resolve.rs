//! From a command's targets to its invocations, in one transaction with the flag that says so: a crash leaves either none or all.

use std::collections::BTreeMap;

use qd_model::shapes::commands::SendCommandInput;
use qd_store::table::commands::{self, Stage};
use qd_store::table::invocations::{self, Invocation};
use qd_store::table::nodes;
use qd_store::{StoreError, Tx};

use super::advance::{self, Scene};
use super::{status, targets};

/// Turns the targets of a command into invocations, unless that was done already.
pub fn resolve(tx: &mut Tx<'_>, scene: &Scene, command_id: &str) -> Result<(), StoreError> {
    let Some(command) = commands::get(tx, command_id)? else { return Ok(()) };
    if command.resolved || command.finished_at.is_some() {
        return Ok(());
    }
    let asked = commands::asked(tx, command_id)?.unwrap_or_default();
    let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
    let wanted = wanted(tx, &request)?;
    let mut known = BTreeMap::new();
    for chunk in wanted.chunks(500) {
        known.extend(nodes::get_many(tx, chunk)?.into_iter().map(|n| (n.instance_id.clone(), n)));
    }
    let mut counted: BTreeMap<&'static str, (Stage, i64)> = BTreeMap::new();
    for (ordinal, instance_id) in (0_i64..).zip(&wanted) {
        let (stage, name, trace) = match known.get(instance_id) {
            None => (Stage::Undeliverable, String::new(), "The node is no longer registered."),
            Some(node) if !runs_on(&asked.platforms, &node.information.platform_type) => {
                (Stage::InvalidPlatform, display_name(node), "The document does not support the node's platform.")
            }
            Some(node) => (if command.cancelled { Stage::Cancelled } else { Stage::Pending }, display_name(node), ""),
        };
        invocations::insert(
            tx,
            &Invocation {
                command_id: command.command_id.clone(),
                instance_id: instance_id.clone(),
                ordinal,
                requested_at: command.requested_at,
                document_name: command.document_name.clone(),
                instance_name: name,
                stage,
                first_sent_at: None,
                last_sent_at: None,
                started_at: None,
                ended_at: stage.is_terminal().then_some(scene.now),
                trace_output: trace.to_owned(),
            },
        )?;
        counted.entry(stage.as_str()).or_insert((stage, 0)).1 += 1;
    }
    for (stage, n) in counted.into_values() {
        invocations::count_inserted(tx, command_id, stage, n)?;
    }
    let total = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    // Rounded down, but at least one may run, or nothing ever would (semantics 1.7).
    let concurrency =
        status::share(request.max_concurrency.as_deref().unwrap_or(super::send_command::DEFAULT_MAX_CONCURRENCY), total).max(1);
    let errors = status::share(request.max_errors.as_deref().unwrap_or(super::send_command::DEFAULT_MAX_ERRORS), total);
    commands::set_resolved(tx, command_id, total, concurrency, errors)?;
    advance::settle(tx, scene, command_id)?;
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

fn display_name(node: &nodes::Node) -> String {
    if node.name.is_empty() { node.information.computer_name.clone() } else { node.name.clone() }
}
