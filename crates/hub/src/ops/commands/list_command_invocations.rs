//! ListCommandInvocations: one row per command and node, newest first; with details also the steps (semantics 2.5).

use std::collections::BTreeMap;

use qd_model::shapes::commands::{CommandFilter, CommandFilterKey, ListCommandInvocationsInput, ListCommandInvocationsOutput};
use qd_model::{ApiError, Operation};
use qd_store::table::commands::{self, Stage};
use qd_store::table::invocation_steps;
use qd_store::table::invocations::{self, Filter};

use super::list_commands::{once_each, time};
use super::view;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::page::Page;

/// Rows of a page when MaxResults is not given.
const DEFAULT_PAGE: usize = 50;

/// Lists invocations.
pub async fn run(cx: &Cx, input: ListCommandInvocationsInput) -> Result<ListCommandInvocationsOutput, ApiError> {
    let filters = input.filters.unwrap_or_default();
    let details = input.details.unwrap_or_default();
    let mut filter = Filter { command_id: input.command_id, instance_id: input.instance_id, ..Filter::default() };
    once_each(&filters)?;
    for f in &filters {
        narrow(&mut filter, f)?;
    }
    let bound = (&filter.command_id, &filter.instance_id, &filters, details);
    let page = Page::open(cx, Operation::ListCommandInvocations, &bound, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    let after = page.after.as_deref().and_then(|k| Some((k.first()?.parse::<i64>().ok()?, k.get(1)?.clone(), k.get(2)?.clone())));
    let (limit, fetch) = (page.limit, i64::try_from(page.fetch()).unwrap_or(i64::MAX));
    let (shown, last) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let after = after.as_ref().map(|(at, command, node)| (*at, command.as_str(), node.as_str()));
            let mut rows = invocations::list(tx, &filter, after, fetch)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let mut known = BTreeMap::new();
            let mut shown = Vec::with_capacity(rows.len());
            for row in &rows {
                if !known.contains_key(&row.command_id) {
                    let Some(command) = commands::get(tx, &row.command_id)? else { continue };
                    let asked = commands::asked(tx, &row.command_id)?.unwrap_or_default();
                    known.insert(row.command_id.clone(), (command, asked));
                }
                let Some((command, asked)) = known.get(&row.command_id) else { continue };
                let steps = if details { Some(invocation_steps::of_invocation(tx, &row.command_id, &row.instance_id)?) } else { None };
                shown.push(view::invocation(command, asked, row, steps.as_deref()));
            }
            let last = rows.pop().filter(|_| more).map(|r| [r.requested_at.to_string(), r.command_id, r.instance_id]);
            Ok((shown, last))
        })
        .await?;
    Ok(ListCommandInvocationsOutput { command_invocations: Some(shown), next_token: last.map(|keys| page.next(&keys)) })
}

fn narrow(filter: &mut Filter, given: &CommandFilter) -> Result<(), ApiError> {
    let value = given.value.as_str();
    match given.key {
        CommandFilterKey::InvokedAfter => filter.after = Some(time("InvokedAfter", value)?),
        CommandFilterKey::InvokedBefore => filter.before = Some(time("InvokedBefore", value)?),
        CommandFilterKey::DocumentName => filter.document_name = Some(value.to_owned()),
        CommandFilterKey::Status => {
            let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|s| s.status() == value || s.status_details() == value).collect();
            if stages.is_empty() {
                return Err(ApiError::new(
                    "InvalidFilterKey",
                    format!(
                        "Status {value:?} is not one of Pending, InProgress, Delayed, Success, Cancelling, Cancelled, Failed, TimedOut, AccessDenied, \
                         DeliveryTimedOut, ExecutionTimedOut, Undeliverable, InvalidPlatform, Terminated."
                    ),
                ));
            }
            filter.stages = Some(stages);
        }
        CommandFilterKey::ExecutionStage => {
            return Err(ApiError::new("InvalidFilterKey", "ExecutionStage filters commands, not invocations. Use Status."));
        }
    }
    Ok(())
}
