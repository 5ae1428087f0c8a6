//! Why this exists: whatever changes is an event that the console, the tray and other callers follow from a cursor. So the numbers have
//! no gaps and follow the order of commits: who has read up to `seq` has missed nothing below it.

use crate::{Migration, Row, StoreError, Tx, params};

/// See [`Migration`]. `event_counter` has one row. `size` is the bytes of the row's texts, for retention by size.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        id: "events/1",
        sql: "CREATE TABLE event_counter (
            name TEXT PRIMARY KEY,
            last_seq BIGINT NOT NULL,
            kept_bytes BIGINT NOT NULL
          );
          INSERT INTO event_counter (name, last_seq, kept_bytes) VALUES ('events', 0, 0);
          CREATE TABLE events (
            seq BIGINT PRIMARY KEY,
            id TEXT NOT NULL,
            time BIGINT NOT NULL,
            source TEXT NOT NULL,
            detail_type TEXT NOT NULL,
            resources TEXT NOT NULL,
            detail TEXT NOT NULL,
            size BIGINT NOT NULL
          );
          CREATE INDEX events_time ON events (time, seq);",
    },
    // Pruning goes by number; nothing reads by time, and every event paid for the index.
    Migration { id: "events/2", sql: "DROP INDEX events_time;" },
];

/// The topic that is announced with each event (see [`Tx::notify`]).
pub const TOPIC: &str = "events";

/// The most events one read gives.
pub const MAX_READ: u32 = 1000;

/// What is to be told, in the shape of an EventBridge event (AWS: "Events and event patterns").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent<'a> {
    /// A UUID of the event's own.
    pub id: &'a str,
    /// When it happened, epoch milliseconds.
    pub time: i64,
    /// `aws.ssm` or `quarterdeck`.
    pub source: &'a str,
    /// Such as `EC2 Command Invocation Status-change Notification`.
    pub detail_type: &'a str,
    /// JSON array of ARNs.
    pub resources: &'a str,
    /// JSON object; holds no parameter values and no output.
    pub detail: &'a str,
}

/// A kept event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the stream: 1, 2, 3 … in the order of commits.
    pub seq: i64,
    /// A UUID of the event's own.
    pub id: String,
    /// When it happened, epoch milliseconds.
    pub time: i64,
    /// `aws.ssm` or `quarterdeck`.
    pub source: String,
    /// The kind of event.
    pub detail_type: String,
    /// JSON array of ARNs.
    pub resources: String,
    /// JSON object.
    pub detail: String,
}

/// Adds an event and announces [`TOPIC`]; its number.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<i64, StoreError> {
    append_all(tx, std::slice::from_ref(event))
}

/// Adds events in their order and announces [`TOPIC`]; the number of the last. Their numbers are drawn at once.
pub fn append_all(tx: &mut Tx<'_>, events: &[NewEvent<'_>]) -> Result<i64, StoreError> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let counter = tx.query_one(
        "UPDATE event_counter SET last_seq = last_seq + $1, kept_bytes = kept_bytes + $2 WHERE name = 'events' RETURNING last_seq",
        params![count, events.iter().map(NewEvent::size).sum::<i64>()],
    )?;
    let last = counter.ok_or_else(no_counter)?.int(0)?;
    for (seq, event) in (last - count + 1..).zip(events) {
        tx.execute(
            "INSERT INTO events (seq, id, time, source, detail_type, resources, detail, size) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![seq, event.id, event.time, event.source, event.detail_type, event.resources, event.detail, event.size()],
        )?;
    }
    if count > 0 {
        tx.notify(TOPIC);
    }
    Ok(last)
}

impl NewEvent<'_> {
    /// Bytes of its texts.
    fn size(&self) -> i64 {
        [self.id, self.source, self.detail_type, self.resources, self.detail].iter().map(|text| text.len() as i64).sum()
    }
}

/// The events after `seq`, oldest first, at most `limit` (and [`MAX_READ`]). Pass 0 for the oldest kept.
pub fn read_after(tx: &mut Tx<'_>, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
    tx.query(
        "SELECT seq, id, time, source, detail_type, resources, detail FROM events WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit.min(MAX_READ)],
    )?
    .iter()
    .map(event)
    .collect()
}

/// The number of the newest event; 0 before the first.
pub fn last_seq(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one("SELECT last_seq FROM event_counter WHERE name = 'events'", &[])?.ok_or_else(no_counter)?.int(0)
}

/// The number of the oldest kept event; `None` if none is kept. A cursor below it minus one has missed events.
pub fn first_seq(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    tx.query_one("SELECT seq FROM events ORDER BY seq LIMIT 1", &[])?.map(|row| row.int(0)).transpose()
}

/// Removes the oldest events: those before `before` (epoch milliseconds), and more until at most `max_bytes` are kept. Removes at most
/// `limit` at once, so that the write lane is not held long; how many (as many as `limit`: call again).
pub fn prune(tx: &mut Tx<'_>, before: i64, max_bytes: i64, limit: u32) -> Result<u64, StoreError> {
    let kept = tx.query_one("SELECT kept_bytes FROM event_counter WHERE name = 'events'", &[])?.ok_or_else(no_counter)?.int(0)?;
    let mut excess = kept.saturating_sub(max_bytes);
    let (mut last, mut removed, mut freed) = (None, 0, 0);
    // By number, not by time: the stream loses its beginning and never gets a hole.
    for row in tx.query("SELECT seq, time, size FROM events ORDER BY seq LIMIT $1", params![limit])? {
        let (seq, time, size) = (row.int(0)?, row.int(1)?, row.int(2)?);
        if time >= before && excess <= 0 {
            break;
        }
        excess -= size;
        freed += size;
        removed += 1;
        last = Some(seq);
    }
    if let Some(last) = last {
        tx.execute("DELETE FROM events WHERE seq <= $1", params![last])?;
        tx.execute("UPDATE event_counter SET kept_bytes = kept_bytes - $1 WHERE name = 'events'", params![freed])?;
    }
    Ok(removed)
}

fn event(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        seq: row.int(0)?,
        id: row.text(1)?,
        time: row.int(2)?,
        source: row.text(3)?,
        detail_type: row.text(4)?,
        resources: row.text(5)?,
        detail: row.text(6)?,
    })
}

fn no_counter() -> StoreError {
    StoreError::new(crate::ErrorCode::Corrupt, "the row of event_counter is missing")
}
