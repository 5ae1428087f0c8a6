//! Activations, by which machines register, and the registrations made with each. The code itself is never kept, only its keyed hash.

use crate::{Migration, Param, Row, StoreError, Tx, params, placeholders};

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "activations/1",
    sql: "
CREATE TABLE activations (
  activation_id TEXT PRIMARY KEY,
  code_hash BYTEA NOT NULL,
  description TEXT,
  default_instance_name TEXT,
  iam_role TEXT NOT NULL,
  registration_limit BIGINT NOT NULL,
  registrations_count BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  tags TEXT NOT NULL
);
CREATE TABLE registrations (
  activation_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  PRIMARY KEY (activation_id, fingerprint)
);
",
}];

/// An activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationRow {
    /// Lower-case uuid.
    pub activation_id: String,
    /// Keyed hash of the activation code.
    pub code_hash: Vec<u8>,
    /// What its maker wrote.
    pub description: Option<String>,
    /// Name that nodes registered by it get.
    pub default_instance_name: Option<String>,
    /// Role that nodes registered by it get.
    pub iam_role: String,
    /// How many machines may register.
    pub registration_limit: i64,
    /// How many did.
    pub registrations_count: i64,
    /// Epoch milliseconds.
    pub expires_at: i64,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// JSON array of `{"Key","Value"}`, copied to each node.
    pub tags: String,
}

const COLUMNS: &str = "activation_id, code_hash, description, default_instance_name, iam_role, registration_limit, registrations_count, \
expires_at, created_at, tags";

fn read(row: &Row) -> Result<ActivationRow, StoreError> {
    Ok(ActivationRow {
        activation_id: row.text(0)?,
        code_hash: row.blob(1)?,
        description: row.opt_text(2)?,
        default_instance_name: row.opt_text(3)?,
        iam_role: row.text(4)?,
        registration_limit: row.int(5)?,
        registrations_count: row.int(6)?,
        expires_at: row.int(7)?,
        created_at: row.int(8)?,
        tags: row.text(9)?,
    })
}

/// Adds an activation.
pub fn insert(tx: &mut Tx<'_>, a: &ActivationRow) -> Result<(), StoreError> {
    tx.execute(
        &format!("INSERT INTO activations ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        params![
            a.activation_id.as_str(),
            a.code_hash.as_slice(),
            &a.description,
            &a.default_instance_name,
            a.iam_role.as_str(),
            a.registration_limit,
            a.registrations_count,
            a.expires_at,
            a.created_at,
            a.tags.as_str()
        ],
    )?;
    Ok(())
}

/// The activation of that id.
pub fn get(tx: &mut Tx<'_>, activation_id: &str) -> Result<Option<ActivationRow>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM activations WHERE activation_id = $1"), params![activation_id])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Removes an activation and the memory of its registrations; the nodes stay. `false` when it is not there.
pub fn delete(tx: &mut Tx<'_>, activation_id: &str) -> Result<bool, StoreError> {
    tx.execute("DELETE FROM registrations WHERE activation_id = $1", params![activation_id])?;
    Ok(tx.execute("DELETE FROM activations WHERE activation_id = $1", params![activation_id])? == 1)
}

/// What a list of activations is narrowed by. Each list that is not empty must contain the activation's value.
#[derive(Clone, Debug, Default)]
pub struct ActivationFilter {
    /// Ids.
    pub activation_ids: Vec<String>,
    /// Names given to nodes.
    pub default_instance_names: Vec<String>,
    /// Roles.
    pub iam_roles: Vec<String>,
}

/// Activations, newest first, after the key `(created_at, activation_id)`; at most `limit`.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &ActivationFilter,
    after: Option<(i64, &str)>,
    limit: usize,
) -> Result<Vec<ActivationRow>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM activations WHERE 1 = 1");
    let mut values: Vec<Param<'_>> = Vec::new();
    let lists = [
        ("activation_id", &filter.activation_ids),
        ("default_instance_name", &filter.default_instance_names),
        ("iam_role", &filter.iam_roles),
    ];
    for (column, wanted) in lists.into_iter().filter(|(_, wanted)| !wanted.is_empty()) {
        sql.push_str(&format!(" AND {column} IN ({})", placeholders(values.len() + 1, wanted.len())));
        values.extend(wanted.iter().map(Param::from));
    }
    if let Some((created_at, activation_id)) = after {
        sql.push_str(&format!(" AND (created_at, activation_id) < (${}, ${})", values.len() + 1, values.len() + 2));
        values.push(created_at.into());
        values.push(activation_id.into());
    }
    sql.push_str(&format!(" ORDER BY created_at DESC, activation_id DESC LIMIT {limit}"));
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// A registration once made: the machine's fingerprint is remembered even after its node is gone, because the same machine may not
/// come back by the same activation (semantics 13.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The node it made.
    pub instance_id: String,
    /// The public key it brought.
    pub public_key: String,
}

/// The registration of this machine by this activation.
pub fn registration(tx: &mut Tx<'_>, activation_id: &str, fingerprint: &str) -> Result<Option<Registration>, StoreError> {
    tx.query_one(
        "SELECT instance_id, public_key FROM registrations WHERE activation_id = $1 AND fingerprint = $2",
        params![activation_id, fingerprint],
    )?
    .map(|row| Ok(Registration { instance_id: row.text(0)?, public_key: row.text(1)? }))
    .transpose()
}

/// Takes one of the activation's registrations for a machine. `false`, and nothing taken, when none is left.
pub fn register(tx: &mut Tx<'_>, activation_id: &str, fingerprint: &str, registration: &Registration) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "UPDATE activations SET registrations_count = registrations_count + 1 \
         WHERE activation_id = $1 AND registrations_count < registration_limit",
        params![activation_id],
    )?;
    if taken == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO registrations (activation_id, fingerprint, public_key, instance_id) VALUES ($1, $2, $3, $4)",
        params![activation_id, fingerprint, registration.public_key.as_str(), registration.instance_id.as_str()],
    )?;
    Ok(true)
}
