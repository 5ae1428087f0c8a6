//! `simulation_status`, `simulation_start`, `simulation_stop`: simulated nodes for the hub in this app.

use qd_model::Operation;
use tauri::{State, Webview};

use crate::embedded::Embedded;
use crate::error::CallError;
use crate::guard::{self, Mark};
use crate::local::connections::EMBEDDED;
use crate::simulation::{Simulation, Status};
use crate::state::App;

#[tauri::command]
pub async fn simulation_status(simulation: State<'_, Simulation>) -> Result<Status, CallError> {
    Ok(simulation.status().await)
}

/// Starts so many simulated nodes; answers when they are connected.
#[tauri::command]
pub async fn simulation_start(
    webview: Webview,
    state: State<'_, App>,
    simulation: State<'_, Simulation>,
    nodes: u16,
) -> Result<Status, CallError> {
    let hub = permitted(&webview, &state, Operation::CreateActivation).await?;
    simulation.start(&hub, nodes).await
}

/// Ends them and removes them from the hub; how many were removed.
#[tauri::command]
pub async fn simulation_stop(webview: Webview, state: State<'_, App>, simulation: State<'_, Simulation>) -> Result<usize, CallError> {
    let hub = permitted(&webview, &state, Operation::DeregisterManagedInstance).await?;
    simulation.stop(&hub).await
}

/// The hub in this process, whichever connection the window shows, if the person may write there: nodes that are not there belong in
/// nobody else's fleet.
async fn permitted(webview: &Webview, state: &App, write: Operation) -> Result<Embedded, CallError> {
    let hub = state.embedded().await?;
    let mark = Mark::from_setting(Some(&state.connection_by_id(EMBEDDED)?.mark));
    state.permit(webview, guard::judge(mark, write), write.name(), Vec::new).await?;
    Ok(hub)
}
