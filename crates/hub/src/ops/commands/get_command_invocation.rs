//! GetCommandInvocation: one step's result on one node, in AWS's sizes (semantics 2.4).

use qd_model::ApiError;
use qd_model::Timestamp;
use qd_model::shapes::commands::{CommandInvocationStatus, GetCommandInvocationInput, GetCommandInvocationOutput, SendCommandInput};
use qd_store::table::commands::{self, Asked, Command, Stage};
use qd_store::table::invocation_steps::{self, Step};
use qd_store::table::invocations::{self, Invocation};
use uuid::Uuid;

use super::{text, view};
use crate::cx::Cx;
use crate::fault::Fault;

/// Reads one invocation.
pub async fn run(cx: &Cx, input: GetCommandInvocationInput) -> Result<GetCommandInvocationOutput, ApiError> {
    if Uuid::parse_str(&input.command_id).is_err() {
        return Err(ApiError::new("InvalidCommandId", format!("{} is not a command id.", input.command_id)));
    }
    let (command_id, instance_id) = (input.command_id.clone(), input.instance_id.clone());
    let found = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let Some(invocation) = invocations::get(tx, &command_id, &instance_id)? else { return Ok(None) };
            let Some(command) = commands::get(tx, &command_id)? else { return Ok(None) };
            let asked = commands::asked(tx, &command_id)?.unwrap_or_default();
            Ok(Some((command, asked, invocation, invocation_steps::of_invocation(tx, &command_id, &instance_id)?)))
        })
        .await?;
    let Some((command, asked, invocation, steps)) = found else {
        return Err(ApiError::new(
            "InvocationDoesNotExist",
            format!("Command {} was not sent to {}.", input.command_id, input.instance_id),
        ));
    };
    let names = text::step_names(&asked.document);
    let name = plugin(&names, input.plugin_name)?;
    // The first that is not reported is the one that runs.
    let running = names.iter().find(|name| steps.iter().all(|step| step.step != **name)) == Some(&name);
    let step = steps.into_iter().find(|s| s.step == name);
    Ok(view(&command, &asked, &invocation, name, step, names.len() == 1, running))
}

/// The step that is meant: the only one, or the one that is named (semantics 2.4.4).
fn plugin(names: &[String], given: Option<String>) -> Result<String, ApiError> {
    let choose = || format!("The document's steps are {}; name one as PluginName.", names.join(", "));
    match (given, names) {
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(ApiError::new("InvalidPluginName", choose())),
        (Some(name), _) if names.contains(&name) => Ok(name),
        (Some(name), _) => Err(ApiError::new("InvalidPluginName", format!("The document has no step {name}. {}", choose()))),
    }
}

fn view(
    command: &Command,
    asked: &Asked,
    i: &Invocation,
    name: String,
    step: Option<Step>,
    only_step: bool,
    running: bool,
) -> GetCommandInvocationOutput {
    let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
    let (mut status, mut details) = (CommandInvocationStatus::from_wire(i.stage.status()), i.stage.status_details().to_owned());
    if let (Some(step), false) = (&step, only_step) {
        let (of_step, details_of_step) = view::step_status(&step.status);
        status = CommandInvocationStatus::from_wire(of_step.as_str());
        details = details_of_step.to_owned();
    }
    if step.is_none() && !only_step && i.stage == Stage::InProgress && !running {
        (status, details) = (Some(CommandInvocationStatus::Pending), "Pending".to_owned());
    }
    let step = step.map_or(Step { code: -1, ..Step::default() }, view::ended);
    GetCommandInvocationOutput {
        command_id: Some(command.command_id.clone()),
        instance_id: Some(i.instance_id.clone()),
        comment: Some(request.comment.unwrap_or_default()),
        document_name: Some(command.document_name.clone()),
        document_version: Some(command.document_version.clone()),
        plugin_name: Some(name),
        response_code: i32::try_from(step.code).ok(),
        execution_elapsed_time: Some(elapsed(&step.started_at, &step.ended_at)),
        execution_start_date_time: Some(step.started_at),
        execution_end_date_time: Some(step.ended_at),
        status,
        status_details: Some(details),
        standard_output_content: Some(step.standard_output),
        standard_output_url: Some(String::new()),
        standard_error_content: Some(step.standard_error),
        standard_error_url: Some(String::new()),
        cloud_watch_output_config: request.cloud_watch_output_config,
    }
}

/// `PT0.023S`, or nothing before the end (semantics 2.4.5).
fn elapsed(started: &str, ended: &str) -> String {
    match (started.parse::<Timestamp>(), ended.parse::<Timestamp>()) {
        (Ok(from), Ok(to)) => {
            let ms = (to.as_millis() - from.as_millis()).max(0);
            let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
            format!("PT{}S", seconds.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_is_an_iso_duration() {
        assert_eq!(elapsed("2024-06-01T10:11:12.345Z", "2024-06-01T10:11:12.368Z"), "PT0.023S");
        assert_eq!(elapsed("2024-06-01T10:11:12.000Z", "2024-06-01T10:13:12.000Z"), "PT120S");
        assert_eq!(elapsed("2024-06-01T10:11:12.000Z", "2024-06-01T10:11:12.000Z"), "PT0S");
        assert_eq!(elapsed("2024-06-01T10:11:12.000Z", ""), "");
    }

    #[test]
    fn a_step_must_be_named_when_there_are_several() {
        let two = ["one".to_owned(), "two".to_owned()];
        assert_eq!(plugin(&two[..1], None).unwrap(), "one");
        assert!(plugin(&two, None).unwrap_err().is("InvalidPluginName"));
        assert_eq!(plugin(&two, Some("two".to_owned())).unwrap(), "two");
        assert!(plugin(&two, Some("three".to_owned())).unwrap_err().is("InvalidPluginName"));
    }
}
