//! Table `settings`: what a person chose, one JSON value per key. The console's pages write some of them; the keys below are read by the app itself.

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{Local, LocalError};

pub(super) const CREATE: &str = "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/// What the pages store of a person's choices: a JSON object as text. The app reads five of its members: `language` (`en`, `ko`, `system`),
/// `theme` (`dark`, `light`, `system`), `notifications` (`all`, `failed`, `none`), `notifyRules` (see `notify::rules`) and `quietHours`
/// (`{"from": "22:00", "to": "07:00"}` in local time).
pub const PREFERENCES: &str = "preferences";
/// `"colour"`, `"light"` or `"dark"`: which tray icon suits this desktop's panel.
pub const TRAY_ICON: &str = "trayIcon";
/// `"ask"`, `"minimise"` or `"quit"`: what closing the last window does on a desktop without a tray.
pub const CLOSE_WITHOUT_TRAY: &str = "closeWithoutTray";
/// Number: the port on which the embedded hub listened last; nodes know the hub by it.
pub const LISTEN_PORT: &str = "listenPort";
/// Array of addresses on which the embedded hub listens beside the loopback one.
pub const LISTEN_OUTSIDE: &str = "listenOutside";
/// Boolean: the person has been told that the app goes on in the tray.
pub const TRAY_EXPLAINED: &str = "trayExplained";
/// `"file"` or `"session"`: where secrets go on a machine without a keyring, as the person answered.
pub const SECRETS_WITHOUT_KEYRING: &str = "secretsWithoutKeyring";
/// Boolean: this machine was removed from the hub and is not enrolled again by itself.
pub const THIS_MACHINE_REMOVED: &str = "thisMachineRemoved";

/// Keys that a page may not write: they are answers to questions, or the app's own memory.
pub const NOT_FROM_PAGES: &[&str] = &[SECRETS_WITHOUT_KEYRING, LISTEN_PORT, LISTEN_OUTSIDE, TRAY_EXPLAINED, THIS_MACHINE_REMOVED];

/// Longest key and longest value (as JSON text) that are kept, in bytes.
pub const MAX_KEY: usize = 128;
pub const MAX_VALUE: usize = 256 * 1024;

impl Local {
    /// The value stored under `key`, if any.
    pub fn setting(&self, key: &str) -> Result<Option<Value>, LocalError> {
        let text: Option<String> =
            self.connection().query_row("SELECT value FROM settings WHERE key = ?1", params![key], |row| row.get(0)).optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(|source| LocalError::Json { key: key.to_owned(), source })).transpose()
    }

    /// A setting that is text; absent, unreadable or of another type counts as not set.
    pub fn text_setting(&self, key: &str) -> Option<String> {
        self.setting(key).ok().flatten().and_then(|value| value.as_str().map(str::to_owned))
    }

    /// A setting that is a flag; `default` where it is not set.
    pub fn flag_setting(&self, key: &str, default: bool) -> bool {
        self.setting(key).ok().flatten().and_then(|value| value.as_bool()).unwrap_or(default)
    }

    /// One member of what the pages store under [`PREFERENCES`]; absent or unreadable counts as not chosen.
    pub fn preference(&self, member: &str) -> Option<Value> {
        let text = self.text_setting(PREFERENCES)?;
        let mut chosen: serde_json::Map<String, Value> = serde_json::from_str(&text).ok()?;
        chosen.remove(member)
    }

    /// Stores `value` under `key`; null forgets it.
    pub fn set_setting(&self, key: &str, value: &Value) -> Result<(), LocalError> {
        if value.is_null() {
            self.connection().execute("DELETE FROM settings WHERE key = ?1", params![key])?;
        } else {
            self.connection().execute(
                "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                params![key, value.to_string()],
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_replaced_and_null_forgets_it() {
        let local = Local::in_memory().unwrap();
        assert_eq!(local.setting(TRAY_ICON).unwrap(), None);
        local.set_setting(TRAY_ICON, &json!("dark")).unwrap();
        local.set_setting(TRAY_ICON, &json!("light")).unwrap();
        assert_eq!(local.text_setting(TRAY_ICON).as_deref(), Some("light"));
        local.set_setting(TRAY_ICON, &Value::Null).unwrap();
        assert_eq!(local.setting(TRAY_ICON).unwrap(), None);
    }

    #[test]
    fn a_flag_of_another_type_counts_as_not_set() {
        let local = Local::in_memory().unwrap();
        local.set_setting(TRAY_EXPLAINED, &json!("yes")).unwrap();
        assert!(local.flag_setting(TRAY_EXPLAINED, true));
        local.set_setting(TRAY_EXPLAINED, &json!(false)).unwrap();
        assert!(!local.flag_setting(TRAY_EXPLAINED, true));
    }

    #[test]
    fn preferences_that_cannot_be_read_are_not_chosen() {
        let local = Local::in_memory().unwrap();
        assert_eq!(local.preference("language"), None);
        local.set_setting(PREFERENCES, &json!(r#"{"language":"ko"}"#)).unwrap();
        assert_eq!(local.preference("language"), Some(json!("ko")));
        for damaged in [json!("{"), json!("[]"), json!(7), json!({"language": "ko"})] {
            local.set_setting(PREFERENCES, &damaged).unwrap();
            assert_eq!(local.preference("language"), None, "{damaged}");
        }
    }
}
