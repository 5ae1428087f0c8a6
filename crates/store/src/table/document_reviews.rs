//! What reviewers and authors said about a version of a document: the history behind its review status.

use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "document_reviews/1",
    sql: "
CREATE TABLE document_reviews (
  document_name TEXT NOT NULL,
  version BIGINT NOT NULL,
  number BIGINT NOT NULL,
  reviewer TEXT NOT NULL,
  status TEXT NOT NULL,
  comment TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (document_name, version, number)
);
",
}];

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentReview {
    /// Counts from 1 in each version.
    pub number: i64,
    pub reviewer: String,
    /// PENDING, APPROVED or REJECTED.
    pub status: String,
    pub comment: Option<String>,
    /// Epoch milliseconds.
    pub created_at: i64,
    pub updated_at: i64,
}

const COLUMNS: &str = "number, reviewer, status, comment, created_at, updated_at";

fn read(row: &Row) -> Result<DocumentReview, StoreError> {
    Ok(DocumentReview {
        number: row.int(0)?,
        reviewer: row.text(1)?,
        status: row.text(2)?,
        comment: row.opt_text(3)?,
        created_at: row.int(4)?,
        updated_at: row.int(5)?,
    })
}

/// Adds an entry, or replaces the one of its number.
pub fn put(tx: &mut Tx<'_>, document_name: &str, version: i64, review: &DocumentReview) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO document_reviews (document_name, version, number, reviewer, status, comment, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (document_name, version, number) DO UPDATE SET \
         status = excluded.status, comment = excluded.comment, updated_at = excluded.updated_at",
        params![
            document_name,
            version,
            review.number,
            review.reviewer.as_str(),
            review.status.as_str(),
            review.comment.as_deref(),
            review.created_at,
            review.updated_at
        ],
    )?;
    Ok(())
}

/// Entries of a version, newest first, from below `before` on.
pub fn list(
    tx: &mut Tx<'_>,
    document_name: &str,
    version: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DocumentReview>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM document_reviews WHERE document_name = $1 AND version = $2 AND number < $3 ORDER BY number DESC LIMIT $4"
    );
    tx.query(&sql, params![document_name, version, before.unwrap_or(i64::MAX), limit])?.iter().map(read).collect()
}

/// Removes the entries of one version.
pub fn delete(tx: &mut Tx<'_>, document_name: &str, version: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_reviews WHERE document_name = $1 AND version = $2", params![document_name, version])?;
    Ok(())
}

/// Removes the entries of all versions of a document.
pub fn delete_all(tx: &mut Tx<'_>, document_name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_reviews WHERE document_name = $1", params![document_name])?;
    Ok(())
}
