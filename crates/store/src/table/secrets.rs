//! Why this exists: keys and tokens that must be at hand in clear (the CA's key, a node's server key) rest encrypted. The hub encrypts; this
//! table never sees a clear value.

use crate::{Migration, StoreError, Tx, params};

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "secrets/1",
    sql: "CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            sealed BYTEA NOT NULL,
            updated_at BIGINT NOT NULL
          );",
}];

/// The encrypted value of `name`.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one("SELECT sealed FROM secrets WHERE name = $1", params![name])?.map(|row| row.blob(0)).transpose()
}

/// Sets or replaces the encrypted value of `name`; `now` in epoch milliseconds.
pub fn put(tx: &mut Tx<'_>, name: &str, sealed: &[u8], now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO secrets (name, sealed, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
        params![name, sealed, now],
    )?;
    Ok(())
}

/// Sets `name` if nobody did before; `false` if it is there already (then [`get`] it: several hubs may start at once).
pub fn create(tx: &mut Tx<'_>, name: &str, sealed: &[u8], now: i64) -> Result<bool, StoreError> {
    let made = tx.execute(
        "INSERT INTO secrets (name, sealed, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        params![name, sealed, now],
    )?;
    Ok(made == 1)
}

/// Forgets `name`; `false` if it was not there.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM secrets WHERE name = $1", params![name])? == 1)
}
