//! Why this exists: a database of an older program is brought forward when it is opened, and one of a newer program is left alone.

use std::collections::HashSet;

use crate::engine::Connection;
use crate::{ErrorCode, StoreError};

/// A step that brings the tables of one file forward. Once released, a step never changes; add another.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Unique and lasting, by convention `<file>/<number>`, such as `events/1`.
    pub id: &'static str,
    /// Statements both engines take, separated by `;`, with the types TEXT, BIGINT, DOUBLE PRECISION and BYTEA in capitals.
    /// On PostgreSQL, TEXT columns get the collation "C", so that both engines sort the same way (by code point).
    pub sql: &'static str,
}

/// Applies what is missing, in the order of the list, in one transaction. Several hubs may start at once: the write lane is exclusive.
pub(crate) fn migrate(connection: &mut dyn Connection, migrations: &[&[Migration]]) -> Result<(), StoreError> {
    connection.begin_write()?;
    let ended = apply(connection, migrations).and_then(|()| connection.commit(&[]));
    if ended.is_err() {
        connection.rollback();
    }
    ended
}

fn apply(connection: &mut dyn Connection, migrations: &[&[Migration]]) -> Result<(), StoreError> {
    connection.define("CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, program TEXT NOT NULL)")?;
    let mut applied = HashSet::new();
    for row in connection.query("SELECT id, program FROM migrations ORDER BY id", &[])? {
        let (id, program) = (row.text(0)?, row.text(1)?);
        if !migrations.iter().copied().flatten().any(|migration| migration.id == id) {
            return Err(StoreError::new(
                ErrorCode::Newer,
                format!(
                    "This database was written by a newer Quarterdeck ({program}; it holds the change {id}), this one is {}. \
                     Update Quarterdeck to open it; nothing was changed.",
                    env!("CARGO_PKG_VERSION")
                ),
            ));
        }
        applied.insert(id);
    }
    for migration in migrations.iter().copied().flatten() {
        if !applied.insert(migration.id.to_owned()) {
            continue;
        }
        connection.define(migration.sql).map_err(|error| {
            StoreError::new(error.code, format!("the database cannot be brought forward at {}: {}", migration.id, error.message))
        })?;
        connection
            .execute("INSERT INTO migrations (id, program) VALUES ($1, $2)", crate::params![migration.id, env!("CARGO_PKG_VERSION")])?;
    }
    Ok(())
}
