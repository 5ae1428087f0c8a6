//! Which window shows which connection, and what is open of each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::distant::Distant;
use crate::local::connections::EMBEDDED;

/// Connection by window label, and the opened endpoint by connection.
#[derive(Default)]
pub struct Connections {
    shown: Mutex<HashMap<String, String>>,
    open: Mutex<HashMap<String, Distant>>,
}

impl Connections {
    fn shown(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Distant>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that window `label` shows; the hub in this process unless something else was said.
    pub fn of_window(&self, label: &str) -> String {
        self.shown().get(label).cloned().unwrap_or_else(|| EMBEDDED.to_owned())
    }

    /// Window `label` shows `connection` from now on.
    pub fn show(&self, label: &str, connection: &str) {
        self.shown().insert(label.to_owned(), connection.to_owned());
    }

    /// Window `label` is gone.
    pub fn forget_window(&self, label: &str) {
        self.shown().remove(label);
    }

    /// Windows that show `connection`.
    pub fn windows_of(&self, connection: &str) -> Vec<String> {
        self.shown().iter().filter(|(_, shown)| *shown == connection).map(|(label, _)| label.clone()).collect()
    }

    /// The opened endpoint of `connection`, if it was opened.
    pub fn opened(&self, connection: &str) -> Option<Distant> {
        self.open().get(connection).cloned()
    }

    /// Keeps an opened endpoint; of two that were opened at once, the first.
    pub fn keep(&self, connection: &str, distant: Distant) -> Distant {
        self.open().entry(connection.to_owned()).or_insert(distant).clone()
    }

    /// The next call opens `connection` anew: it was changed, removed, or is to be tried again.
    pub fn close(&self, connection: &str) {
        self.open().remove(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_shows_what_it_was_told_until_it_is_gone() {
        let connections = Connections::default();
        assert_eq!(connections.of_window("main"), EMBEDDED);
        connections.show("main", "a");
        connections.show("w1", "a");
        let mut both = connections.windows_of("a");
        both.sort();
        assert_eq!(both, ["main", "w1"]);
        connections.forget_window("w1");
        assert_eq!(connections.of_window("w1"), EMBEDDED);
        assert_eq!(connections.windows_of("a"), ["main"]);
    }
}
