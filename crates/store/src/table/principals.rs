//! Who may call: the people and programs of the account. Nodes are not here, they stand in `nodes`.

use crate::{Migration, Row, StoreError, Tx, params};

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "principals/1",
    sql: "
CREATE TABLE principals (
  name TEXT PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);
",
}];

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalRow {
    /// Name, the last part of the ARN.
    pub name: String,
    /// Unique id that STS reports, `AIDA…`.
    pub user_id: String,
    /// Epoch milliseconds.
    pub created_at: i64,
}

fn read(row: &Row) -> Result<PrincipalRow, StoreError> {
    Ok(PrincipalRow { name: row.text(0)?, user_id: row.text(1)?, created_at: row.int(2)? })
}

/// Adds a user; `false` when the name is taken.
pub fn create(tx: &mut Tx<'_>, principal: &PrincipalRow) -> Result<bool, StoreError> {
    let made = tx.execute(
        "INSERT INTO principals (name, user_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        params![principal.name.as_str(), principal.user_id.as_str(), principal.created_at],
    )?;
    Ok(made == 1)
}

/// The user of that name.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<PrincipalRow>, StoreError> {
    tx.query_one("SELECT name, user_id, created_at FROM principals WHERE name = $1", params![name])?.as_ref().map(read).transpose()
}
