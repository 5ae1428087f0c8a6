//! What a step said on a node, as a digest: nodes that said the same have the same one. Made when it is first asked for, after the step
//! ended, so that no byte is read twice for it and nothing is done for commands nobody compares.

use crate::{Migration, Param, Row, StoreError, Tx, params};

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "output_digests/1",
    sql: "
CREATE TABLE output_digests (
  command_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  step TEXT NOT NULL,
  digest TEXT NOT NULL,
  stdout_bytes BIGINT NOT NULL,
  stderr_bytes BIGINT NOT NULL,
  PRIMARY KEY (command_id, instance_id, step)
);
",
}];

/// What one step said on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// `mi-…`.
    pub instance_id: String,
    /// Hexadecimal, of both streams.
    pub digest: String,
    pub stdout_bytes: i64,
    pub stderr_bytes: i64,
}

/// A node of a command as it is grouped.
#[derive(Clone, Debug)]
pub struct Said {
    pub instance_id: String,
    /// Its name when the command was sent.
    pub name: String,
    /// See [`super::commands::Stage`].
    pub stage: String,
    /// The step's status as reported, empty before.
    pub status: String,
    /// The step's exit code, 0 before.
    pub code: i64,
    /// Absent before it was made.
    pub digest: Option<Digest>,
}

/// The nodes of a command behind `after` in order of id, with what `step` said there; at most `limit`.
pub fn of_step(tx: &mut Tx<'_>, command_id: &str, step: &str, after: &str, limit: usize) -> Result<Vec<Said>, StoreError> {
    let sql = format!(
        "SELECT i.instance_id, i.instance_name, i.stage, COALESCE(s.status, ''), COALESCE(s.code, 0), d.digest, d.stdout_bytes, d.stderr_bytes \
         FROM invocations i \
         LEFT JOIN invocation_steps s ON s.command_id = i.command_id AND s.instance_id = i.instance_id AND s.step = $2 \
         LEFT JOIN output_digests d ON d.command_id = i.command_id AND d.instance_id = i.instance_id AND d.step = $2 \
         WHERE i.command_id = $1 AND i.instance_id > $3 ORDER BY i.instance_id LIMIT {limit}"
    );
    tx.query(&sql, params![command_id, step, after])?.iter().map(said).collect()
}

fn said(row: &Row) -> Result<Said, StoreError> {
    let instance_id = row.text(0)?;
    let digest = match row.opt_text(5)? {
        Some(digest) => Some(Digest { instance_id: instance_id.clone(), digest, stdout_bytes: row.int(6)?, stderr_bytes: row.int(7)? }),
        None => None,
    };
    Ok(Said { instance_id, name: row.text(1)?, stage: row.text(2)?, status: row.text(3)?, code: row.int(4)?, digest })
}

/// Keeps digests of a step.
pub fn put(tx: &mut Tx<'_>, command_id: &str, step: &str, digests: &[Digest]) -> Result<(), StoreError> {
    for chunk in digests.chunks(100) {
        let mut given: Vec<Param<'_>> = vec![command_id.into(), step.into()];
        let mut rows = Vec::with_capacity(chunk.len());
        for one in chunk {
            given.extend([Param::from(&one.instance_id), Param::from(&one.digest), one.stdout_bytes.into(), one.stderr_bytes.into()]);
            let n = given.len();
            rows.push(format!("($1, $2, ${}, ${}, ${}, ${})", n - 3, n - 2, n - 1, n));
        }
        let sql = format!(
            "INSERT INTO output_digests (command_id, step, instance_id, digest, stdout_bytes, stderr_bytes) VALUES {} \
             ON CONFLICT (command_id, instance_id, step) DO NOTHING",
            rows.join(", ")
        );
        tx.execute(&sql, &given)?;
    }
    Ok(())
}

/// Removes the digests of a command.
pub fn delete(tx: &mut Tx<'_>, command_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM output_digests WHERE command_id = $1", params![command_id])?;
    Ok(())
}
