//! `aws:runDocument`: a document from the hub or from a file, run as one step, at most three deep.

use super::StepCx;
use crate::document::outcome::{Status, StepResult, document_status};
use crate::document::plan::{Inputs, Plan};
use crate::document::runner::{End, Keeper, Run, merged};
use crate::document::state::{Progress, save_to};
use crate::process::KILLED_CODE;
use qd_model::document::{Document, ParameterKind, Resolved, interpolate};
use serde::{Deserialize, Serialize};
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
    let planned = tokio::select! {
        planned = plan(cx) => planned,
        () = cx.cancel.cancelled() => return Some(StepResult::plain(cx.action, Status::Cancelled, i64::from(KILLED_CODE), "cancelled")),
    };
    let plan = match planned {
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
        begun: false,
    };
    let end = run.steps(&mut progress).await;
    if end == End::Suspended {
        return None;
    }
    let dirs = run.dirs(&progress);
    Some(summary(cx, &plan, progress, &dirs, end))
}

fn summary(cx: &StepCx<'_>, plan: &Plan, progress: Progress, dirs: &[PathBuf], end: End) -> StepResult {
    let statuses: Vec<Status> = progress.done.iter().map(|result| result.status).collect();
    let status = if end == End::Cancelled { Status::Cancelled } else { document_status(&statuses) };
    let worst = progress.done.iter().find(|result| result.status == status).map_or(0, |result| result.code);
    let notes: Vec<String> = progress
        .done
        .iter()
        .zip(&plan.steps)
        .filter(|(result, _)| !result.note.is_empty())
        .map(|(result, step)| format!("{}: {}", step.id, result.note))
        .collect();
    let mut result = merged(dirs, progress.done, cx.dir);
    result.action = cx.action.to_owned();
    result.status = status;
    result.code = if status == Status::Success { 0 } else { worst };
    result.note = notes.join("\n");
    result
}

/// The document of a step as it is run. Kept beside the step's progress from before its first step: where it came from may say something else
/// after a restart, or nothing, and a script of it may be running.
#[derive(Serialize, Deserialize)]
struct Kept {
    document: Value,
    parameters: Map<String, Value>,
}

async fn plan(cx: &StepCx<'_>) -> Result<Plan, String> {
    let file = cx.dir.join("document.json");
    let path = cx.inputs.text("documentPath");
    let refused = |error: crate::document::plan::PlanError| format!("The document {path} cannot be run: {error}");
    match crate::home::read_json::<Kept>(&file) {
        Ok(Some(kept)) => return Plan::new(kept.document, &kept.parameters).map_err(refused),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "a kept document cannot be read; fetching it again"),
    }
    if path.trim().is_empty() {
        return Err("documentPath is missing.".to_owned());
    }
    let text = match cx.inputs.text("documentType").as_str() {
        "SSMDocument" => fetch(cx, path.trim()).await?,
        "LocalPath" => read(&local_path(path.trim(), cx.downloads))?,
        other => return Err(format!("documentType {other:?} is not SSMDocument or LocalPath.")),
    };
    let document = Plan::parse(&text).map_err(refused)?;
    let parameters = parameters(&cx.inputs.object("documentParameters").map_err(|error| error.to_string())?, &document);
    refuse_parameter_store(&document, &parameters).map_err(|reason| format!("The document {path} cannot be run: {reason}"))?;
    let plan = Plan::of(&document, &parameters).map_err(refused)?;
    let kept = Kept { document: document.content, parameters };
    match tokio::task::spawn_blocking(move || save_to(&file, &kept, true)).await {
        Ok(Ok(())) => {}
        // A full disk keeps nobody from working; what is lost is only the certainty after a restart.
        Ok(Err(error)) => tracing::warn!(%error, "a document cannot be kept; going on from memory"),
        Err(error) => return Err(error.to_string()),
    }
    Ok(plan)
}

/// As the hub refuses it in a command's own parameters: inserted as it stands it would be taken for the value.
fn refuse_parameter_store(document: &Document, given: &Map<String, Value>) -> Result<(), String> {
    fn mentions(value: &Value) -> bool {
        match value {
            Value::String(text) => !interpolate::ssm_references(text).is_empty(),
            Value::Array(items) => items.iter().any(mentions),
            Value::Object(map) => map.values().any(mentions),
            _ => false,
        }
    }
    // What does not fit its declaration is refused with a better reason afterwards.
    let Ok(resolved) = Resolved::resolve_typed(&document.parameters, given) else { return Ok(()) };
    if resolved.to_map().values().any(mentions) {
        return Err(
            "A parameter refers to Parameter Store ({{ssm:…}}), which is not built in this version of Quarterdeck. Give the value \
                    itself."
                .to_owned(),
        );
    }
    Ok(())
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

    #[test]
    fn parameter_store_is_refused_wherever_it_comes_from() {
        let text = "schemaVersion: '2.2'\nparameters: {s: {type: String, default: x}, l: {type: StringList, default: ['{{ssm:a}}']}}\nmainSteps: [{action: 'aws:runShellScript', name: a}]";
        let document = Plan::parse(text).unwrap();
        let given = |value: Value| value.as_object().unwrap().clone();
        assert!(refuse_parameter_store(&document, &given(json!({"l":["y"]}))).is_ok());
        assert!(refuse_parameter_store(&document, &given(json!({}))).unwrap_err().contains("Parameter Store"));
        assert!(refuse_parameter_store(&document, &given(json!({"l":["y"],"s":"a {{ ssm:b }}"}))).is_err());
    }
}
