//! One row per SendCommand: what was asked, and counters of where its invocations stand.
//!
//! Whoever moves an invocation ([`super::invocations::change`]) adds to the counters ([`add_counts`]) in the same transaction, once for all that
//! it moved, so that the state of a command with 10,000 nodes is read from one row.

use crate::{ErrorCode, Migration, Param, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "commands/1",
    sql: "
CREATE TABLE commands (
  command_id TEXT PRIMARY KEY,
  requested_at BIGINT NOT NULL,
  deliver_before BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  finished_at BIGINT,
  document_name TEXT NOT NULL,
  document_version TEXT NOT NULL,
  document TEXT NOT NULL,
  platforms TEXT NOT NULL,
  request TEXT NOT NULL,
  parameters BYTEA NOT NULL,
  requested_by TEXT NOT NULL,
  status TEXT NOT NULL,
  status_details TEXT NOT NULL,
  resolved BIGINT NOT NULL,
  cancelled BIGINT NOT NULL,
  max_concurrency BIGINT NOT NULL,
  max_errors BIGINT NOT NULL,
  ramp BIGINT NOT NULL,
  targets BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  delayed BIGINT NOT NULL,
  released BIGINT NOT NULL,
  unacknowledged BIGINT NOT NULL,
  in_progress BIGINT NOT NULL,
  cancelling BIGINT NOT NULL,
  success BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  execution_timed_out BIGINT NOT NULL,
  delivery_timed_out BIGINT NOT NULL,
  cancelled_count BIGINT NOT NULL,
  undeliverable BIGINT NOT NULL,
  terminated BIGINT NOT NULL,
  invalid_platform BIGINT NOT NULL,
  access_denied BIGINT NOT NULL
);
CREATE INDEX commands_by_time ON commands (requested_at, command_id);
CREATE INDEX commands_open ON commands (expires_at) WHERE finished_at IS NULL;
",
}];

/// Where an invocation stands, as its command counts it. `Released` is Pending, handed to the sender of the hub its node is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Delayed,
    Released,
    Unacknowledged,
    InProgress,
    Cancelling,
    Success,
    Failed,
    ExecutionTimedOut,
    DeliveryTimedOut,
    Cancelled,
    Undeliverable,
    Terminated,
    InvalidPlatform,
    AccessDenied,
}

impl Stage {
    /// Every stage, in the order of the columns.
    pub const ALL: [Self; 15] = [
        Self::Pending,
        Self::Delayed,
        Self::Released,
        Self::Unacknowledged,
        Self::InProgress,
        Self::Cancelling,
        Self::Success,
        Self::Failed,
        Self::ExecutionTimedOut,
        Self::DeliveryTimedOut,
        Self::Cancelled,
        Self::Undeliverable,
        Self::Terminated,
        Self::InvalidPlatform,
        Self::AccessDenied,
    ];

    /// Name in the `stage` column of `invocations`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Delayed => "Delayed",
            Self::Released => "Released",
            Self::Unacknowledged => "Unacknowledged",
            Self::InProgress => "InProgress",
            Self::Cancelling => "Cancelling",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::ExecutionTimedOut => "ExecutionTimedOut",
            Self::DeliveryTimedOut => "DeliveryTimedOut",
            Self::Cancelled => "Cancelled",
            Self::Undeliverable => "Undeliverable",
            Self::Terminated => "Terminated",
            Self::InvalidPlatform => "InvalidPlatform",
            Self::AccessDenied => "AccessDenied",
        }
    }

    /// The stage of that name.
    pub fn parse(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == name)
            .ok_or_else(|| StoreError::new(ErrorCode::Row, format!("unknown invocation stage {name:?}")))
    }

    /// Column of `commands` that counts it.
    fn column(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delayed => "delayed",
            Self::Released => "released",
            Self::Unacknowledged => "unacknowledged",
            Self::InProgress => "in_progress",
            Self::Cancelling => "cancelling",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::ExecutionTimedOut => "execution_timed_out",
            Self::DeliveryTimedOut => "delivery_timed_out",
            Self::Cancelled => "cancelled_count",
            Self::Undeliverable => "undeliverable",
            Self::Terminated => "terminated",
            Self::InvalidPlatform => "invalid_platform",
            Self::AccessDenied => "access_denied",
        }
    }

    /// StatusDetails of the API (semantics 2.3).
    pub fn status_details(self) -> &'static str {
        match self {
            Self::Pending | Self::Released => "Pending",
            Self::Unacknowledged | Self::InProgress => "InProgress",
            other => other.as_str(),
        }
    }

    /// Status of the API (semantics 2.3).
    pub fn status(self) -> &'static str {
        match self {
            Self::Pending | Self::Released => "Pending",
            Self::Delayed => "Delayed",
            Self::Unacknowledged | Self::InProgress => "InProgress",
            Self::Cancelling => "Cancelling",
            Self::Success => "Success",
            Self::ExecutionTimedOut | Self::DeliveryTimedOut => "TimedOut",
            Self::Cancelled | Self::Terminated => "Cancelled",
            Self::Failed | Self::Undeliverable | Self::InvalidPlatform | Self::AccessDenied => "Failed",
        }
    }

    /// Whether an invocation stays here for good.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Delayed | Self::Released | Self::Unacknowledged | Self::InProgress | Self::Cancelling)
    }

    /// Whether it takes one of the MaxConcurrency slots.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Released | Self::Unacknowledged | Self::InProgress | Self::Cancelling)
    }
}

/// How many invocations of a command stand at each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([i64; 15]);

impl Counts {
    /// Invocations at `stage`.
    pub fn of(&self, stage: Stage) -> i64 {
        self.0[stage as usize]
    }

    /// Invocations of which `keep` holds for the stage.
    pub fn sum(&self, keep: impl Fn(Stage) -> bool) -> i64 {
        Stage::ALL.into_iter().filter(|s| keep(*s)).map(|s| self.of(s)).sum()
    }

    /// Counts `n` more at `stage`, or fewer.
    pub fn add(&mut self, stage: Stage, n: i64) {
        self.0[stage as usize] += n;
    }

    /// Counts with `n` at `stage`, for tests and callers that compute ahead.
    pub fn with(mut self, stage: Stage, n: i64) -> Self {
        self.0[stage as usize] = n;
        self
    }
}

/// A command as stored.
#[derive(Clone, Debug)]
pub struct Command {
    pub command_id: String,
    pub requested_at: i64,
    /// A node that has not taken the command by then does not run it (semantics 2.2.1).
    pub deliver_before: i64,
    /// Everything still open ends then (semantics 2.2.2).
    pub expires_at: i64,
    pub finished_at: Option<i64>,
    pub document_name: String,
    /// As asked for, for example `$DEFAULT`.
    pub document_version: String,
    /// ARN of the caller.
    pub requested_by: String,
    pub status: String,
    pub status_details: String,
    /// Whether the targets were turned into invocations.
    pub resolved: bool,
    /// Whether a CancelCommand for all nodes was accepted.
    pub cancelled: bool,
    pub max_concurrency: i64,
    pub max_errors: i64,
    /// Size of the current batch of the ramp-up (semantics 1.9).
    pub ramp: i64,
    pub targets: i64,
    pub counts: Counts,
}

/// What a command was asked to do.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The resolved document's content as JSON text.
    pub document: String,
    /// Platform types of the document; empty when it runs everywhere.
    pub platforms: Vec<String>,
    /// The SendCommand input without its Parameters, as JSON text.
    pub request: String,
    /// The Parameters, sealed by the hub: their values may be secrets.
    pub parameters: Vec<u8>,
}

const COLUMNS: &str = "command_id, requested_at, deliver_before, expires_at, finished_at, document_name, document_version, \
requested_by, status, status_details, resolved, cancelled, max_concurrency, max_errors, ramp, targets, pending, delayed, released, unacknowledged, \
in_progress, cancelling, success, failed, execution_timed_out, delivery_timed_out, cancelled_count, undeliverable, terminated, invalid_platform, access_denied";

fn read(row: &Row) -> Result<Command, StoreError> {
    let mut counts = Counts::default();
    for (i, count) in counts.0.iter_mut().enumerate() {
        *count = row.int(16 + i)?;
    }
    Ok(Command {
        command_id: row.text(0)?,
        requested_at: row.int(1)?,
        deliver_before: row.int(2)?,
        expires_at: row.int(3)?,
        finished_at: row.opt_int(4)?,
        document_name: row.text(5)?,
        document_version: row.text(6)?,
        requested_by: row.text(7)?,
        status: row.text(8)?,
        status_details: row.text(9)?,
        resolved: row.flag(10)?,
        cancelled: row.flag(11)?,
        max_concurrency: row.int(12)?,
        max_errors: row.int(13)?,
        ramp: row.int(14)?,
        targets: row.int(15)?,
        counts,
    })
}

/// Adds a command that is not resolved yet. `asked` is what was asked for.
pub fn insert(tx: &mut Tx<'_>, c: &Command, asked: &Asked) -> Result<(), StoreError> {
    tx.execute(
        &format!(
            "INSERT INTO commands (document, platforms, request, parameters, {COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10, $11, $12, $13, 0, 0, $14, $15, $16, $17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
        ),
        params![
            &asked.document,
            asked.platforms.join(","),
            &asked.request,
            &asked.parameters,
            &c.command_id,
            c.requested_at,
            c.deliver_before,
            c.expires_at,
            &c.document_name,
            &c.document_version,
            &c.requested_by,
            &c.status,
            &c.status_details,
            c.max_concurrency,
            c.max_errors,
            c.ramp,
            c.targets
        ],
    )?;
    Ok(())
}

/// What was asked for. Apart from [`get`], because it is large and the counters are read often.
pub fn asked(tx: &mut Tx<'_>, command_id: &str) -> Result<Option<Asked>, StoreError> {
    let sql = "SELECT document, platforms, request, parameters FROM commands WHERE command_id = $1";
    let Some(row) = tx.query_one(sql, params![command_id])? else { return Ok(None) };
    let platforms = row.text(1)?;
    Ok(Some(Asked {
        document: row.text(0)?,
        platforms: platforms.split(',').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        request: row.text(2)?,
        parameters: row.blob(3)?,
    }))
}

/// The command of that id.
pub fn get(tx: &mut Tx<'_>, command_id: &str) -> Result<Option<Command>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM commands WHERE command_id = $1"), params![command_id])?.as_ref().map(read).transpose()
}

/// Ids of the commands that have not ended, oldest deadline first.
pub fn open_ids(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    tx.query("SELECT command_id FROM commands WHERE finished_at IS NULL ORDER BY expires_at", params![])?
        .iter()
        .map(|r| r.text(0))
        .collect()
}

/// Records that the targets became invocations, of which there are `targets`.
pub fn set_resolved(tx: &mut Tx<'_>, command_id: &str, targets: i64, max_concurrency: i64, max_errors: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE commands SET resolved = 1, targets = $2, max_concurrency = $3, max_errors = $4 WHERE command_id = $1",
        params![command_id, targets, max_concurrency, max_errors],
    )?;
    Ok(())
}

/// Sets the size of the current ramp-up batch.
pub fn set_ramp(tx: &mut Tx<'_>, command_id: &str, ramp: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE commands SET ramp = $2 WHERE command_id = $1", params![command_id, ramp])?;
    Ok(())
}

/// Records that the whole command was cancelled.
pub fn set_cancelled(tx: &mut Tx<'_>, command_id: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE commands SET cancelled = 1 WHERE command_id = $1", params![command_id])?;
    Ok(())
}

/// Sets the aggregate status; `finished_at` when it is a last one.
pub fn set_status(tx: &mut Tx<'_>, command_id: &str, status: &str, details: &str, finished_at: Option<i64>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE commands SET status = $2, status_details = $3, finished_at = $4 WHERE command_id = $1",
        params![command_id, status, details, finished_at],
    )?;
    Ok(())
}

/// Adds to the counters: what moved from a stage is negative there. Nothing is written when nothing moved.
pub fn add_counts(tx: &mut Tx<'_>, command_id: &str, moved: &Counts) -> Result<(), StoreError> {
    let mut sql = String::from("UPDATE commands SET ");
    let mut values: Vec<Param<'_>> = vec![command_id.into()];
    for stage in Stage::ALL {
        let n = moved.of(stage);
        if n != 0 {
            values.push(n.into());
            let (comma, column, place) = (if values.len() > 2 { ", " } else { "" }, stage.column(), values.len());
            sql.push_str(&format!("{comma}{column} = {column} + ${place}"));
        }
    }
    if values.len() > 1 {
        sql.push_str(" WHERE command_id = $1");
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

/// What a list of commands is narrowed by; every part that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub command_id: Option<String>,
    pub instance_id: Option<String>,
    pub after: Option<i64>,
    pub before: Option<i64>,
    /// Names of which the status or the status details must be one.
    pub status: Option<String>,
    /// `true`: executing, `false`: complete.
    pub executing: Option<bool>,
    pub document_name: Option<String>,
}

/// Commands, newest first, after the key `(requested_at, command_id)`.
pub fn list<'a>(tx: &mut Tx<'_>, filter: &'a Filter, after: Option<(i64, &'a str)>, limit: i64) -> Result<Vec<Command>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM commands WHERE 1 = 1");
    let mut values: Vec<Param<'a>> = Vec::new();
    let mut add = |text: &str, value: Param<'a>, values: &mut Vec<Param<'a>>| {
        values.push(value);
        sql.push_str(&text.replace('?', &format!("${}", values.len())));
    };
    if let Some(id) = &filter.command_id {
        add(" AND command_id = ?", id.as_str().into(), &mut values);
    }
    if let Some(id) = &filter.instance_id {
        add(" AND command_id IN (SELECT command_id FROM invocations WHERE instance_id = ?)", id.as_str().into(), &mut values);
    }
    if let Some(ms) = filter.after {
        add(" AND requested_at > ?", ms.into(), &mut values);
    }
    if let Some(ms) = filter.before {
        add(" AND requested_at < ?", ms.into(), &mut values);
    }
    if let Some(status) = &filter.status {
        add(" AND (status = ? OR status_details = ?)", status.as_str().into(), &mut values);
    }
    if let Some(name) = &filter.document_name {
        add(" AND document_name = ?", name.as_str().into(), &mut values);
    }
    if let Some((at, id)) = after {
        add(" AND (requested_at < ?", at.into(), &mut values);
        add(" OR (requested_at = ?", at.into(), &mut values);
        add(" AND command_id < ?))", id.into(), &mut values);
    }
    match filter.executing {
        Some(true) => sql.push_str(" AND finished_at IS NULL"),
        Some(false) => sql.push_str(" AND finished_at IS NOT NULL"),
        None => {}
    }
    sql.push_str(&format!(" ORDER BY requested_at DESC, command_id DESC LIMIT {limit}"));
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// Ids of at most `limit` ended commands that were requested before `before`.
pub fn ended_before(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT command_id FROM commands WHERE finished_at IS NOT NULL AND requested_at < $1 ORDER BY requested_at LIMIT $2";
    tx.query(sql, params![before, limit])?.iter().map(|r| r.text(0)).collect()
}

/// Removes a command; its invocations, steps and output are removed by their own tables.
pub fn delete(tx: &mut Tx<'_>, command_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM commands WHERE command_id = $1", params![command_id])?;
    Ok(())
}
