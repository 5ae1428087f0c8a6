//! The versions of this account's documents, each with its content and what was derived from it when it was accepted.

use super::documents::Document;
use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "document_versions/1",
    sql: "
CREATE TABLE document_versions (
  document_name TEXT NOT NULL,
  version BIGINT NOT NULL,
  version_name TEXT,
  display_name TEXT,
  format TEXT NOT NULL,
  schema_version TEXT,
  description TEXT,
  platform_types TEXT NOT NULL,
  target_type TEXT,
  requires TEXT,
  author TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  status_information TEXT,
  review_status TEXT,
  hash TEXT NOT NULL,
  sha1 TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (document_name, version)
);
CREATE UNIQUE INDEX document_versions_by_version_name ON document_versions (document_name, version_name);
CREATE INDEX document_versions_by_hash ON document_versions (document_name, hash);
",
}];

/// A version without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentVersion {
    pub document_name: String,
    pub version: i64,
    pub version_name: Option<String>,
    pub display_name: Option<String>,
    /// JSON, YAML or TEXT, as the content is stored.
    pub format: String,
    /// `None` for types whose content has none.
    pub schema_version: Option<String>,
    pub description: Option<String>,
    /// Linux, MacOS, Windows with commas between; empty for what does not run on nodes.
    pub platform_types: String,
    pub target_type: Option<String>,
    /// JSON list of DocumentRequires.
    pub requires: Option<String>,
    /// Name of the user who wrote the version.
    pub author: String,
    /// Epoch milliseconds.
    pub created_at: i64,
    pub status: String,
    pub status_information: Option<String>,
    /// Where the review of this version stands, once it takes part in reviews.
    pub review_status: Option<String>,
    /// SHA-256 of the content, lower-case hex.
    pub hash: String,
    /// SHA-1 of the content, lower-case hex.
    pub sha1: String,
}

const COLUMNS: &str = "v.document_name, v.version, v.version_name, v.display_name, v.format, v.schema_version, v.description, v.platform_types, \
v.target_type, v.requires, v.author, v.created_at, v.status, v.status_information, v.review_status, v.hash, v.sha1";

fn read(row: &Row) -> Result<DocumentVersion, StoreError> {
    Ok(DocumentVersion {
        document_name: row.text(0)?,
        version: row.int(1)?,
        version_name: row.opt_text(2)?,
        display_name: row.opt_text(3)?,
        format: row.text(4)?,
        schema_version: row.opt_text(5)?,
        description: row.opt_text(6)?,
        platform_types: row.text(7)?,
        target_type: row.opt_text(8)?,
        requires: row.opt_text(9)?,
        author: row.text(10)?,
        created_at: row.int(11)?,
        status: row.text(12)?,
        status_information: row.opt_text(13)?,
        review_status: row.opt_text(14)?,
        hash: row.text(15)?,
        sha1: row.text(16)?,
    })
}

/// Adds a version; `false` when its number or its version name is taken.
pub fn insert(tx: &mut Tx<'_>, v: &DocumentVersion, content: &str) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO document_versions (document_name, version, version_name, display_name, format, schema_version, description, platform_types, \
         target_type, requires, author, created_at, status, status_information, review_status, hash, sha1, content) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING",
        params![
            v.document_name.as_str(),
            v.version,
            v.version_name.as_deref(),
            v.display_name.as_deref(),
            v.format.as_str(),
            v.schema_version.as_deref(),
            v.description.as_deref(),
            v.platform_types.as_str(),
            v.target_type.as_deref(),
            v.requires.as_deref(),
            v.author.as_str(),
            v.created_at,
            v.status.as_str(),
            v.status_information.as_deref(),
            v.review_status.as_deref(),
            v.hash.as_str(),
            v.sha1.as_str(),
            content
        ],
    )?;
    Ok(added > 0)
}

/// One version.
pub fn get(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<Option<DocumentVersion>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM document_versions v WHERE v.document_name = $1 AND v.version = $2");
    tx.query_one(&sql, params![name, version])?.as_ref().map(read).transpose()
}

/// The version of that version name.
pub fn get_named(tx: &mut Tx<'_>, name: &str, version_name: &str) -> Result<Option<DocumentVersion>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM document_versions v WHERE v.document_name = $1 AND v.version_name = $2");
    tx.query_one(&sql, params![name, version_name])?.as_ref().map(read).transpose()
}

/// The content of one version, exactly as it was sent.
pub fn content(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT content FROM document_versions WHERE document_name = $1 AND version = $2";
    tx.query_one(sql, params![name, version])?.map(|row| row.text(0)).transpose()
}

/// How many versions the document has.
pub fn count(tx: &mut Tx<'_>, name: &str) -> Result<i64, StoreError> {
    match tx.query_one("SELECT COUNT(*) FROM document_versions WHERE document_name = $1", params![name])? {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

/// Whether a version has this content and target type.
pub fn has_content(tx: &mut Tx<'_>, name: &str, hash: &str, target_type: Option<&str>) -> Result<bool, StoreError> {
    let sql = "SELECT version FROM document_versions WHERE document_name = $1 AND hash = $2 AND COALESCE(target_type, '') = $3 LIMIT 1";
    Ok(tx.query_one(sql, params![name, hash, target_type.unwrap_or_default()])?.is_some())
}

/// Versions, newest first, from below `before` on.
pub fn list(tx: &mut Tx<'_>, name: &str, before: Option<i64>, limit: i64) -> Result<Vec<DocumentVersion>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM document_versions v WHERE v.document_name = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3");
    tx.query(&sql, params![name, before.unwrap_or(i64::MAX), limit])?.iter().map(read).collect()
}

/// The highest version there is.
pub fn latest(tx: &mut Tx<'_>, name: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT version FROM document_versions WHERE document_name = $1 ORDER BY version DESC LIMIT 1";
    tx.query_one(sql, params![name])?.map(|row| row.int(0)).transpose()
}

/// The newest version whose review has this status.
pub fn latest_reviewed(tx: &mut Tx<'_>, name: &str, review_status: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT version FROM document_versions WHERE document_name = $1 AND review_status = $2 ORDER BY version DESC LIMIT 1";
    tx.query_one(sql, params![name, review_status])?.map(|row| row.int(0)).transpose()
}

/// Documents whose name is above `after`, in order of name, each with its default version.
pub fn defaults(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<(Document, DocumentVersion)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, d.document_type, d.created_at, d.default_version, d.latest_version, d.next_version \
         FROM documents d JOIN document_versions v ON v.document_name = d.name AND v.version = d.default_version \
         WHERE d.name > $1 ORDER BY d.name LIMIT $2"
    );
    tx.query(&sql, params![after, limit])?
        .iter()
        .map(|row| {
            let version = read(row)?;
            let document = Document {
                name: version.document_name.clone(),
                document_type: row.text(17)?,
                created_at: row.int(18)?,
                default_version: row.int(19)?,
                latest_version: row.int(20)?,
                next_version: row.int(21)?,
            };
            Ok((document, version))
        })
        .collect()
}

/// Moves the review of a version on.
pub fn set_review_status(tx: &mut Tx<'_>, name: &str, version: i64, review_status: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE document_versions SET review_status = $3 WHERE document_name = $1 AND version = $2",
        params![name, version, review_status],
    )?;
    Ok(())
}

/// Removes one version.
pub fn delete(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_versions WHERE document_name = $1 AND version = $2", params![name, version])?;
    Ok(())
}

/// Removes all versions of a document.
pub fn delete_all(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_versions WHERE document_name = $1", params![name])?;
    Ok(())
}
