//! The console's window: how it opens, where it is led to, and what closing it means.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tauri::window::Color;
use tauri::{AppHandle, Emitter, Manager, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogResult};
use tauri_plugin_opener::OpenerExt;

use crate::language::Language;
use crate::local::{Local, settings};
use crate::state::App;
use crate::tray;

/// Label of the first window. Capabilities and saved window state know it by this name.
pub const MAIN: &str = "main";

/// Tauri event with which a page is led elsewhere; its payload is the path within the console, `"/commands/…"`.
const NAVIGATE: &str = "navigate";

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
    let outside = app.clone();
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Quarterdeck")
        .inner_size(1280.0, 800.0)
        .min_inner_size(720.0, 480.0)
        .disable_drag_drop_handler()
        .on_navigation(move |url| stays_inside(&outside, url))
        .theme(chosen_theme(&app.state::<App>().local))
        // Shown once it has its colour: a bright window that turns dark is a flash in the dark.
        .visible(false)
        .build()?;
    paint(&window);
    show_composing(&window);
    bring_forward(&window);
    Ok(window)
}

/// Gives the window the person's choice of light or dark, after it changed.
pub fn follow_theme(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.set_theme(chosen_theme(&app.state::<App>().local)) {
        tracing::debug!(%error, "the window did not take the theme");
    }
    paint(&window);
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

/// Opens the window and leads it to `path`. A page that has not loaded yet asks for it when it has.
pub fn lead_to(app: &AppHandle, path: &str) {
    if !is_console_path(path) {
        return;
    }
    app.state::<Waiting>().put(MAIN, path);
    let handle = app.clone();
    let led = app.run_on_main_thread(move || {
        if let Err(error) = open(&handle) {
            tracing::error!(%error, "the window did not open");
        }
        follow_waiting(&handle);
    });
    if let Err(error) = led {
        tracing::error!(%error, "the window did not open");
    }
}

/// Leads the window to the page that waits for it, when it listens already; else it asks when it does.
fn follow_waiting(app: &AppHandle) {
    if let Some(path) = app.state::<Waiting>().take(MAIN) {
        let _ = app.emit_to(MAIN, NAVIGATE, &path);
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

/// Closing the window: it goes on in the tray where there is one; elsewhere the person says what it means.
pub fn close_requested(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let state = app.state::<App>();
        let language = Language::chosen(&state.local);
        if tray::is_visible(&app).await {
            hide(&app);
            if !state.local.flag_setting(settings::TRAY_EXPLAINED, false) {
                state.notifications.goes_on_in_tray(&app, language).await;
                if let Err(error) = state.local.set_setting(settings::TRAY_EXPLAINED, &true.into()) {
                    tracing::warn!(%error, "local state was not written");
                }
            }
            return;
        }
        match state.local.text_setting(settings::CLOSE_WITHOUT_TRAY).as_deref() {
            Some(answer @ ("quit" | "minimise")) => close_as(&app, answer),
            _ => ask_without_tray(&app, language),
        }
    });
}

/// Whether a person may be looking at the window.
pub fn is_in_view(app: &AppHandle) -> bool {
    let window = app.get_webview_window(MAIN);
    window.is_some_and(|window| window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false))
}

fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let _ = window.hide();
    }
}

fn minimise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let _ = window.minimize();
    }
}

fn ask_without_tray(app: &AppHandle, language: Language) {
    let keep = language.say("Keep running, minimised", "최소화하고 계속 실행");
    let (quit, back) = (language.say("Quit", "종료"), language.say("Go back", "돌아가기"));
    let text = language.say(
        "This desktop shows no tray. While Quarterdeck runs, nodes stay connected and commands go on.\n\nWhat should closing the window do? \
         You can change this in Settings.",
        "이 데스크톱에는 트레이가 없습니다. Quarterdeck이 실행되는 동안 노드 연결이 유지되고 명령이 계속 진행됩니다.\n\n창을 닫으면 어떻게 할까요? \
         나중에 설정에서 바꿀 수 있습니다.",
    );
    let handle = app.clone();
    app.dialog()
        .message(text)
        .title("Quarterdeck")
        .buttons(MessageDialogButtons::YesNoCancelCustom(keep.to_owned(), quit.to_owned(), back.to_owned()))
        .show_with_result(move |answer| match answer {
            MessageDialogResult::Yes => answered(&handle, "minimise"),
            MessageDialogResult::No => answered(&handle, "quit"),
            MessageDialogResult::Custom(chosen) if chosen == keep => answered(&handle, "minimise"),
            MessageDialogResult::Custom(chosen) if chosen == quit => answered(&handle, "quit"),
            // A question that goes away without an answer changes nothing: the window stays.
            _ => {}
        });
}

/// Remembers what closing means from now on, until the settings say otherwise, and does it.
fn answered(app: &AppHandle, answer: &str) {
    if let Err(error) = app.state::<App>().local.set_setting(settings::CLOSE_WITHOUT_TRAY, &answer.into()) {
        tracing::warn!(%error, "local state was not written");
    }
    close_as(app, answer);
}

fn close_as(app: &AppHandle, answer: &str) {
    match answer {
        "quit" => app.exit(0),
        _ => minimise(app),
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
