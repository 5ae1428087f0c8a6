//! Table `notified_commands`: commands whose end was already shown, so that a repeated or replayed event shows nothing twice.

use rusqlite::params;

use super::{Local, LocalError};

pub(super) const CREATE: &str = "CREATE TABLE notified_commands (
    command_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX notified_commands_by_time ON notified_commands (at_ms);";

/// How many are remembered; an event is never replayed from that far back.
const KEPT: i64 = 5_000;

impl Local {
    /// Notes that `command_id` ended with `status` at `now_ms` (milliseconds since the epoch). True the first time: then it is to be shown.
    pub fn note_command_end(&self, command_id: &str, status: &str, now_ms: i64) -> Result<bool, LocalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let new = transaction.execute(
            "INSERT INTO notified_commands (command_id, status, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (command_id) DO NOTHING",
            params![command_id, status, now_ms],
        )? == 1;
        if new {
            transaction.execute(
                "DELETE FROM notified_commands WHERE command_id IN
                 (SELECT command_id FROM notified_commands ORDER BY at_ms DESC LIMIT -1 OFFSET ?1)",
                params![KEPT],
            )?;
        }
        transaction.commit()?;
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_shown_once() {
        let local = Local::in_memory().unwrap();
        assert!(local.note_command_end("c1", "Success", 1).unwrap());
        assert!(!local.note_command_end("c1", "Success", 2).unwrap());
        assert!(local.note_command_end("c2", "Failed", 3).unwrap());
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let local = Local::in_memory().unwrap();
        for n in 0..KEPT + 3 {
            local.note_command_end(&format!("c{n}"), "Success", n).unwrap();
        }
        let kept: i64 = local.connection().query_row("SELECT count(*) FROM notified_commands", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, KEPT);
        assert!(local.note_command_end("c0", "Success", KEPT + 9).unwrap(), "the oldest was forgotten");
    }
}
