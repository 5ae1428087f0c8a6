//! One row per document of this account: what all of its versions share, and which of them is the default and the latest one.
//!
//! The AWS-owned documents are not here: they come with the program.

use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "documents/1",
    sql: "
CREATE TABLE documents (
  name TEXT PRIMARY KEY,
  document_type TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  default_version BIGINT NOT NULL,
  latest_version BIGINT NOT NULL,
  next_version BIGINT NOT NULL
);
",
}];

/// A document as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub name: String,
    pub document_type: String,
    /// Epoch milliseconds.
    pub created_at: i64,
    pub default_version: i64,
    /// The highest version there is.
    pub latest_version: i64,
    /// Number of the version to come; a deleted version's number is not given out again.
    pub next_version: i64,
}

const COLUMNS: &str = "name, document_type, created_at, default_version, latest_version, next_version";

fn read(row: &Row) -> Result<Document, StoreError> {
    Ok(Document {
        name: row.text(0)?,
        document_type: row.text(1)?,
        created_at: row.int(2)?,
        default_version: row.int(3)?,
        latest_version: row.int(4)?,
        next_version: row.int(5)?,
    })
}

/// Adds a document with its first version to come; `false` when the name is taken.
pub fn insert(tx: &mut Tx<'_>, name: &str, document_type: &str, created_at: i64) -> Result<bool, StoreError> {
    let sql = format!("INSERT INTO documents ({COLUMNS}) VALUES ($1, $2, $3, 1, 1, 2) ON CONFLICT (name) DO NOTHING");
    Ok(tx.execute(&sql, params![name, document_type, created_at])? > 0)
}

/// The document of that name.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<Document>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM documents WHERE name = $1"), params![name])?.as_ref().map(read).transpose()
}

/// How many documents there are.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    match tx.query_one("SELECT COUNT(*) FROM documents", params![])? {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

/// Moves the default version.
pub fn set_default(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE documents SET default_version = $2 WHERE name = $1", params![name, version])?;
    Ok(())
}

/// Records which version is the latest one and which number comes next.
pub fn set_latest(tx: &mut Tx<'_>, name: &str, latest: i64, next: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE documents SET latest_version = $2, next_version = $3 WHERE name = $1", params![name, latest, next])?;
    Ok(())
}

/// Removes the document; its versions, shares, reviews and tags are removed by their own tables.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM documents WHERE name = $1", params![name])?;
    Ok(())
}
