//! The whole output of a step on a node, also while it runs.

use std::time::Duration;

use qd_model::ApiError;
use qd_store::table::output_chunks::{self, OutputKey};
use qd_store::table::{commands, invocation_steps, invocations};
use serde_json::json;

use super::{Request, Response};
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;

/// Bytes of one answer when `max` is not given.
const DEFAULT_BYTES: i64 = 64 * 1024;
/// Bytes of one answer at most.
const MAX_BYTES: i64 = 4 * 1024 * 1024;
/// Seconds for which `wait` may hold an answer back.
const MAX_WAIT: i64 = 30;

/// Topic on which a node's new output of a command is told.
pub fn topic(command_id: &str, instance_id: &str) -> String {
    format!("output:{command_id}:{instance_id}")
}

/// A piece of output and what is known of the rest.
struct Found {
    data: Vec<u8>,
    total: i64,
    complete: bool,
}

/// `GET …/steps/{step}/output?stream=stdout&offset=0&max=65536&wait=0`: raw bytes from `offset` on. With `wait`, the answer is held back up
/// to so many seconds until there is something after `offset` or nothing more will come.
pub async fn get(cx: &Cx, request: &Request, command: &str, node: &str, step: &str) -> Result<Response, ApiError> {
    let stream = request.query("stream").unwrap_or("stdout");
    if !matches!(stream, "stdout" | "stderr") {
        return Err(ApiError::validation("stream must be stdout or stderr."));
    }
    let offset = request.number("offset", 0, 0..=i64::MAX)?;
    let max = request.number("max", DEFAULT_BYTES, 1..=MAX_BYTES)?;
    let wait = request.number("wait", 0, 0..=MAX_WAIT)?;
    let mut changes = cx.store().subscribe();
    let topic = topic(command, node);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(wait.unsigned_abs());
    loop {
        let found = read(cx, command, node, step, stream, offset, max).await?;
        let out_of_time = tokio::time::Instant::now() >= deadline;
        if !found.data.is_empty() || found.complete || out_of_time {
            return Ok(answer(offset, found));
        }
        let changed = tokio::time::timeout_at(deadline, events::concerned(&mut changes, &topic)).await;
        if matches!(changed, Ok(false)) {
            return Ok(answer(offset, found));
        }
    }
}

fn answer(offset: i64, found: Found) -> Response {
    let header = |name: &str, value: String| (name.to_owned(), value);
    Response {
        status: 200,
        headers: vec![
            header("content-type", "application/octet-stream".to_owned()),
            header("x-content-type-options", "nosniff".to_owned()),
            header("x-quarterdeck-offset", offset.to_string()),
            header("x-quarterdeck-total", found.total.to_string()),
            header("x-quarterdeck-complete", found.complete.to_string()),
        ],
        body: found.data.into(),
    }
}

/// What our agent streamed; without it (a stock agent) what the reply carried, once there is one.
async fn read(cx: &Cx, command: &str, node: &str, step: &str, stream: &str, offset: i64, max: i64) -> Result<Found, ApiError> {
    let (command, node, step, stream) = (command.to_owned(), node.to_owned(), step.to_owned(), stream.to_owned());
    let found = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let Some(invocation) = invocations::get(tx, &command, &node)? else {
                return Err(Fault(ApiError::new("InvocationDoesNotExist", format!("Command {command} was not sent to {node}."))));
            };
            let ended = invocation.stage.is_terminal();
            let key = OutputKey { command_id: command.clone(), instance_id: node.clone(), step: step.clone(), stream: stream.clone() };
            if let Some(head) = output_chunks::get(tx, &key)? {
                let data = output_chunks::read(tx, &key, offset.unsigned_abs(), usize::try_from(max).unwrap_or_default())?;
                return Ok(Found { data, total: head.total_bytes, complete: head.complete });
            }
            let steps = invocation_steps::of_invocation(tx, &command, &node)?;
            let Some(reported) = steps.into_iter().find(|s| s.step == step) else {
                return Ok(Found { data: Vec::new(), total: 0, complete: ended });
            };
            let text = if stream == "stdout" { reported.standard_output } else { reported.standard_error };
            let bytes = text.into_bytes();
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let to = from.saturating_add(usize::try_from(max).unwrap_or(usize::MAX)).min(bytes.len());
            let total = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            Ok(Found { data: bytes[from..to].to_vec(), total, complete: true })
        })
        .await?;
    Ok(found)
}

/// `GET …/outputs`: the steps of the document in order, with how much output each has.
pub async fn list(cx: &Cx, command: &str, node: &str) -> Result<Response, ApiError> {
    let (command, node) = (command.to_owned(), node.to_owned());
    let steps = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let asked = commands::asked(tx, &command)?.unwrap_or_default();
            let reported = invocation_steps::of_invocation(tx, &command, &node)?;
            let streamed = output_chunks::of_invocation(tx, &command, &node)?;
            let mut steps = Vec::new();
            for step in crate::ops::commands::text::step_names(&asked.document) {
                let report = reported.iter().find(|s| s.step == step);
                let mut streams = serde_json::Map::new();
                for stream in ["stdout", "stderr"] {
                    let head = streamed.iter().find(|o| o.key.step == step && o.key.stream == stream);
                    let (total, complete) = match (head, report) {
                        (Some(head), _) => (head.total_bytes, head.complete),
                        (None, Some(r)) => (
                            i64::try_from(if stream == "stdout" { r.standard_output.len() } else { r.standard_error.len() }).unwrap_or(0),
                            true,
                        ),
                        (None, None) => (0, false),
                    };
                    streams.insert(stream.to_owned(), json!({ "total": total, "complete": complete }));
                }
                steps.push(
                    json!({ "step": step, "status": report.map(|r| r.status.clone()), "code": report.map(|r| r.code), "streams": streams }),
                );
            }
            Ok(steps)
        })
        .await?;
    Response::json(&json!({ "steps": steps }))
}
