//! Why this exists: the embedded engine. WAL, so that readers never wait for the writer; `synchronous=FULL`, so that an answered
//! write survives a power cut; `fullfsync` for the disks of macOS, which lie otherwise.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ErrorCode as Code, OpenFlags, ToSql};

use super::{Connect, Connection, Previous};
use crate::row::Value;
use crate::{ErrorCode, Param, Row, StoreError};

/// How long a statement waits for another process that holds the database (a backup, a shell).
const BUSY_MILLISECONDS: u32 = 10_000;

/// Prepared statements kept per connection.
const STATEMENTS: usize = 512;

/// Where connections go, and of which kind they are.
pub(crate) struct SqliteConnect {
    pub(crate) path: PathBuf,
    pub(crate) writer: bool,
}

struct SqliteConnection {
    inner: rusqlite::Connection,
}

impl Connect for SqliteConnect {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        if self.writer {
            create(&self.path)?;
        }
        let access = if self.writer { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
        let located = |error: rusqlite::Error| {
            let error = translate(error);
            StoreError::new(error.code, format!("cannot open the database {}: {}", self.path.display(), error.message))
        };
        let inner = rusqlite::Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(located)?;
        inner.set_prepared_statement_cache_capacity(STATEMENTS);
        // KiB of pages a connection keeps; what falls out is still in the system's cache.
        let cache = if self.writer { 16_000 } else { 4_000 };
        let mut settings = format!(
            "PRAGMA busy_timeout={BUSY_MILLISECONDS}; PRAGMA foreign_keys=ON; PRAGMA case_sensitive_like=ON; \
             PRAGMA temp_store=MEMORY; PRAGMA cache_size=-{cache};"
        );
        if self.writer {
            settings.push_str(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; \
                 PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;",
            );
        }
        inner.execute_batch(&settings).map_err(located)?;
        Ok(Box::new(SqliteConnection { inner }))
    }
}

/// Makes the file before SQLite does, readable by its owner alone: it holds access keys. Its WAL takes over the mode.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| {
        let code = if error.kind() == std::io::ErrorKind::StorageFull { ErrorCode::Full } else { ErrorCode::Location };
        StoreError::new(code, format!("cannot open the database {}: {error}", path.display()))
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed)?;
    Ok(())
}

impl SqliteConnection {
    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.inner.prepare_cached(sql).and_then(|mut statement| statement.raw_execute()).map_err(translate)?;
        Ok(())
    }

    /// SQLite takes `$1` as a *name* and numbers names by first appearance, so each is bound by what it says.
    fn prepare(&self, sql: &str, params: &[Param<'_>]) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.inner.prepare_cached(sql).map_err(translate)?;
        for index in 1..=statement.parameter_count() {
            let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let param = number.and_then(|number| params.get(number.checked_sub(1)?)).ok_or_else(|| {
                StoreError::new(ErrorCode::Statement, format!("placeholder {index} of the statement has no value: {sql}"))
            })?;
            statement.raw_bind_parameter(index, param).map_err(translate)?;
        }
        Ok(statement)
    }

    /// SQLite ends the whole transaction by itself when the disk is full or fails: nothing of the batch may be answered as kept.
    fn check_open(&self) -> Result<(), StoreError> {
        if self.inner.is_autocommit() {
            return Err(StoreError::new(ErrorCode::Unavailable, "the database ended the transaction: its disk is full or failing"));
        }
        Ok(())
    }
}

impl Connection for SqliteConnection {
    fn begin_write(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")
    }

    fn begin_read(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN")
    }

    fn mark(&mut self, previous: Previous) -> Result<(), StoreError> {
        self.check_open()?;
        match previous {
            Previous::None => {}
            Previous::Keep => self.run("RELEASE closure")?,
            // The savepoint itself stays after going back to it.
            Previous::Undo => return self.undo(),
        }
        self.run("SAVEPOINT closure")
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.check_open()?;
        self.run("ROLLBACK TO closure")
    }

    fn commit(&mut self, _topics: &[String]) -> Result<(), StoreError> {
        self.check_open()?;
        self.run("COMMIT")
    }

    fn rollback(&mut self) {
        if !self.inner.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::warn!(error = %error.message, "a rollback failed");
        }
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let changed = self.prepare(sql, params)?.raw_execute().map_err(translate)?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.prepare(sql, params)?;
        let mut cursor = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = cursor.next().map_err(translate)? {
            // Asked of the row, not before: the first step prepares a statement anew whose table was changed by another hub.
            let columns = row.as_ref().column_count();
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(value(row.get_ref(column).map_err(translate)?)?);
            }
            rows.push(Row::new(values));
        }
        Ok(rows)
    }

    fn define(&mut self, sql: &str) -> Result<(), StoreError> {
        self.inner.execute_batch(sql).map_err(translate)
    }

    fn is_usable(&self) -> bool {
        true
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(*value),
            Param::Real(value) => ValueRef::Real(*value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => {
            Value::Text(String::from_utf8(value.to_vec()).map_err(|_| StoreError::new(ErrorCode::Corrupt, "a TEXT value is not UTF-8"))?)
        }
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
    })
}

/// SQLite's words with our code. Its messages name columns and statements, not values.
fn translate(error: rusqlite::Error) -> StoreError {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match (failure.code, failure.extended_code) {
            (Code::ConstraintViolation, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                ErrorCode::Conflict
            }
            (Code::ConstraintViolation, _) => ErrorCode::Constraint,
            (Code::DatabaseBusy | Code::DatabaseLocked, _) => ErrorCode::Busy,
            (Code::DiskFull, _) => ErrorCode::Full,
            (Code::DatabaseCorrupt, _) => ErrorCode::Corrupt,
            (Code::NotADatabase | Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied, _) => ErrorCode::Location,
            (Code::SystemIoFailure | Code::OutOfMemory, _) => ErrorCode::Unavailable,
            _ => ErrorCode::Statement,
        },
        _ => ErrorCode::Statement,
    };
    StoreError::new(code, error.to_string())
}
