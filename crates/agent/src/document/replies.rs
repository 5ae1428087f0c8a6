//! Replies on their way to the hub: kept until it says it has them, within a bound, over restarts of either side.
//!
//! A reply is written under the id of its message and sent with that id every time, so the hub can tell a repetition
//! (agent-protocol 4.9). The oldest give way when the spool is full: a hub that was away for so long has given those commands up.

use crate::home::{self, Home};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

/// First and longest time to wait for an acknowledgement before a reply is sent again.
const RESEND: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Replies sent and not acknowledged at any one time.
const IN_FLIGHT: usize = 64;
/// Memory for replies that could not be written, in bytes.
const MEMORY_LIMIT: u64 = 4 * 1024 * 1024;

/// The spool.
pub struct Replies {
    dir: PathBuf,
    limit: u64,
    inner: Mutex<Inner>,
    /// Rung when something may have to be sent.
    pub changed: Notify,
}

#[derive(Default)]
struct Inner {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    by_id: HashMap<Uuid, u64>,
    bytes: u64,
    memory: u64,
}

struct Entry {
    message_id: Uuid,
    size: u64,
    /// The payload itself when it is not on disk, or not yet.
    payload: Option<Bytes>,
    on_disk: bool,
    sent: Option<Instant>,
    wait: Duration,
}

impl Replies {
    /// Opens the spool and takes up what an earlier life of the agent left in it.
    pub fn open(home: &Home, limit: u64) -> Self {
        let dir = home.replies();
        let mut found: Vec<(u64, Uuid, u64)> = std::fs::read_dir(&dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (number, id) = name.strip_suffix(".json")?.split_once('-')?;
                Some((number.parse().ok()?, Uuid::parse_str(id).ok()?, entry.metadata().ok()?.len()))
            })
            .collect();
        found.sort_unstable();
        let mut inner = Inner::default();
        for (number, message_id, size) in found {
            inner.insert(number, Entry { message_id, size, payload: None, on_disk: true, sent: None, wait: RESEND.0 });
        }
        Self { dir, limit, inner: Mutex::new(inner), changed: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64, message_id: Uuid) -> PathBuf {
        self.dir.join(format!("{number:020}-{message_id}.json"))
    }

    /// Takes a reply and lets it be sent at once; returns when it is durable (or cannot be made so, which is logged). A reply
    /// that is already here, by its message id, is left as it is.
    pub async fn add(&self, message_id: Uuid, payload: Bytes) {
        let number = {
            let mut inner = self.inner();
            if inner.by_id.contains_key(&message_id) {
                return;
            }
            let number = inner.next;
            let size = payload.len() as u64;
            let entry = Entry { message_id, size, payload: Some(payload.clone()), on_disk: false, sent: None, wait: RESEND.0 };
            inner.insert(number, entry);
            number
        };
        self.changed.notify_one();
        let path = self.path(number, message_id);
        let written = tokio::task::spawn_blocking(move || home::write_durable(&path, &payload)).await;
        self.written(number, written.unwrap_or_else(|error| Err(io::Error::other(error))));
        self.make_room();
    }

    fn written(&self, number: u64, result: io::Result<()>) {
        let mut guard = self.inner();
        let inner = &mut *guard;
        match result {
            Ok(()) => match inner.entries.get_mut(&number) {
                Some(entry) => {
                    entry.on_disk = true;
                    entry.payload = None;
                }
                // Acknowledged while it was being written.
                None => {
                    drop(guard);
                    self.remove_files(number);
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a reply cannot be written; keeping it in memory");
                if let Some(size) = inner.entries.get(&number).map(|entry| entry.size) {
                    inner.memory += size;
                    while inner.memory > MEMORY_LIMIT {
                        let Some(oldest) = inner.entries.iter().find(|(_, e)| !e.on_disk).map(|(n, _)| *n) else { break };
                        inner.remove(oldest);
                    }
                }
            }
        }
    }

    fn remove_files(&self, number: u64) {
        let start = format!("{number:020}-");
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&start) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn make_room(&self) {
        loop {
            let mut inner = self.inner();
            if inner.bytes <= self.limit {
                return;
            }
            let Some((&number, entry)) = inner.entries.iter().next() else { return };
            let path = self.path(number, entry.message_id);
            tracing::warn!(message_id = %entry.message_id, "the spool is full; a reply is dropped");
            inner.remove(number);
            drop(inner);
            let _ = std::fs::remove_file(path);
        }
    }

    /// The hub has this reply.
    pub fn acknowledged(&self, message_id: Uuid) {
        let removed = {
            let mut inner = self.inner();
            inner.by_id.get(&message_id).copied().and_then(|number| inner.remove(number).map(|entry| (number, entry)))
        };
        if let Some((number, entry)) = removed {
            if entry.on_disk {
                let _ = std::fs::remove_file(self.path(number, message_id));
            }
            self.changed.notify_one();
        }
    }

    /// A new connection: everything is to be sent again.
    pub fn reconnected(&self) {
        for entry in self.inner().entries.values_mut() {
            entry.sent = None;
            entry.wait = RESEND.0;
        }
        self.changed.notify_one();
    }

    /// The next reply to send, oldest first, marked as sent at `now`.
    pub fn next(&self, now: Instant) -> Option<(Uuid, Bytes)> {
        loop {
            let (number, message_id, payload) = {
                let mut inner = self.inner();
                let due = |entry: &Entry| entry.sent.is_none_or(|sent| now >= sent + entry.wait);
                let waiting = inner.entries.values().filter(|entry| !due(entry)).count();
                if waiting >= IN_FLIGHT {
                    return None;
                }
                let (&number, entry) = inner.entries.iter_mut().find(|(_, entry)| due(entry))?;
                if entry.sent.is_some() {
                    entry.wait = (entry.wait * 2).min(RESEND.1);
                }
                entry.sent = Some(now);
                (number, entry.message_id, entry.payload.clone())
            };
            if let Some(payload) = payload {
                return Some((message_id, payload));
            }
            match home::read_optional(&self.path(number, message_id)) {
                Ok(Some(bytes)) => return Some((message_id, bytes.into())),
                other => {
                    tracing::warn!(%message_id, error = ?other.err(), "a spooled reply cannot be read; it is dropped");
                    self.inner().remove(number);
                }
            }
        }
    }

    /// When [`Replies::next`] will next have something, if nothing changes.
    pub fn due_at(&self) -> Option<Instant> {
        self.inner().entries.values().filter_map(|entry| entry.sent.map(|sent| sent + entry.wait)).min()
    }

    /// Replies the hub does not have.
    pub fn len(&self) -> usize {
        self.inner().entries.len()
    }

    /// True when the hub has everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn insert(&mut self, number: u64, entry: Entry) {
        self.next = self.next.max(number + 1);
        self.bytes += entry.size;
        self.by_id.insert(entry.message_id, number);
        self.entries.insert(number, entry);
    }

    fn remove(&mut self, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        self.bytes -= entry.size;
        if !entry.on_disk {
            self.memory = self.memory.saturating_sub(entry.size);
        }
        self.by_id.remove(&entry.message_id);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(limit: u64) -> (tempfile::TempDir, Home, Replies) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.create().unwrap();
        let replies = Replies::open(&home, limit);
        (dir, home, replies)
    }

    fn files(home: &Home) -> usize {
        std::fs::read_dir(home.replies()).unwrap().count()
    }

    #[tokio::test]
    async fn a_reply_is_sent_in_order_and_kept_until_acknowledged() {
        let (_dir, home, replies) = spool(1 << 20);
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        replies.add(a, Bytes::from_static(b"first")).await;
        replies.add(b, Bytes::from_static(b"second")).await;
        replies.add(a, Bytes::from_static(b"again")).await;
        let now = Instant::now();
        assert_eq!(replies.next(now), Some((a, Bytes::from_static(b"first"))));
        assert_eq!(replies.next(now).unwrap().0, b);
        assert!(replies.next(now).is_none());
        assert_eq!(replies.next(now + RESEND.0).unwrap().0, a);
        replies.acknowledged(a);
        replies.acknowledged(a);
        // A new life of the agent finds what is left.
        let replies = Replies::open(&home, 1 << 20);
        assert_eq!(replies.next(now), Some((b, Bytes::from_static(b"second"))));
        replies.acknowledged(b);
        assert_eq!((replies.len(), files(&home)), (0, 0));
    }

    #[tokio::test]
    async fn resending_backs_off_and_a_reconnect_starts_anew() {
        let (_dir, _home, replies) = spool(1 << 20);
        replies.add(Uuid::from_u128(1), Bytes::from_static(b"x")).await;
        let start = Instant::now();
        assert!(replies.next(start).is_some());
        assert!(replies.next(start + RESEND.0).is_some());
        assert!(replies.next(start + RESEND.0 * 2).is_none());
        assert_eq!(replies.due_at(), Some(start + RESEND.0 * 3));
        replies.reconnected();
        assert!(replies.next(start + RESEND.0 * 2).is_some());
    }

    #[tokio::test]
    async fn the_spool_is_bounded_and_the_oldest_go() {
        let (_dir, home, replies) = spool(10);
        for n in 0..5 {
            replies.add(Uuid::from_u128(n), Bytes::from_static(b"1234")).await;
        }
        assert_eq!((replies.len(), files(&home)), (2, 2));
        assert_eq!(replies.next(Instant::now()).unwrap().0, Uuid::from_u128(3));
    }

    #[tokio::test]
    async fn without_a_disk_replies_live_in_memory() {
        let (_dir, home, replies) = spool(1 << 30);
        std::fs::remove_dir_all(home.replies()).unwrap();
        let big = Bytes::from(vec![0; 1 << 20]);
        for n in 0..6 {
            replies.add(Uuid::from_u128(n), big.clone()).await;
        }
        assert_eq!(replies.len(), 4);
        assert_eq!(replies.next(Instant::now()).unwrap().1.len(), 1 << 20);
    }
}
