//! Stored commands as the API shows them.

use std::collections::BTreeMap;

use qd_model::shapes::commands::{
    Command, CommandInvocation, CommandInvocationStatus, CommandPlugin, CommandPluginStatus, CommandStatus, SendCommandInput,
};
use qd_model::{Sensitive, Timestamp};
use qd_store::table::commands::{self, Asked, Stage};
use qd_store::table::invocation_steps::Step;
use qd_store::table::invocations::Invocation;

use super::{parameters, text};
use crate::sealed::MasterKey;

/// A command's header (semantics 2.1.7).
pub fn command(key: &MasterKey, c: &commands::Command, asked: &Asked) -> Command {
    let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
    let given: BTreeMap<String, Vec<String>> = parameters::open(key, &c.command_id, &asked.parameters).unwrap_or_default();
    let count = |n: i64| i32::try_from(n).ok();
    Command {
        command_id: Some(c.command_id.clone()),
        document_name: Some(c.document_name.clone()),
        document_version: Some(c.document_version.clone()),
        comment: Some(request.comment.unwrap_or_default()),
        expires_after: Some(Timestamp::from_millis(c.expires_at)),
        parameters: Some(Sensitive::new(given)),
        instance_ids: Some(request.instance_ids.unwrap_or_default()),
        targets: Some(request.targets.unwrap_or_default()),
        requested_date_time: Some(Timestamp::from_millis(c.requested_at)),
        status: CommandStatus::from_wire(&c.status),
        status_details: Some(c.status_details.clone()),
        output_s3_region: None,
        output_s3_bucket_name: Some(String::new()),
        output_s3_key_prefix: Some(String::new()),
        max_concurrency: Some(request.max_concurrency.unwrap_or_else(|| super::send_command::DEFAULT_MAX_CONCURRENCY.to_owned())),
        max_errors: Some(request.max_errors.unwrap_or_else(|| super::send_command::DEFAULT_MAX_ERRORS.to_owned())),
        target_count: count(c.targets),
        completed_count: count(c.counts.sum(Stage::is_terminal)),
        error_count: count(super::status::errors(&c.counts)),
        delivery_timed_out_count: count(c.counts.of(Stage::DeliveryTimedOut)),
        service_role: Some(request.service_role_arn.unwrap_or_default()),
        notification_config: request.notification_config,
        cloud_watch_output_config: request.cloud_watch_output_config,
        timeout_seconds: request.timeout_seconds.or(Some(super::send_command::DEFAULT_TIMEOUT_SECONDS)),
        alarm_configuration: None,
        triggered_alarms: None,
    }
}

/// A node's copy of a command; `steps` only when details were asked for.
pub fn invocation(c: &commands::Command, asked: &Asked, i: &Invocation, steps: Option<&[Step]>) -> CommandInvocation {
    let request: SendCommandInput = serde_json::from_str(&asked.request).unwrap_or_default();
    CommandInvocation {
        command_id: Some(i.command_id.clone()),
        instance_id: Some(i.instance_id.clone()),
        instance_name: Some(i.instance_name.clone()),
        comment: Some(request.comment.unwrap_or_default()),
        document_name: Some(c.document_name.clone()),
        document_version: Some(c.document_version.clone()),
        requested_date_time: Some(Timestamp::from_millis(i.requested_at)),
        status: CommandInvocationStatus::from_wire(i.stage.status()),
        status_details: Some(i.stage.status_details().to_owned()),
        trace_output: (!i.trace_output.is_empty()).then(|| i.trace_output.clone()),
        standard_output_url: Some(String::new()),
        standard_error_url: Some(String::new()),
        command_plugins: Some(steps.map(|steps| plugins(&asked.document, i.stage, steps)).unwrap_or_default()),
        service_role: Some(request.service_role_arn.unwrap_or_default()),
        notification_config: request.notification_config,
        cloud_watch_output_config: request.cloud_watch_output_config,
    }
}

/// Every step of the document in its order: as it was reported, or as the invocation stands while it was not. Of those that are not
/// reported only the first can be running.
fn plugins(document: &str, stage: Stage, reported: &[Step]) -> Vec<CommandPlugin> {
    let mut stage = stage;
    text::step_names(document)
        .into_iter()
        .map(|name| match reported.iter().find(|s| s.step == name) {
            Some(step) => reported_plugin(name, step),
            None => {
                let here = stage;
                if stage == Stage::InProgress {
                    stage = Stage::Pending;
                }
                waiting_plugin(name, here)
            }
        })
        .collect()
}

fn reported_plugin(name: String, step: &Step) -> CommandPlugin {
    let (status, details) = step_status(&step.status);
    let step = &ended(step.clone());
    CommandPlugin {
        name: Some(name),
        status: Some(status),
        status_details: Some(details.to_owned()),
        response_code: i32::try_from(step.code).ok(),
        response_start_date_time: step.started_at.parse().ok(),
        response_finish_date_time: step.ended_at.parse().ok(),
        output: Some(step.output.clone()),
        standard_output_url: Some(String::new()),
        standard_error_url: Some(String::new()),
        output_s3_bucket_name: Some(step.s3_bucket.clone()),
        output_s3_key_prefix: Some(step.s3_prefix.clone()),
        ..CommandPlugin::default()
    }
}

fn waiting_plugin(name: String, stage: Stage) -> CommandPlugin {
    let status = CommandPluginStatus::from_wire(stage.status()).unwrap_or(CommandPluginStatus::Pending);
    CommandPlugin {
        name: Some(name),
        status: Some(status),
        status_details: Some(stage.status_details().to_owned()),
        response_code: Some(-1),
        output: Some(String::new()),
        ..CommandPlugin::default()
    }
}

/// A step's report as callers see it: without an end it has no code and no output yet (semantics 2.4.1, 2.4.5).
pub fn ended(step: Step) -> Step {
    match step_status(&step.status).0 {
        CommandPluginStatus::InProgress | CommandPluginStatus::Pending => Step {
            code: -1,
            ended_at: String::new(),
            output: String::new(),
            standard_output: String::new(),
            standard_error: String::new(),
            ..step
        },
        _ => step,
    }
}

/// The API's status and details of a step that an agent reported (semantics 2.3: a skipped step reads as a success).
pub fn step_status(reported: &str) -> (CommandPluginStatus, &'static str) {
    match reported {
        "Success" | "Skipped" | "TestPass" => (CommandPluginStatus::Success, "Success"),
        "Cancelled" => (CommandPluginStatus::Cancelled, "Cancelled"),
        "TimedOut" => (CommandPluginStatus::TimedOut, "ExecutionTimedOut"),
        // A step that waits for a reboot runs again after it (semantics 2.3.4).
        "InProgress" | "SuccessAndReboot" | "PassedAndReboot" => (CommandPluginStatus::InProgress, "InProgress"),
        "NotStarted" | "Pending" => (CommandPluginStatus::Pending, "Pending"),
        _ => (CommandPluginStatus::Failed, "Failed"),
    }
}
