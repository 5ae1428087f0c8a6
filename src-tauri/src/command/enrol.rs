//! `enrol_this_machine`: the person wants this machine to be a node, again or at once.

use qd_model::Operation;
use serde_json::Value;
use tauri::{State, Webview};

use crate::error::CallError;
use crate::guard::{self, Mark};
use crate::local::connections::EMBEDDED;
use crate::local::settings::THIS_MACHINE_REMOVED;
use crate::state::App;

/// Tries again to enrol this machine, where it waits, found no agent, or was removed. `app_info` tells what comes of it.
#[tauri::command]
pub async fn enrol_this_machine(webview: Webview, state: State<'_, App>) -> Result<(), CallError> {
    state.embedded().await?;
    // Enrolling makes an activation, which is a write like any other.
    let write = Operation::CreateActivation;
    let mark = Mark::from_setting(Some(&state.connection_by_id(EMBEDDED)?.mark));
    state.permit(&webview, guard::judge(mark, write), write.name(), Vec::new).await?;
    state.local.set_setting(THIS_MACHINE_REMOVED, &Value::Null)?;
    state.enrol_again.send_modify(|asked| *asked += 1);
    Ok(())
}
