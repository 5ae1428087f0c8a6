//! `connection_mark`: how careful the app is with this connection.

use tauri::{AppHandle, State};

use crate::error::CallError;
use crate::guard::Mark;
use crate::local::settings::CONNECTION_MARK;
use crate::question;
use crate::state::App;

/// Marks the connection `open`, `protected` or `read-only`, after a native question; a page alone can neither lower nor raise it.
#[tauri::command]
pub async fn connection_mark(app: AppHandle, state: State<'_, App>, mark: String) -> Result<(), CallError> {
    if Mark::from_setting(Some(&mark)).word() != mark {
        return Err(CallError::invalid("a mark is open, protected or read-only"));
    }
    if !question::change_mark(&app, &mark).await {
        return Err(CallError::declined("the mark was not changed"));
    }
    Ok(state.local.set_setting(CONNECTION_MARK, &mark.into())?)
}
