//! What was on the terminals of sessions: events in the lines of asciicast v2, compressed, in pieces that are added while a session goes on, and
//! beside each piece its plain text, folded to lower case, to search in.

use crate::{ErrorCode, Migration, Param, Row, StoreError, Tx, blob, params};

/// Migrations of this table. Times of pieces are milliseconds since the recording's start.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "recordings/1",
    sql: "
CREATE TABLE recordings (
  session_id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  owner TEXT NOT NULL,
  document_name TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  next_sequence BIGINT NOT NULL,
  pieces BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  raw_bytes BIGINT NOT NULL,
  packed_bytes BIGINT NOT NULL,
  with_input BIGINT NOT NULL,
  complete BIGINT NOT NULL,
  cut BIGINT NOT NULL
);
CREATE INDEX recordings_by_time ON recordings (started_at, session_id);
CREATE TABLE recording_pieces (
  session_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  raw_bytes BIGINT NOT NULL,
  data BYTEA NOT NULL,
  folded TEXT NOT NULL,
  PRIMARY KEY (session_id, number)
);
CREATE INDEX recording_pieces_by_time ON recording_pieces (started_at, session_id, number);
",
}];

/// The most raw bytes of one piece.
pub const MAX_PIECE: usize = 8 << 20;

/// Topic on which a new piece of a session's recording is told.
pub fn topic(session_id: &str) -> String {
    format!("recording:{session_id}")
}

/// A recording without its pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub session_id: String,
    /// The node, and the ARN of who opened the session.
    pub target: String,
    pub owner: String,
    pub document_name: String,
    /// Epoch milliseconds: time zero of the events.
    pub started_at: i64,
    pub updated_at: i64,
    /// The terminal at its beginning.
    pub width: i64,
    pub height: i64,
    /// Number of the stream's message that follows the last one recorded.
    pub next_sequence: i64,
    pub pieces: i64,
    pub duration_ms: i64,
    pub raw_bytes: i64,
    pub packed_bytes: i64,
    /// Whether it holds what was typed.
    pub with_input: bool,
    /// No more will come.
    pub complete: bool,
    /// It was too long to be kept whole.
    pub cut: bool,
}

const COLUMNS: &str = "session_id, target, owner, document_name, started_at, updated_at, width, height, next_sequence, pieces, duration_ms, \
     raw_bytes, packed_bytes, with_input, complete, cut";

fn read(row: &Row) -> Result<Recording, StoreError> {
    Ok(Recording {
        session_id: row.text(0)?,
        target: row.text(1)?,
        owner: row.text(2)?,
        document_name: row.text(3)?,
        started_at: row.int(4)?,
        updated_at: row.int(5)?,
        width: row.int(6)?,
        height: row.int(7)?,
        next_sequence: row.int(8)?,
        pieces: row.int(9)?,
        duration_ms: row.int(10)?,
        raw_bytes: row.int(11)?,
        packed_bytes: row.int(12)?,
        with_input: row.flag(13)?,
        complete: row.flag(14)?,
        cut: row.flag(15)?,
    })
}

/// Begins a recording, or finds the one that an earlier run of a hub began.
pub fn begin(tx: &mut Tx<'_>, r: &Recording) -> Result<Recording, StoreError> {
    let sql = format!(
        "INSERT INTO recordings ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (session_id) DO UPDATE SET complete = 0 RETURNING {COLUMNS}"
    );
    let values = params![
        &r.session_id,
        &r.target,
        &r.owner,
        &r.document_name,
        r.started_at,
        r.updated_at,
        r.width,
        r.height,
        r.next_sequence,
        r.pieces,
        r.duration_ms,
        r.raw_bytes,
        r.packed_bytes,
        r.with_input,
        r.complete,
        r.cut
    ];
    let row = tx.query_one(&sql, values)?;
    row.as_ref().map_or_else(|| Err(StoreError::new(ErrorCode::Row, "a recording that was begun is not there")), read)
}

/// The recording of a session.
pub fn get(tx: &mut Tx<'_>, session_id: &str) -> Result<Option<Recording>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM recordings WHERE session_id = $1"), params![session_id])?.as_ref().map(read).transpose()
}

/// The recordings of these sessions, in no order.
pub fn of_many<S: AsRef<str>>(tx: &mut Tx<'_>, ids: &[S]) -> Result<Vec<Recording>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM recordings WHERE session_id IN ({})", crate::placeholders(1, ids.len()));
    let values: Vec<Param<'_>> = ids.iter().map(|id| Param::from(id.as_ref())).collect();
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// A piece, compressed by the caller before the transaction: the write lane is shared.
#[derive(Clone, Debug)]
pub struct Piece {
    at_ms: i64,
    raw_bytes: i64,
    packed: Vec<u8>,
    folded: String,
}

impl Piece {
    /// Whole lines of events that begin `at_ms`, and their plain text in lower case.
    pub fn new(at_ms: i64, lines: &str, folded: String) -> Result<Self, StoreError> {
        if lines.len() > MAX_PIECE {
            return Err(StoreError::new(ErrorCode::Constraint, format!("a piece of a recording is limited to {MAX_PIECE} bytes")));
        }
        let raw_bytes = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        Ok(Self { at_ms, raw_bytes, packed: blob::compress(lines.as_bytes())?, folded: folded.replace('\0', "") })
    }
}

/// How far a recording is after a piece.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub next_sequence: i64,
    pub duration_ms: i64,
    /// Size of the terminal when nothing was on it yet.
    pub first_size: Option<(i64, i64)>,
}

/// Adds a piece at the end.
pub fn append(tx: &mut Tx<'_>, session_id: &str, piece: &Piece, progress: Progress, now: i64) -> Result<(), StoreError> {
    let Some(recording) = get(tx, session_id)? else { return Ok(()) };
    tx.execute(
        "INSERT INTO recording_pieces (session_id, number, started_at, at_ms, raw_bytes, data, folded) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![session_id, recording.pieces, recording.started_at, piece.at_ms, piece.raw_bytes, &piece.packed, &piece.folded],
    )?;
    let (width, height) = progress.first_size.unwrap_or((recording.width, recording.height));
    let packed = i64::try_from(piece.packed.len()).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE recordings SET pieces = pieces + 1, updated_at = $2, next_sequence = $3, duration_ms = $4, raw_bytes = raw_bytes + $5, \
         packed_bytes = packed_bytes + $6, width = $7, height = $8 WHERE session_id = $1",
        params![session_id, now, progress.next_sequence, progress.duration_ms, piece.raw_bytes, packed, width, height],
    )?;
    tx.notify(topic(session_id));
    Ok(())
}

/// Says that no more will come; `cut` when more did.
pub fn finish(tx: &mut Tx<'_>, session_id: &str, cut: bool, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE recordings SET complete = 1, cut = CASE WHEN $2 = 1 THEN 1 ELSE cut END, updated_at = $3 WHERE session_id = $1",
        params![session_id, cut, now],
    )?;
    tx.notify(topic(session_id));
    Ok(())
}

/// Lines of events from piece `from` on, up to about `max` bytes but at least one piece; and the number of the piece that follows.
pub fn lines(tx: &mut Tx<'_>, session_id: &str, from: i64, max: usize) -> Result<(Vec<u8>, i64), StoreError> {
    let (mut out, mut next) = (Vec::new(), from);
    loop {
        let sql = "SELECT raw_bytes, data FROM recording_pieces WHERE session_id = $1 AND number = $2";
        let Some(row) = tx.query_one(sql, params![session_id, next])? else { break };
        let raw: usize = row.get(0)?;
        if !out.is_empty() && out.len() + raw > max {
            break;
        }
        out.extend(blob::decompress(&row.blob(1)?, raw.min(MAX_PIECE))?);
        next += 1;
    }
    Ok((out, next))
}

/// Place of a piece among all: when its recording began, the session, its number.
pub type Key = (i64, String, i64);

/// Where a text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub session_id: String,
    /// The piece, and when it began in the recording.
    pub number: i64,
    pub at_ms: i64,
    pub folded: String,
    /// When the recording began: with id and number the key of the place.
    pub started_at: i64,
}

/// Looks through at most `scan` pieces before the key `(started_at, session_id, number)`, newest first, for a text in lower case. Answers what
/// was found and the key to go on from, `None` when there is no more to look through.
pub fn search(
    tx: &mut Tx<'_>,
    folded: &str,
    session_id: Option<&str>,
    before: Option<(i64, &str, i64)>,
    scan: i64,
) -> Result<(Vec<Found>, Option<Key>), StoreError> {
    let (at, id, number) = before.unwrap_or((i64::MAX, "", 0));
    let row_key = |row: &Row| -> Result<Key, StoreError> { Ok((row.int(0)?, row.text(1)?, row.int(2)?)) };
    let edge = "SELECT started_at, session_id, number FROM recording_pieces WHERE (started_at, session_id, number) < ($1, $2, $3) \
         AND (CAST($4 AS TEXT) = '' OR session_id = $4) ORDER BY started_at DESC, session_id DESC, number DESC LIMIT $5";
    let keys = tx.query(edge, params![at, id, number, session_id.unwrap_or_default(), scan])?;
    let Some(last) = keys.last().map(row_key).transpose()? else { return Ok((Vec::new(), None)) };
    let pattern = format!("%{}%", folded.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let sql = "SELECT started_at, session_id, number, at_ms, folded FROM recording_pieces \
         WHERE (started_at, session_id, number) < ($1, $2, $3) AND (started_at, session_id, number) >= ($4, $5, $6) \
         AND (CAST($7 AS TEXT) = '' OR session_id = $7) AND folded LIKE $8 ESCAPE '\\' \
         ORDER BY started_at DESC, session_id DESC, number DESC LIMIT $9";
    let values = params![at, id, number, last.0, last.1.as_str(), last.2, session_id.unwrap_or_default(), pattern, scan];
    let found = tx.query(sql, values)?;
    let found = found
        .iter()
        .map(|row| {
            let (started_at, session_id, number) = row_key(row)?;
            Ok(Found { session_id, number, at_ms: row.int(3)?, folded: row.text(4)?, started_at })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let more = i64::try_from(keys.len()).unwrap_or(i64::MAX) >= scan;
    Ok((found, more.then_some(last)))
}

/// Compressed bytes of all recordings.
pub fn kept_bytes(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one("SELECT COALESCE(SUM(packed_bytes), 0) FROM recordings", &[])?.map_or(Ok(0), |row| row.int(0))
}

/// Removes whole recordings, oldest first: those begun before `before`, and more until at most `max_bytes` are kept. At most `limit` at once;
/// how many.
pub fn prune(tx: &mut Tx<'_>, before: i64, max_bytes: i64, limit: u32) -> Result<u64, StoreError> {
    let mut excess = kept_bytes(tx)?.saturating_sub(max_bytes);
    let oldest =
        tx.query("SELECT session_id, started_at, packed_bytes FROM recordings ORDER BY started_at, session_id LIMIT $1", params![limit])?;
    let mut removed = 0;
    for row in &oldest {
        let (id, started_at, packed) = (row.text(0)?, row.int(1)?, row.int(2)?);
        if started_at >= before && excess <= 0 {
            break;
        }
        tx.execute("DELETE FROM recording_pieces WHERE session_id = $1", params![&id])?;
        tx.execute("DELETE FROM recordings WHERE session_id = $1", params![&id])?;
        excess -= packed;
        removed += 1;
    }
    Ok(removed)
}
