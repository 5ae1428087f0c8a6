//! Which page follows the event stream. A page that loads anew, or a window that closes, follows no more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tauri::async_runtime::JoinHandle;

/// Most streams that one window follows at a time; a page needs one.
const MOST_PER_WINDOW: usize = 8;

/// Running streams by window label and channel id.
#[derive(Default)]
pub struct Subscriptions(Mutex<HashMap<(String, u32), JoinHandle<()>>>);

impl Subscriptions {
    fn running(&self) -> MutexGuard<'_, HashMap<(String, u32), JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `task` as the stream of `channel` in window `label`. False when the window follows too many already; the task ends then.
    pub fn add(&self, label: &str, channel: u32, task: JoinHandle<()>) -> bool {
        let mut running = self.running();
        running.retain(|_, task| !task.inner().is_finished());
        if running.keys().filter(|(window, _)| window == label).count() >= MOST_PER_WINDOW {
            task.abort();
            return false;
        }
        if let Some(earlier) = running.insert((label.to_owned(), channel), task) {
            earlier.abort();
        }
        true
    }

    /// Ends the stream of `channel` in window `label`, if it runs.
    pub fn end(&self, label: &str, channel: u32) {
        if let Some(task) = self.running().remove(&(label.to_owned(), channel)) {
            task.abort();
        }
    }

    /// Ends every stream of window `label`.
    pub fn end_all(&self, label: &str) {
        self.running().retain(|(window, _), task| {
            if window == label {
                task.abort();
            }
            window != label
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless() -> JoinHandle<()> {
        tauri::async_runtime::spawn(std::future::pending())
    }

    #[test]
    fn a_window_follows_a_bounded_number_of_streams() {
        let subscriptions = Subscriptions::default();
        for channel in 0..MOST_PER_WINDOW as u32 {
            assert!(subscriptions.add("main", channel, endless()));
        }
        assert!(!subscriptions.add("main", 99, endless()));
        assert!(subscriptions.add("other", 1, endless()));
        subscriptions.end("main", 0);
        assert!(subscriptions.add("main", 99, endless()));
        subscriptions.end_all("main");
        assert!(subscriptions.running().keys().all(|(window, _)| window == "other"));
    }
}
