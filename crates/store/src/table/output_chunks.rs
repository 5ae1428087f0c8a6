//! Why this exists: the whole output of a step is kept, however large (AWS keeps 24,000 characters, or needs a bucket). It arrives
//! in pieces while the command runs, perhaps twice after a reconnect, and is read from any place while it grows.
//!
//! `outputs` has a row per (command, node, step, stream) with how far it is known without a gap; `output_chunks` holds the
//! bytes, compressed, by where they start. A piece is taken when it continues what is there, so the kept bytes never have a hole.

use crate::{ErrorCode, Migration, Row, StoreError, Tx, blob, params};

/// See [`Migration`]. Offsets and lengths are raw bytes, `packed_bytes` and `kept_bytes` compressed ones.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "output_chunks/1",
    sql: "CREATE TABLE outputs (
            command_id TEXT NOT NULL,
            instance_id TEXT NOT NULL,
            step TEXT NOT NULL,
            stream TEXT NOT NULL,
            total_bytes BIGINT NOT NULL,
            packed_bytes BIGINT NOT NULL,
            complete BIGINT NOT NULL,
            started_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL,
            PRIMARY KEY (command_id, instance_id, step, stream)
          );
          CREATE INDEX outputs_started_at ON outputs (started_at, command_id, instance_id, step, stream);
          CREATE TABLE output_chunks (
            command_id TEXT NOT NULL,
            instance_id TEXT NOT NULL,
            step TEXT NOT NULL,
            stream TEXT NOT NULL,
            start_byte BIGINT NOT NULL,
            raw_bytes BIGINT NOT NULL,
            data BYTEA NOT NULL,
            PRIMARY KEY (command_id, instance_id, step, stream, start_byte)
          );
          CREATE TABLE output_usage (
            name TEXT PRIMARY KEY,
            kept_bytes BIGINT NOT NULL
          );
          INSERT INTO output_usage (name, kept_bytes) VALUES ('outputs', 0);",
}];

/// The most raw bytes of one output. A node may be told to keep more than its usual 1 GiB; a hostile one must not fill the store.
pub const MAX_OUTPUT: i64 = 8 << 30;
/// The most raw bytes of one piece.
pub const MAX_CHUNK: usize = 4 << 20;

/// Which output: one stream of one step of one command on one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputKey {
    /// The command.
    pub command_id: String,
    /// The node.
    pub instance_id: String,
    /// The step's name in the document.
    pub step: String,
    /// `stdout` or `stderr`.
    pub stream: String,
}

/// How far an output is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Which.
    pub key: OutputKey,
    /// Bytes kept, from the start, without a gap: where the next piece must begin.
    pub total_bytes: i64,
    /// No more will come.
    pub complete: bool,
    /// When the first piece was stored, epoch milliseconds.
    pub started_at: i64,
    /// When the latest piece was stored, epoch milliseconds.
    pub updated_at: i64,
}

/// Compressed by the caller before the transaction (the write lane is shared): see [`Chunk::new`].
#[derive(Debug, Clone)]
pub struct Chunk {
    offset: i64,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

impl Chunk {
    /// `raw` bytes that begin at byte `offset` of the stream; at most [`MAX_CHUNK`].
    pub fn new(offset: u64, raw: Vec<u8>) -> Result<Chunk, StoreError> {
        let end = i64::try_from(offset).ok().and_then(|offset| offset.checked_add(raw.len() as i64));
        if raw.len() > MAX_CHUNK || end.is_none() {
            return Err(StoreError::new(ErrorCode::Constraint, format!("a piece of output is limited to {MAX_CHUNK} bytes")));
        }
        let packed = blob::compress(&raw)?;
        Ok(Chunk { offset: offset as i64, raw, packed })
    }
}

/// The topic announced when output of a command arrives (see [`Tx::notify`]).
pub fn topic(command_id: &str) -> String {
    format!("output:{command_id}")
}

/// Adds a piece; the output's known length afterwards. A piece that is there already changes nothing; one that overlaps adds what is
/// new; one that leaves a gap is not taken: the caller sees a length below its offset and asks the sender to go back there.
pub fn append(tx: &mut Tx<'_>, key: &OutputKey, chunk: &Chunk, now: i64) -> Result<i64, StoreError> {
    let known = tx.query_one(
        "INSERT INTO outputs (command_id, instance_id, step, stream, total_bytes, packed_bytes, complete, started_at, updated_at)
         VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $5)
         ON CONFLICT (command_id, instance_id, step, stream) DO UPDATE SET updated_at = outputs.updated_at
         RETURNING total_bytes, complete",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, now],
    )?;
    let (total, complete) = match known {
        Some(row) => (row.int(0)?, row.flag(1)?),
        None => (0, false),
    };
    let end = chunk.offset + chunk.raw.len() as i64;
    if complete || chunk.offset > total || end <= total {
        return Ok(total);
    }
    if chunk.offset == total {
        return insert(tx, key, total, chunk.raw.len(), &chunk.packed, now);
    }
    let fresh = chunk.raw.get((total - chunk.offset) as usize..).unwrap_or_default();
    insert(tx, key, total, fresh.len(), &blob::compress(fresh)?, now)
}

fn insert(tx: &mut Tx<'_>, key: &OutputKey, start: i64, raw_bytes: usize, packed: &[u8], now: i64) -> Result<i64, StoreError> {
    let total = start + raw_bytes as i64;
    tx.execute(
        "INSERT INTO output_chunks (command_id, instance_id, step, stream, start_byte, raw_bytes, data) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, start, raw_bytes as i64, packed],
    )?;
    tx.execute(
        "UPDATE outputs SET total_bytes = $5, packed_bytes = packed_bytes + $6, updated_at = $7
         WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, total, packed.len() as i64, now],
    )?;
    tx.execute("UPDATE output_usage SET kept_bytes = kept_bytes + $1 WHERE name = 'outputs'", params![packed.len() as i64])?;
    tx.notify(topic(&key.command_id));
    Ok(total)
}

/// Says that no more will come after byte `end` (the step ended); how far the output is known. Below `end` bytes are missing: the end is not
/// taken, and the sender is to go back there. An output nobody sent anything for needs no row.
pub fn finish(tx: &mut Tx<'_>, key: &OutputKey, end: i64, now: i64) -> Result<i64, StoreError> {
    let complete = tx.execute(
        "UPDATE outputs SET complete = 1, updated_at = $6
         WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4 AND total_bytes = $5",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, end, now],
    )?;
    tx.notify(topic(&key.command_id));
    if complete == 1 {
        return Ok(end);
    }
    Ok(get(tx, key)?.map_or(0, |output| output.total_bytes))
}

/// Says that no more will be kept, whatever came: the stream is longer than an output may be.
pub fn close(tx: &mut Tx<'_>, key: &OutputKey, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outputs SET complete = 1, updated_at = $5 WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, now],
    )?;
    tx.notify(topic(&key.command_id));
    Ok(())
}

/// How far one output is known.
pub fn get(tx: &mut Tx<'_>, key: &OutputKey) -> Result<Option<Output>, StoreError> {
    tx.query_one(
        "SELECT command_id, instance_id, step, stream, total_bytes, complete, started_at, updated_at FROM outputs
         WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream],
    )?
    .as_ref()
    .map(output)
    .transpose()
}

/// The outputs of a command on one node, by step and stream, at most 1,000.
pub fn of_invocation(tx: &mut Tx<'_>, command_id: &str, instance_id: &str) -> Result<Vec<Output>, StoreError> {
    tx.query(
        "SELECT command_id, instance_id, step, stream, total_bytes, complete, started_at, updated_at FROM outputs
         WHERE command_id = $1 AND instance_id = $2 ORDER BY step, stream LIMIT 1000",
        params![command_id, instance_id],
    )?
    .iter()
    .map(output)
    .collect()
}

/// Bytes of the output from `offset` on, at most `limit`; fewer only at its known end.
pub fn read(tx: &mut Tx<'_>, key: &OutputKey, offset: u64, limit: usize) -> Result<Vec<u8>, StoreError> {
    let mut position = i64::try_from(offset).unwrap_or(i64::MAX);
    let mut bytes = Vec::new();
    while bytes.len() < limit {
        let Some((start, piece)) = piece_at(tx, key, position)? else {
            break;
        };
        let from = (position - start) as usize;
        let rest = piece.get(from..).unwrap_or_default();
        let taken = &rest[..rest.len().min(limit - bytes.len())];
        if taken.is_empty() {
            break;
        }
        bytes.extend_from_slice(taken);
        position += taken.len() as i64;
    }
    Ok(bytes)
}

/// The piece that holds byte `position`, with where it starts.
fn piece_at(tx: &mut Tx<'_>, key: &OutputKey, position: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let row = tx.query_one(
        "SELECT start_byte, raw_bytes, data FROM output_chunks
         WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4 AND start_byte <= $5
         ORDER BY start_byte DESC LIMIT 1",
        params![&key.command_id, &key.instance_id, &key.step, &key.stream, position],
    )?;
    let Some(row) = row else { return Ok(None) };
    let (start, raw_bytes) = (row.int(0)?, row.get::<usize>(1)?);
    if position >= start.saturating_add(raw_bytes as i64) {
        return Ok(None);
    }
    let piece = blob::decompress(&row.blob(2)?, raw_bytes.min(MAX_CHUNK))?;
    if piece.len() != raw_bytes {
        return Err(StoreError::new(ErrorCode::Corrupt, "a piece of output is shorter than its row says"));
    }
    Ok(Some((start, piece)))
}

/// Compressed bytes kept of all outputs.
pub fn kept_bytes(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one("SELECT kept_bytes FROM output_usage WHERE name = 'outputs'", &[])?.map_or(Ok(0), |row| row.int(0))
}

/// Removes whole outputs, oldest first: those that started before `before` (epoch milliseconds), and more until at most `max_bytes`
/// (compressed) are kept. At most `limit` at once, so that the write lane is not held long; how many (as many as `limit`: call again).
pub fn prune(tx: &mut Tx<'_>, before: i64, max_bytes: i64, limit: u32) -> Result<u64, StoreError> {
    let mut excess = kept_bytes(tx)?.saturating_sub(max_bytes);
    let oldest = tx.query(
        "SELECT command_id, instance_id, step, stream, started_at, packed_bytes FROM outputs
         ORDER BY started_at, command_id, instance_id, step, stream LIMIT $1",
        params![limit],
    )?;
    let mut removed = 0;
    for row in &oldest {
        let (started_at, packed) = (row.int(4)?, row.int(5)?);
        if started_at >= before && excess <= 0 {
            break;
        }
        delete(tx, &key(row)?, packed)?;
        excess -= packed;
        removed += 1;
    }
    Ok(removed)
}

/// Removes the outputs of one command, when its record is removed; how many. At most `limit` at once.
pub fn delete_of_command(tx: &mut Tx<'_>, command_id: &str, limit: u32) -> Result<u64, StoreError> {
    let outputs = tx.query(
        "SELECT command_id, instance_id, step, stream, started_at, packed_bytes FROM outputs WHERE command_id = $1
         ORDER BY instance_id, step, stream LIMIT $2",
        params![command_id, limit],
    )?;
    for row in &outputs {
        delete(tx, &key(row)?, row.int(5)?)?;
    }
    Ok(outputs.len() as u64)
}

fn delete(tx: &mut Tx<'_>, key: &OutputKey, packed: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM output_chunks WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4",
        "DELETE FROM outputs WHERE command_id = $1 AND instance_id = $2 AND step = $3 AND stream = $4",
    ] {
        tx.execute(sql, params![&key.command_id, &key.instance_id, &key.step, &key.stream])?;
    }
    tx.execute("UPDATE output_usage SET kept_bytes = kept_bytes - $1 WHERE name = 'outputs'", params![packed])?;
    Ok(())
}

fn key(row: &Row) -> Result<OutputKey, StoreError> {
    Ok(OutputKey { command_id: row.text(0)?, instance_id: row.text(1)?, step: row.text(2)?, stream: row.text(3)? })
}

fn output(row: &Row) -> Result<Output, StoreError> {
    Ok(Output { key: key(row)?, total_bytes: row.int(4)?, complete: row.flag(5)?, started_at: row.int(6)?, updated_at: row.int(7)? })
}
