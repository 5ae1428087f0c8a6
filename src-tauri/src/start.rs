//! How the app starts, and how it ends: hub, keys and this machine's agent come up beside the window, and go down with it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tauri::{AppHandle, Manager};

use crate::embedded::Embedded;
use crate::enrolment::Enrolment;
use crate::follow;
use crate::keyring::Secrets;
use crate::local::settings::SECRETS_WITHOUT_KEYRING;
use crate::simulation::Simulation;
use crate::state::{App, Opening};
use crate::this_machine::{self, NodeState};
use crate::tray;

/// Name under which the administrator's access key is kept: `<access key id>:<secret access key>`.
pub const ADMINISTRATOR: &str = "embedded-administrator";

/// How long quitting may take before the process ends anyway.
const FAREWELL: Duration = Duration::from_secs(12);

/// Holds the data folder for this process. The window system's own guard against a second start needs a session bus; this one does not.
pub struct DataFolder {
    _lock: File,
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("another Quarterdeck uses {0}")]
    InUse(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

impl DataFolder {
    /// Makes `path`, private to its owner, and takes it.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Opens everything behind the window, in the background: the window is there at once and shows how far this is.
pub fn begin(app: &AppHandle) {
    tauri::async_runtime::spawn(ask_keyring(app.clone()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let state = app.state::<App>();
        match Embedded::open(&state.data_dir.join("plane"), &state.local).await {
            Ok(hub) => {
                tracing::info!(url = hub.address().url(), "the hub is open");
                tauri::async_runtime::spawn(follow::run(app.clone(), hub.clone()));
                state.opening.send_replace(Opening::Open(hub.clone()));
                tauri::async_runtime::spawn(enrol_this_machine(app.clone(), hub.clone()));
                keep_administrator(&app, &hub).await;
                app.state::<Simulation>().sweep(&hub).await;
            }
            Err(error) => {
                tracing::error!(%error, "the hub did not open");
                state.opening.send_replace(Opening::Failed(error.to_string()));
                state.this_machine.send_replace(NodeState::Unavailable { reason: "the hub did not open".to_owned() });
            }
        }
    });
}

/// Finds out where this person's secrets are kept. The hub is not waited for: other connections need their keys without it.
async fn ask_keyring(app: AppHandle) {
    let state = app.state::<App>();
    let (data_dir, choice) = (state.data_dir.clone(), state.local.text_setting(SECRETS_WITHOUT_KEYRING));
    match tokio::task::spawn_blocking(move || Secrets::open(&data_dir, choice.as_deref())).await {
        Ok(secrets) => {
            let status = secrets.status();
            tracing::info!(state = status.state, reason = status.reason, "secrets");
            state.secrets.send_replace(Some(Arc::new(secrets)));
        }
        Err(error) => tracing::error!(%error, "the keyring was not asked"),
    }
}

/// Keeps the administrator's access key where the person's secrets are kept.
async fn keep_administrator(app: &AppHandle, hub: &Embedded) {
    let state = app.state::<App>();
    let Some(key) = hub.administrator_key().await else { return };
    let Ok(secrets) = state.secrets().await else { return };
    let kept = tokio::task::spawn_blocking(move || secrets.put(ADMINISTRATOR, &key)).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, "the administrator's access key was not kept");
    }
}

/// Keeps this machine a node of the hub.
async fn enrol_this_machine(app: AppHandle, hub: Embedded) {
    let state = app.state::<App>();
    let enrolment = Enrolment {
        hub: &hub,
        local: &state.local,
        program: this_machine::program(),
        data_dir: state.data_dir.join("agent"),
        state: &state.this_machine,
        again: state.enrol_again.subscribe(),
        stop: state.stop.subscribe(),
    };
    enrolment.keep().await;
}

/// Leaves: the windows go at once, and the app ends with `code` when what runs beside them has ended. False when nothing is left to end.
/// Call on the main thread.
pub fn leave(app: &AppHandle, code: i32) -> bool {
    let Some(state) = app.try_state::<App>() else { return false };
    if state.ended.load(Ordering::SeqCst) {
        return false;
    }
    if !state.leaving.swap(true, Ordering::SeqCst) {
        for window in app.webview_windows().values() {
            let _ = window.hide();
        }
        tray::remove(app);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            ended(&app).await;
            app.exit(code);
        });
    }
    true
}

/// Ends what runs beside the window when the system ends the app without asking. Blocks, for the last moment of the process.
pub fn end(app: &AppHandle) {
    if app.try_state::<App>().is_some_and(|state| !state.ended.load(Ordering::SeqCst)) {
        tauri::async_runtime::block_on(ended(app));
    }
}

/// Ends the agent first, then the hub.
async fn ended(app: &AppHandle) {
    let state = app.state::<App>();
    state.stop.send_replace(true);
    let opening = state.opening.borrow().clone();
    let in_time = tokio::time::timeout(FAREWELL, async {
        let mut node = state.this_machine.subscribe();
        let _ = node.wait_for(|node| !matches!(node, NodeState::Running { .. } | NodeState::Restarting { .. })).await;
        if let Opening::Open(hub) = opening {
            hub.close().await;
        }
    })
    .await;
    if in_time.is_err() {
        tracing::warn!("the hub did not close in time");
    }
    state.ended.store(true, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_used_by_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let taken = DataFolder::take(&path).unwrap();
        assert!(matches!(DataFolder::take(&path), Err(FolderError::InUse(_))));
        drop(taken);
        DataFolder::take(&path).unwrap();
    }
}
