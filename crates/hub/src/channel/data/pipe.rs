//! What is on its way to one end of a session: bounded in bytes, in order, whoever is there to take it. The queue outlives the connections at
//! both of its sides, so an end that comes back finds what was meant for it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

/// Bytes that may wait for an end. A stock sender has no window; ours has one of less (session-protocol 10).
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Bytes from which on the sender is asked to pause, and below which it may go on.
pub const HIGH_BYTES: usize = 1024 * 1024;
const LOW_BYTES: usize = 256 * 1024;

/// A frame on its way.
#[derive(Clone, Debug)]
pub struct Item {
    pub frame: Bytes,
    /// Its number, when it is of the stream: one that waits here already is not put in again.
    pub sequence: Option<i64>,
    /// Nothing may follow it for a moment (session-protocol 4.5).
    pub hold: bool,
    /// The connection ends with it.
    pub last: bool,
}

impl Item {
    /// A frame without a number.
    pub fn plain(frame: Bytes) -> Self {
        Self { frame, sequence: None, hold: false, last: false }
    }
}

#[derive(Default)]
struct Inner {
    items: VecDeque<Item>,
    numbers: HashSet<i64>,
    bytes: usize,
}

/// The queue towards one end.
#[derive(Default)]
pub struct Pipe {
    inner: Mutex<Inner>,
    ready: Notify,
    room: Notify,
}

/// What became of a frame that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    Queued,
    /// It waits here already.
    Twice,
    /// There was no room in time. Its sender keeps it until it is acknowledged, so nothing is lost.
    Dropped,
}

impl Pipe {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic while holding the lock cannot leave the queue half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in what the hub itself says: little, and never refused.
    pub fn put(&self, item: Item) {
        let mut inner = self.inner();
        inner.bytes += item.frame.len();
        inner.items.push_back(item);
        drop(inner);
        self.ready.notify_one();
    }

    fn try_push(&self, item: &Item) -> Option<Pushed> {
        let mut inner = self.inner();
        if item.sequence.is_some_and(|number| inner.numbers.contains(&number)) {
            return Some(Pushed::Twice);
        }
        if inner.bytes + item.frame.len() > MAX_BYTES {
            return None;
        }
        inner.numbers.extend(item.sequence);
        inner.bytes += item.frame.len();
        inner.items.push_back(item.clone());
        drop(inner);
        self.ready.notify_one();
        Some(Pushed::Queued)
    }

    /// Puts a frame in, waiting for room up to `patience`.
    pub async fn push(&self, item: Item, patience: Duration) -> Pushed {
        if let Some(pushed) = self.try_push(&item) {
            return pushed;
        }
        let waited = tokio::time::timeout(patience, async {
            loop {
                let room = self.room.notified();
                if let Some(pushed) = self.try_push(&item) {
                    return pushed;
                }
                room.await;
            }
        });
        waited.await.unwrap_or(Pushed::Dropped)
    }

    /// The next frame, if there is one.
    pub fn try_pop(&self) -> Option<Item> {
        let mut inner = self.inner();
        let item = inner.items.pop_front()?;
        inner.bytes -= item.frame.len();
        if let Some(number) = item.sequence {
            inner.numbers.remove(&number);
        }
        drop(inner);
        self.room.notify_one();
        Some(item)
    }

    /// The next frame. Cancel safe: nothing is taken before it is returned.
    pub async fn pop(&self) -> Item {
        loop {
            let ready = self.ready.notified();
            if let Some(item) = self.try_pop() {
                return item;
            }
            ready.await;
        }
    }

    /// Whether so much waits that the sender had better pause.
    pub fn is_high(&self) -> bool {
        self.inner().bytes > HIGH_BYTES
    }

    /// Whether so little waits that the sender may go on.
    pub fn is_low(&self) -> bool {
        self.inner().bytes < LOW_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: i64, bytes: usize) -> Item {
        Item { sequence: Some(number), ..Item::plain(Bytes::from(vec![0; bytes])) }
    }

    #[tokio::test]
    async fn order_is_kept_and_a_repetition_waits_once() {
        let pipe = Pipe::default();
        for number in [0, 1, 0, 1, 2] {
            pipe.push(item(number, 1), Duration::ZERO).await;
        }
        assert_eq!(pipe.push(item(2, 1), Duration::ZERO).await, Pushed::Twice);
        let taken: Vec<_> = std::iter::from_fn(|| pipe.try_pop()).filter_map(|item| item.sequence).collect();
        assert_eq!(taken, [0, 1, 2]);
        assert_eq!(pipe.push(item(2, 1), Duration::ZERO).await, Pushed::Queued, "it was taken, perhaps in vain");
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_for_room_and_no_longer() {
        let pipe = std::sync::Arc::new(Pipe::default());
        assert_eq!(pipe.push(item(0, MAX_BYTES), Duration::ZERO).await, Pushed::Queued);
        assert!(pipe.is_high() && !pipe.is_low());
        assert_eq!(pipe.push(item(1, 1), Duration::from_millis(1)).await, Pushed::Dropped);
        let (other, pushing) = (pipe.clone(), std::sync::Arc::new(Notify::new()));
        let begun = pushing.clone();
        let pushed = tokio::spawn(async move {
            begun.notify_one();
            other.push(item(1, 1), Duration::from_secs(60)).await
        });
        pushing.notified().await;
        assert_eq!(pipe.pop().await.sequence, Some(0));
        assert_eq!(pushed.await.unwrap(), Pushed::Queued);
        assert!(pipe.is_low());
    }
}
