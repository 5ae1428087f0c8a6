//! With whom a document is shared: an account or everybody, and which of its versions they may use.

use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "document_shares/1",
    sql: "
CREATE TABLE document_shares (
  document_name TEXT NOT NULL,
  account_id TEXT NOT NULL,
  shared_version TEXT NOT NULL,
  PRIMARY KEY (document_name, account_id)
);
CREATE INDEX document_shares_by_account ON document_shares (account_id);
",
}];

/// The account id that stands for everybody.
pub const EVERYBODY: &str = "all";

/// A document's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentShare {
    /// Twelve digits or [`EVERYBODY`].
    pub account_id: String,
    /// `$DEFAULT`, `$LATEST` or `$ALL`.
    pub shared_version: String,
}

fn read(row: &Row) -> Result<DocumentShare, StoreError> {
    Ok(DocumentShare { account_id: row.text(0)?, shared_version: row.text(1)? })
}

/// Shares the document, or changes what is shared.
pub fn put(tx: &mut Tx<'_>, document_name: &str, account_id: &str, shared_version: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO document_shares (document_name, account_id, shared_version) VALUES ($1, $2, $3) \
         ON CONFLICT (document_name, account_id) DO UPDATE SET shared_version = excluded.shared_version",
        params![document_name, account_id, shared_version],
    )?;
    Ok(())
}

/// Ends a share; one that is not there is fine.
pub fn remove(tx: &mut Tx<'_>, document_name: &str, account_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_shares WHERE document_name = $1 AND account_id = $2", params![document_name, account_id])?;
    Ok(())
}

/// Shares of a document in order of account, above `after`.
pub fn list(tx: &mut Tx<'_>, document_name: &str, after: &str, limit: i64) -> Result<Vec<DocumentShare>, StoreError> {
    tx.query(
        "SELECT account_id, shared_version FROM document_shares WHERE document_name = $1 AND account_id > $2 ORDER BY account_id LIMIT $3",
        params![document_name, after, limit],
    )?
    .iter()
    .map(read)
    .collect()
}

/// How many shares a document has.
pub fn count(tx: &mut Tx<'_>, document_name: &str) -> Result<i64, StoreError> {
    match tx.query_one("SELECT COUNT(*) FROM document_shares WHERE document_name = $1", params![document_name])? {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

/// Names of the documents shared with everybody.
pub fn public(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT document_name FROM document_shares WHERE account_id = $1 ORDER BY document_name";
    tx.query(sql, params![EVERYBODY])?.iter().map(|row| row.text(0)).collect()
}
