//! `settings_get` and `settings_set`: what a person chose in the console.

use serde_json::Value;
use tauri::{AppHandle, State};

use crate::error::CallError;
use crate::local::settings::{MAX_KEY, MAX_VALUE, NOT_FROM_PAGES, PREFERENCES, TRAY_ICON};
use crate::state::App;
use crate::tray;
use crate::window;

/// The value under `key`, or null.
#[tauri::command]
pub fn settings_get(state: State<'_, App>, key: String) -> Result<Value, CallError> {
    Ok(state.local.setting(&key)?.unwrap_or(Value::Null))
}

/// Stores `value` under `key`; null forgets it.
#[tauri::command]
pub fn settings_set(app: AppHandle, state: State<'_, App>, key: String, value: Value) -> Result<(), CallError> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(CallError::invalid(format!("a key has 1 to {MAX_KEY} bytes")));
    }
    if NOT_FROM_PAGES.contains(&key.as_str()) {
        return Err(CallError::invalid(format!("{key} is not set by a page")));
    }
    if value.to_string().len() > MAX_VALUE {
        return Err(CallError::invalid(format!("a value has at most {MAX_VALUE} bytes")));
    }
    state.local.set_setting(&key, &value)?;
    if key == PREFERENCES || key == TRAY_ICON {
        tray::redraw(&app);
    }
    if key == PREFERENCES {
        window::follow_theme(&app);
    }
    Ok(())
}
