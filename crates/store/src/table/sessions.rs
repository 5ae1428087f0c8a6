//! One row per StartSession: who opened a session on which node with what, where it stands, and which hub its node's end is attached to.
//!
//! What was accepted is here before anybody acts on it, so that any hub on the store can go on with a session after another one ended.

use crate::{ErrorCode, Migration, Param, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "sessions/1",
    sql: "
CREATE TABLE sessions (
  session_id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  owner TEXT NOT NULL,
  document_name TEXT NOT NULL,
  session_type TEXT NOT NULL,
  reason TEXT,
  status TEXT NOT NULL,
  details TEXT,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  start BYTEA NOT NULL,
  sent_at BIGINT,
  sends BIGINT NOT NULL,
  agent_hub TEXT,
  agent_connection TEXT,
  agent_changed_at BIGINT NOT NULL,
  client_connection TEXT,
  client_changed_at BIGINT NOT NULL,
  token_issued BIGINT NOT NULL,
  token_used BIGINT NOT NULL,
  idle_ms BIGINT NOT NULL,
  max_ms BIGINT,
  agent_open BIGINT NOT NULL,
  s3_output_url TEXT,
  cloud_watch_output_url TEXT
);
CREATE INDEX sessions_by_time ON sessions (started_at, session_id);
CREATE INDEX sessions_live ON sessions (target, session_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_left ON sessions (target, session_id) WHERE ended_at IS NOT NULL AND agent_open = 1;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
",
}];

/// Topic on which every change of a session is told.
pub const TOPIC: &str = "sessions";

/// Topic of one session.
pub fn topic(session_id: &str) -> String {
    format!("session:{session_id}")
}

/// Where a session stands, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Connecting,
    Connected,
    Disconnected,
    Terminating,
    Terminated,
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [Self::Connecting, Self::Connected, Self::Disconnected, Self::Terminating, Self::Terminated, Self::Failed];

    /// The word in the `status` column and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
            Self::Terminating => "Terminating",
            Self::Terminated => "Terminated",
            Self::Failed => "Failed",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == word)
            .ok_or_else(|| StoreError::new(ErrorCode::Row, format!("unknown session status {word:?}")))
    }
}

/// A session. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub session_id: String,
    /// The node.
    pub target: String,
    /// ARN of who started it.
    pub owner: String,
    pub document_name: String,
    /// `Standard_Stream` and so on: the document's sessionType.
    pub session_type: String,
    pub reason: Option<String>,
    pub status: Status,
    /// Why it ended or failed, as a person reads it.
    pub details: Option<String>,
    pub started_at: i64,
    /// Set when it ended; it never goes on after that.
    pub ended_at: Option<i64>,
    /// When the node was last told to start it, and how often.
    pub sent_at: Option<i64>,
    pub sends: i64,
    /// The hub at which the node's end is attached, and by which connection.
    pub agent_hub: Option<String>,
    pub agent_connection: Option<String>,
    /// When the node's end was attached or lost; the start of the session before.
    pub agent_changed_at: i64,
    /// The connection of the client's end, at the same hub.
    pub client_connection: Option<String>,
    pub client_changed_at: i64,
    /// Number of the newest token for a client, and of the newest that was used.
    pub token_issued: i64,
    pub token_used: i64,
    /// Milliseconds without activity after which it ends.
    pub idle_ms: i64,
    /// Milliseconds after its start at which it ends, whatever happens in it.
    pub max_ms: Option<i64>,
    /// Whether the node may still have it open.
    pub agent_open: bool,
    pub s3_output_url: Option<String>,
    pub cloud_watch_output_url: Option<String>,
}

const COLUMNS: &str = "session_id, target, owner, document_name, session_type, reason, status, details, started_at, ended_at, sent_at, \
     sends, agent_hub, agent_connection, agent_changed_at, client_connection, client_changed_at, token_issued, token_used, idle_ms, max_ms, \
     agent_open, s3_output_url, cloud_watch_output_url";

fn read(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        session_id: row.text(0)?,
        target: row.text(1)?,
        owner: row.text(2)?,
        document_name: row.text(3)?,
        session_type: row.text(4)?,
        reason: row.opt_text(5)?,
        status: Status::parse(&row.text(6)?)?,
        details: row.opt_text(7)?,
        started_at: row.int(8)?,
        ended_at: row.opt_int(9)?,
        sent_at: row.opt_int(10)?,
        sends: row.int(11)?,
        agent_hub: row.opt_text(12)?,
        agent_connection: row.opt_text(13)?,
        agent_changed_at: row.int(14)?,
        client_connection: row.opt_text(15)?,
        client_changed_at: row.int(16)?,
        token_issued: row.int(17)?,
        token_used: row.int(18)?,
        idle_ms: row.int(19)?,
        max_ms: row.opt_int(20)?,
        agent_open: row.flag(21)?,
        s3_output_url: row.opt_text(22)?,
        cloud_watch_output_url: row.opt_text(23)?,
    })
}

fn rows(found: Vec<Row>) -> Result<Vec<Session>, StoreError> {
    found.iter().map(read).collect()
}

fn changed(tx: &mut Tx<'_>, session_id: &str, rows: u64) -> bool {
    if rows > 0 {
        tx.notify(TOPIC);
        tx.notify(topic(session_id));
    }
    rows > 0
}

/// Adds a session. `start` is what the node is told, sealed: it holds parameter values.
pub fn insert(tx: &mut Tx<'_>, s: &Session, start: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (session_id, target, owner, document_name, session_type, reason, status, details, started_at, ended_at, \
         sent_at, sends, agent_hub, agent_connection, agent_changed_at, client_connection, client_changed_at, token_issued, token_used, idle_ms, \
         max_ms, agent_open, s3_output_url, cloud_watch_output_url, start) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)";
    let values = params![
        &s.session_id,
        &s.target,
        &s.owner,
        &s.document_name,
        &s.session_type,
        &s.reason,
        s.status.as_str(),
        &s.details,
        s.started_at,
        &s.ended_at,
        &s.sent_at,
        s.sends,
        &s.agent_hub,
        &s.agent_connection,
        s.agent_changed_at,
        &s.client_connection,
        s.client_changed_at,
        s.token_issued,
        s.token_used,
        s.idle_ms,
        &s.max_ms,
        s.agent_open,
        &s.s3_output_url,
        &s.cloud_watch_output_url,
        start,
    ];
    let added = tx.execute(sql, values)?;
    changed(tx, &s.session_id, added);
    Ok(())
}

/// The session of that id.
pub fn get(tx: &mut Tx<'_>, session_id: &str) -> Result<Option<Session>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM sessions WHERE session_id = $1"), params![session_id])?.as_ref().map(read).transpose()
}

/// What the node is told, sealed; empty once it need not be told again.
pub fn start_of(tx: &mut Tx<'_>, session_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one("SELECT start FROM sessions WHERE session_id = $1", params![session_id])?.map(|row| row.blob(0)).transpose()
}

/// Sessions that have not ended, from `after` on, in order of id.
pub fn live(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<Session>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE ended_at IS NULL AND session_id > $1 ORDER BY session_id LIMIT $2");
    rows(tx.query(&sql, params![after, limit])?)
}

/// Sessions of a node that have not ended.
pub fn live_of(tx: &mut Tx<'_>, target: &str) -> Result<Vec<Session>, StoreError> {
    rows(tx.query(&format!("SELECT {COLUMNS} FROM sessions WHERE ended_at IS NULL AND target = $1 ORDER BY session_id"), params![target])?)
}

/// How many sessions of a node have not ended.
pub fn count_live(tx: &mut Tx<'_>, target: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND target = $1";
    tx.query_one(sql, params![target])?.map_or(Ok(0), |row| row.int(0))
}

/// Sessions that ended here and may still be open on their node, in order of id.
pub fn left_open(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<Session>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions WHERE ended_at IS NOT NULL AND agent_open = 1 AND session_id > $1 ORDER BY session_id LIMIT $2"
    );
    rows(tx.query(&sql, params![after, limit])?)
}

/// The node was told to start or to end it; counts how often. Not announced: nothing anybody sees has changed.
pub fn sent(tx: &mut Tx<'_>, session_id: &str, now: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE sessions SET sent_at = $2, sends = sends + 1 WHERE session_id = $1", params![session_id, now])?;
    Ok(())
}

/// Makes a new token for a client, which takes the place of those before; its number. `None` when the session has ended.
pub fn issue_token(tx: &mut Tx<'_>, session_id: &str) -> Result<Option<i64>, StoreError> {
    let sql = "UPDATE sessions SET token_issued = token_issued + 1 WHERE session_id = $1 AND ended_at IS NULL RETURNING token_issued";
    tx.query_one(sql, params![session_id])?.map(|row| row.int(0)).transpose()
}

/// Uses up a client's token and attaches the client by `connection`. `false` when the token was used, is not the newest one, or the session
/// has ended.
pub fn attach_client(tx: &mut Tx<'_>, session_id: &str, token: i64, connection: &str, now: i64) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "UPDATE sessions SET token_used = $2, client_connection = $3, client_changed_at = $4, \
         status = CASE WHEN status = 'Terminating' OR agent_hub IS NULL THEN status ELSE 'Connected' END \
         WHERE session_id = $1 AND token_issued = $2 AND token_used < $2 AND ended_at IS NULL",
        params![session_id, token, connection, now],
    )?;
    Ok(changed(tx, session_id, taken))
}

/// The client of this connection is gone.
pub fn detach_client(tx: &mut Tx<'_>, session_id: &str, connection: &str, now: i64) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "UPDATE sessions SET client_connection = NULL, client_changed_at = $3, \
         status = CASE WHEN status = 'Connected' THEN 'Disconnected' ELSE status END \
         WHERE session_id = $1 AND client_connection = $2 AND ended_at IS NULL",
        params![session_id, connection, now],
    )?;
    Ok(changed(tx, session_id, gone))
}

/// The node's end is attached at `hub` by `connection`, in place of an earlier one. `false` when the session has ended.
pub fn attach_agent(tx: &mut Tx<'_>, session_id: &str, hub: &str, connection: &str, now: i64) -> Result<bool, StoreError> {
    let attached = tx.execute(
        "UPDATE sessions SET agent_hub = $2, agent_connection = $3, agent_changed_at = $4, agent_open = 1, \
         status = CASE WHEN status IN ('Connecting', 'Disconnected') AND client_connection IS NOT NULL THEN 'Connected' ELSE status END \
         WHERE session_id = $1 AND ended_at IS NULL",
        params![session_id, hub, connection, now],
    )?;
    Ok(changed(tx, session_id, attached))
}

/// The node's end of this connection is gone; it may come back.
pub fn detach_agent(tx: &mut Tx<'_>, session_id: &str, connection: &str, now: i64) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "UPDATE sessions SET agent_hub = NULL, agent_connection = NULL, agent_changed_at = $3 \
         WHERE session_id = $1 AND agent_connection = $2 AND ended_at IS NULL",
        params![session_id, connection, now],
    )?;
    Ok(changed(tx, session_id, gone))
}

/// Both ends that were attached to hubs that are gone count as lost now. `hub` keeps its own. Answers how many sessions that concerned.
pub fn forget_ends(tx: &mut Tx<'_>, own: &str, now: i64) -> Result<u64, StoreError> {
    let lost = tx.execute(
        "UPDATE sessions SET agent_hub = NULL, agent_connection = NULL, agent_changed_at = $2, client_connection = NULL, client_changed_at = $2, \
         status = CASE WHEN status = 'Connected' THEN 'Disconnected' ELSE status END \
         WHERE ended_at IS NULL AND agent_hub IS NOT NULL AND agent_hub <> $1 AND agent_hub NOT IN (SELECT hub_id FROM hubs)",
        params![own, now],
    )?;
    if lost > 0 {
        tx.notify(TOPIC);
    }
    Ok(lost)
}

/// Moves a live session to `status`. `false` when it has ended or stands there already.
pub fn set_status(tx: &mut Tx<'_>, session_id: &str, status: Status) -> Result<bool, StoreError> {
    let moved = tx.execute(
        "UPDATE sessions SET status = $2 WHERE session_id = $1 AND ended_at IS NULL AND status <> $2",
        params![session_id, status.as_str()],
    )?;
    Ok(changed(tx, session_id, moved))
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// [`Status::Terminated`] or [`Status::Failed`].
    pub status: Status,
    pub details: Option<String>,
    /// Whether the node still has to be told.
    pub agent_open: bool,
    pub s3_output_url: Option<String>,
    pub cloud_watch_output_url: Option<String>,
}

/// Ends a session; `false` when it had ended before. What the node was told at the start is forgotten.
pub fn end(tx: &mut Tx<'_>, session_id: &str, end: &End, now: i64) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "UPDATE sessions SET status = $2, details = $3, ended_at = $4, agent_open = $5, agent_hub = NULL, agent_connection = NULL, \
         client_connection = NULL, start = $6, sent_at = NULL, sends = 0, s3_output_url = COALESCE($7, s3_output_url), \
         cloud_watch_output_url = COALESCE($8, cloud_watch_output_url) WHERE session_id = $1 AND ended_at IS NULL",
        params![
            session_id,
            end.status.as_str(),
            &end.details,
            now,
            end.agent_open,
            Vec::new(),
            &end.s3_output_url,
            &end.cloud_watch_output_url
        ],
    )?;
    Ok(changed(tx, session_id, ended))
}

/// The node said that it has the session no more, or was told often enough. Adds where it put its logs, if anywhere.
pub fn closed_on_node(tx: &mut Tx<'_>, session_id: &str, s3: Option<&str>, cloud_watch: Option<&str>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE sessions SET agent_open = 0, s3_output_url = COALESCE($2, s3_output_url), \
         cloud_watch_output_url = COALESCE($3, cloud_watch_output_url) WHERE session_id = $1",
        params![session_id, s3, cloud_watch],
    )?;
    Ok(())
}

/// What DescribeSessions asks for; `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Sessions that have ended, or those that have not.
    pub ended: bool,
    pub after: Option<i64>,
    pub before: Option<i64>,
    pub target: Option<String>,
    pub owner: Option<String>,
    pub status: Option<String>,
    pub session_id: Option<String>,
}

/// Sessions, newest first, after the key `(started_at, session_id)`.
pub fn list<'a>(tx: &mut Tx<'_>, filter: &'a Filter, after: Option<(i64, &'a str)>, limit: i64) -> Result<Vec<Session>, StoreError> {
    let ended = if filter.ended { "IS NOT NULL" } else { "IS NULL" };
    let mut sql = format!("SELECT {COLUMNS} FROM sessions WHERE ended_at {ended}");
    let mut values: Vec<Param<'a>> = Vec::new();
    let mut add = |text: &str, value: Param<'a>| {
        values.push(value);
        sql.push_str(&text.replace('?', &format!("${}", values.len())));
    };
    if let Some(ms) = filter.after {
        add(" AND started_at > ?", ms.into());
    }
    if let Some(ms) = filter.before {
        add(" AND started_at < ?", ms.into());
    }
    for (column, value) in
        [("target", &filter.target), ("owner", &filter.owner), ("status", &filter.status), ("session_id", &filter.session_id)]
    {
        if let Some(value) = value {
            add(&format!(" AND {column} = ?"), value.as_str().into());
        }
    }
    if let Some((at, id)) = after {
        add(" AND (started_at < ?", at.into());
        add(" OR (started_at = ?", at.into());
        add(" AND session_id < ?))", id.into());
    }
    add(" ORDER BY started_at DESC, session_id DESC LIMIT ?", limit.into());
    rows(tx.query(&sql, &values)?)
}

/// Removes sessions that ended before `before`, at most `limit`; their ids.
pub fn prune(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<String>, StoreError> {
    let old = tx.query("SELECT session_id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2", params![before, limit])?;
    let ids = old.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    for id in &ids {
        tx.execute("DELETE FROM sessions WHERE session_id = $1", params![id])?;
    }
    Ok(ids)
}
