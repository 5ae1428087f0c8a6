//! Table `last_known`: the newest answers of a connection's reads, so that a fleet can be looked at while its endpoint is away. Bounded by
//! number and size; what was not looked at longest goes first.

use rusqlite::{OptionalExtension, params};

use super::{Local, LocalError};

pub(super) const CREATE: &str = "CREATE TABLE last_known (
    connection TEXT NOT NULL,
    asked TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (connection, asked)
) WITHOUT ROWID;
CREATE INDEX last_known_by_time ON last_known (connection, at_ms);";

/// Longest answer that is kept, in bytes of JSON.
const LONGEST: usize = 512 * 1024;
/// Answers kept of each connection.
const KEPT: i64 = 300;
/// All answers of a connection together, in bytes.
const ALL: i64 = 24 * 1024 * 1024;
/// An answer is not written again within this time: pages ask every few seconds.
const AGAIN_MS: i64 = 5_000;

/// An answer from earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// When it was given, milliseconds since the epoch.
    pub at_ms: i64,
    /// JSON text.
    pub answer: String,
}

impl Local {
    /// Keeps what `connection` answered to `asked` at `now_ms`.
    pub fn keep_answer(&self, connection: &str, asked: &str, answer: &str, now_ms: i64) -> Result<(), LocalError> {
        if answer.len() > LONGEST {
            return Ok(());
        }
        let mut open = self.connection();
        let transaction = open.transaction()?;
        let written = transaction.execute(
            "INSERT INTO last_known (connection, asked, at_ms, answer) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (connection, asked) DO UPDATE SET at_ms = excluded.at_ms, answer = excluded.answer
             WHERE excluded.at_ms >= at_ms + ?5 OR excluded.at_ms < at_ms",
            params![connection, asked, now_ms, answer, AGAIN_MS],
        )?;
        if written > 0 {
            transaction.execute(
                "DELETE FROM last_known WHERE connection = ?1 AND asked IN (
                     SELECT asked FROM (
                         SELECT asked, row_number() OVER newest AS place, sum(length(answer)) OVER newest AS bytes
                         FROM last_known WHERE connection = ?1 WINDOW newest AS (ORDER BY at_ms DESC, asked)
                     ) WHERE place > ?2 OR bytes > ?3)",
                params![connection, KEPT, ALL],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What `connection` last answered to `asked`.
    pub fn last_answer(&self, connection: &str, asked: &str) -> Result<Option<Known>, LocalError> {
        let read = |row: &rusqlite::Row<'_>| Ok(Known { at_ms: row.get(0)?, answer: row.get(1)? });
        let open = self.connection();
        let query = "SELECT at_ms, answer FROM last_known WHERE connection = ?1 AND asked = ?2";
        Ok(open.query_row(query, params![connection, asked], read).optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_answer_is_known_and_each_connection_has_its_own() {
        let local = Local::in_memory().unwrap();
        local.keep_answer("a", "q", "1", 10_000).unwrap();
        local.keep_answer("a", "q", "2", 12_000).unwrap();
        assert_eq!(local.last_answer("a", "q").unwrap().unwrap().answer, "1", "not written every moment");
        local.keep_answer("a", "q", "3", 15_000).unwrap();
        assert_eq!(local.last_answer("a", "q").unwrap(), Some(Known { at_ms: 15_000, answer: "3".to_owned() }));
        assert_eq!(local.last_answer("b", "q").unwrap(), None);
        // A clock that was set back does not freeze what is known.
        local.keep_answer("a", "q", "4", 1_000).unwrap();
        assert_eq!(local.last_answer("a", "q").unwrap().unwrap().answer, "4");
    }

    #[test]
    fn number_and_size_are_bounded() {
        let local = Local::in_memory().unwrap();
        local.keep_answer("a", "huge", &"x".repeat(LONGEST + 1), 1).unwrap();
        assert_eq!(local.last_answer("a", "huge").unwrap(), None);
        for n in 0..KEPT + 5 {
            local.keep_answer("a", &format!("q{n}"), "{}", n).unwrap();
        }
        let count: i64 = local.connection().query_row("SELECT count(*) FROM last_known", [], |row| row.get(0)).unwrap();
        assert_eq!(count, KEPT);
        assert!(local.last_answer("a", "q4").unwrap().is_none() && local.last_answer("a", "q5").unwrap().is_some());
        let large = "x".repeat(LONGEST);
        for n in 0..60 {
            local.keep_answer("a", &format!("l{n}"), &large, 1_000 + n).unwrap();
        }
        let bytes: i64 = local.connection().query_row("SELECT sum(length(answer)) FROM last_known", [], |row| row.get(0)).unwrap();
        assert!(bytes <= ALL, "{bytes}");
    }
}
