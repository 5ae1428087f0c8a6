//! `call`: any operation of the API.

use serde_json::Value;
use tauri::{AppHandle, State};

use crate::error::CallError;
use crate::state::App;

/// Sends `input` to `operation` (`SendCommand`, as AWS writes it) and answers what AWS would.
#[tauri::command]
pub async fn call(app: AppHandle, state: State<'_, App>, operation: String, input: Value) -> Result<Value, CallError> {
    state.call(&app, &operation, input).await
}
