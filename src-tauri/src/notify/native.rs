//! Notifications of Windows and macOS.
//!
//! Windows says when a notification was clicked, and when it went away by itself, so a thread that waits for it ends soon. macOS does not
//! tell of one that nobody answers: nothing waits there, and a click only brings the app forward, as the system does by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Follow, Note};

/// Most notifications whose click is waited for at one time.
const MOST_WAITING: usize = 64;

#[derive(Clone, Default)]
pub struct Desktop {
    waiting: Arc<AtomicUsize>,
}

impl Desktop {
    /// Shows a notification. Only a click on it leads anywhere.
    pub async fn show(&self, note: Note, follow: Follow) -> Result<(), String> {
        let waiting = self.waiting.clone();
        // Blocking calls to the system; never on the UI thread.
        let shown = tauri::async_runtime::spawn_blocking(move || show(note, follow, waiting)).await;
        shown.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

fn show(note: Note, follow: Follow, waiting: Arc<AtomicUsize>) -> Result<(), notify_rust::error::Error> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Quarterdeck").summary(&note.title).body(&note.body);
    name_sender(&note.identifier, &mut notification);
    let handle = notification.show()?;
    let Some(path) = note.path.filter(|_| cfg!(not(target_os = "macos"))) else { return Ok(()) };
    if waiting.fetch_add(1, Ordering::SeqCst) >= MOST_WAITING {
        waiting.fetch_sub(1, Ordering::SeqCst);
        return Ok(());
    }
    std::thread::spawn(move || {
        use notify_rust::NotificationResponse as Response;
        let answered = handle.wait_for_response(|response: &Response| {
            if matches!(response, Response::Default | Response::Action(_)) {
                follow(&path);
            }
        });
        if let Err(error) = answered {
            tracing::debug!(%error, "a notification gave no answer");
        }
        waiting.fetch_sub(1, Ordering::SeqCst);
    });
    Ok(())
}

/// Windows shows a notification as its sender's, and a click leads there, only under the id that the installers' shortcut carries. It shows
/// none at all under an id that no shortcut carries, so a program that still lies where it was built keeps the default one.
#[cfg(windows)]
fn name_sender(identifier: &str, notification: &mut notify_rust::Notification) {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().and_then(|folder| folder.file_name());
    if folder.is_some_and(|folder| folder != "debug" && folder != "release") {
        notification.app_id(identifier);
    }
}

/// macOS takes the sender once for the whole process.
#[cfg(target_os = "macos")]
fn name_sender(identifier: &str, _notification: &mut notify_rust::Notification) {
    static NAMED: std::sync::Once = std::sync::Once::new();
    NAMED.call_once(|| {
        if let Err(error) = notify_rust::set_application(identifier) {
            tracing::debug!(%error, "notifications have no sender");
        }
    });
}

#[cfg(not(any(windows, target_os = "macos")))]
fn name_sender(_identifier: &str, _notification: &mut notify_rust::Notification) {}
