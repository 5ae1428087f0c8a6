//! The console's window: how it opens, where it is led to, and what closing it means.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tauri::window::Color;
use tauri::{AppHandle, Emitter, Manager, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogResult};
use tauri_plugin_opener::OpenerExt;

use crate::language::Language;
use crate::local::connections::{Connection, EMBEDDED};
use crate::local::{Local, settings};
use crate::state::App;
use crate::tray;

/// Label of the first window. Capabilities and saved window state know it by this name.
pub const MAIN: &str = "main";

/// Tauri event with which a page is led elsewhere; its payload is the path within the console, `"/commands/…"`.
const NAVIGATE: &str = "navigate";

/// Tauri event that tells a page that its connection was removed; it loads itself anew.
const CONNECTION_GONE: &str = "connection-gone";

/// Most windows beside the first.
const MOST_OTHERS: usize = 24;

/// Longest path within the console that is followed or remembered, in bytes.
const MAX_PATH: usize = 2048;

/// What is known of each window's page, by window label: whether it listens, and where it is to go once it does.
#[derive(Default)]
pub struct Waiting(Mutex<HashMap<String, Page>>);

#[derive(Default)]
struct Page {
    listens: bool,
    path: Option<String>,
}

impl Waiting {
    fn with<T>(&self, label: &str, act: impl FnOnce(&mut Page) -> T) -> T {
        act(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(label.to_owned()).or_default())
    }

    fn put(&self, label: &str, path: &str) {
        self.with(label, |page| page.path = Some(path.to_owned()));
    }

    /// The page of window `label` loads anew and listens no more.
    pub fn loads(&self, label: &str) {
        self.with(label, |page| page.listens = false);
    }

    /// The page of window `label` listens from now on; where it is to go, if it waits to go anywhere.
    pub fn listens(&self, label: &str) -> Option<String> {
        self.with(label, |page| {
            page.listens = true;
            page.path.take()
        })
    }

    /// Takes the page that waits for window `label`, when that window listens.
    fn take(&self, label: &str) -> Option<String> {
        self.with(label, |page| if page.listens { page.path.take() } else { None })
    }
}

/// The page of a command.
pub fn command_path(command_id: &str) -> String {
    format!("/commands/{command_id}")
}

/// Whether `path` is a path within the console, and not a way out of it.
pub fn is_console_path(path: &str) -> bool {
    path.len() <= MAX_PATH && path.starts_with('/') && !path.starts_with("//") && !path.chars().any(|c| c.is_control() || c == '\\')
}

/// Opens the first window, or brings it to the front.
pub fn open(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    if let Some(window) = app.get_webview_window(MAIN) {
        bring_forward(&window);
        return Ok(window);
    }
    let state = app.state::<App>();
    // The connection it showed last; one that was removed since is the hub in this process again.
    let last = state.local.window_connection(MAIN).ok().flatten().unwrap_or_else(|| EMBEDDED.to_owned());
    if let Ok(connection) = state.connection_by_id(&last).or_else(|_| state.connection_by_id(EMBEDDED)) {
        return build(app, MAIN, &connection);
    }
    build(app, MAIN, &Connection { id: EMBEDDED.to_owned(), ..Connection::default() })
}

/// Opens one more window, over `connection` and at `path`. Call from a thread that is not the main one, or the window system waits for
/// itself.
pub fn open_another(app: &AppHandle, connection: &Connection, path: &str) -> tauri::Result<()> {
    open_as(app, &free_label(app)?, connection, path)
}

/// The label that one more window would have.
pub fn free_label(app: &AppHandle) -> tauri::Result<String> {
    let free = (1..=MOST_OTHERS).map(|n| format!("w{n}")).find(|label| app.get_webview_window(label).is_none());
    free.ok_or_else(|| tauri::Error::WindowLabelAlreadyExists(format!("w{MOST_OTHERS}")))
}

/// Opens one more window under a label of [`free_label`]; see [`open_another`].
pub fn open_as(app: &AppHandle, label: &str, connection: &Connection, path: &str) -> tauri::Result<()> {
    app.state::<Waiting>().put(label, path);
    build(app, label, connection)?;
    Ok(())
}

fn build(app: &AppHandle, label: &str, connection: &Connection) -> tauri::Result<WebviewWindow> {
    let state = app.state::<App>();
    state.connections.show(label, &connection.id);
    let outside = app.clone();
    let window = WebviewWindowBuilder::new(app, label, WebviewUrl::default())
        .title(title(connection))
        .inner_size(1280.0, 800.0)
        .min_inner_size(720.0, 480.0)
        .disable_drag_drop_handler()
        .on_navigation(move |url| stays_inside(&outside, url))
        .theme(chosen_theme(&state.local))
        // Shown once it has its colour: a bright window that turns dark is a flash in the dark.
        .visible(false)
        .build()?;
    paint(&window);
    show_composing(&window);
    bring_forward(&window);
    Ok(window)
}

/// What the window system shows of a window: which environment it is, so that two are told apart.
fn title(connection: &Connection) -> String {
    if connection.name.is_empty() { "Quarterdeck".to_owned() } else { format!("Quarterdeck · {}", connection.name) }
}

/// Gives window `label` the name of the connection that it shows from now on.
pub fn name(app: &AppHandle, label: &str, connection: &Connection) {
    if let Some(window) = app.get_webview_window(label)
        && let Err(error) = window.set_title(&title(connection))
    {
        tracing::debug!(%error, "the window did not take its title");
    }
}

/// Windows that show `connection`, which is no more, go on with the hub in this process.
pub fn leave_connection(app: &AppHandle, connection: &str) {
    let state = app.state::<App>();
    for label in state.connections.windows_of(connection) {
        state.subscriptions.end_all(&label);
        state.connections.show(&label, EMBEDDED);
        if let Ok(embedded) = state.connection_by_id(EMBEDDED) {
            name(app, &label, &embedded);
        }
        let _ = app.emit_to(&label, CONNECTION_GONE, ());
    }
}

/// The window is gone: nothing of it goes on.
pub fn gone(app: &AppHandle, label: &str) {
    if let Some(state) = app.try_state::<App>() {
        state.subscriptions.end_all(label);
        state.permits.end_all(label);
        state.connections.forget_window(label);
    }
}

/// Gives every window the person's choice of light or dark, after it changed.
pub fn follow_theme(app: &AppHandle) {
    for window in app.webview_windows().values() {
        if let Err(error) = window.set_theme(chosen_theme(&app.state::<App>().local)) {
            tracing::debug!(%error, "the window did not take the theme");
        }
        paint(window);
    }
}

/// What the person chose; None follows the system.
fn chosen_theme(local: &Local) -> Option<Theme> {
    match local.preference("theme").as_ref().and_then(|word| word.as_str()) {
        Some("dark") => Some(Theme::Dark),
        Some("light") => Some(Theme::Light),
        _ => None,
    }
}

/// Colours the window as the console's pages are, for the time until one is drawn and for what resizing uncovers.
fn paint(window: &WebviewWindow) {
    let chosen = chosen_theme(&window.state::<App>().local);
    let theme = chosen.unwrap_or_else(|| window.theme().unwrap_or(Theme::Light));
    if let Err(error) = window.set_background_color(Some(ground(theme))) {
        tracing::debug!(%error, "the window did not take its colour");
    }
}

/// The ground of the console's pages (`colorBackgroundLayoutMain` of its theme).
fn ground(theme: Theme) -> Color {
    match theme {
        Theme::Dark => Color(0x0f, 0x15, 0x17, 0xff),
        _ => Color(0xf6, 0xf8, 0xf8, 0xff),
    }
}

/// Shows a syllable while it is composed: the webview library turns that off, and Hangul then appears only when it is done.
#[cfg(target_os = "linux")]
fn show_composing(window: &WebviewWindow) {
    use webkit2gtk::{InputMethodContextExt, WebViewExt};
    let asked = window.with_webview(|webview| match webview.inner().input_method_context() {
        Some(context) => context.set_enable_preedit(true),
        None => tracing::warn!("the webview has no input method"),
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the webview has no input method");
    }
}

#[cfg(not(target_os = "linux"))]
fn show_composing(_window: &WebviewWindow) {}

fn bring_forward(window: &WebviewWindow) {
    // Each of these can fail on a window manager that does not do it; the window is there all the same.
    let _ = window.show();
    let _ = window.unminimize();
    let _ = window.set_focus();
}

/// Leads a window over the hub in this process to `path`.
pub fn lead_to(app: &AppHandle, path: &str) {
    lead_over(app, EMBEDDED, path);
}

/// Leads a window that shows `connection` to `path`: the first window where it may be, else one that is open, else a new one. A page that
/// has not loaded yet asks for it when it has.
pub fn lead_over(app: &AppHandle, connection: &str, path: &str) {
    if !is_console_path(path) {
        return;
    }
    let (handle, connection, path) = (app.clone(), connection.to_owned(), path.to_owned());
    // Not on the main thread, which a new window needs while it is made.
    tauri::async_runtime::spawn_blocking(move || {
        if let Err(error) = lead(&handle, &connection, &path) {
            tracing::error!(%error, "the window did not open");
        }
    });
}

fn lead(app: &AppHandle, connection: &str, path: &str) -> tauri::Result<()> {
    let state = app.state::<App>();
    let Ok(kept) = state.connection_by_id(connection) else {
        tracing::warn!("a link leads to a connection that is not kept here");
        open(app)?;
        return Ok(());
    };
    let mut labels = state.connections.windows_of(connection);
    labels.sort_by_key(|label| (label != MAIN, label.clone()));
    let shown = labels.iter().find_map(|label| app.get_webview_window(label));
    let main_is_free = app.get_webview_window(MAIN).is_none();
    match shown {
        Some(window) => {
            app.state::<Waiting>().put(window.label(), path);
            bring_forward(&window);
            follow_waiting(app, window.label());
        }
        None if main_is_free => {
            state.local.set_window_connection(MAIN, connection, path).unwrap_or_else(|error| {
                tracing::warn!(%error, "local state was not written");
            });
            app.state::<Waiting>().put(MAIN, path);
            build(app, MAIN, &kept)?;
        }
        None => open_another(app, &kept, path)?,
    }
    Ok(())
}

/// Leads the window to the page that waits for it, when it listens already; else it asks when it does.
fn follow_waiting(app: &AppHandle, label: &str) {
    if let Some(path) = app.state::<Waiting>().take(label) {
        let _ = app.emit_to(label, NAVIGATE, &path);
    }
}

/// Pages stay in the window; a link to anywhere else opens in the person's browser.
fn stays_inside(app: &AppHandle, url: &Url) -> bool {
    let own = matches!(url.scheme(), "tauri" | "about") || matches!(url.host_str(), Some("tauri.localhost"));
    let development = cfg!(debug_assertions) && url.host_str() == Some("127.0.0.1") && url.port() == Some(1420);
    if own || development {
        return true;
    }
    if matches!(url.scheme(), "http" | "https") {
        let _ = app.opener().open_url(url.as_str(), None::<&str>);
    }
    false
}

/// Closing a window. One of several goes; the last goes on in the tray where there is one, and elsewhere the person says what it means.
/// False when the window may simply go.
pub fn close_requested(app: &AppHandle, label: &str) -> bool {
    let others = app.webview_windows();
    let other_in_view = others.iter().any(|(other, window)| other != label && window.is_visible().unwrap_or(false));
    if label != MAIN && other_in_view {
        return false;
    }
    if label == MAIN && other_in_view {
        hide(app, label);
        return true;
    }
    let (app, label) = (app.clone(), label.to_owned());
    tauri::async_runtime::spawn(async move {
        let state = app.state::<App>();
        let language = Language::chosen(&state.local);
        if tray::is_visible(&app).await {
            hide(&app, &label);
            if !state.local.flag_setting(settings::TRAY_EXPLAINED, false) {
                state.notifications.goes_on_in_tray(&app, language).await;
                if let Err(error) = state.local.set_setting(settings::TRAY_EXPLAINED, &true.into()) {
                    tracing::warn!(%error, "local state was not written");
                }
            }
            return;
        }
        match state.local.text_setting(settings::CLOSE_WITHOUT_TRAY).as_deref() {
            Some(answer @ ("quit" | "minimise")) => close_as(&app, &label, answer),
            _ => ask_without_tray(&app, &label, language),
        }
    });
    true
}

/// Whether a person may be looking at a window.
pub fn is_in_view(app: &AppHandle) -> bool {
    let seen = |window: &WebviewWindow| window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false);
    app.webview_windows().values().any(seen)
}

/// The first window is kept and shown again; another one is gone.
fn hide(app: &AppHandle, label: &str) {
    if let Some(window) = app.get_webview_window(label) {
        let _ = if label == MAIN { window.hide() } else { window.destroy() };
    }
}

fn minimise(app: &AppHandle, label: &str) {
    if let Some(window) = app.get_webview_window(label) {
        let _ = window.minimize();
    }
}

fn ask_without_tray(app: &AppHandle, label: &str, language: Language) {
    let keep = language.say("Keep running, minimised", "최소화하고 계속 실행");
    let (quit, back) = (language.say("Quit", "종료"), language.say("Go back", "돌아가기"));
    let text = language.say(
        "This desktop shows no tray. While Quarterdeck runs, nodes stay connected and commands go on.\n\nWhat should closing the window do? \
         You can change this in Settings.",
        "이 데스크톱에는 트레이가 없습니다. Quarterdeck이 실행되는 동안 노드 연결이 유지되고 명령이 계속 진행됩니다.\n\n창을 닫으면 어떻게 할까요? \
         나중에 설정에서 바꿀 수 있습니다.",
    );
    let (handle, label) = (app.clone(), label.to_owned());
    app.dialog()
        .message(text)
        .title("Quarterdeck")
        .buttons(MessageDialogButtons::YesNoCancelCustom(keep.to_owned(), quit.to_owned(), back.to_owned()))
        .show_with_result(move |answer| match answer {
            MessageDialogResult::Yes => answered(&handle, &label, "minimise"),
            MessageDialogResult::No => answered(&handle, &label, "quit"),
            MessageDialogResult::Custom(chosen) if chosen == keep => answered(&handle, &label, "minimise"),
            MessageDialogResult::Custom(chosen) if chosen == quit => answered(&handle, &label, "quit"),
            // A question that goes away without an answer changes nothing: the window stays.
            _ => {}
        });
}

/// Remembers what closing means from now on, until the settings say otherwise, and does it.
fn answered(app: &AppHandle, label: &str, answer: &str) {
    if let Err(error) = app.state::<App>().local.set_setting(settings::CLOSE_WITHOUT_TRAY, &answer.into()) {
        tracing::warn!(%error, "local state was not written");
    }
    close_as(app, label, answer);
}

fn close_as(app: &AppHandle, label: &str, answer: &str) {
    match answer {
        "quit" => app.exit(0),
        _ => minimise(app, label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_within_the_console_are_followed() {
        assert!(is_console_path("/commands/0f"));
        assert!(is_console_path("/nodes?filter=%ED%95%9C"));
        for outside in ["", "commands", "//evil.example/", "/\\evil.example", "https://evil.example/", "/a\nb"] {
            assert!(!is_console_path(outside), "{outside:?}");
        }
        assert!(!is_console_path(&format!("/{}", "a".repeat(MAX_PATH))));
    }

    #[test]
    fn the_ground_is_the_consoles() {
        let tokens = include_str!("../../ui/src/theme/tokens.ts");
        let hex = |Color(red, green, blue, _)| format!("#{red:02x}{green:02x}{blue:02x}");
        let line = format!("colorBackgroundLayoutMain: {{ light: '{}', dark: '{}' }}", hex(ground(Theme::Light)), hex(ground(Theme::Dark)));
        assert!(tokens.contains(&line), "{line}");
    }

    #[test]
    fn an_explicit_theme_is_followed_and_any_other_word_means_the_systems() {
        let local = Local::in_memory().unwrap();
        assert_eq!(chosen_theme(&local), None);
        for (chosen, theme) in [("dark", Some(Theme::Dark)), ("light", Some(Theme::Light)), ("system", None)] {
            let text = serde_json::json!({ "theme": chosen }).to_string();
            local.set_setting(settings::PREFERENCES, &text.into()).unwrap();
            assert_eq!(chosen_theme(&local), theme);
        }
    }

    #[test]
    fn a_waiting_page_is_taken_once() {
        let waiting = Waiting::default();
        waiting.put(MAIN, "/nodes");
        waiting.put(MAIN, "/commands/1");
        assert_eq!(waiting.take(MAIN), None, "nobody listens yet");
        assert_eq!(waiting.listens(MAIN).as_deref(), Some("/commands/1"));
        waiting.put(MAIN, "/commands/2");
        assert_eq!(waiting.take(MAIN).as_deref(), Some("/commands/2"));
        assert_eq!(waiting.take(MAIN), None);
        waiting.loads(MAIN);
        waiting.put(MAIN, "/commands/3");
        assert_eq!(waiting.take(MAIN), None);
    }
}
