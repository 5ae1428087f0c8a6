//! ListCommands: one row per SendCommand, newest first (semantics 2.5).

use qd_model::shapes::commands::{CommandFilter, CommandFilterKey, ListCommandsInput, ListCommandsOutput};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::commands::{self, Filter};

use super::view;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::page::Page;

/// Rows of a page when MaxResults is not given.
const DEFAULT_PAGE: usize = 50;

/// Status names that a command's filter knows (semantics 2.5.2).
const STATUSES: &[&str] = &[
    "Pending",
    "InProgress",
    "Success",
    "Cancelled",
    "Cancelling",
    "Failed",
    "TimedOut",
    "AccessDenied",
    "DeliveryTimedOut",
    "ExecutionTimedOut",
    "Incomplete",
    "NoInstancesInTag",
    "LimitExceeded",
];

/// Lists commands.
pub async fn run(cx: &Cx, input: ListCommandsInput) -> Result<ListCommandsOutput, ApiError> {
    let filters = input.filters.unwrap_or_default();
    let mut filter = Filter { command_id: input.command_id, instance_id: input.instance_id, ..Filter::default() };
    once_each(&filters)?;
    for f in &filters {
        narrow(&mut filter, f)?;
    }
    let bound = (&filter.command_id, &filter.instance_id, &filters);
    let page = Page::open(cx, Operation::ListCommands, &bound, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    let after = page.after.as_deref().and_then(|keys| Some((keys.first()?.parse::<i64>().ok()?, keys.get(1)?.clone())));
    let fetch = i64::try_from(page.fetch()).unwrap_or(i64::MAX);
    let rows = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let listed = commands::list(tx, &filter, after.as_ref().map(|(at, id)| (*at, id.as_str())), fetch)?;
            let mut rows = Vec::with_capacity(listed.len());
            for command in listed {
                let asked = commands::asked(tx, &command.command_id)?.unwrap_or_default();
                rows.push((command, asked));
            }
            Ok(rows)
        })
        .await?;
    let more = rows.len() > page.limit;
    let shown = &rows[..rows.len().min(page.limit)];
    let next_token = shown.last().filter(|_| more).map(|(c, _)| page.next(&[c.requested_at.to_string(), c.command_id.clone()]));
    let key = &cx.shared().master_key;
    Ok(ListCommandsOutput { commands: Some(shown.iter().map(|(c, asked)| view::command(key, c, asked)).collect()), next_token })
}

fn narrow(filter: &mut Filter, given: &CommandFilter) -> Result<(), ApiError> {
    let value = given.value.as_str();
    match given.key {
        CommandFilterKey::InvokedAfter => filter.after = Some(time("InvokedAfter", value)?),
        CommandFilterKey::InvokedBefore => filter.before = Some(time("InvokedBefore", value)?),
        CommandFilterKey::DocumentName => filter.document_name = Some(value.to_owned()),
        CommandFilterKey::Status => {
            if !STATUSES.contains(&value) {
                return Err(ApiError::new("InvalidFilterKey", format!("Status {value:?} is not one of {}.", STATUSES.join(", "))));
            }
            filter.status = Some(if value == "LimitExceeded" { "RateExceeded" } else { value }.to_owned());
        }
        CommandFilterKey::ExecutionStage => {
            filter.executing = Some(match value {
                "Executing" => true,
                "Complete" => false,
                _ => return Err(ApiError::new("InvalidFilterKey", format!("ExecutionStage {value:?} is not one of Executing, Complete."))),
            });
        }
    }
    Ok(())
}

/// A key that is there twice would say two things at once.
pub(super) fn once_each(filters: &[CommandFilter]) -> Result<(), ApiError> {
    let twice = filters.iter().enumerate().find(|(n, f)| filters.iter().take(*n).any(|before| before.key == f.key));
    match twice {
        Some((_, f)) => Err(ApiError::new("InvalidFilterKey", format!("The filter key {} is given more than once.", f.key.as_str()))),
        None => Ok(()),
    }
}

/// A filter's ISO-8601 time as epoch milliseconds.
pub(in crate::ops) fn time(key: &str, value: &str) -> Result<i64, ApiError> {
    value
        .parse::<Timestamp>()
        .map(Timestamp::as_millis)
        .map_err(|_| ApiError::new("InvalidFilterKey", format!("{key} {value:?} is not a time such as 2026-01-31T08:00:00Z.")))
}
