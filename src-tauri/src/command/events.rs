//! `subscribe_events`: a hub's event stream, resumable from a cursor. AWS has none; pages ask it from time to time instead.

use std::time::Duration;

use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{State, Webview};

use crate::distant::{Distant, Events};
use crate::embedded::Embedded;
use crate::error::CallError;
use crate::state::{App, Target};

/// Wait before a stream that failed is asked again.
const AGAIN: Duration = Duration::from_secs(2);
/// Longest such wait, for a hub that stays away.
const LONGEST: Duration = Duration::from_secs(30);

/// Sends every event after sequence number `cursor` (null: from now on) over `channel`, one EventBridge envelope with `seq` each, until
/// the page unsubscribes or goes. A stream that is interrupted goes on where it was, and says so with `{"state": "closed"}` and
/// `{"state": "open"}`.
#[tauri::command]
pub async fn subscribe_events(
    webview: Webview,
    state: State<'_, App>,
    cursor: Option<i64>,
    channel: Channel<Value>,
) -> Result<(), CallError> {
    let id = channel.id();
    let cursor = cursor.map(|seq| seq.max(0));
    let task = match state.target(webview.label()).await? {
        Target::Embedded(hub) => tauri::async_runtime::spawn(follow_embedded(hub, cursor, channel)),
        Target::Distant(hub) => {
            // A hub that cannot be reached now is the page's to know at once.
            let events = hub.events(cursor).await?;
            tauri::async_runtime::spawn(follow_distant(hub, events, cursor, channel))
        }
    };
    if state.subscriptions.add(webview.label(), id, task) {
        Ok(())
    } else {
        Err(CallError::new("LimitExceededException", "This window follows too many event streams."))
    }
}

async fn follow_embedded(hub: Embedded, cursor: Option<i64>, channel: Channel<Value>) {
    let mut events = hub.events(cursor);
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
}

async fn follow_distant(hub: Distant, mut events: Events, mut cursor: Option<i64>, channel: Channel<Value>) {
    let mut wait = AGAIN;
    loop {
        match events.next().await {
            Ok(Some(page)) => {
                wait = AGAIN;
                for event in page {
                    cursor = event["seq"].as_i64().or(cursor);
                    if channel.send(event).is_err() {
                        return;
                    }
                }
                continue;
            }
            Ok(None) => tracing::info!("the hub ended its event stream"),
            Err(error) => tracing::warn!(code = error.code, "the event stream was interrupted"),
        }
        if say(&channel, "closed").is_err() {
            return;
        }
        events = loop {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST);
            match hub.events(cursor).await {
                Ok(events) => break events,
                Err(error) => tracing::debug!(code = error.code, "the event stream is still away"),
            }
        };
        if say(&channel, "open").is_err() {
            return;
        }
    }
}

fn say(channel: &Channel<Value>, state: &str) -> tauri::Result<()> {
    channel.send(serde_json::json!({ "state": state }))
}

/// Ends the stream that was given the channel with this id.
#[tauri::command]
pub fn unsubscribe_events(webview: Webview, state: State<'_, App>, channel_id: u32) {
    state.subscriptions.end(webview.label(), channel_id);
}

/// Called when a page shows what every event up to sequence number `seq` changed. Only the hub in this process waits for it, with its
/// notifications.
#[tauri::command]
pub fn events_shown(webview: Webview, state: State<'_, App>, seq: i64) {
    if state.connections.of_window(webview.label()) != crate::local::connections::EMBEDDED {
        return;
    }
    state.shown.send_if_modified(|shown| {
        let newer = seq > *shown;
        *shown = seq.max(*shown);
        newer
    });
}
