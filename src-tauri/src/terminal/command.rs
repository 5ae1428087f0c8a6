//! What pages may ask of the plugin. Bytes of a session come in as the raw body of a request and go out over a raw channel, never as
//! JSON.

use serde::{Deserialize, Serialize};
use tauri::ipc::{Channel, InvokeBody, InvokeResponseBody, Request};
use tauri::{AppHandle, State, Webview};

use super::link::{self, Wanted};
use super::running::{Known, Sessions};
use crate::command::extension::encode;
use crate::error::CallError;
use crate::state::{App, Request as ToHub};
use crate::window;

/// Header of `input` that names the session by its handle.
const SESSION_HEADER: &str = "x-session";

/// Most bytes of one input; a page sends the next piece when this one was taken.
const MAX_INPUT: usize = 256 * 1024;

/// The page that a torn-off window opens with.
const PAGE: &str = "/terminal";

/// Most bytes of a recording in one answer.
const MAX_RECORDING: u64 = 8 * 1024 * 1024;

/// Longest that an answer is held back for more of a recording, in seconds.
const LONGEST_WAIT: u64 = 30;

/// Columns and rows.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Size {
    cols: u16,
    rows: u16,
}

/// Starts a session under the guard of the connection, and shows it in this window.
#[tauri::command]
pub async fn open(
    webview: Webview,
    state: State<'_, App>,
    sessions: State<'_, Sessions>,
    request: Wanted,
    size: Size,
    channel: Channel<InvokeResponseBody>,
) -> Result<Known, CallError> {
    sessions.has_room()?;
    let target = request.target.clone();
    let (session_id, line) = link::open(&webview, &state, request, (size.cols, size.rows)).await?;
    Ok(sessions.add(webview.label(), &session_id, &target, line, channel))
}

/// Shows a session of this window that runs already, from what it wrote last.
#[tauri::command]
pub fn attach(
    webview: Webview,
    sessions: State<'_, Sessions>,
    handle: u32,
    channel: Channel<InvokeResponseBody>,
) -> Result<Known, CallError> {
    sessions.attach(webview.label(), handle, channel)
}

/// The sessions of this window.
#[tauri::command]
pub fn running(webview: Webview, sessions: State<'_, Sessions>) -> Vec<Known> {
    sessions.of_window(webview.label())
}

/// Bytes that were typed. Answers when the session took them.
#[tauri::command]
pub async fn input(webview: Webview, sessions: State<'_, Sessions>, request: Request<'_>) -> Result<(), CallError> {
    let handle = request.headers().get(SESSION_HEADER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let (Some(handle), InvokeBody::Raw(data)) = (handle, request.body()) else {
        return Err(CallError::invalid("input is bytes for a session"));
    };
    if data.len() > MAX_INPUT {
        return Err(CallError::invalid(format!("one input has at most {MAX_INPUT} bytes")));
    }
    sessions.input(webview.label(), handle, data.clone()).await
}

#[tauri::command]
pub fn resize(webview: Webview, sessions: State<'_, Sessions>, handle: u32, size: Size) -> Result<(), CallError> {
    sessions.resize(webview.label(), handle, (size.cols, size.rows))
}

/// So many bytes of output were parsed: the next may come.
#[tauri::command]
pub fn acknowledge(webview: Webview, sessions: State<'_, Sessions>, handle: u32, bytes: usize) -> Result<(), CallError> {
    sessions.acknowledge(webview.label(), handle, bytes)
}

/// Ends a session, on its node too.
#[tauri::command]
pub fn close(webview: Webview, sessions: State<'_, Sessions>, handle: u32) -> Result<(), CallError> {
    sessions.close(webview.label(), handle)
}

/// Opens a window for sessions of this one, over the same connection. Its page claims `tab`.
#[tauri::command]
pub async fn tear_off(
    app: AppHandle,
    webview: Webview,
    state: State<'_, App>,
    sessions: State<'_, Sessions>,
    handles: Vec<u32>,
    tab: String,
) -> Result<(), CallError> {
    let connection = state.connection(webview.label())?;
    let failed = |error: tauri::Error| CallError::new("WindowNotOpened", error.to_string());
    let label = window::free_label(&app).map_err(failed)?;
    // Before the window is there: its page asks for them as soon as it is.
    sessions.move_to(webview.label(), &handles, &label, tab)?;
    window::open_as(&app, &label, &connection, PAGE).map_err(|error| {
        sessions.move_back(&label, webview.label());
        failed(error)
    })
}

/// What this window was opened with; once.
#[tauri::command]
pub fn claim(webview: Webview, sessions: State<'_, Sessions>) -> Option<String> {
    sessions.claim(webview.label())
}

/// Lines of a session's recording (asciicast v2). `next` is where to go on; `cut`: the hub kept only the beginning.
#[derive(Serialize)]
pub struct Piece {
    text: String,
    next: u64,
    complete: bool,
    cut: bool,
}

/// Reads a session's recording from `after` on. With `wait`, answers when there is more or after that many seconds.
#[tauri::command]
pub async fn recording(
    webview: Webview,
    state: State<'_, App>,
    session: String,
    after: u64,
    max: u64,
    wait: u64,
) -> Result<Piece, CallError> {
    let query = [("after", after), ("max", max.clamp(1, MAX_RECORDING)), ("wait", wait.min(LONGEST_WAIT))];
    let request = ToHub {
        method: "GET".to_owned(),
        path: format!("/quarterdeck/v1/sessions/{}/recording", encode(&session)),
        query: query.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect(),
        body: Vec::new(),
    };
    let reply = state.extension(&webview, request).await?;
    Ok(Piece {
        next: reply.number("x-quarterdeck-next", after),
        complete: reply.header("x-quarterdeck-complete") != Some("false"),
        cut: reply.header("x-quarterdeck-cut") == Some("true"),
        text: String::from_utf8_lossy(&reply.body).into_owned(),
    })
}
