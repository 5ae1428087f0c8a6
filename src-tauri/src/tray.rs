//! The tray: the app goes on there when its window is closed, and its icon says when a command has ended.
//!
//! On Linux a tray is not a given. The tray library panics where its C library is missing, and reports success where no panel listens,
//! so both are looked at first.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::image::Image;
use tauri::menu::{Menu, MenuBuilder, MenuItemBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use crate::language::Language;
use crate::local::settings;
use crate::notify::CommandEnd;
use crate::state::App;
use crate::window;

const ID: &str = "quarterdeck";
const OPEN: &str = "open";
const QUIT: &str = "quit";
const COMMAND: &str = "command:";

/// Most commands listed in the menu.
const LISTED: usize = 5;

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    pub command_id: String,
    pub document_name: String,
    pub status: String,
}

/// What the tray shows at this moment.
#[derive(Default)]
pub struct Tray(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    recent: Vec<Recent>,
    attention: bool,
    built: bool,
}

impl Tray {
    fn with<T>(&self, act: impl FnOnce(&mut Shown) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether an icon was made. It is only seen where a panel listens too, see [`is_visible`].
    pub fn is_built(&self) -> bool {
        self.with(|shown| shown.built)
    }
}

/// Puts the icon into the tray, where the system can have one. Call on the main thread.
pub fn build(app: &AppHandle) {
    if !library_is_present() {
        tracing::warn!("the tray library (libayatana-appindicator3) is missing; going on without a tray");
        return;
    }
    let built = menu(app).and_then(|menu| {
        TrayIconBuilder::with_id(ID)
            .tooltip("Quarterdeck")
            .icon(icon(app, false)?)
            .icon_as_template(cfg!(target_os = "macos"))
            .menu(&menu)
            .show_menu_on_left_click(false)
            .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
            .on_tray_icon_event(|tray, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                    open(tray.app_handle());
                }
            })
            .build(app)
    });
    match built {
        Ok(_) => app.state::<App>().tray.with(|shown| shown.built = true),
        Err(error) => tracing::warn!(%error, "going on without a tray"),
    }
}

/// Takes the icon out of the tray: the app quits. Call on the main thread.
pub fn remove(app: &AppHandle) {
    app.state::<App>().tray.with(|shown| shown.built = false);
    drop(app.remove_tray_by_id(ID));
}

/// Whether an icon in the tray can be seen, so that hiding the window loses nothing.
pub async fn is_visible(app: &AppHandle) -> bool {
    app.state::<App>().tray.is_built() && panel_listens().await
}

/// How long a panel may take after login to show icons.
const PANEL_COMES: Duration = Duration::from_secs(10);

/// Opens the window when the app was started without one and no icon is seen either: it would be a program that nobody can reach.
pub fn open_window_unless_visible(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let until = tokio::time::Instant::now() + PANEL_COMES;
        while tokio::time::Instant::now() < until {
            if is_visible(&app).await || app.get_webview_window(window::MAIN).is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        tracing::warn!("no panel shows the icon; opening the window");
        let handle = app.clone();
        if let Err(error) = app.run_on_main_thread(move || open(&handle)) {
            tracing::error!(%error, "the window did not open");
        }
    });
}

/// Notes how a command stands: first in the menu, and marked on the icon when it has ended.
pub fn command_changed(app: &AppHandle, recent: Recent, ended: bool) {
    let in_front = app.get_webview_window(window::MAIN).is_some_and(|w| w.is_focused().unwrap_or(false));
    app.state::<App>().tray.with(|shown| {
        shown.recent.retain(|listed| listed.command_id != recent.command_id);
        shown.recent.insert(0, recent);
        shown.recent.truncate(LISTED);
        shown.attention |= ended && !in_front;
    });
    redraw(app);
}

/// Takes the mark away: the person is looking at the window.
pub fn attended(app: &AppHandle) {
    let had = app.state::<App>().tray.with(|shown| std::mem::take(&mut shown.attention));
    if had {
        redraw(app);
    }
}

/// Draws icon and menu anew, after a change of state, language or icon.
pub fn redraw(app: &AppHandle) {
    let handle = app.clone();
    let drawn = app.run_on_main_thread(move || {
        let Some(tray) = handle.tray_by_id(ID) else { return };
        let attention = handle.state::<App>().tray.with(|shown| shown.attention);
        let drawn = icon(&handle, attention)
            .and_then(|icon| tray.set_icon(Some(icon)))
            .and_then(|()| menu(&handle))
            .and_then(|menu| tray.set_menu(Some(menu)));
        if let Err(error) = drawn {
            tracing::warn!(%error, "the tray was not redrawn");
        }
    });
    if let Err(error) = drawn {
        tracing::warn!(%error, "the tray was not redrawn");
    }
}

fn chosen(app: &AppHandle, id: &str) {
    match id {
        OPEN => open(app),
        QUIT => app.exit(0),
        other => {
            if let Some(command_id) = other.strip_prefix(COMMAND) {
                window::lead_to(app, &window::command_path(command_id));
            }
        }
    }
}

fn open(app: &AppHandle) {
    if let Err(error) = window::open(app) {
        tracing::error!(%error, "the window did not open");
    }
}

fn menu(app: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let state = app.state::<App>();
    let language = Language::chosen(&state.local);
    let recent = state.tray.with(|shown| shown.recent.clone());
    let mut menu = MenuBuilder::new(app).text(OPEN, language.say("Open Quarterdeck", "Quarterdeck 열기")).separator();
    if recent.is_empty() {
        let none = MenuItemBuilder::new(language.say("No commands yet", "실행한 명령 없음")).enabled(false).build(app)?;
        menu = menu.item(&none);
    }
    for command in &recent {
        menu = menu.text(format!("{COMMAND}{}", command.command_id), line(command, language));
    }
    menu.separator().text(QUIT, language.say("Quit", "종료")).build()
}

/// A menu line. An ampersand would be taken for a shortcut, so it is doubled.
fn line(command: &Recent, language: Language) -> String {
    let short: String = command.command_id.chars().take(8).collect();
    format!("{} · {} · {short}", language.status(&command.status), command.document_name).replace('&', "&&")
}

fn icon(app: &AppHandle, attention: bool) -> tauri::Result<Image<'static>> {
    let kind = app.state::<App>().local.text_setting(settings::TRAY_ICON);
    let bytes: &[u8] = if cfg!(target_os = "macos") {
        if attention { include_bytes!("../../icons/tray-attention-template.png") } else { include_bytes!("../../icons/tray-template.png") }
    } else {
        match (kind.as_deref(), attention) {
            (Some("light"), false) => include_bytes!("../../icons/tray-light.png"),
            (Some("light"), true) => include_bytes!("../../icons/tray-attention-light.png"),
            (Some("dark"), false) => include_bytes!("../../icons/tray-dark.png"),
            (Some("dark"), true) => include_bytes!("../../icons/tray-attention-dark.png"),
            (_, false) => include_bytes!("../../icons/tray-colour.png"),
            (_, true) => include_bytes!("../../icons/tray-attention-colour.png"),
        }
    };
    Image::from_bytes(bytes)
}

/// A command that ended, as the menu shows it.
impl From<&CommandEnd> for Recent {
    fn from(end: &CommandEnd) -> Self {
        Self { command_id: end.command_id.clone(), document_name: end.document_name.clone(), status: end.status.clone() }
    }
}

/// Loads what the tray crate will load, under the names it tries; it panics where neither is there.
#[cfg(target_os = "linux")]
fn library_is_present() -> bool {
    ["libayatana-appindicator3.so.1", "libappindicator3.so.1"].into_iter().any(|name| {
        // SAFETY: loading runs the library's initialisers only; it is the very library that the tray crate loads next, from the same search path.
        #[allow(unsafe_code)]
        let library = unsafe { libloading::Library::new(name) };
        library.is_ok()
    })
}

#[cfg(not(target_os = "linux"))]
fn library_is_present() -> bool {
    true
}

/// Whether a panel takes tray icons now. A bus that does not answer counts as none: asking the person is better than a window that is gone.
#[cfg(target_os = "linux")]
async fn panel_listens() -> bool {
    let asked = async { panel_on(&zbus::Connection::session().await?).await };
    match tokio::time::timeout(Duration::from_secs(2), asked).await {
        Ok(Ok(listens)) => listens,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no tray watcher");
            false
        }
        Err(_) => false,
    }
}

/// Whether the StatusNotifierWatcher has a host that shows what registers with it: some desktops run a watcher without any.
#[cfg(target_os = "linux")]
async fn panel_on(bus: &zbus::Connection) -> zbus::Result<bool> {
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    // Looked up first, because a question to a name without owner would start a service of that name where there is one.
    let owned = bus
        .call_method(Some("org.freedesktop.DBus"), "/org/freedesktop/DBus", Some("org.freedesktop.DBus"), "NameHasOwner", &WATCHER)
        .await?;
    if !owned.body().deserialize::<bool>()? {
        return Ok(false);
    }
    let question = (WATCHER, "IsStatusNotifierHostRegistered");
    let answer =
        bus.call_method(Some(WATCHER), "/StatusNotifierWatcher", Some("org.freedesktop.DBus.Properties"), "Get", &question).await?;
    let value: zbus::OwnedVariant = answer.body().deserialize()?;
    bool::try_from(value)
}

#[cfg(not(target_os = "linux"))]
async fn panel_listens() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_line_shows_status_document_and_id() {
        let command = Recent {
            command_id: "0f5c2a10-1111-2222-3333-444455556666".to_owned(),
            document_name: "R&D-Script".to_owned(),
            status: "Success".to_owned(),
        };
        assert_eq!(line(&command, Language::Korean), "성공 · R&&D-Script · 0f5c2a10");
    }

    /// A watcher on the bus that says whether it has a host.
    #[cfg(target_os = "linux")]
    async fn watcher(bus: &zbus::Connection, has_host: bool) {
        use futures_util::StreamExt;
        bus.request_name("org.kde.StatusNotifierWatcher").await.unwrap();
        let mut calls = zbus::MessageStream::from(bus);
        let bus = bus.clone();
        tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                let header = call.header();
                if header.member().is_some_and(|member| member.as_str() == "Get") {
                    bus.reply(&header, &zbus::Variant::from(has_host)).await.unwrap();
                }
            }
        });
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_watcher_without_a_host_shows_no_icon() {
        use crate::notify::testing::PrivateBus;
        let Some(bus) = PrivateBus::start() else { return };
        let ours = bus.connect().await;
        assert!(!panel_on(&ours).await.unwrap(), "no watcher");
        let without = bus.connect().await;
        watcher(&without, false).await;
        assert!(!panel_on(&ours).await.unwrap(), "a watcher without a host");
        let Some(bus) = PrivateBus::start() else { return };
        let with = bus.connect().await;
        watcher(&with, true).await;
        assert!(panel_on(&bus.connect().await).await.unwrap());
    }
}
