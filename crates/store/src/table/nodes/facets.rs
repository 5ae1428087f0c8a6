//! Which values the nodes have, and how many nodes share each: what a filter can be set to, as its suggestions.

use super::query::{Field, escape};
use crate::{Row, StoreError, Tx, params};

/// A value and how many nodes have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The value as stored.
    pub value: String,
    /// How many nodes.
    pub count: i64,
}

fn facet(row: &Row) -> Result<Facet, StoreError> {
    Ok(Facet { value: row.text(0)?, count: row.int(1)? })
}

/// The values of a field that contain `part` (without regard to case), the most frequent first, at most `limit`.
pub fn of_field(tx: &mut Tx<'_>, field: Field, part: &str, limit: usize) -> Result<Vec<Facet>, StoreError> {
    let column = field.column();
    let sql = format!(
        "SELECT {column} AS facet, COUNT(*) AS n FROM nodes WHERE {column} <> '' AND LOWER({column}) LIKE $1 ESCAPE '\\' \
         GROUP BY {column} ORDER BY n DESC, facet LIMIT {limit}"
    );
    tx.query(&sql, params![pattern(part)])?.iter().map(facet).collect()
}

/// The tag keys that contain `part`, likewise.
pub fn of_tag_keys(tx: &mut Tx<'_>, part: &str, limit: usize) -> Result<Vec<Facet>, StoreError> {
    let sql = format!(
        "SELECT key, COUNT(*) AS n FROM tags WHERE resource_type = 'ManagedInstance' AND LOWER(key) LIKE $1 ESCAPE '\\' \
         GROUP BY key ORDER BY n DESC, key LIMIT {limit}"
    );
    tx.query(&sql, params![pattern(part)])?.iter().map(facet).collect()
}

/// The values of a tag that contain `part`, likewise.
pub fn of_tag(tx: &mut Tx<'_>, key: &str, part: &str, limit: usize) -> Result<Vec<Facet>, StoreError> {
    let sql = format!(
        "SELECT value, COUNT(*) AS n FROM tags WHERE resource_type = 'ManagedInstance' AND key = $2 AND LOWER(value) LIKE $1 ESCAPE '\\' \
         GROUP BY value ORDER BY n DESC, value LIMIT {limit}"
    );
    tx.query(&sql, params![pattern(part), key])?.iter().map(facet).collect()
}

fn pattern(part: &str) -> String {
    format!("%{}%", escape(&part.to_ascii_lowercase()))
}
