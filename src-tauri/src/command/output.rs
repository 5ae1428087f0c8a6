//! `output`: bytes of what a step wrote, also while it runs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tauri::{State, Webview};

use super::extension::encode;
use crate::error::CallError;
use crate::state::{App, Request};

/// Most bytes of one answer; a page asks again for the rest.
const MOST: u64 = 4 * 1024 * 1024;
/// Longest that an answer is held back for more output to come, in seconds.
const LONGEST_WAIT: u64 = 30;

/// A range of a stream. `offset` and `total` are bytes; `complete` means that `total` grows no more; `data` is base64.
#[derive(Serialize)]
pub struct Output {
    offset: u64,
    total: u64,
    complete: bool,
    data: String,
}

/// Reads up to `max` bytes of `stream` (`stdout`, `stderr`) from `offset`. With `wait`, answers when there is more or after so many seconds.
#[tauri::command]
#[allow(clippy::too_many_arguments)] // each is a named member of the page's request
pub async fn output(
    webview: Webview,
    state: State<'_, App>,
    command_id: String,
    instance_id: String,
    step: String,
    stream: String,
    offset: u64,
    max: u64,
    wait: Option<u64>,
) -> Result<Output, CallError> {
    let path =
        format!("/quarterdeck/v1/commands/{}/invocations/{}/steps/{}/output", encode(&command_id), encode(&instance_id), encode(&step));
    let query = [
        ("stream", stream),
        ("offset", offset.to_string()),
        ("max", max.clamp(1, MOST).to_string()),
        ("wait", wait.unwrap_or(0).min(LONGEST_WAIT).to_string()),
    ];
    let request = Request {
        method: "GET".to_owned(),
        path,
        query: query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Vec::new(),
    };
    let reply = state.extension(&webview, request).await?;
    Ok(Output {
        offset: reply.number("x-quarterdeck-offset", offset),
        total: reply.number("x-quarterdeck-total", offset + reply.body.len() as u64),
        complete: reply.header("x-quarterdeck-complete") == Some("true"),
        data: STANDARD.encode(&reply.body),
    })
}
