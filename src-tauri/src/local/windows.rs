//! Table `windows`: the page each window showed last and over which connection, so that it opens there again. Its size and place are the window-state plugin's.

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

    /// The connection that window `label` showed last.
    pub fn window_connection(&self, label: &str) -> Result<Option<String>, LocalError> {
        let query = "SELECT connection FROM windows WHERE label = ?1";
        Ok(self.connection().query_row(query, params![label], |row| row.get(0)).optional()?)
    }

    /// Remembers that window `label` shows `connection` from now on, at `path`.
    pub fn set_window_connection(&self, label: &str, connection: &str, path: &str) -> Result<(), LocalError> {
        self.connection().execute(
            "INSERT INTO windows (label, path, connection) VALUES (?1, ?2, ?3)
             ON CONFLICT (label) DO UPDATE SET path = excluded.path, connection = excluded.connection",
            params![label, path, connection],
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
