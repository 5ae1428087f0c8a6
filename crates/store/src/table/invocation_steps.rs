//! What each step of a document reported from a node, in AWS's sizes. The whole output is in `output_chunks`.

use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "invocation_steps/1",
    sql: "
CREATE TABLE invocation_steps (
  command_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  step TEXT NOT NULL,
  plugin TEXT NOT NULL,
  status TEXT NOT NULL,
  code BIGINT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  output TEXT NOT NULL,
  standard_output TEXT NOT NULL,
  standard_error TEXT NOT NULL,
  s3_bucket TEXT NOT NULL,
  s3_prefix TEXT NOT NULL,
  PRIMARY KEY (command_id, instance_id, step)
);
",
}];

/// A step's report.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub command_id: String,
    pub instance_id: String,
    /// PluginName of the API: the plugin for schema 1.2, the step's name for 2.x (semantics 2.4.4).
    pub step: String,
    /// For example `aws:runShellScript`.
    pub plugin: String,
    /// Status as the agent reported it.
    pub status: String,
    pub code: i64,
    /// ISO-8601 as the agent reported it, empty before.
    pub started_at: String,
    pub ended_at: String,
    /// At most 2,500 characters (semantics 2.4.2).
    pub output: String,
    /// At most 24,000 characters (semantics 2.4.1).
    pub standard_output: String,
    /// At most 8,000 characters (semantics 2.4.1).
    pub standard_error: String,
    pub s3_bucket: String,
    pub s3_prefix: String,
}

const COLUMNS: &str = "command_id, instance_id, step, plugin, status, code, started_at, ended_at, output, standard_output, standard_error, s3_bucket, s3_prefix";

fn read(row: &Row) -> Result<Step, StoreError> {
    Ok(Step {
        command_id: row.text(0)?,
        instance_id: row.text(1)?,
        step: row.text(2)?,
        plugin: row.text(3)?,
        status: row.text(4)?,
        code: row.int(5)?,
        started_at: row.text(6)?,
        ended_at: row.text(7)?,
        output: row.text(8)?,
        standard_output: row.text(9)?,
        standard_error: row.text(10)?,
        s3_bucket: row.text(11)?,
        s3_prefix: row.text(12)?,
    })
}

/// Writes a step's report over an earlier one.
pub fn put(tx: &mut Tx<'_>, s: &Step) -> Result<(), StoreError> {
    tx.execute(
        &format!(
            "INSERT INTO invocation_steps ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (command_id, instance_id, step) DO UPDATE SET status = excluded.status, code = excluded.code, started_at = excluded.started_at, \
             ended_at = excluded.ended_at, output = excluded.output, standard_output = excluded.standard_output, standard_error = excluded.standard_error, \
             s3_bucket = excluded.s3_bucket, s3_prefix = excluded.s3_prefix"
        ),
        params![
            s.command_id.as_str(),
            s.instance_id.as_str(),
            s.step.as_str(),
            s.plugin.as_str(),
            s.status.as_str(),
            s.code,
            s.started_at.as_str(),
            s.ended_at.as_str(),
            s.output.as_str(),
            s.standard_output.as_str(),
            s.standard_error.as_str(),
            s.s3_bucket.as_str(),
            s.s3_prefix.as_str()
        ],
    )?;
    Ok(())
}

/// Keeps a step's report that came after its invocation ended (replies come in any order, agent-protocol 4.9), unless that step's end is
/// known already.
pub fn put_late(tx: &mut Tx<'_>, s: &Step) -> Result<(), StoreError> {
    let known = "SELECT status FROM invocation_steps WHERE command_id = $1 AND instance_id = $2 AND step = $3";
    let known = tx.query_one(known, params![s.command_id.as_str(), s.instance_id.as_str(), s.step.as_str()])?;
    match known.map(|row| row.text(0)).transpose()?.as_deref() {
        None | Some("InProgress" | "NotStarted" | "Pending" | "SuccessAndReboot" | "PassedAndReboot") => put(tx, s),
        Some(_) => Ok(()),
    }
}

/// The steps that a node reported for a command, by name.
pub fn of_invocation(tx: &mut Tx<'_>, command_id: &str, instance_id: &str) -> Result<Vec<Step>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM invocation_steps WHERE command_id = $1 AND instance_id = $2 ORDER BY step");
    tx.query(&sql, params![command_id, instance_id])?.iter().map(read).collect()
}

/// Removes the reports of a command.
pub fn delete(tx: &mut Tx<'_>, command_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invocation_steps WHERE command_id = $1", params![command_id])?;
    Ok(())
}
