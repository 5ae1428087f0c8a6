//! Why this exists: what a closure may do inside its transaction, the same on both engines.

use crate::engine::Connection;
use crate::{ErrorCode, Param, Row, StoreError};

/// A transaction, lent to the closure of [`crate::Store::read`] or [`crate::Store::write`].
///
/// After a statement failed the transaction is over: every further statement answers the same error and nothing of the closure is kept,
/// even if it answers `Ok`. (PostgreSQL works so; SQLite is made to.) Where a row may exist already, say `ON CONFLICT`.
pub struct Tx<'a> {
    connection: &'a mut dyn Connection,
    topics: Vec<String>,
    failed: Option<StoreError>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a mut dyn Connection) -> Self {
        Tx { connection, topics: Vec::new(), failed: None }
    }

    /// What the closure announced and the error that ended it, if one did.
    pub(crate) fn end(self) -> (Vec<String>, Option<StoreError>) {
        (self.topics, self.failed)
    }

    pub(crate) fn failed(&self) -> Option<&StoreError> {
        self.failed.as_ref()
    }

    /// Runs a statement without result rows; how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.run(params, |connection| connection.execute(sql, params))
    }

    /// Runs a SELECT, or a statement with RETURNING; all its rows. Bound it with `LIMIT`.
    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        self.run(params, |connection| connection.query(sql, params))
    }

    /// The first row of a query, if there is one.
    pub fn query_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Wakes the subscribers of this topic, in every hub on the same database, after the commit. Repeats within one commit fire once.
    /// A topic is a short text (at most 1,000 bytes), such as a table's name or `command:<id>`.
    pub fn notify(&mut self, topic: impl Into<String>) {
        let mut topic = topic.into();
        if topic.len() > MAX_TOPIC {
            let end = (0..=MAX_TOPIC).rev().find(|end| topic.is_char_boundary(*end)).unwrap_or(0);
            topic.truncate(end);
        }
        self.topics.push(topic);
    }

    fn run<T>(
        &mut self,
        params: &[Param<'_>],
        statement: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        check(params).and_then(|()| statement(self.connection)).inspect_err(|error| self.failed = Some(error.clone()))
    }
}

/// What one engine cannot keep, the other must not take.
fn check(params: &[Param<'_>]) -> Result<(), StoreError> {
    let holds_nul = |param: &Param<'_>| matches!(param, Param::Text(text) if text.as_bytes().contains(&0));
    if params.iter().any(holds_nul) { Err(StoreError::new(ErrorCode::Nul, "A text must not hold a NUL character.")) } else { Ok(()) }
}

/// The longest topic, in bytes: several fit into one notification of PostgreSQL (8,000 bytes).
pub const MAX_TOPIC: usize = 1000;
