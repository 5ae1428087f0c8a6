//! Long-lived access keys of users. The secret rests sealed under the hub's master key, because verifying SigV4 needs it in clear.

use crate::{Migration, Row, StoreError, Tx, params};

/// Topic announced when a key is added, changed or removed, so that every hub forgets what it cached.
pub const TOPIC: &str = "access_keys";

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "access_keys/1",
    sql: "
CREATE TABLE access_keys (
  access_key_id TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  sealed_secret BYTEA NOT NULL,
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX access_keys_by_principal ON access_keys (principal, created_at);
",
}];

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`.
    pub access_key_id: String,
    /// Name of the user it speaks for.
    pub principal: String,
    /// The secret, sealed for `access_keys/<access_key_id>`.
    pub sealed_secret: Vec<u8>,
    /// An inactive key is refused.
    pub active: bool,
    /// Epoch milliseconds.
    pub created_at: i64,
}

fn read(row: &Row) -> Result<AccessKey, StoreError> {
    Ok(AccessKey {
        access_key_id: row.text(0)?,
        principal: row.text(1)?,
        sealed_secret: row.blob(2)?,
        active: row.flag(3)?,
        created_at: row.int(4)?,
    })
}

const COLUMNS: &str = "access_key_id, principal, sealed_secret, active, created_at";

/// Adds a key.
pub fn insert(tx: &mut Tx<'_>, key: &AccessKey) -> Result<(), StoreError> {
    tx.execute(
        &format!("INSERT INTO access_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5)"),
        params![key.access_key_id.as_str(), key.principal.as_str(), key.sealed_secret.as_slice(), key.active, key.created_at],
    )?;
    tx.notify(TOPIC);
    Ok(())
}

/// The key of that id.
pub fn get(tx: &mut Tx<'_>, access_key_id: &str) -> Result<Option<AccessKey>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM access_keys WHERE access_key_id = $1"), params![access_key_id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The active keys of a user, oldest first.
pub fn active_of(tx: &mut Tx<'_>, principal: &str) -> Result<Vec<AccessKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM access_keys WHERE principal = $1 AND active = 1 ORDER BY created_at, access_key_id LIMIT 100");
    tx.query(&sql, params![principal])?.iter().map(read).collect()
}

/// Switches a key on or off; `false` when it is not there.
pub fn set_active(tx: &mut Tx<'_>, access_key_id: &str, active: bool) -> Result<bool, StoreError> {
    let changed = tx.execute("UPDATE access_keys SET active = $2 WHERE access_key_id = $1", params![access_key_id, active])?;
    tx.notify(TOPIC);
    Ok(changed == 1)
}
