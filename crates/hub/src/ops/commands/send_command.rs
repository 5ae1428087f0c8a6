//! SendCommand: check everything that can be checked now, write one row, answer (semantics 2.1).

use std::collections::BTreeSet;
use std::sync::Arc;

use qd_model::ApiError;
use qd_model::shapes::commands::{SendCommandInput, SendCommandOutput};
use qd_model::shapes::shared::DocumentHashType;
use qd_store::table::commands::{self, Asked, Command, Counts};
use qd_store::table::nodes;
use uuid::Uuid;

use super::advance::{self, Scene};
use super::document::Resolved;
use super::resolve::{self, runs_on};
use super::{deliver, parameters, targets, view};
use crate::crash_point;
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;
use crate::task;

/// MaxConcurrency when none is given (semantics 1.6).
pub const DEFAULT_MAX_CONCURRENCY: &str = "50";
/// MaxErrors when none is given (semantics 1.6).
pub const DEFAULT_MAX_ERRORS: &str = "0";
/// TimeoutSeconds when none is given (semantics 2.1.4).
pub const DEFAULT_TIMEOUT_SECONDS: i32 = 3_600;
/// Document and parameters together, in bytes (semantics 2.1.4).
const MAX_SIZE: usize = 64 * 1_024;
/// Up to so many targets are resolved before the answer; more are resolved right after it.
const RESOLVED_AT_ONCE: usize = 64;

/// Accepts a command.
pub async fn run(cx: &Cx, mut input: SendCommandInput) -> Result<SendCommandOutput, ApiError> {
    input.instance_ids = input.instance_ids.filter(|ids| !ids.is_empty());
    input.targets = input.targets.filter(|t| !t.is_empty());
    refuse_what_is_not_built(&input)?;
    let selectors = check_targets(&input)?;
    let document = super::document::resolve(cx, &input.document_name, input.document_version.as_deref()).await?;
    check_document(&input, &document)?;
    let given = input.parameters.take().map(|p| p.into_inner()).unwrap_or_default();
    let checked = parameters::check(&document.content, &given)?;
    let size = document.content.len() + given.iter().map(|(k, v)| k.len() + v.iter().map(String::len).sum::<usize>()).sum::<usize>();
    if size > MAX_SIZE {
        return Err(ApiError::new(
            "MaxDocumentSizeExceeded",
            format!("The document and its parameters have {size} bytes; {MAX_SIZE} are allowed."),
        ));
    }
    let command_id = Uuid::new_v4().to_string();
    let timeout = i64::from(input.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS)) * 1_000;
    let execution = i64::from(checked.execution_timeout) * 1_000;
    let asked = Asked {
        parameters: parameters::seal(&cx.shared().master_key, &command_id, &given)?,
        document: document.content.clone(),
        platforms: document.platform_types.clone(),
        request: serde_json::to_string(&input).map_err(|e| ApiError::internal().with_source(e))?,
    };
    let command = Command {
        command_id: command_id.clone(),
        requested_at: cx.now_ms(),
        deliver_before: cx.now_ms() + timeout,
        expires_at: cx.now_ms() + timeout + execution,
        finished_at: None,
        document_name: document.name.clone(),
        document_version: input.document_version.clone().unwrap_or_else(|| "$DEFAULT".to_owned()),
        requested_by: cx.caller_arn(),
        status: "Pending".to_owned(),
        status_details: "Pending".to_owned(),
        resolved: false,
        cancelled: false,
        max_concurrency: 1,
        max_errors: 0,
        ramp: 1,
        targets: 0,
        counts: Counts::default(),
    };
    // Before it can be handed out. Should it not be accepted, nobody asks for its job.
    cx.shared().jobs.keep(&command, &document.content, &input, checked.typed);
    accept(cx, command, asked, input, selectors).await
}

/// Writes the command; a small one is handed out in the same transaction, so that it costs one commit.
async fn accept(
    cx: &Cx,
    command: Command,
    asked: Asked,
    input: SendCommandInput,
    selectors: Vec<targets::Selector>,
) -> Result<SendCommandOutput, ApiError> {
    let scene = Scene::of(cx.shared());
    let account = cx.account().to_owned();
    let row = Arc::new((command, asked, input, selectors));
    let written = row.clone();
    crash_point::reached("command-checked");
    let (targets, advanced) = cx
        .store()
        .write(move |tx| -> Result<_, Fault> {
            let (command, asked, input, selectors) = &*written;
            let wanted = match &input.instance_ids {
                Some(ids) => {
                    check_instances(tx, ids, &account, &asked.platforms, &command.document_name)?;
                    ids.len()
                }
                None => targets::matching(tx, selectors)?.len(),
            };
            let mut command = command.clone();
            command.targets = i64::try_from(wanted).unwrap_or(i64::MAX);
            commands::insert(tx, &command, asked)?;
            events::command_changed(tx, &scene, &command)?;
            let advanced = if wanted <= RESOLVED_AT_ONCE {
                resolve::resolve(tx, &scene, &command.command_id)?;
                Some(advance::advance(tx, &scene, &command.command_id)?)
            } else {
                None
            };
            tx.notify(task::COMMANDS);
            Ok((command.targets, advanced))
        })
        .await?;
    crash_point::reached("command-committed");
    let (command, asked, ..) = &*row;
    if let Some(advanced) = advanced {
        deliver::send(cx.shared(), &command.command_id, &advanced.send).await;
    }
    // For its deadlines, and for what was not handed out yet.
    cx.shared().wakers.command(&command.command_id);
    let mut shown = view::command(&cx.shared().master_key, command, asked);
    shown.target_count = i32::try_from(targets).ok();
    Ok(SendCommandOutput { command: Some(shown) })
}

/// Exactly one of InstanceIds and Targets (semantics 1.3).
fn check_targets(input: &SendCommandInput) -> Result<Vec<targets::Selector>, ApiError> {
    match (&input.instance_ids, &input.targets) {
        (Some(_), Some(_)) => Err(ApiError::validation("Specify either InstanceIds or Targets, not both.")),
        (None, None) => {
            Err(ApiError::validation("Specify the nodes to run the command on: InstanceIds, or Targets such as Key=tag:role,Values=web."))
        }
        (Some(ids), None) => {
            let distinct: BTreeSet<&String> = ids.iter().collect();
            if distinct.len() != ids.len() {
                return Err(ApiError::new("DuplicateInstanceId", "InstanceIds names a node more than once."));
            }
            Ok(Vec::new())
        }
        (None, Some(given)) => targets::parse(given),
    }
}

/// Every named node must be registered, and the document must fit at least one of them (semantics 1.3, 2.1.1).
fn check_instances(tx: &mut qd_store::Tx<'_>, ids: &[String], account: &str, platforms: &[String], document: &str) -> Result<(), Fault> {
    let known = nodes::get_many(tx, ids)?;
    let missing: Vec<&str> = ids.iter().filter(|id| !known.iter().any(|n| n.instance_id == **id)).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(Fault(ApiError::new(
            "InvalidInstanceId",
            format!("Instances [[{}]] not in a valid state for account {account}", missing.join(", ")),
        )));
    }
    if known.iter().all(|n| !runs_on(platforms, &n.information.platform_type)) {
        return Err(Fault(ApiError::new(
            "UnsupportedPlatformType",
            format!("Document {document} supports {}; none of the nodes is one of these.", platforms.join(", ")),
        )));
    }
    Ok(())
}

fn check_document(input: &SendCommandInput, document: &Resolved) -> Result<(), ApiError> {
    if document.document_type != "Command" {
        return Err(ApiError::new(
            "InvalidDocument",
            format!("Document {} is of type {}; Run Command runs documents of type Command.", input.document_name, document.document_type),
        ));
    }
    let Some(hash) = &input.document_hash else { return Ok(()) };
    let stored = match input.document_hash_type {
        Some(DocumentHashType::Sha1) => &document.sha1,
        _ => &document.sha256,
    };
    if !stored.eq_ignore_ascii_case(hash) {
        return Err(ApiError::new("InvalidDocument", format!("The hash of document {} is not the one given.", input.document_name)));
    }
    Ok(())
}

/// Parts of the operation that need services which this version does not have. Saying so beats running without them.
fn refuse_what_is_not_built(input: &SendCommandInput) -> Result<(), ApiError> {
    if input.output_s3_bucket_name.as_ref().is_some_and(|b| !b.is_empty()) {
        return Err(ApiError::new(
            "InvalidOutputLocation",
            "Output to S3 is not built in this version of Quarterdeck. Leave OutputS3BucketName out: the whole output is kept by the hub.",
        ));
    }
    if input.notification_config.as_ref().is_some_and(|n| n.notification_arn.as_ref().is_some_and(|a| !a.is_empty())) {
        return Err(ApiError::new(
            "InvalidNotificationConfig",
            "Notifications through SNS are not built in this version of Quarterdeck. Leave NotificationConfig out and follow /quarterdeck/v1/events.",
        ));
    }
    if input.alarm_configuration.is_some() {
        return Err(ApiError::validation(
            "AlarmConfiguration needs CloudWatch alarms, which are not built in this version of Quarterdeck.",
        ));
    }
    if input.cloud_watch_output_config.as_ref().is_some_and(|c| c.cloud_watch_output_enabled == Some(true)) {
        return Err(ApiError::validation(
            "CloudWatchOutputConfig needs CloudWatch Logs, which is not built in this version of Quarterdeck. The whole output is kept by the hub.",
        ));
    }
    Ok(())
}
