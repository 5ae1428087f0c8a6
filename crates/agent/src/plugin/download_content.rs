//! `aws:downloadContent`: a file or folder from Git, GitHub, HTTP(S), S3 or the hub's documents.

use super::{StepCx, run_document};
use crate::document::outcome::{Status, StepResult};
use crate::document::plan::Inputs;
use crate::download::http::{Proof, Trust};
use crate::download::{self, git, http};
use crate::process::KILLED_CODE;
use qd_client::Request;
use serde_json::json;
use std::time::Duration;

/// Longest time for a whole download.
const TIME_LIMIT: Duration = Duration::from_secs(3600);
const SECURE: &str = "ssm-secure:";

/// Inputs: `sourceType`, `sourceInfo` (JSON), `destinationPath`.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    if let Err(error) = crate::home::create_private_dir(cx.downloads) {
        return Some(StepResult::failed(cx.action, format!("the directory for downloads cannot be made: {error}")));
    }
    tokio::select! {
        biased;
        result = tokio::time::timeout(TIME_LIMIT, fetch(cx)) => match result {
            Ok(Ok(text)) => Some(StepResult::plain(cx.action, Status::Success, 0, format!("{text}\n"))),
            Ok(Err(Ended::Failed(text))) => Some(StepResult::failed(cx.action, text)),
            Ok(Err(Ended::Step(result))) => result.map(|result| StepResult { action: cx.action.to_owned(), ..*result }),
            Err(_) => Some(StepResult::plain(cx.action, Status::TimedOut, i64::from(KILLED_CODE), "the download took more than an hour")),
        },
        () = cancelled(cx) => Some(StepResult::plain(cx.action, Status::Cancelled, i64::from(KILLED_CODE), "cancelled")),
    }
}

/// Git stops by itself and has more to say; everything else is dropped a moment after the request.
async fn cancelled(cx: &StepCx<'_>) {
    cx.cancel.cancelled().await;
    tokio::time::sleep(Duration::from_millis(cx.agent.config.kill_grace_ms + 1000)).await;
}

enum Ended {
    Failed(String),
    /// The result of a step that ran below; `None`: the agent is going down.
    Step(Option<Box<StepResult>>),
}

impl From<String> for Ended {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

async fn fetch(cx: &StepCx<'_>) -> Result<String, Ended> {
    let info = cx.inputs.object("sourceInfo").map_err(|error| error.to_string())?;
    let destination = cx.inputs.text("destinationPath");
    match cx.inputs.text("sourceType").as_str() {
        "Git" => from_git(cx, &info, &destination).await,
        "GitHub" => from_github(cx, &info, &destination).await,
        "HTTP" => from_http(cx, &info, &destination).await,
        "S3" => from_s3(cx, &info, &destination).await,
        "SSMDocument" => from_documents(cx, &info, &destination).await,
        other => Err(Ended::Failed(format!("sourceType {other:?} is not one of Git, GitHub, HTTP, S3, SSMDocument."))),
    }
}

fn needed(info: &Inputs, name: &str) -> Result<String, String> {
    let text = info.text(name);
    if text.trim().is_empty() { Err(format!("sourceInfo needs {name}.")) } else { Ok(text.trim().to_owned()) }
}

/// A value that may be `{{ssm-secure:name}}`, resolved on the node and nowhere else (agent-protocol 3.4).
async fn secret(cx: &StepCx<'_>, info: &Inputs, name: &str) -> Result<Option<String>, String> {
    let text = info.text(name);
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).map(str::trim).and_then(|t| t.strip_prefix(SECURE));
    let Some(parameter) = inside else { return Ok(Some(text).filter(|t| !t.trim().is_empty())) };
    let body = json!({ "Names": [parameter], "WithDecryption": true });
    let answer =
        cx.agent.link.call("GetParameters", &body).await.map_err(|error| format!("The parameter {parameter} cannot be read: {error}"))?;
    let value = answer["Parameters"][0]["Value"].as_str().map(str::to_owned);
    value.map(Some).ok_or_else(|| format!("The parameter {parameter} does not exist, or this node may not read it."))
}

async fn from_git(cx: &StepCx<'_>, info: &Inputs, destination: &str) -> Result<String, Ended> {
    let username = secret(cx, info, "username").await?;
    let password = secret(cx, info, "password").await?;
    let repository = git::Repository {
        url: needed(info, "repository")?,
        get_options: info.text("getOptions"),
        login: (username.is_some() || password.is_some()).then(|| (username.unwrap_or_default(), password.unwrap_or_default())),
        private_key: secret(cx, info, "privateSSHKey").await?,
        skip_host_key_checking: info.flag("skipHostKeyChecking"),
    };
    copy_from(cx, &repository, "", destination).await
}

async fn from_github(cx: &StepCx<'_>, info: &Inputs, destination: &str) -> Result<String, Ended> {
    let name = |key| {
        needed(info, key)
            .and_then(|text| if text.contains(['/', '\\', ':']) { Err(format!("sourceInfo has a wrong {key}.")) } else { Ok(text) })
    };
    let token = secret(cx, info, "tokenInfo").await?;
    let repository = git::Repository {
        url: format!("https://github.com/{}/{}.git", name("owner")?, name("repository")?),
        get_options: info.text("getOptions"),
        login: token.map(|token| ("x-access-token".to_owned(), token)),
        ..git::Repository::default()
    };
    copy_from(cx, &repository, &info.text("path"), destination).await
}

async fn copy_from(cx: &StepCx<'_>, repository: &git::Repository, path: &str, destination: &str) -> Result<String, Ended> {
    let tree = git::clone(cx, repository).await.map_err(|result| Ended::Step(result.map(Box::new)))?;
    let inner = download::inner_path(path)?;
    let from = tree.join(&inner);
    if !from.exists() {
        return Err(Ended::Failed(format!("There is no {path} in the repository.")));
    }
    let to = if from.is_dir() {
        download::below(cx.downloads, destination)
    } else {
        download::file_target(destination, cx.downloads, &download::last_name(path))
    };
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(|error| format!("{} cannot be made: {error}", parent.display()))?;
    }
    let target = to.clone();
    let copied = tokio::task::spawn_blocking(move || {
        let copied = download::copy_tree(&from, &target);
        let _ = std::fs::remove_dir_all(tree);
        copied
    });
    copied.await.map_err(|error| error.to_string())?.map_err(|error| format!("the content cannot be copied: {error}"))?;
    Ok(format!("Content downloaded to {}", to.display()))
}

async fn from_http(cx: &StepCx<'_>, info: &Inputs, destination: &str) -> Result<String, Ended> {
    let url = needed(info, "url")?;
    let username = secret(cx, info, "username").await?.unwrap_or_default();
    let password = secret(cx, info, "password").await?.unwrap_or_default();
    let proof = match info.text("authMethod").to_ascii_lowercase().as_str() {
        "" | "none" => Proof::None,
        "basic" => Proof::Basic(username, password),
        "digest" => Proof::Digest(username, password),
        other => return Err(Ended::Failed(format!("authMethod {other:?} is not None, Basic or Digest."))),
    };
    let name = download::last_name(url.split(['?', '#']).next().unwrap_or_default());
    let target = download::file_target(destination, cx.downloads, &name);
    let size = http::fetch(&url, &proof, Trust::System, info.flag("allowInsecureDownload"), &target).await?;
    Ok(format!("Content downloaded to {} ({size} bytes)", target.display()))
}

/// An object by its URL: signed if it lies with the hub, which issued our credentials; plain elsewhere.
async fn from_s3(cx: &StepCx<'_>, info: &Inputs, destination: &str) -> Result<String, Ended> {
    let path = needed(info, "path")?;
    let url: reqwest::Url = path.parse().map_err(|error| format!("{path} is not a URL: {error}"))?;
    if url.path().ends_with('/') {
        return Err(Ended::Failed("The path names a folder; name one object.".to_owned()));
    }
    let hub: Option<reqwest::Url> = cx.agent.registration.endpoint.parse().ok();
    let at_hub = hub.is_some_and(|hub| hub.origin() == url.origin());
    let target = download::file_target(destination, cx.downloads, &download::last_name(url.path()));
    let size = if at_hub {
        cx.agent.link.role().first().await;
        let tls = cx.agent.link.tls();
        let asked = url.query_pairs().fold(Request::get("s3", url.path()), |asked, (name, value)| asked.with_query(&name, value));
        let (url, headers) = cx.agent.link.client().signed_headers(asked).await.map_err(|error| error.to_string())?;
        // What is fetched is what was signed, to the letter. The hub's address is plain http on its own machine only.
        http::fetch(url.as_str(), &Proof::Headers(headers), Trust::Hub(&tls), url.scheme() == "http", &target).await?
    } else {
        http::fetch(&path, &Proof::None, Trust::System, false, &target).await?
    };
    Ok(format!("Content downloaded to {} ({size} bytes)", target.display()))
}

async fn from_documents(cx: &StepCx<'_>, info: &Inputs, destination: &str) -> Result<String, Ended> {
    let name = needed(info, "name")?;
    let text = run_document::fetch(cx, &name).await?;
    let extension = if text.trim_start().starts_with('{') { "json" } else { "yaml" };
    let plain = download::last_name(download::split_version(&name).0);
    let target = download::file_target(destination, cx.downloads, &format!("{plain}.{extension}"));
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(|error| format!("{} cannot be made: {error}", parent.display()))?;
    }
    // As a script would make it, not as the agent's own files.
    std::fs::write(&target, text).map_err(|error| format!("{} cannot be written: {error}", target.display()))?;
    Ok(format!("Content downloaded to {}", target.display()))
}
