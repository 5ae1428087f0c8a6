//! `subscribe_events`: the hub's event stream, resumable from a cursor.

use std::time::Duration;

use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{State, Webview};

use crate::error::CallError;
use crate::state::{App, Target};

/// Wait before a stream that failed is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Sends every event after sequence number `cursor` (null: from now on) over `channel`, one EventBridge envelope with `seq` each, until
/// the page unsubscribes or goes.
#[tauri::command]
pub async fn subscribe_events(
    webview: Webview,
    state: State<'_, App>,
    cursor: Option<i64>,
    channel: Channel<Value>,
) -> Result<(), CallError> {
    let Target::Embedded(hub) = state.target().await?;
    let id = channel.id();
    let task = tauri::async_runtime::spawn(async move {
        let mut events = hub.events(cursor.map(|seq| seq.max(0)));
        loop {
            match events.next().await {
                Ok(Some(page)) => {
                    for event in page {
                        if channel.send(event).is_err() {
                            return;
                        }
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "the event stream failed; trying again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    });
    if state.subscriptions.add(webview.label(), id, task) {
        Ok(())
    } else {
        Err(CallError::new("LimitExceededException", "This window follows too many event streams."))
    }
}

/// Ends the stream that was given the channel with this id.
#[tauri::command]
pub fn unsubscribe_events(webview: Webview, state: State<'_, App>, channel_id: u32) {
    state.subscriptions.end(webview.label(), channel_id);
}

/// Called when a page shows what every event up to sequence number `seq` changed.
#[tauri::command]
pub fn events_shown(state: State<'_, App>, seq: i64) {
    state.shown.send_if_modified(|shown| {
        let newer = seq > *shown;
        *shown = seq.max(*shown);
        newer
    });
}
