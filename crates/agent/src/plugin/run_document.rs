//! `aws:runDocument`: a document from the hub or from a file, run as one step, at most three deep.

use super::StepCx;
use crate::document::outcome::{Status, StepResult, document_status};
use crate::document::plan::{Inputs, Plan};
use crate::document::runner::{End, Keeper, Run, merged};
use crate::document::state::Progress;
use qd_model::document::{Document, ParameterKind};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Documents inside documents.
const DEPTH_LIMIT: u8 = 3;
/// Largest document file, in bytes.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Inputs: `documentType` (SSMDocument, LocalPath), `documentPath`, `documentParameters`.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    if cx.depth >= DEPTH_LIMIT {
        return Some(StepResult::failed(cx.action, format!("Documents may run documents at most {DEPTH_LIMIT} deep.")));
    }
    let plan = match plan(cx).await {
        Ok(plan) => plan,
        Err(reason) => return Some(StepResult::failed(cx.action, reason)),
    };
    let progress_file = cx.dir.join("progress.json");
    // Started under another boot without a record of its own: the first step's mark was not written, so nothing ran.
    let mut progress: Progress = crate::home::read_json(&progress_file).ok().flatten().unwrap_or_default();
    let run = Run {
        agent: cx.agent,
        job: cx.job,
        plan: &plan,
        dir: cx.dir,
        downloads: cx.downloads,
        cancel: cx.cancel,
        depth: cx.depth + 1,
        keeper: Keeper::File(progress_file),
        streaming: false,
        reporting: false,
    };
    let end = run.steps(&mut progress).await;
    if end == End::Suspended {
        return None;
    }
    Some(summary(cx, &plan, progress, end))
}

fn summary(cx: &StepCx<'_>, plan: &Plan, progress: Progress, end: End) -> StepResult {
    let statuses: Vec<Status> = progress.done.iter().map(|result| result.status).collect();
    let status = if end == End::Cancelled { Status::Cancelled } else { document_status(&statuses) };
    let dirs: Vec<PathBuf> = (0..progress.done.len()).map(|n| cx.dir.join(format!("{n}-{}", progress.reboots))).collect();
    let worst = progress.done.iter().find(|result| result.status == status).map_or(0, |result| result.code);
    let notes: Vec<String> = progress
        .done
        .iter()
        .zip(&plan.steps)
        .filter(|(result, _)| !result.note.is_empty())
        .map(|(result, step)| format!("{}: {}", step.id, result.note))
        .collect();
    let mut result = merged(&dirs, progress.done, cx.dir);
    result.action = cx.action.to_owned();
    result.status = status;
    result.code = if status == Status::Success { 0 } else { worst };
    result.note = notes.join("\n");
    result
}

async fn plan(cx: &StepCx<'_>) -> Result<Plan, String> {
    let path = cx.inputs.text("documentPath");
    if path.trim().is_empty() {
        return Err("documentPath is missing.".to_owned());
    }
    let text = match cx.inputs.text("documentType").as_str() {
        "SSMDocument" => fetch(cx, path.trim()).await?,
        "LocalPath" => read(&local_path(path.trim(), cx.downloads))?,
        other => return Err(format!("documentType {other:?} is not SSMDocument or LocalPath.")),
    };
    let refused = |error: crate::document::plan::PlanError| format!("The document {path} cannot be run: {error}");
    let document = Plan::parse(&text).map_err(refused)?;
    let given = parameters(&cx.inputs.object("documentParameters").map_err(|error| error.to_string())?, &document);
    Plan::of(&document, &given).map_err(refused)
}

/// The text of a document of the hub; `name` may end in `:version`.
pub async fn fetch(cx: &StepCx<'_>, name: &str) -> Result<String, String> {
    let (name, version) = crate::download::split_version(name);
    let mut body = json!({ "Name": name });
    if let Some(version) = version {
        body["DocumentVersion"] = version.into();
    }
    let answer =
        cx.agent.link.call("GetDocument", &body).await.map_err(|error| format!("The document {name} cannot be fetched: {error}"))?;
    answer["Content"].as_str().map(str::to_owned).ok_or_else(|| format!("The hub's answer for the document {name} has no content."))
}

fn local_path(path: &str, downloads: &Path) -> PathBuf {
    let path = Path::new(path);
    if path.is_absolute() { path.to_path_buf() } else { downloads.join(path) }
}

fn read(path: &Path) -> Result<String, String> {
    let refused = |error: &dyn std::fmt::Display| format!("The document {} cannot be read: {error}", path.display());
    let size = path.metadata().map_err(|error| refused(&error))?.len();
    if size > FILE_LIMIT {
        return Err(refused(&"it is larger than 1 MiB"));
    }
    std::fs::read_to_string(path).map_err(|error| refused(&error))
}

/// Parameters as written in a step: lists for lists, one-element lists for texts (as on the API), plain values otherwise.
fn parameters(given: &Inputs, document: &Document) -> Map<String, Value> {
    given
        .0
        .iter()
        .map(|(name, value)| {
            let is_list = document.parameter(name).is_some_and(|parameter| parameter.kind == ParameterKind::StringList);
            let value = match (is_list, value) {
                (true, Value::String(text)) => json!([text]),
                (true, _) => value.clone(),
                (_, Value::Array(items)) if items.len() == 1 => items[0].clone(),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_take_the_declared_shape() {
        let text = "schemaVersion: '2.2'\nparameters: {l: {type: StringList}, s: {type: String}}\nmainSteps: [{action: 'aws:runShellScript', name: a}]";
        let document = Plan::parse(text).unwrap();
        let given = Inputs(json!({"l":"one","s":["two"],"m":["a","b"]}).as_object().unwrap().clone());
        assert_eq!(Value::Object(parameters(&given, &document)), json!({"l":["one"],"s":"two","m":["a","b"]}));
    }
}
