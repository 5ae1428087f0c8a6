//! The app's own memory: what belongs to this person on this machine and not to any hub. One SQLite file, one file of code per table.
//!
//! It is apart from the hub's database, because a hub may be elsewhere, be replaced, or be a real AWS account.

pub mod notified_commands;
pub mod settings;
pub mod windows;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// Every migration in order; the database's `user_version` counts those that ran. Lines are only ever added.
const MIGRATIONS: &[&str] = &[settings::CREATE, notified_commands::CREATE, windows::CREATE];

/// Why local state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("local state: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("local state holds text that is not JSON under {key}: {source}")]
    Json { key: String, source: serde_json::Error },
    #[error("local state was written by a newer Quarterdeck (version {found}, this one knows {known}); start that one")]
    Newer { found: i64, known: i64 },
}

/// The open file. Statements are short and local, so one connection behind a lock serves every window.
pub struct Local {
    connection: Mutex<Connection>,
}

impl Local {
    /// Opens or makes `path` and brings its tables up to date. A file from a newer program is refused, not touched.
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        Self::prepare(Connection::open(path)?)
    }

    /// Local state that ends with the process, for tests.
    #[cfg(test)]
    pub fn in_memory() -> Result<Self, LocalError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, LocalError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let known = MIGRATIONS.len() as i64;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > known {
            return Err(LocalError::Newer { found, known });
        }
        let transaction = connection.transaction()?;
        for migration in MIGRATIONS.iter().skip(found.max(0) as usize) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// The connection. A panic elsewhere leaves no half-written statement behind (SQLite rolls back), so a poisoned lock is taken over.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.sqlite");
        drop(Local::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(Local::open(&path), Err(LocalError::Newer { found: 999, .. })));
        let still: i64 = Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(still, 999);
    }

    #[test]
    fn opening_twice_keeps_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.sqlite");
        Local::open(&path).unwrap().set_setting("theme", &serde_json::json!("dark")).unwrap();
        assert_eq!(Local::open(&path).unwrap().setting("theme").unwrap(), Some(serde_json::json!("dark")));
    }
}
