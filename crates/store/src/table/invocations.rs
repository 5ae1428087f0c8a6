//! One row per command and node: where it stands, and what is needed to hand it out exactly once.

use super::commands::Stage;
use crate::{Migration, Param, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        id: "invocations/1",
        sql: "
CREATE TABLE invocations (
  command_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  document_name TEXT NOT NULL,
  instance_name TEXT NOT NULL,
  stage TEXT NOT NULL,
  first_sent_at BIGINT,
  last_sent_at BIGINT,
  started_at BIGINT,
  ended_at BIGINT,
  trace_output TEXT NOT NULL,
  PRIMARY KEY (command_id, instance_id)
);
CREATE INDEX invocations_by_stage ON invocations (command_id, stage, ordinal);
CREATE INDEX invocations_by_node ON invocations (instance_id, requested_at);
CREATE INDEX invocations_by_time ON invocations (requested_at, command_id, instance_id);
CREATE INDEX invocations_to_send ON invocations (instance_id) WHERE stage IN ('Delayed', 'Released', 'Unacknowledged', 'Cancelling');
",
    },
    Migration { id: "invocations/2", sql: "ALTER TABLE invocations ADD COLUMN cancel_asked_at BIGINT;" },
];

/// An invocation as stored.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub command_id: String,
    pub instance_id: String,
    /// Place in the order in which the command is handed out.
    pub ordinal: i64,
    pub requested_at: i64,
    pub document_name: String,
    /// Name of the node when the command was resolved.
    pub instance_name: String,
    pub stage: Stage,
    pub first_sent_at: Option<i64>,
    pub last_sent_at: Option<i64>,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub trace_output: String,
}

const COLUMNS: &str = "command_id, instance_id, ordinal, requested_at, document_name, instance_name, stage, first_sent_at, last_sent_at, started_at, ended_at, trace_output";

fn read(row: &Row) -> Result<Invocation, StoreError> {
    Ok(Invocation {
        command_id: row.text(0)?,
        instance_id: row.text(1)?,
        ordinal: row.int(2)?,
        requested_at: row.int(3)?,
        document_name: row.text(4)?,
        instance_name: row.text(5)?,
        stage: Stage::parse(&row.text(6)?)?,
        first_sent_at: row.opt_int(7)?,
        last_sent_at: row.opt_int(8)?,
        started_at: row.opt_int(9)?,
        ended_at: row.opt_int(10)?,
        trace_output: row.text(11)?,
    })
}

/// Adds an invocation. The caller counts it ([`super::commands::add_counts`]).
pub fn insert(tx: &mut Tx<'_>, i: &Invocation) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO invocations (command_id, instance_id, ordinal, requested_at, document_name, instance_name, stage, ended_at, trace_output) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            i.command_id.as_str(),
            i.instance_id.as_str(),
            i.ordinal,
            i.requested_at,
            i.document_name.as_str(),
            i.instance_name.as_str(),
            i.stage.as_str(),
            i.ended_at,
            i.trace_output.as_str()
        ],
    )?;
    Ok(())
}

/// The invocation of a command on a node.
pub fn get(tx: &mut Tx<'_>, command_id: &str, instance_id: &str) -> Result<Option<Invocation>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM invocations WHERE command_id = $1 AND instance_id = $2");
    tx.query_one(&sql, params![command_id, instance_id])?.as_ref().map(read).transpose()
}

/// What happens to an invocation at once; what is `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands then.
    pub stage: Stage,
    /// It was sent then. The first time stays on record, because a stock agent forgets a job after 30 minutes (agent-protocol 6.9).
    pub sent_at: Option<i64>,
    /// Its node began to work on it then, unless that is known already.
    pub started_at: Option<i64>,
    /// It ended then.
    pub ended_at: Option<i64>,
    /// The sentence that explains its end.
    pub trace: Option<String>,
}

impl Change {
    /// Only the stage, with the time when it is a last one.
    pub fn to(stage: Stage, now: i64) -> Self {
        Self { stage, sent_at: None, started_at: None, ended_at: stage.is_terminal().then_some(now), trace: None }
    }
}

/// Changes an invocation that stands at `from`; `false`, and nothing is changed, when it stands elsewhere by now.
pub fn change(tx: &mut Tx<'_>, command_id: &str, instance_id: &str, from: Stage, change: &Change) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE invocations SET stage = $4, first_sent_at = COALESCE(first_sent_at, $5), last_sent_at = COALESCE($5, last_sent_at), \
         started_at = COALESCE(started_at, $6), ended_at = COALESCE($7, ended_at), trace_output = COALESCE($8, trace_output) \
         WHERE command_id = $1 AND instance_id = $2 AND stage = $3",
        params![
            command_id,
            instance_id,
            from.as_str(),
            change.stage.as_str(),
            change.sent_at,
            change.started_at,
            change.ended_at,
            &change.trace
        ],
    )?;
    Ok(changed == 1)
}

/// The node did not take the job: it may be sent anew, as if it never had been (agent-protocol 4.7).
pub fn never_sent(tx: &mut Tx<'_>, command_id: &str, instance_id: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE invocations SET first_sent_at = NULL WHERE command_id = $1 AND instance_id = $2", params![command_id, instance_id])?;
    to_the_end(tx, command_id, instance_id)
}

/// The next turn is that of all others first: a node that does not take its job must not be handed the same slot again and again.
pub fn to_the_end(tx: &mut Tx<'_>, command_id: &str, instance_id: &str) -> Result<(), StoreError> {
    // Commands have fewer nodes than that.
    let sql = "UPDATE invocations SET ordinal = ordinal + 1000000000 WHERE command_id = $1 AND instance_id = $2";
    tx.execute(sql, params![command_id, instance_id])?;
    Ok(())
}

/// Somebody asked at `now` to cancel it.
pub fn cancel_asked(tx: &mut Tx<'_>, command_id: &str, instance_id: &str, now: i64) -> Result<(), StoreError> {
    let sql = "UPDATE invocations SET cancel_asked_at = COALESCE(cancel_asked_at, $3) WHERE command_id = $1 AND instance_id = $2";
    tx.execute(sql, params![command_id, instance_id, now])?;
    Ok(())
}

/// Cancels asked for before `before` of what no node is known to have begun, where the node has been listening since then, in `hub_id`.
pub fn unanswered_cancels(tx: &mut Tx<'_>, hub_id: &str, before: i64, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE stage = 'Cancelling' AND started_at IS NULL AND cancel_asked_at <= $2 AND EXISTS \
         (SELECT 1 FROM connections WHERE connections.instance_id = invocations.instance_id AND hub_id = $1 AND connected_at <= $2) LIMIT $3"
    );
    tx.query(&sql, params![hub_id, before, limit])?.iter().map(read).collect()
}

/// What is parked though its node has a channel in `hub_id`, the longest waiting first. A job that was sent before `forgotten` is left out
/// where the node may have forgotten it: sent once more it would run twice (agent-protocol 6.9).
pub fn parked_for_hub(tx: &mut Tx<'_>, hub_id: &str, before: i64, forgotten: i64, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE stage = 'Delayed' AND (last_sent_at IS NULL OR last_sent_at <= $2) AND EXISTS \
         (SELECT 1 FROM connections WHERE connections.instance_id = invocations.instance_id AND hub_id = $1 \
         AND (first_sent_at IS NULL OR first_sent_at > $3 OR streams_output = 1)) ORDER BY last_sent_at LIMIT $4"
    );
    tx.query(&sql, params![hub_id, before, forgotten, limit])?.iter().map(read).collect()
}

/// What is open on a node, in whatever stage.
pub fn open_of_node(tx: &mut Tx<'_>, instance_id: &str) -> Result<Vec<Invocation>, StoreError> {
    let open: Vec<String> =
        Stage::ALL.into_iter().filter(|stage| !stage.is_terminal()).map(|stage| format!("'{}'", stage.as_str())).collect();
    let sql = format!("SELECT {COLUMNS} FROM invocations WHERE instance_id = $1 AND stage IN ({})", open.join(", "));
    tx.query(&sql, params![instance_id])?.iter().map(read).collect()
}

/// As [`at_stage`], but only what was never sent to its node.
pub fn unsent_at_stage(tx: &mut Tx<'_>, command_id: &str, stage: Stage, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE command_id = $1 AND stage = $2 AND first_sent_at IS NULL ORDER BY ordinal LIMIT $3"
    );
    tx.query(&sql, params![command_id, stage.as_str(), limit])?.iter().map(read).collect()
}

/// Invocations of a command at `stage` in their order.
pub fn at_stage(tx: &mut Tx<'_>, command_id: &str, stage: Stage, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM invocations WHERE command_id = $1 AND stage = $2 ORDER BY ordinal LIMIT $3");
    tx.query(&sql, params![command_id, stage.as_str(), limit])?.iter().map(read).collect()
}

/// What waits for a node: parked, handed out but not acknowledged, or to be cancelled.
pub fn waiting_for_node(tx: &mut Tx<'_>, instance_id: &str) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE instance_id = $1 AND stage IN ('Delayed', 'Released', 'Unacknowledged', 'Cancelling') ORDER BY requested_at, ordinal"
    );
    tx.query(&sql, params![instance_id])?.iter().map(read).collect()
}

/// What was released for nodes whose channel ends in `hub_id`.
pub fn released_for_hub(tx: &mut Tx<'_>, hub_id: &str, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE stage = 'Released' \
         AND EXISTS (SELECT 1 FROM connections WHERE connections.instance_id = invocations.instance_id AND connections.hub_id = $1) LIMIT $2"
    );
    tx.query(&sql, params![hub_id, limit])?.iter().map(read).collect()
}

/// What was sent before `before` and is not answered, for nodes whose channel ends in `hub_id`: jobs (`Unacknowledged`) or cancels of them
/// (`Cancelling`).
pub fn unanswered_since(tx: &mut Tx<'_>, hub_id: &str, stage: Stage, before: i64, limit: i64) -> Result<Vec<Invocation>, StoreError> {
    let stage = stage.as_str();
    let sql = format!(
        "SELECT {COLUMNS} FROM invocations WHERE stage = '{stage}' AND last_sent_at <= $2 \
         AND EXISTS (SELECT 1 FROM connections WHERE connections.instance_id = invocations.instance_id AND connections.hub_id = $1) LIMIT $3"
    );
    tx.query(&sql, params![hub_id, before, limit])?.iter().map(read).collect()
}

/// Pending invocations in their order, with the hub in which their node's channel ends, if it has one.
pub fn pending(tx: &mut Tx<'_>, command_id: &str, limit: i64) -> Result<Vec<(Invocation, Option<String>)>, StoreError> {
    let columns = COLUMNS.replace("instance_id", "invocations.instance_id");
    let sql = format!(
        "SELECT {columns}, connections.hub_id FROM invocations LEFT JOIN connections ON connections.instance_id = invocations.instance_id \
         WHERE command_id = $1 AND stage = 'Pending' ORDER BY ordinal LIMIT $2"
    );
    tx.query(&sql, params![command_id, limit])?.iter().map(|row| Ok((read(row)?, row.opt_text(12)?))).collect()
}

/// What a list of invocations is narrowed by; every part that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub command_id: Option<String>,
    pub instance_id: Option<String>,
    pub after: Option<i64>,
    pub before: Option<i64>,
    /// Stages of which it must be at one.
    pub stages: Option<Vec<Stage>>,
    pub document_name: Option<String>,
}

/// Invocations, newest first, after the key `(requested_at, command_id, instance_id)`.
pub fn list<'a>(
    tx: &mut Tx<'_>,
    filter: &'a Filter,
    after: Option<(i64, &'a str, &'a str)>,
    limit: i64,
) -> Result<Vec<Invocation>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM invocations WHERE 1 = 1");
    let mut values: Vec<Param<'a>> = Vec::new();
    let mut add = |text: &str, value: Param<'a>, values: &mut Vec<Param<'a>>| {
        values.push(value);
        sql.push_str(&text.replace('?', &format!("${}", values.len())));
    };
    if let Some(id) = &filter.command_id {
        add(" AND command_id = ?", id.as_str().into(), &mut values);
    }
    if let Some(id) = &filter.instance_id {
        add(" AND instance_id = ?", id.as_str().into(), &mut values);
    }
    if let Some(ms) = filter.after {
        add(" AND requested_at > ?", ms.into(), &mut values);
    }
    if let Some(ms) = filter.before {
        add(" AND requested_at < ?", ms.into(), &mut values);
    }
    if let Some(name) = &filter.document_name {
        add(" AND document_name = ?", name.as_str().into(), &mut values);
    }
    if let Some((at, command, node)) = after {
        add(" AND (requested_at < ?", at.into(), &mut values);
        add(" OR (requested_at = ?", at.into(), &mut values);
        add(" AND (command_id < ?", command.into(), &mut values);
        add(" OR (command_id = ?", command.into(), &mut values);
        add(" AND instance_id > ?))))", node.into(), &mut values);
    }
    if let Some(stages) = &filter.stages {
        let names: Vec<String> = stages.iter().map(|s| format!("'{}'", s.as_str())).collect();
        sql.push_str(&format!(" AND stage IN ({})", if names.is_empty() { "''".to_owned() } else { names.join(", ") }));
    }
    sql.push_str(&format!(" ORDER BY requested_at DESC, command_id DESC, instance_id LIMIT {limit}"));
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// Node ids of a command, in order.
pub fn instance_ids(tx: &mut Tx<'_>, command_id: &str, limit: i64) -> Result<Vec<String>, StoreError> {
    tx.query("SELECT instance_id FROM invocations WHERE command_id = $1 ORDER BY ordinal LIMIT $2", params![command_id, limit])?
        .iter()
        .map(|r| r.text(0))
        .collect()
}

/// Removes the invocations of a command.
pub fn delete(tx: &mut Tx<'_>, command_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invocations WHERE command_id = $1", params![command_id])?;
    Ok(())
}
