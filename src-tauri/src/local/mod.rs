//! The app's own memory: what belongs to this person on this machine and not to any hub. One SQLite file, one file of code per table.
//!
//! It is apart from the hub's database, because a hub may be elsewhere, be replaced, or be a real AWS account.

pub mod connections;
pub mod last_known;
pub mod notified_commands;
pub mod settings;
pub mod windows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// Every migration in order; the database's `user_version` counts those that ran. Lines are only ever added.
const MIGRATIONS: &[&str] = &[settings::CREATE, notified_commands::CREATE, windows::CREATE, connections::CREATE, last_known::CREATE];

/// Why local state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("local state: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("local state holds text that is not JSON under {key}: {source}")]
    Json { key: String, source: serde_json::Error },
    #[error("local state is damaged and could not be put aside: {0}")]
    Aside(std::io::Error),
    #[error("local state was written by a newer Quarterdeck (version {found}, this one knows {known}); start that one")]
    Newer { found: i64, known: i64 },
}

/// The open file. Statements are short and local, so one connection behind a lock serves every window.
pub struct Local {
    connection: Mutex<Connection>,
    /// Where the damaged file went that this one replaces.
    damaged: Option<PathBuf>,
}

impl Local {
    /// Opens or makes `path` and brings its tables up to date. A file from a newer program is refused, not touched; a damaged one is put
    /// aside under another name, and a new one begins.
    pub fn open(path: &Path) -> Result<Self, LocalError> {
        match Connection::open(path).map_err(LocalError::from).and_then(Self::prepare) {
            Err(LocalError::Sqlite(error)) if is_damage(&error) => {
                let aside = put_aside(path).map_err(LocalError::Aside)?;
                tracing::error!(%error, kept = %aside.display(), "local state was damaged; it begins anew");
                Ok(Self { damaged: Some(aside), ..Self::prepare(Connection::open(path)?)? })
            }
            other => other,
        }
    }

    /// Where the damaged file went that this one replaces, if there was one at this start.
    pub fn damaged(&self) -> Option<&Path> {
        self.damaged.as_deref()
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
        let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(code, Some(sound)).into());
        }
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
        Ok(Self { connection: Mutex::new(connection), damaged: None })
    }

    /// The connection. A panic elsewhere leaves no half-written statement behind (SQLite rolls back), so a poisoned lock is taken over.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the file itself is bad, and not only busy, full or out of reach.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Renames the file, and what belongs to it, out of the way; answers its new path.
fn put_aside(path: &Path) -> std::io::Result<PathBuf> {
    let named = |end: String| PathBuf::from(format!("{}{end}", path.display()));
    let free = (1..1_000).map(|n| format!(".damaged-{n}")).find(|end| !named(end.clone()).exists());
    let end = free.ok_or_else(|| std::io::Error::other("there are too many damaged files already"))?;
    // Without its journals first: a new file must never meet them.
    for journal in ["-wal", "-shm"] {
        match std::fs::rename(named(journal.to_owned()), named(format!("{end}{journal}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let aside = named(end);
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_kept_aside_and_a_new_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.sqlite");
        std::fs::write(&path, "this is no database, and longer than a header of one would be: ".repeat(40)).unwrap();
        let local = Local::open(&path).unwrap();
        let aside = local.damaged().unwrap().to_owned();
        assert!(std::fs::read_to_string(&aside).unwrap().starts_with("this is no database"));
        local.set_setting("a", &serde_json::json!(1)).unwrap();
        drop(local);
        assert_eq!(Local::open(&path).unwrap().damaged(), None);
        // Pages in the middle overwritten: SQLite itself opens such a file without a word.
        let many = serde_json::json!("x".repeat(4_000));
        {
            let local = Local::open(&path).unwrap();
            for n in 0..40 {
                local.set_setting(&format!("k{n}"), &many).unwrap();
            }
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[4_096 * 2..middle].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();
        let again = Local::open(&path).unwrap();
        assert_ne!(again.damaged(), None);
        assert_ne!(again.damaged(), Some(aside.as_path()));
        assert_eq!(again.setting("a").unwrap(), None);
    }

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
