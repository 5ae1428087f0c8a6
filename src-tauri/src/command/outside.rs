//! What leaves the window: a link into the person's browser, a file into a folder they choose.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tauri::{AppHandle, Url};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tokio::sync::oneshot;

use crate::error::CallError;

/// Longest link, in bytes.
const MAX_URL: usize = 4096;

/// Opens a web link in the person's browser. Other kinds of link are refused: they can start programs.
#[tauri::command]
pub fn open_external(app: AppHandle, url: String) -> Result<(), CallError> {
    let parsed = Url::parse(&url).ok().filter(|parsed| url.len() <= MAX_URL && matches!(parsed.scheme(), "https" | "http"));
    let Some(parsed) = parsed else { return Err(CallError::invalid("only http and https links are opened")) };
    app.opener().open_url(parsed.as_str(), None::<&str>).map_err(|error| CallError::internal(error.to_string()))
}

/// Asks where to save `data` (base64) under the suggested `name`, and writes it there. Answers the path, or null when the person chose none.
#[tauri::command]
pub async fn save_file(app: AppHandle, name: String, data: String) -> Result<Option<String>, CallError> {
    let bytes = STANDARD.decode(data).map_err(|error| CallError::invalid(format!("data is not base64: {error}")))?;
    let Some(path) = ask_for_place(&app, &name).await? else { return Ok(None) };
    let shown = path.display().to_string();
    tokio::fs::write(&path, bytes).await.map_err(|error| CallError::new("FileNotWritten", format!("{shown}: {error}")))?;
    Ok(Some(shown))
}

/// Asks where to put a file with the suggested `name`; none when the person chose no place.
pub async fn ask_for_place(app: &AppHandle, name: &str) -> Result<Option<PathBuf>, CallError> {
    // Only a name is taken from the page; the folder is the person's.
    let name: String = name.chars().filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c)).take(120).collect();
    let (answer, answered) = oneshot::channel();
    app.dialog().file().set_file_name(name).save_file(move |path| {
        let _ = answer.send(path);
    });
    let Some(path) = answered.await.ok().flatten() else { return Ok(None) };
    path.into_path().map(Some).map_err(|error| CallError::invalid(error.to_string()))
}
