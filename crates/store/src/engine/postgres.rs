//! Why this exists: the shared engine, for several hubs on one database. Each lane's thread drives its own connection on its own small
//! runtime, so a query costs no hop to another thread.
//!
//! *Isolation.* A write batch takes one advisory lock before anything else and runs READ COMMITTED: each statement sees all that was
//! committed before the lock was granted, so writers are serial across all hubs, just as on SQLite, and none is retried for a conflict.
//! A read runs REPEATABLE READ, READ ONLY: one snapshot.
//!
//! *Round trips.* BEGIN, SAVEPOINT and their like are kept back and sent together with the next statement, without waiting between.
//!
//! *A connection lost while committing* does not say whether the change happened. The transaction's id is asked for at its start,
//! and after reconnecting PostgreSQL tells how it ended.

mod listen;
mod server;
mod value;

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

pub(crate) use listen::listen;
pub(crate) use server::Server;

use super::{Connect, Connection, Previous};
use crate::{ErrorCode, Param, Row, StoreError};
use value::Cell;

/// "qdstore" in ASCII: the advisory lock of the write lane, the same in every hub.
const LANE: i64 = 0x71_64_73_74_6f_72_65;

/// Prepared statements kept per connection; when there are more (lists of many lengths), all are dropped and prepared anew.
const STATEMENTS: usize = 512;

struct PostgresConnection {
    runtime: tokio::runtime::Runtime,
    server: Server,
    client: Client,
    statements: HashMap<String, Statement>,
    /// Statements without parameters to be sent in front of the next one.
    pending: String,
    /// Something of the transaction was sent.
    open: bool,
    /// The id of the write transaction, once it was sent.
    transaction: Option<String>,
    lost: bool,
}

impl Connect for Server {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::new(ErrorCode::Unavailable, format!("cannot start a runtime: {error}")))?;
        let client = runtime.block_on(self.session())?;
        Ok(Box::new(PostgresConnection {
            runtime,
            server: self.clone(),
            client,
            statements: HashMap::new(),
            pending: String::new(),
            open: false,
            transaction: None,
            lost: false,
        }))
    }
}

impl PostgresConnection {
    /// Sends what is pending and runs `sql` without waiting between the two.
    fn run<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        run: impl AsyncFnOnce(&Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let pending = std::mem::take(&mut self.pending);
        self.open |= !pending.is_empty();
        let known = self.statements.get(sql).cloned();
        let client = &self.client;
        let (before, after) = self.runtime.block_on(async {
            let before = async { if pending.is_empty() { Ok(Vec::new()) } else { client.simple_query(&pending).await } };
            let statement = async {
                let statement = match known {
                    Some(statement) => statement,
                    None => client.prepare(sql).await?,
                };
                let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
                if values.len() != statement.params().len() {
                    return Ok((statement, None));
                }
                let answer = run(client, &statement, &values).await?;
                Ok((statement, Some(answer)))
            };
            // In this order: the one that is polled first is sent first.
            tokio::join!(biased; before, statement)
        });
        let before = before.map_err(|error| self.failed(&error))?;
        self.note_transaction(&before);
        let (statement, answer) = after.map_err(|error| self.failed(&error))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.entry(sql.to_owned()).or_insert(statement);
        answer.ok_or_else(|| StoreError::new(ErrorCode::Statement, format!("the statement does not take {} values: {sql}", params.len())))
    }

    /// Runs what is pending and `sql`, statements without parameters.
    fn simple(&mut self, sql: &str) -> Result<(), StoreError> {
        let mut all = std::mem::take(&mut self.pending);
        all.push_str(sql);
        self.open = true;
        let messages = self.runtime.block_on(self.client.simple_query(&all)).map_err(|error| self.failed(&error))?;
        self.note_transaction(&messages);
        Ok(())
    }

    fn note_transaction(&mut self, messages: &[SimpleQueryMessage]) {
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message
                && let Ok(Some(id)) = row.try_get("qd_transaction")
            {
                self.transaction = Some(id.to_owned());
            }
        }
    }

    fn failed(&mut self, error: &tokio_postgres::Error) -> StoreError {
        let translated = translate(error);
        if self.client.is_closed() || translated.code == ErrorCode::Unavailable {
            self.lost = true;
        }
        if translated.again {
            // Plans may be stale after another hub changed the tables.
            self.statements.clear();
        }
        translated
    }

    /// How a transaction ended whose COMMIT was not answered.
    fn outcome(&self, transaction: &str) -> Result<(), StoreError> {
        let unknown = || {
            StoreError::new(
                ErrorCode::OutcomeUnknown,
                "the connection to PostgreSQL was lost while committing; it is not known whether the change happened",
            )
        };
        for pause in [50, 200, 1000, 3000] {
            std::thread::sleep(Duration::from_millis(pause));
            let status: Result<Option<String>, StoreError> = self.runtime.block_on(async {
                let client = self.server.session().await?;
                let row = client
                    .query_one("SELECT pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8))", &[&transaction])
                    .await
                    .map_err(|error| translate(&error))?;
                row.try_get(0).map_err(|error| translate(&error))
            });
            match status.as_ref().map(|status| status.as_deref()) {
                Ok(Some("committed")) => return Ok(()),
                Ok(Some("aborted")) => {
                    return Err(StoreError::again(ErrorCode::Unavailable, "the connection to PostgreSQL was lost before the commit"));
                }
                // In progress: the server has not noticed yet that the connection is gone. Or it cannot be reached.
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => return Err(unknown()),
            }
        }
        Err(unknown())
    }
}

impl Connection for PostgresConnection {
    fn begin_write(&mut self) -> Result<(), StoreError> {
        self.transaction = None;
        self.pending = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({LANE}); \
             SELECT CAST(pg_current_xact_id() AS TEXT) AS qd_transaction;"
        );
        Ok(())
    }

    fn begin_read(&mut self) -> Result<(), StoreError> {
        self.transaction = None;
        self.pending = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;".to_owned();
        Ok(())
    }

    fn mark(&mut self, previous: Previous) -> Result<(), StoreError> {
        self.pending.push_str(match previous {
            Previous::None => "SAVEPOINT closure;",
            Previous::Keep => "RELEASE SAVEPOINT closure; SAVEPOINT closure;",
            // The savepoint itself stays after going back to it.
            Previous::Undo => "ROLLBACK TO SAVEPOINT closure;",
        });
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StoreError> {
        self.pending.push_str("ROLLBACK TO SAVEPOINT closure;");
        Ok(())
    }

    fn commit(&mut self, topics: &[String]) -> Result<(), StoreError> {
        let mut sql = listen::announcement(&self.server.origin, topics);
        sql.push_str("COMMIT");
        let ended = self.simple(&sql);
        self.open = false;
        match ended {
            Err(error) if self.lost => match self.transaction.take() {
                Some(transaction) => self.outcome(&transaction),
                // Without its id nothing of it was answered, so it may have run or not: only an empty one is safe to repeat.
                None => Err(StoreError::new(ErrorCode::OutcomeUnknown, error.message)),
            },
            ended => ended,
        }
    }

    fn rollback(&mut self) {
        self.pending.clear();
        if std::mem::take(&mut self.open)
            && !self.lost
            && let Err(error) = self.simple("ROLLBACK")
        {
            tracing::warn!(error = %error.message, "a rollback failed");
            self.lost = true;
        }
        self.open = false;
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.run(sql, params, async |client, statement, values| client.execute(statement, values).await)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let rows = self.run(sql, params, async |client, statement, values| client.query(statement, values).await)?;
        rows.iter()
            .map(|row| {
                let cells = (0..row.len()).map(|column| row.try_get::<_, Cell>(column).map(|cell| cell.0));
                Ok(Row::new(cells.collect::<Result<_, _>>().map_err(|error| translate(&error))?))
            })
            .collect()
    }

    fn define(&mut self, sql: &str) -> Result<(), StoreError> {
        self.simple(&collate(sql))
    }

    fn is_usable(&self) -> bool {
        !self.lost && !self.client.is_closed()
    }
}

/// Gives every TEXT column the collation "C", so that PostgreSQL sorts and pages as SQLite does, and prefixes use the index.
fn collate(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let mut quoted = false;
    let mut last_word = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        out.push_str(token);
        if token == "'" {
            quoted = !quoted;
        } else if token == "TEXT" && !quoted && !last_word.eq_ignore_ascii_case("AS") {
            out.push_str(" COLLATE \"C\"");
        }
        if token.chars().all(|c| !c.is_whitespace()) {
            token.clone_into(&mut last_word);
        }
        rest = after;
    }
    out
}

/// PostgreSQL's words with our code. Only the message is taken: the detail may hold values.
fn translate(error: &tokio_postgres::Error) -> StoreError {
    let Some(state) = error.code() else {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        // Without a code it is the connection, or a value that does not fit its parameter or column.
        return if error.is_closed() || message.contains("communicating") || message.contains("connect") || message.contains("timed out") {
            StoreError::again(ErrorCode::Unavailable, message)
        } else {
            StoreError::new(ErrorCode::Statement, message)
        };
    };
    let message = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let (code, again) = match state.code() {
        "23505" => (ErrorCode::Conflict, false),
        "40001" | "40P01" => (ErrorCode::Busy, true),
        "0A000" if message.contains("cached plan") => (ErrorCode::Unavailable, true),
        "57014" | "55P03" => (ErrorCode::Busy, false),
        "53100" => (ErrorCode::Full, false),
        "25P03" | "25P04" => (ErrorCode::Unavailable, true),
        "XX001" | "XX002" => (ErrorCode::Corrupt, false),
        "3D000" | "42501" => (ErrorCode::Location, false),
        other => match other.get(..2) {
            Some("23") => (ErrorCode::Constraint, false),
            Some("08" | "57" | "53") => (ErrorCode::Unavailable, true),
            Some("28") => (ErrorCode::Location, false),
            _ => (ErrorCode::Statement, false),
        },
    };
    debug_assert!(*state != SqlState::IN_FAILED_SQL_TRANSACTION, "a statement ran after one that failed");
    StoreError { code, message, again }
}

#[cfg(test)]
mod tests {
    use super::collate;

    #[test]
    fn text_columns_sort_by_code_point() {
        assert_eq!(
            collate("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT, c_TEXT BIGINT DEFAULT 'TEXT', d CHECK (CAST(a AS TEXT) <> ''))"),
            "CREATE TABLE t (a TEXT COLLATE \"C\" PRIMARY KEY, b TEXT COLLATE \"C\", c_TEXT BIGINT DEFAULT 'TEXT', d CHECK (CAST(a AS TEXT) <> ''))"
        );
    }
}
