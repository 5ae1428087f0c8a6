//! Why this exists: a caller decides by `code`, a person reads `message`. Messages name statements and constraints, never values.

/// What kind of failure it was; the only thing a caller may branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The location cannot be opened: no such directory, not a database, a malformed URL, no permission.
    Location,
    /// The database does not answer now; the change did not happen.
    Unavailable,
    /// The database was written by a newer program.
    Newer,
    /// A row with this key exists already (unique or primary key).
    Conflict,
    /// Another constraint of the table was violated (NOT NULL, CHECK, foreign key).
    Constraint,
    /// A text holds a NUL character, which PostgreSQL cannot keep; no engine here takes it.
    Nul,
    /// Another process held the database for too long.
    Busy,
    /// The disk is full.
    Full,
    /// The database file is damaged.
    Corrupt,
    /// The statement is wrong for this engine: a defect of this program.
    Statement,
    /// A column does not hold the type that was asked for.
    Row,
    /// The store was closed.
    Closed,
    /// The closure panicked; its change was rolled back.
    Panicked,
    /// The connection was lost while committing and it cannot be told whether the change happened.
    OutcomeUnknown,
}

/// An error of the store. Cloned to every writer that shared a failed commit.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What kind of failure it was.
    pub code: ErrorCode,
    /// For people: a whole sentence or the engine's own words, without values.
    pub message: String,
    /// The transaction may be run again from its start (lost connection, serialization failure, stale plan).
    pub(crate) again: bool,
}

impl StoreError {
    /// An error with a code and a text for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        StoreError { code, message: message.into(), again: false }
    }

    /// An error after which the engine runs the whole transaction again, a bounded number of times.
    pub(crate) fn again(code: ErrorCode, message: impl Into<String>) -> Self {
        StoreError { code, message: message.into(), again: true }
    }

    /// A row with the same key exists already.
    pub fn is_conflict(&self) -> bool {
        self.code == ErrorCode::Conflict
    }

    pub(crate) fn closed() -> Self {
        StoreError::new(ErrorCode::Closed, "the store is closed")
    }
}
