//! `open_logs`: what the app wrote about itself, for a person who looks for the reason of something.

use tauri::{AppHandle, State};
use tauri_plugin_opener::OpenerExt;

use crate::error::CallError;
use crate::log;
use crate::state::App;

/// Opens the folder of the log files in the person's file browser, and answers its path.
#[tauri::command]
pub fn open_logs(app: AppHandle, state: State<'_, App>) -> Result<String, CallError> {
    let folder = log::folder(&state.data_dir).display().to_string();
    app.opener()
        .open_path(folder.as_str(), None::<&str>)
        .map_err(|error| CallError::new("FolderNotOpened", format!("{folder}: {error}")))?;
    Ok(folder)
}
