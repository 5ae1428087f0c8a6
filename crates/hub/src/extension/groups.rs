//! Results grouped by what they say: of 200 nodes 198 said the same and 2 differ, and those two are what a person wants to see first.
//!
//! Nodes are one group when the step ended alike: same status, same exit code, same bytes on both streams.

use std::collections::HashMap;

use qd_model::ApiError;
use qd_store::table::commands::{self, Stage};
use qd_store::table::invocation_steps;
use qd_store::table::output_chunks::{self, OutputKey};
use qd_store::table::output_digests::{self, Digest, Said};
use qd_store::{StoreError, Tx};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Request, Response};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::commands::text::step_names;

/// Groups of an answer that are told of in full.
const GROUPS: usize = 100;
/// Nodes of a group that the answer names.
const NAMED: usize = 100;
/// Bytes of each stream that show what a group said.
const SAMPLE: usize = 16 * 1024;
/// Bytes that one request reads to make digests; a caller asks again for the rest.
const BUDGET: usize = 64 * 1024 * 1024;
/// Bytes and nodes of one transaction.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH: usize = 1000;
const WINDOW: usize = 1024 * 1024;
/// Nodes of a command that are looked at: more than any command has (semantics 2.2).
const NODES: usize = 200_000;

/// Nodes that ended alike.
struct Group {
    id: String,
    status: String,
    code: i64,
    stdout_bytes: i64,
    stderr_bytes: i64,
    nodes: Vec<(String, String)>,
}

/// A step of a command, node by node.
struct Step {
    steps: Vec<String>,
    step: String,
    said: Vec<Said>,
    /// Nodes that ended and whose digest is still to be made.
    pending: usize,
    /// Nodes that have not ended.
    running: usize,
}

/// `GET commands/<command>/groups?step=&status=`.
pub async fn list(cx: &Cx, request: &Request, command: &str) -> Result<Response, ApiError> {
    let step = load(cx, request, command).await?;
    let mut groups = grouped(&step, request.query("status"));
    let total = groups.len();
    groups.truncate(GROUPS);
    let (command, name) = (command.to_owned(), step.step.clone());
    let groups = cx
        .store()
        .read(move |tx| groups.iter().map(|group| told(tx, &command, &name, group)).collect::<Result<Vec<Value>, StoreError>>())
        .await
        .map_err(crate::fault::of_store)?;
    Response::json(&json!({
        "steps": step.steps, "step": step.step, "groups": groups, "total": total,
        "complete": step.pending == 0 && step.running == 0, "pending": step.pending, "running": step.running,
    }))
}

/// `GET commands/<command>/groups/<group>/nodes?step=&status=&after=&max=`: the nodes of a group in order of id.
pub async fn nodes(cx: &Cx, request: &Request, command: &str, id: &str) -> Result<Response, ApiError> {
    let max = usize::try_from(request.number("max", 1000, 1..=10_000)?).unwrap_or_default();
    let after = request.query("after").unwrap_or_default();
    let step = load(cx, request, command).await?;
    let groups = grouped(&step, request.query("status"));
    let Some(group) = groups.iter().find(|group| group.id == id) else {
        return Err(ApiError::new(
            "DoesNotExistException",
            "No nodes of this command ended so. It may still be running: list its groups again.",
        )
        .with_status(404));
    };
    let rest: Vec<_> = group.nodes.iter().filter(|(id, _)| id.as_str() > after).take(max + 1).collect();
    let more = rest.len() > max;
    let nodes: Vec<Value> = rest.iter().take(max).map(|(id, name)| json!({ "id": id, "name": name })).collect();
    let mut answer = json!({ "nodes": nodes, "count": group.nodes.len() });
    if more {
        answer["next"] = rest[max - 1].0.clone().into();
    }
    Response::json(&answer)
}

/// Reads a step of all nodes, making digests as far as one request goes.
async fn load(cx: &Cx, request: &Request, command: &str) -> Result<Step, ApiError> {
    let command = command.to_owned();
    let (id, asked_step) = (command.clone(), request.query("step").map(str::to_owned));
    let (steps, step, mut said) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let Some(asked) = commands::asked(tx, &id)? else { return Err(Fault(unknown_command())) };
            let steps = step_names(&asked.document);
            let step = match &asked_step {
                Some(step) if steps.contains(step) => step.clone(),
                Some(step) => return Err(Fault(unknown_step(step))),
                None => steps.first().cloned().unwrap_or_default(),
            };
            let said = output_digests::of_step(tx, &id, &step, "", NODES)?;
            Ok((steps, step, said))
        })
        .await?;
    let mut ended: Vec<usize> = Vec::new();
    let mut running = 0;
    for (index, one) in said.iter().enumerate() {
        match Stage::parse(&one.stage).map_err(crate::fault::of_store)?.is_terminal() {
            true if one.digest.is_none() => ended.push(index),
            true => {}
            false => running += 1,
        }
    }
    let mut left = BUDGET;
    while left > 0 && !ended.is_empty() {
        let batch: Vec<String> = ended.iter().take(BATCH).map(|index| said[*index].instance_id.clone()).collect();
        let (made, spent) = digest(cx, &command, &step, batch).await?;
        for (index, digest) in ended.drain(..made.len()).zip(made) {
            said[index].digest = Some(digest);
        }
        left = left.saturating_sub(spent.max(1));
    }
    Ok(Step { steps, step, said, pending: ended.len(), running })
}

/// Makes the digests of the first of these nodes, as many as a transaction takes and at least one, and keeps those that stay true; with the bytes read.
async fn digest(cx: &Cx, command: &str, step: &str, nodes: Vec<String>) -> Result<(Vec<Digest>, usize), ApiError> {
    let (id, name) = (command.to_owned(), step.to_owned());
    let (made, whole, read) = cx
        .store()
        .read(move |tx| {
            let (mut made, mut whole, mut read) = (Vec::new(), Vec::new(), 0);
            for node in &nodes {
                let (digest, is_whole) = digest_of(tx, &id, node, &name)?;
                read += usize::try_from(digest.stdout_bytes + digest.stderr_bytes).unwrap_or_default();
                if is_whole {
                    whole.push(digest.clone());
                }
                made.push(digest);
                if read >= BATCH_BYTES {
                    break;
                }
            }
            Ok::<_, StoreError>((made, whole, read))
        })
        .await
        .map_err(crate::fault::of_store)?;
    let (id, name) = (command.to_owned(), step.to_owned());
    if !whole.is_empty() {
        cx.store().write(move |tx| output_digests::put(tx, &id, &name, &whole)).await.map_err(crate::fault::of_store)?;
    }
    Ok((made, read))
}

/// What a step said, and whether nothing can come after it.
fn digest_of(tx: &mut Tx<'_>, command: &str, node: &str, step: &str) -> Result<(Digest, bool), StoreError> {
    let mut sum = Sha256::new();
    let mut bytes = [0_i64; 2];
    let mut whole = true;
    for (index, stream) in ["stdout", "stderr"].into_iter().enumerate() {
        let key =
            OutputKey { command_id: command.to_owned(), instance_id: node.to_owned(), step: step.to_owned(), stream: stream.to_owned() };
        match output_chunks::get(tx, &key)? {
            Some(head) => {
                whole &= head.complete;
                let mut offset = 0;
                loop {
                    let window = output_chunks::read(tx, &key, offset, WINDOW)?;
                    if window.is_empty() {
                        break;
                    }
                    sum.update(&window);
                    offset += window.len() as u64;
                }
                bytes[index] = i64::try_from(offset).unwrap_or(i64::MAX);
            }
            None => {
                let text = reported(tx, command, node, step, stream)?;
                sum.update(text.as_bytes());
                bytes[index] = i64::try_from(text.len()).unwrap_or(i64::MAX);
            }
        }
        // Where one stream ends and the other begins is part of what was said.
        sum.update(bytes[index].to_be_bytes());
    }
    let digest =
        Digest { instance_id: node.to_owned(), digest: hex::encode(sum.finalize()), stdout_bytes: bytes[0], stderr_bytes: bytes[1] };
    Ok((digest, whole))
}

fn reported(tx: &mut Tx<'_>, command: &str, node: &str, step: &str, stream: &str) -> Result<String, StoreError> {
    let steps = invocation_steps::of_invocation(tx, command, node)?;
    let found = steps.into_iter().find(|one| one.step == step);
    Ok(found.map(|one| if stream == "stdout" { one.standard_output } else { one.standard_error }).unwrap_or_default())
}

/// The groups, largest first; of equal ones the failed first.
fn grouped(step: &Step, status: Option<&str>) -> Vec<Group> {
    let mut groups: HashMap<(String, i64, &str), Group> = HashMap::new();
    for one in &step.said {
        let Some(digest) = &one.digest else { continue };
        let ended = Stage::parse(&one.stage).map(Stage::status_details).unwrap_or_default();
        // A step that never reported (its node was away) ended as its invocation did.
        let shown = if one.status.is_empty() { ended } else { one.status.as_str() };
        if status.is_some_and(|wanted| wanted != shown) {
            continue;
        }
        let group = groups.entry((shown.to_owned(), one.code, digest.digest.as_str())).or_insert_with(|| Group {
            id: group_id(shown, one.code, &digest.digest),
            status: shown.to_owned(),
            code: one.code,
            stdout_bytes: digest.stdout_bytes,
            stderr_bytes: digest.stderr_bytes,
            nodes: Vec::new(),
        });
        group.nodes.push((one.instance_id.clone(), one.name.clone()));
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        b.nodes.len().cmp(&a.nodes.len()).then_with(|| (a.status == "Success").cmp(&(b.status == "Success"))).then_with(|| a.id.cmp(&b.id))
    });
    groups
}

fn group_id(status: &str, code: i64, digest: &str) -> String {
    let mut sum = Sha256::new();
    sum.update(format!("{status}\n{code}\n{digest}"));
    hex::encode(&sum.finalize()[..8])
}

fn told(tx: &mut Tx<'_>, command: &str, step: &str, group: &Group) -> Result<Value, StoreError> {
    let mut told = json!({ "id": group.id, "status": group.status, "exitCode": group.code, "count": group.nodes.len() });
    told["nodes"] = group.nodes.iter().take(NAMED).map(|(id, name)| json!({ "id": id, "name": name })).collect();
    let Some((node, _)) = group.nodes.first() else { return Ok(told) };
    for (stream, bytes) in [("stdout", group.stdout_bytes), ("stderr", group.stderr_bytes)] {
        let key = OutputKey { command_id: command.to_owned(), instance_id: node.clone(), step: step.to_owned(), stream: stream.to_owned() };
        let sample = match output_chunks::get(tx, &key)? {
            Some(_) => output_chunks::read(tx, &key, 0, SAMPLE)?,
            None => reported(tx, command, node, step, stream)?.into_bytes(),
        };
        let shown = &sample[..sample.len().min(SAMPLE)];
        told[stream] = json!({
            "bytes": bytes, "sample": String::from_utf8_lossy(shown), "truncated": bytes > i64::try_from(shown.len()).unwrap_or(i64::MAX),
        });
    }
    Ok(told)
}

pub(super) fn unknown_command() -> ApiError {
    ApiError::new("InvalidCommandId", "There is no command of this id: it was never sent, or it is older than commands are kept.")
}

pub(super) fn unknown_step(step: &str) -> ApiError {
    let shown: String = step.chars().take(128).collect();
    ApiError::validation(format!("{shown} is not a step of this command's document."))
}
