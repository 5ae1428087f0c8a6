//! `app_info`: what the console shows about the app, its connection and this machine.

use serde::Serialize;
use tauri::{AppHandle, State};

use crate::error::CallError;
use crate::guard::Mark;
use crate::keyring;
use crate::language::Language;
use crate::local::settings::TRAY_ICON;
use crate::log;
use crate::notify::Reach;
use crate::state::{App, Opening, Target};
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
    /// Name of the connection; empty for the hub on this machine.
    name: String,
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
    this_machine: NodeState,
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
pub async fn app_info(app: AppHandle, state: State<'_, App>) -> Result<AppInfo, CallError> {
    let opening = state.opening.borrow().clone();
    let (connection, connection_error, hub) = match opening {
        Opening::Waiting => ("opening", None, None),
        Opening::Open(Target::Embedded(hub)) => ("open", None, Some(hub)),
        Opening::Failed(reason) => ("failed", Some(reason), None),
    };
    let ca_sha256 = match &hub {
        Some(hub) => hub.ca_sha256().await,
        None => None,
    };
    let hub_url = hub.as_ref().map(|hub| hub.address().url());
    let mark = state.mark();
    let this_machine = state.this_machine.borrow().clone();
    Ok(AppInfo {
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
        language: Language::chosen(&state.local).tag(),
        data_dir: state.data_dir.display().to_string(),
        log_dir: log::folder(&state.data_dir).display().to_string(),
        connection,
        connection_error,
        embedded: true,
        name: String::new(),
        endpoint: hub_url.clone(),
        hub_url,
        ca_file: hub.as_ref().map(|hub| hub.address().ca_file.display().to_string()),
        ca_sha256,
        region: hub.as_ref().map(|hub| hub.address().region.clone()),
        account: hub.as_ref().map(|hub| hub.account().to_owned()),
        protected: mark == Mark::Protected,
        read_only: mark == Mark::ReadOnly,
        this_machine,
        keyring: state.secrets.get().map(|secrets| secrets.status()),
        tray: TrayInfo {
            visible: tray::is_visible(&app).await,
            icon: state.local.text_setting(TRAY_ICON).unwrap_or_else(|| "colour".to_owned()),
        },
        notifications: notifications(state.notifications.reach()),
    })
}

fn notifications(reach: Reach) -> NotificationInfo {
    match reach {
        Reach::NotTried => NotificationInfo { state: "not-tried", reason: None },
        Reach::Shown => NotificationInfo { state: "shown", reason: None },
        Reach::Unavailable(reason) => NotificationInfo { state: "unavailable", reason: Some(reason) },
    }
}
