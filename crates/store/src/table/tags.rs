//! Tags of every kind of resource in one table, so that tagging is written once and nodes are found by tag with one index.
//!
//! `resource_type` is the API's ResourceTypeForTagging (`Document`, `ManagedInstance`, …), `resource_id` what the API names the resource by.

use std::collections::BTreeMap;

use crate::{Migration, Param, Row, StoreError, Tx, params, placeholders};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "tags/1",
    sql: "
CREATE TABLE tags (
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (resource_type, resource_id, key)
);
CREATE INDEX tags_by_value ON tags (resource_type, key, value, resource_id);
",
}];

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// How many values one statement carries: well below what either engine allows.
const CHUNK: usize = 500;

/// Sets a tag, in place of an earlier value of the same key.
pub fn put(tx: &mut Tx<'_>, resource_type: &str, resource_id: &str, key: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO tags (resource_type, resource_id, key, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (resource_type, resource_id, key) DO UPDATE SET value = excluded.value",
        params![resource_type, resource_id, key, value],
    )?;
    Ok(())
}

/// Removes a tag; one that is not there is fine.
pub fn remove(tx: &mut Tx<'_>, resource_type: &str, resource_id: &str, key: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM tags WHERE resource_type = $1 AND resource_id = $2 AND key = $3", params![resource_type, resource_id, key])?;
    Ok(())
}

/// Removes all tags of a resource, for when it is deleted.
pub fn remove_all(tx: &mut Tx<'_>, resource_type: &str, resource_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM tags WHERE resource_type = $1 AND resource_id = $2", params![resource_type, resource_id])?;
    Ok(())
}

/// Tags of one resource in order of key.
pub fn of(tx: &mut Tx<'_>, resource_type: &str, resource_id: &str) -> Result<Vec<Tag>, StoreError> {
    tx.query("SELECT key, value FROM tags WHERE resource_type = $1 AND resource_id = $2 ORDER BY key", params![resource_type, resource_id])?
        .iter()
        .map(|row| Ok(Tag { key: row.text(0)?, value: row.text(1)? }))
        .collect()
}

/// Tags of several resources, each list in order of key. Resources without tags are absent.
pub fn of_many<S: AsRef<str>>(tx: &mut Tx<'_>, resource_type: &str, ids: &[S]) -> Result<BTreeMap<String, Vec<Tag>>, StoreError> {
    let mut found: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
    let sql = "SELECT resource_id, key, value FROM tags WHERE resource_type = $1 AND resource_id IN";
    for chunk in ids.chunks(CHUNK) {
        let rows = query_in(tx, sql, " ORDER BY resource_id, key", &[resource_type], chunk)?;
        for row in &rows {
            found.entry(row.text(0)?).or_default().push(Tag { key: row.text(1)?, value: row.text(2)? });
        }
    }
    Ok(found)
}

/// Ids of the resources whose tag `key` has one of `values`, exactly and case-sensitively (semantics 1.1), in order of id.
pub fn resource_ids_with<S: AsRef<str>>(tx: &mut Tx<'_>, resource_type: &str, key: &str, values: &[S]) -> Result<Vec<String>, StoreError> {
    ids(tx, "SELECT resource_id FROM tags WHERE resource_type = $1 AND key = $2 AND value IN", &[resource_type, key], values)
}

/// Ids of the resources that have one of these tag keys, whatever its value, in order of id.
pub fn resource_ids_with_key<S: AsRef<str>>(tx: &mut Tx<'_>, resource_type: &str, keys: &[S]) -> Result<Vec<String>, StoreError> {
    ids(tx, "SELECT DISTINCT resource_id FROM tags WHERE resource_type = $1 AND key IN", &[resource_type], keys)
}

fn ids<S: AsRef<str>>(tx: &mut Tx<'_>, sql: &str, fixed: &[&str], values: &[S]) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for chunk in values.chunks(CHUNK) {
        for row in query_in(tx, sql, "", fixed, chunk)? {
            found.push(row.text(0)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Runs `head (…values…) tail`; `fixed` are the parameters of `head`.
fn query_in<S: AsRef<str>>(tx: &mut Tx<'_>, head: &str, tail: &str, fixed: &[&str], values: &[S]) -> Result<Vec<Row>, StoreError> {
    let sql = format!("{head} ({}){tail}", placeholders(fixed.len() + 1, values.len()));
    let params: Vec<Param<'_>> = fixed.iter().copied().chain(values.iter().map(AsRef::as_ref)).map(Param::from).collect();
    tx.query(&sql, &params)
}
