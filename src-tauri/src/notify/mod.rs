//! Desktop notifications: what happened, and one click to the page of it. A desktop without them is no error, only less convenient.

mod burst;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(not(target_os = "linux"))]
mod native;
mod rules;
#[cfg(all(test, target_os = "linux"))]
pub mod testing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use tauri::{AppHandle, Manager};

use crate::announce::Asked;
use crate::embedded::Embedded;
use crate::language::Language;
use crate::local::Local;
use crate::state::App;
use crate::window;
use burst::{Burst, Gathered};
#[cfg(target_os = "linux")]
use bus::Desktop;
#[cfg(not(target_os = "linux"))]
use native::Desktop;
use rules::Happening;

/// What is done with the path of a notification that was clicked.
type Follow = Arc<dyn Fn(&str) + Send + Sync>;

/// A notification, in the person's language.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "each system takes what it shows")]
struct Note {
    title: String,
    body: String,
    /// The page that a click leads to.
    path: Option<String>,
    /// Label of the click, where the desktop shows one.
    open: String,
    /// The app's id, by which some systems know the sender.
    identifier: String,
}

/// Whether notifications reach the person, for `app_info`. Known after the first one was tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    NotTried,
    Shown,
    Unavailable(String),
}

/// Shows notifications, and remembers how the last one fared.
#[derive(Clone, Default)]
pub struct Notifications {
    reach: Arc<Mutex<Reach>>,
    desktop: Desktop,
    burst: Arc<Mutex<Burst>>,
}

/// The end of a command, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEnd {
    pub command_id: String,
    pub document_name: String,
    /// Its status details, which tell more than its status.
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

    /// Shows that a command ended, unless the person turned notifications off or this is a quiet hour. A click leads to the command. Ends
    /// that come close together are shown together.
    pub async fn command_ended(&self, app: &AppHandle, hub: &Embedded, end: &CommandEnd) {
        let local = &app.state::<App>().inner().local;
        if quiet_now(local) || !is_wanted_by_rules(local, hub, end).await || !self.burst().begins_with(end) {
            return;
        }
        tauri::async_runtime::spawn(self.clone().gather(app.clone(), hub.clone()));
        self.tell(app, hub, end).await;
    }

    /// Tells what came after the first end of a burst, until nothing comes any more.
    async fn gather(self, app: AppHandle, hub: Embedded) {
        let mut span = burst::FIRST_SPAN;
        loop {
            tokio::time::sleep(span).await;
            let Some(gathered) = self.take() else { return };
            match gathered.only() {
                Some(end) => self.tell(&app, &hub, end).await,
                None => {
                    let language = Language::chosen(&app.state::<App>().local);
                    self.show(&app, gathered.title(language), gathered.body(language), Some("/commands".to_owned()), language).await;
                }
            }
            span = (span * 2).min(burst::LONGEST_SPAN);
        }
    }

    fn take(&self) -> Option<Gathered> {
        self.burst().take()
    }

    fn burst(&self) -> MutexGuard<'_, Burst> {
        self.burst.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, app: &AppHandle, hub: &Embedded, end: &CommandEnd) {
        let language = Language::chosen(&app.state::<App>().local);
        let asked = Asked::of(hub, &end.command_id).await;
        let title = match language {
            Language::English => format!("Command {}", language.status(&end.status)),
            Language::Korean => format!("명령: {}", language.status(&end.status)),
        };
        self.show(app, title, asked.body(&end.document_name, language), Some(window::command_path(&end.command_id)), language).await;
    }

    /// Says once that the app goes on after its window closed.
    pub async fn goes_on_in_tray(&self, app: &AppHandle, language: Language) {
        let title = language.say("Quarterdeck goes on in the tray", "Quarterdeck이 트레이에서 계속 실행됩니다").to_owned();
        let body = language
            .say(
                "Nodes stay connected. Choose Quit in the tray menu to stop.",
                "노드 연결이 유지됩니다. 끝내려면 트레이 메뉴에서 종료를 선택하세요.",
            )
            .to_owned();
        self.show(app, title, body, None, language).await;
    }

    async fn show(&self, app: &AppHandle, title: String, body: String, path: Option<String>, language: Language) {
        let open = language.say("Open", "열기").to_owned();
        let note = Note { title, body, path, open, identifier: app.config().identifier.clone() };
        let handle = app.clone();
        let outcome = match self.desktop.show(note, Arc::new(move |path| window::lead_to(&handle, path))).await {
            Ok(()) => Reach::Shown,
            Err(error) => {
                tracing::warn!(%error, "no desktop notification");
                Reach::Unavailable(error)
            }
        };
        *self.reach.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

/// Whether a rule of the person's says so; where none fits, their choice for all commands.
async fn is_wanted_by_rules(local: &Local, hub: &Embedded, end: &CommandEnd) -> bool {
    let rules = rules::read(local.preference("notifyRules"));
    let mut happening = Happening { failed: end.status != "Success", document: end.document_name.clone(), ..Happening::default() };
    if rules.iter().any(rules::Rule::looks_closer) {
        let asked = Asked::of(hub, &end.command_id).await;
        happening.count = asked.errors();
        happening.tags = asked.tags;
    }
    is_wanted(local, &rules, &happening, &end.status)
}

fn is_wanted(local: &Local, rules: &[rules::Rule], happening: &Happening, status: &str) -> bool {
    match rules::decide(rules, happening) {
        Some(act) => act == rules::Act::Notify,
        None => is_chosen(local, status),
    }
}

/// Whether the person wants to be told of a command that ended with `status`: all of them unless they chose otherwise.
fn is_chosen(local: &Local, status: &str) -> bool {
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
        assert!(is_chosen(&local, "Success"));
        local.set_setting(PREFERENCES, &serde_json::json!(r#"{"notifications":"failed"}"#)).unwrap();
        assert!(!is_chosen(&local, "Success"));
        assert!(is_chosen(&local, "TimedOut"));
        assert!(is_chosen(&local, "NoInstancesInTag"), "no node did anything");
        local.set_setting(PREFERENCES, &serde_json::json!(r#"{"notifications":"none"}"#)).unwrap();
        assert!(!is_chosen(&local, "Failed"));
    }

    #[test]
    fn a_rule_comes_before_the_choice_for_all() {
        use crate::local::settings::PREFERENCES;
        let local = Local::in_memory().unwrap();
        let stored =
            r#"{"notifications":"none","notifyRules":[{"id":"1","document":"Nightly-*","act":"ignore"},{"id":"2","only":"failed"}]}"#;
        local.set_setting(PREFERENCES, &serde_json::json!(stored)).unwrap();
        let rules = rules::read(local.preference("notifyRules"));
        let of = |document: &str, status: &str| {
            let happening = Happening { failed: status != "Success", document: document.to_owned(), ..Happening::default() };
            is_wanted(&local, &rules, &happening, status)
        };
        assert!(of("AWS-RunShellScript", "Failed"));
        assert!(!of("Nightly-Backup", "Failed"));
        assert!(!of("AWS-RunShellScript", "Success"), "no rule fits, and nothing else is wanted");
    }

    #[test]
    fn hours_that_cannot_be_read_are_never_quiet() {
        assert!(!is_quiet("late", "07:00", time(23, 0, 0, 0)));
        assert!(!is_quiet("12:00", "12:00", time(12, 0, 0, 0)));
    }
}
