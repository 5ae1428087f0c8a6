//! Desktop notifications: what happened, and one click to the page of it. A desktop without them is no error, only less convenient.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tauri::AppHandle;

use crate::language::Language;
use crate::local::Local;
use crate::window;

/// Most notifications whose click is waited for at one time; each waits on a thread of its own until it is closed.
const MOST_WAITING: usize = 12;

/// Whether notifications reach the person, for `app_info`. Known after the first one was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    NotTried,
    Shown,
    Unavailable(String),
}

/// Remembers how the last notification fared.
#[derive(Clone, Default)]
pub struct Notifications {
    reach: Arc<Mutex<Reach>>,
    /// Notifications whose click is waited for now.
    waiting: Arc<AtomicUsize>,
}

/// The end of a command, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEnd {
    pub command_id: String,
    pub document_name: String,
    pub status: String,
}

#[derive(Deserialize)]
struct QuietHours {
    from: String,
    to: String,
}

impl Notifications {
    pub fn reach(&self) -> Reach {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows that a command ended, unless the person turned notifications off or this is a quiet hour. A click leads to the command.
    pub fn command_ended(&self, app: &AppHandle, local: &Local, end: &CommandEnd) {
        if !is_wanted(local, &end.status) || quiet_now(local) {
            return;
        }
        let language = Language::chosen(local);
        let title = match language {
            Language::English => format!("Command {}", language.status(&end.status)),
            Language::Korean => format!("명령 {}", language.status(&end.status)),
        };
        self.show(app.clone(), title, end.document_name.clone(), Some(window::command_path(&end.command_id)), language);
    }

    /// Says once that the app goes on after its window closed.
    pub fn goes_on_in_tray(&self, app: &AppHandle, language: Language) {
        let title = language.say("Quarterdeck goes on in the tray", "Quarterdeck이 트레이에서 계속 실행됩니다").to_owned();
        let body = language
            .say(
                "Nodes stay connected. Choose Quit in the tray menu to stop.",
                "노드 연결이 유지됩니다. 끝내려면 트레이 메뉴에서 종료를 선택하세요.",
            )
            .to_owned();
        self.show(app.clone(), title, body, None, language);
    }

    fn show(&self, app: AppHandle, title: String, body: String, path: Option<String>, language: Language) {
        let (reach, waiting) = (self.reach.clone(), self.waiting.clone());
        // Blocking calls to another process; never on the UI thread.
        tauri::async_runtime::spawn_blocking(move || {
            let outcome = match show_and_wait(&app, &title, &body, path, language, &waiting) {
                Ok(()) => Reach::Shown,
                Err(error) => {
                    tracing::warn!(%error, "no desktop notification");
                    Reach::Unavailable(error.to_string())
                }
            };
            *reach.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        });
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn show_and_wait(
    app: &AppHandle,
    title: &str,
    body: &str,
    path: Option<String>,
    language: Language,
    waiting: &Arc<AtomicUsize>,
) -> Result<(), notify_rust::error::Error> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Quarterdeck").summary(title).body(body).icon("quarterdeck");
    notification.hint(notify_rust::Hint::DesktopEntry("Quarterdeck".to_owned()));
    if path.is_some() {
        notification.action("default", language.say("Open", "열기"));
        notification.action("open", language.say("Open the command", "명령 열기"));
    }
    let handle = notification.show()?;
    let Some(path) = path else { return Ok(()) };
    if waiting.fetch_add(1, Ordering::SeqCst) >= MOST_WAITING {
        waiting.fetch_sub(1, Ordering::SeqCst);
        return Ok(());
    }
    let (app, waiting) = (app.clone(), waiting.clone());
    std::thread::spawn(move || {
        handle.wait_for_action(|action| {
            if matches!(action, "default" | "open") {
                window::lead_to(&app, &path);
            }
        });
        waiting.fetch_sub(1, Ordering::SeqCst);
    });
    Ok(())
}

/// Windows and macOS bring the app forward themselves when a notification is clicked; the window then shows where it last was led.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn show_and_wait(
    app: &AppHandle,
    title: &str,
    body: &str,
    path: Option<String>,
    _language: Language,
    _waiting: &Arc<AtomicUsize>,
) -> Result<(), notify_rust::error::Error> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Quarterdeck").summary(title).body(body);
    name_sender(app, &mut notification);
    notification.show()?;
    if let Some(path) = path {
        window::lead_to_when_shown(app, &path);
    }
    Ok(())
}

/// Windows shows a notification as its sender's, and a click leads there, only under the id that the installers' shortcut carries. It shows
/// none at all under an id that no shortcut carries, so a program that still lies where it was built keeps the default one.
#[cfg(windows)]
fn name_sender(app: &AppHandle, notification: &mut notify_rust::Notification) {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().and_then(|folder| folder.file_name());
    if folder.is_some_and(|folder| folder != "debug" && folder != "release") {
        notification.app_id(&app.config().identifier);
    }
}

/// macOS takes the sender once for the whole process.
#[cfg(target_os = "macos")]
fn name_sender(app: &AppHandle, _notification: &mut notify_rust::Notification) {
    static NAMED: std::sync::Once = std::sync::Once::new();
    NAMED.call_once(|| {
        if let Err(error) = notify_rust::set_application(&app.config().identifier) {
            tracing::debug!(%error, "notifications have no sender");
        }
    });
}

/// Whether the person wants to be told of a command that ended with `status`: all of them unless they chose otherwise.
fn is_wanted(local: &Local, status: &str) -> bool {
    match local.preference("notifications").as_ref().and_then(|word| word.as_str()) {
        Some("none") => false,
        Some("failed") => status != "Success",
        _ => true,
    }
}

fn quiet_now(local: &Local) -> bool {
    let Some(value) = local.preference("quietHours") else { return false };
    let Ok(hours) = serde_json::from_value::<QuietHours>(value) else { return false };
    let now = jiff::Zoned::now().time();
    is_quiet(&hours.from, &hours.to, now)
}

/// Whether `now` lies in the span from `from` to `to` (`HH:MM`), which may pass midnight. A span that cannot be read, or is empty, is never quiet.
fn is_quiet(from: &str, to: &str, now: jiff::civil::Time) -> bool {
    let (Ok(from), Ok(to)) = (jiff::civil::Time::strptime("%H:%M", from), jiff::civil::Time::strptime("%H:%M", to)) else {
        return false;
    };
    if from <= to { from <= now && now < to } else { now >= from || now < to }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn quiet_hours_may_pass_midnight() {
        assert!(is_quiet("22:00", "07:00", time(23, 0, 0, 0)));
        assert!(is_quiet("22:00", "07:00", time(6, 59, 59, 0)));
        assert!(!is_quiet("22:00", "07:00", time(7, 0, 0, 0)));
        assert!(is_quiet("12:00", "13:00", time(12, 30, 0, 0)));
        assert!(!is_quiet("12:00", "13:00", time(13, 0, 0, 0)));
    }

    #[test]
    fn a_person_may_want_failures_only() {
        use crate::local::settings::PREFERENCES;
        let local = Local::in_memory().unwrap();
        assert!(is_wanted(&local, "Success"));
        local.set_setting(PREFERENCES, &serde_json::json!(r#"{"notifications":"failed"}"#)).unwrap();
        assert!(!is_wanted(&local, "Success"));
        assert!(is_wanted(&local, "TimedOut"));
        local.set_setting(PREFERENCES, &serde_json::json!(r#"{"notifications":"none"}"#)).unwrap();
        assert!(!is_wanted(&local, "Failed"));
    }

    #[test]
    fn hours_that_cannot_be_read_are_never_quiet() {
        assert!(!is_quiet("late", "07:00", time(23, 0, 0, 0)));
        assert!(!is_quiet("12:00", "12:00", time(12, 0, 0, 0)));
    }
}
