//! `app_info`: what the console shows about the app, its connection and this machine.

use serde::Serialize;
use tauri::{AppHandle, State, Webview};

use crate::distant::Distant;
use crate::error::CallError;
use crate::guard::Mark;
use crate::keyring;
use crate::language::Language;
use crate::local::connections::{Connection, Kind};
use crate::local::settings::TRAY_ICON;
use crate::log;
use crate::notify::Reach;
use crate::state::{App, Opening};
use crate::this_machine::NodeState;
use crate::tray;

/// Everything a page may know. Members that are not known yet are null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    version: &'static str,
    /// Operating system: `linux`, `macos`, `windows`.
    platform: &'static str,
    /// Language of the system, `en` or `ko`.
    language: &'static str,
    data_dir: String,
    /// Folder of the log files; `open_logs` opens it.
    log_dir: String,
    /// `opening`, `open` or `failed`.
    connection: &'static str,
    /// Why the hub did not open.
    connection_error: Option<String>,
    embedded: bool,
    /// Of the connection that this window shows; `kind` is `embedded`, `hub` or `aws`.
    connection_id: String,
    kind: Kind,
    /// Name of the connection; empty for the hub on this machine.
    name: String,
    /// `#rrggbb`, or null.
    colour: Option<String>,
    /// Seconds by which the endpoint's clock is ahead of this machine's, where they differ by a minute or more.
    clock_ahead: Option<i64>,
    /// Why nothing is sent to the endpoint any more: its certificate changed.
    stopped: Option<CallError>,
    /// Where the damaged local state went that this start replaced.
    local_state_damaged: Option<String>,
    /// URL of the hub's listener, for the AWS CLI's `--endpoint-url`.
    hub_url: Option<String>,
    /// The same, under the name the console's pages use.
    endpoint: Option<String>,
    /// PEM file of the hub's certificate authority, for `AWS_CA_BUNDLE`.
    ca_file: Option<String>,
    /// Hexadecimal SHA-256 of that file's bytes.
    ca_sha256: Option<String>,
    region: Option<String>,
    account: Option<String>,
    protected: bool,
    read_only: bool,
    /// How this machine stands as a node; null over another connection.
    this_machine: Option<NodeState>,
    /// Null while the system's keyring is being asked.
    keyring: Option<keyring::Status>,
    tray: TrayInfo,
    notifications: NotificationInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrayInfo {
    /// Whether closing the window keeps the app in the tray.
    visible: bool,
    /// `colour`, `light` or `dark`.
    icon: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationInfo {
    /// `not-tried`, `shown` or `unavailable`.
    state: &'static str,
    reason: Option<String>,
}

#[tauri::command]
pub async fn app_info(app: AppHandle, webview: Webview, state: State<'_, App>) -> Result<AppInfo, CallError> {
    let shown = state.connection(webview.label())?;
    let embedded = shown.kind == Kind::Embedded;
    let opening = state.opening.borrow().clone();
    let (connection, connection_error, hub) = match opening {
        _ if !embedded => ("open", None, None),
        Opening::Waiting => ("opening", None, None),
        Opening::Open(hub) => ("open", None, Some(hub)),
        Opening::Failed(reason) => ("failed", Some(reason), None),
    };
    let distant = state.connections.opened(&shown.id);
    let ca_sha256 = match &hub {
        Some(hub) => hub.ca_sha256().await,
        None => None,
    };
    let hub_url = hub.as_ref().map(|hub| hub.address().url());
    let mark = Mark::from_setting(Some(&shown.mark));
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let this_machine = state.this_machine.borrow().clone();
    let keyring = state.secrets.borrow().as_ref().map(|secrets| secrets.status());
    Ok(AppInfo {
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
        language: Language::chosen(&state.local).tag(),
        data_dir: state.data_dir.display().to_string(),
        log_dir: log::folder(&state.data_dir).display().to_string(),
        connection,
        connection_error,
        embedded,
        connection_id: shown.id.clone(),
        kind: shown.kind,
        name: shown.name.clone(),
        colour: given(&shown.colour),
        clock_ahead: distant.as_ref().and_then(Distant::clock_ahead).map(|ahead| ahead.as_secs()),
        stopped: distant.as_ref().and_then(Distant::changed),
        local_state_damaged: state.local.damaged().map(|path| path.display().to_string()),
        endpoint: if embedded { hub_url.clone() } else { Some(address(&shown)) },
        hub_url,
        ca_file: hub.as_ref().map(|hub| hub.address().ca_file.display().to_string()),
        ca_sha256,
        region: hub.as_ref().map(|hub| hub.address().region.clone()).or_else(|| given(&shown.region)),
        account: hub.as_ref().map(|hub| hub.account().to_owned()).or_else(|| given(&shown.account)),
        protected: mark == Mark::Protected,
        read_only: mark == Mark::ReadOnly,
        this_machine: embedded.then_some(this_machine),
        keyring,
        tray: TrayInfo {
            visible: tray::is_visible(&app).await,
            icon: state.local.text_setting(TRAY_ICON).unwrap_or_else(|| "colour".to_owned()),
        },
        notifications: notifications(state.notifications.reach()),
    })
}

/// Where a connection goes, as a person reads it: AWS itself has no one address.
fn address(connection: &Connection) -> String {
    if connection.url.is_empty() { format!("AWS {}", connection.region) } else { connection.url.clone() }
}

fn notifications(reach: Reach) -> NotificationInfo {
    match reach {
        Reach::NotTried => NotificationInfo { state: "not-tried", reason: None },
        Reach::Shown => NotificationInfo { state: "shown", reason: None },
        Reach::Unavailable(reason) => NotificationInfo { state: "unavailable", reason: Some(reason) },
    }
}
