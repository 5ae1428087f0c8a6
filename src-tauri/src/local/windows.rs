//! Table `windows`: the page each window showed last, so that it opens there again. Its size and place are the window-state plugin's.

use rusqlite::{OptionalExtension, params};

use super::{Local, LocalError};

pub(super) const CREATE: &str = "CREATE TABLE windows (label TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;";

impl Local {
    /// The page that window `label` showed last, as a path within the console.
    pub fn window_path(&self, label: &str) -> Result<Option<String>, LocalError> {
        Ok(self.connection().query_row("SELECT path FROM windows WHERE label = ?1", params![label], |row| row.get(0)).optional()?)
    }

    /// Remembers the page that window `label` shows.
    pub fn set_window_path(&self, label: &str, path: &str) -> Result<(), LocalError> {
        self.connection().execute(
            "INSERT INTO windows (label, path) VALUES (?1, ?2) ON CONFLICT (label) DO UPDATE SET path = excluded.path",
            params![label, path],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_where_it_was() {
        let local = Local::in_memory().unwrap();
        assert_eq!(local.window_path("main").unwrap(), None);
        local.set_window_path("main", "/nodes").unwrap();
        local.set_window_path("main", "/commands/1").unwrap();
        assert_eq!(local.window_path("main").unwrap().as_deref(), Some("/commands/1"));
    }
}
