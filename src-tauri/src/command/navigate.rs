//! Which page a window shows: the console tells where it is, and asks where to go when it has loaded.

use tauri::{State, Webview};

use crate::error::CallError;
use crate::state::App;
use crate::window::{Waiting, is_console_path};

/// Called once when the console has loaded: the page that a notification, the tray or a command line asked for, else the one shown last,
/// else null. From then on the event `navigate` leads it.
#[tauri::command]
pub fn navigate_ready(webview: Webview, state: State<'_, App>, waiting: State<'_, Waiting>) -> Result<Option<String>, CallError> {
    match waiting.listens(webview.label()) {
        Some(path) => Ok(Some(path)),
        None => Ok(state.local.window_path(webview.label())?.filter(|path| is_console_path(path))),
    }
}

/// Called when the console shows another page, so that the window opens there the next time.
#[tauri::command]
pub fn navigated(webview: Webview, state: State<'_, App>, path: String) -> Result<(), CallError> {
    if !is_console_path(&path) {
        return Err(CallError::invalid("that is not a page of the console"));
    }
    Ok(state.local.set_window_path(webview.label(), &path)?)
}
