//! `connection_mark`: how careful the app is with a connection.

use tauri::{AppHandle, State, Webview};

use crate::error::CallError;
use crate::guard::Mark;
use crate::local::connections::Connection;
use crate::question;
use crate::state::App;

/// Marks a connection (this window's, unless another is named) `open`, `protected` or `read-only`, after a native question; a page alone can
/// neither lower nor raise it.
#[tauri::command]
pub async fn connection_mark(
    app: AppHandle,
    webview: Webview,
    state: State<'_, App>,
    mark: String,
    id: Option<String>,
) -> Result<(), CallError> {
    if Mark::from_setting(Some(&mark)).word() != mark {
        return Err(CallError::invalid("a mark is open, protected or read-only"));
    }
    let id = id.unwrap_or_else(|| state.connections.of_window(webview.label()));
    let connection = state.connection_by_id(&id)?;
    if !question::change_mark(&app, &connection.name, &mark).await {
        return Err(CallError::declined("the mark was not changed"));
    }
    Ok(state.local.put_connection(&Connection { mark, ..state.connection_by_id(&id)? })?)
}
