//! Why this exists: both engines run closures the same way. A thread owns a connection; callers queue closures (bounded, so a slow
//! disk slows its callers instead of filling memory).
//!
//! **One write lane.** Writes are serial on both engines: on SQLite because it has one writer, on PostgreSQL because a batch takes an
//! advisory lock first, in every hub. So a closure that reads, decides and writes is right without thinking of isolation levels,
//! event numbers follow the order of commits, and nothing is ever retried for a conflict. What would make one lane slow, the
//! `fsync` of each commit, is shared: all closures queued meanwhile go into one transaction, each in a savepoint (group commit).
//! Reads run beside it on a pool, each on its own snapshot.

mod lane;
pub(crate) mod postgres;
pub(crate) mod sqlite;

pub(crate) use lane::{Call, Connect, Job, read_lane, write_lane};

use crate::{Param, Row, StoreError};

/// What happened to the previous closure of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Previous {
    /// There is none: this is the first.
    None,
    /// Keep its changes.
    Keep,
    /// Undo its changes.
    Undo,
}

/// One connection of an engine, used by one thread.
pub(crate) trait Connection {
    /// Starts a write transaction, after which no other writer of the same database runs.
    fn begin_write(&mut self) -> Result<(), StoreError>;
    /// Starts a read transaction: all its queries see one snapshot.
    fn begin_read(&mut self) -> Result<(), StoreError>;
    /// Settles the previous closure of a batch and marks where the next one starts.
    fn mark(&mut self, previous: Previous) -> Result<(), StoreError>;
    /// Undoes everything since the last mark.
    fn undo(&mut self) -> Result<(), StoreError>;
    /// Makes the transaction durable and announces `topics` to other hubs.
    fn commit(&mut self, topics: &[String]) -> Result<(), StoreError>;
    /// Ends the transaction without its changes.
    fn rollback(&mut self);
    /// Runs one statement; how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError>;
    /// Runs one statement; its rows.
    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError>;
    /// Runs the statements of a migration, in this engine's words for the types.
    fn define(&mut self, sql: &str) -> Result<(), StoreError>;
    /// Whether the connection can still be used; if not, the lane opens another one.
    fn is_usable(&self) -> bool;
}
