//! Follows the hub's events for the app itself: the end of a command becomes a mark in the tray and a notification.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tauri::{AppHandle, Manager};

use crate::embedded::Embedded;
use crate::notify::CommandEnd;
use crate::state::App;
use crate::tray::{self, Recent};
use crate::window;

/// Detail type of AWS's event for a command as a whole (semantics 14.1).
const COMMAND_CHANGED: &str = "EC2 Command Status-change Notification";

/// Wait before the stream is asked again after it failed.
const AGAIN: Duration = Duration::from_secs(2);

/// Longest that a notification is held back for a page to show what it tells of.
const PAGE_FIRST: Duration = Duration::from_secs(2);

/// How a command stands, read from an event.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    /// Place of the event in the stream.
    seq: i64,
    end: CommandEnd,
    ended: bool,
}

/// Follows from now on until the hub closes.
pub async fn run(app: AppHandle, hub: Embedded) {
    let mut events = hub.events(None);
    loop {
        match events.next().await {
            Ok(Some(page)) => page.iter().filter_map(read).for_each(|change| show(&app, &hub, &change)),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "the event stream failed; trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn show(app: &AppHandle, hub: &Embedded, change: &Change) {
    let state = app.state::<App>();
    if !change.ended {
        tray::command_changed(app, Recent::from(&change.end), false);
        return;
    }
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    match state.local.note_command_end(&change.end.command_id, &change.end.status, now_ms) {
        Ok(true) => {
            tray::command_changed(app, Recent::from(&change.end), true);
            tauri::async_runtime::spawn(notify(app.clone(), hub.clone(), change.seq, change.end.clone()));
        }
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "the end of a command was not noted"),
    }
}

/// Tells of the end of a command once a page in view shows it: a notification beside a page that still says otherwise is a riddle.
async fn notify(app: AppHandle, hub: Embedded, seq: i64, end: CommandEnd) {
    let state = app.state::<App>();
    if window::is_in_view(&app) {
        let _ = tokio::time::timeout(PAGE_FIRST, state.shown.subscribe().wait_for(|shown| *shown >= seq)).await;
    }
    state.notifications.command_ended(&app, &hub, &end).await;
}

/// Reads the event, when it is one of a command.
fn read(event: &Value) -> Option<Change> {
    if event["source"] != "aws.ssm" || event["detail-type"] != COMMAND_CHANGED {
        return None;
    }
    let detail = &event["detail"];
    let text = |member: &str| detail[member].as_str().map(str::to_owned);
    let status = text("status")?;
    let ended = !matches!(status.as_str(), "Pending" | "InProgress" | "Delayed" | "Cancelling");
    // The details say more than the status: a command that met no node at all has the status Success.
    let status = text("status-details").filter(|details| !details.is_empty()).unwrap_or(status);
    let end = CommandEnd { command_id: text("command-id")?, document_name: text("document-name")?, status };
    Some(Change { seq: event["seq"].as_i64().unwrap_or_default(), end, ended })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(status: &str) -> Value {
        json!({
            "seq": 7, "source": "aws.ssm", "detail-type": COMMAND_CHANGED,
            "detail": {"command-id": "c-1", "document-name": "AWS-RunShellScript", "status": status}
        })
    }

    #[test]
    fn a_command_has_ended_when_nothing_of_it_goes_on() {
        for (status, ended) in
            [("Pending", false), ("InProgress", false), ("Cancelling", false), ("Success", true), ("TimedOut", true), ("Incomplete", true)]
        {
            let change = read(&event(status)).unwrap();
            assert_eq!((change.seq, change.ended), (7, ended), "{status}");
        }
    }

    #[test]
    fn the_details_are_read_before_the_status() {
        let mut nobody = event("Success");
        nobody["detail"]["status-details"] = json!("NoInstancesInTag");
        let change = read(&nobody).unwrap();
        assert_eq!((change.end.status.as_str(), change.ended), ("NoInstancesInTag", true));
        let mut delayed = event("InProgress");
        delayed["detail"]["status-details"] = json!("Something New");
        assert!(!read(&delayed).unwrap().ended);
    }

    #[test]
    fn other_events_are_not_commands() {
        let mut other = event("Success");
        other["detail-type"] = json!("EC2 Command Invocation Status-change Notification");
        assert_eq!(read(&other), None);
        assert_eq!(read(&json!({"source": "aws.ssm", "detail-type": COMMAND_CHANGED, "detail": {}})), None);
    }
}
