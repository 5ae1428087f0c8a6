//! Why this exists: several hubs share one database, and a background task or a row must be worked on by one of them only.
//! Whoever holds a name may act until it expires; it renews while it works. A hub that dies loses its names when they expire.
//!
//! Times come from the hubs' own clocks: let a lease be longer than their clocks may differ (30 s or more).

use crate::{Migration, StoreError, Tx, params};

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "leases/1",
    sql: "CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            expires_at BIGINT NOT NULL
          );
          CREATE INDEX leases_expires_at ON leases (expires_at);",
}];

/// A name that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held, such as `task:dispatch_commands` or `command:<id>`.
    pub name: String,
    /// Who holds it: the id of a hub's run, never reused.
    pub owner: String,
    /// Until when, epoch milliseconds.
    pub expires_at: i64,
}

/// Takes or renews `name` for `owner` until `now + ttl` (milliseconds); `false` if another owner holds it.
pub fn acquire(tx: &mut Tx<'_>, name: &str, owner: &str, now: i64, ttl: i64) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "INSERT INTO leases (name, owner, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
         WHERE leases.owner = excluded.owner OR leases.expires_at <= $4",
        params![name, owner, now.saturating_add(ttl), now],
    )?;
    Ok(taken == 1)
}

/// Gives `name` back early; `false` if `owner` did not hold it.
pub fn release(tx: &mut Tx<'_>, name: &str, owner: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM leases WHERE name = $1 AND owner = $2", params![name, owner])? == 1)
}

/// Gives back all that `owner` holds, when a hub stops; how many.
pub fn release_all(tx: &mut Tx<'_>, owner: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM leases WHERE owner = $1", params![owner])
}

/// Who holds `name` now.
pub fn holder(tx: &mut Tx<'_>, name: &str, now: i64) -> Result<Option<Lease>, StoreError> {
    tx.query_one("SELECT name, owner, expires_at FROM leases WHERE name = $1 AND expires_at > $2", params![name, now])?
        .map(|row| Ok(Lease { name: row.text(0)?, owner: row.text(1)?, expires_at: row.int(2)? }))
        .transpose()
}

/// Removes what expired before `before` (epoch milliseconds), so that names of finished work do not pile up; how many.
pub fn sweep(tx: &mut Tx<'_>, before: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM leases WHERE expires_at < $1", params![before])
}
