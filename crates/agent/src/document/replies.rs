//! Replies on their way to the hub: kept until it says it has them, within a bound, over restarts of either side.
//!
//! A reply is written under the id of its message and sent with that id every time, so the hub can tell a repetition
//! (agent-protocol 4.9). The oldest give way when the spool is full: a hub that was away for so long has given those commands up. What a
//! hub does not acknowledge, because it does not know the command, neither stays for ever nor stands before what is new.

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
/// Replies sent for the first time, and as many sent again, whose acknowledgement is awaited at any one time.
const IN_FLIGHT: usize = 64;
/// A reply of this age that was sent more than once over the connection there is has no one who wants it.
const OUTLIVED: Duration = Duration::from_secs(2 * 3600);
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
    /// Age of the reply at `taken`.
    age: Duration,
    taken: Instant,
    /// Last sent over the connection there is, and how often.
    sent: Option<Instant>,
    times: u32,
    wait: Duration,
}

impl Entry {
    fn new(message_id: Uuid, size: u64, age: Duration) -> Self {
        Self { message_id, size, payload: None, on_disk: false, age, taken: Instant::now(), sent: None, times: 0, wait: RESEND.0 }
    }

    /// Sent, and the time to wait for its acknowledgement has not passed.
    fn is_waiting(&self, now: Instant) -> bool {
        self.due_at().is_some_and(|due| now < due)
    }

    /// When it is to be sent again, if it was sent.
    fn due_at(&self) -> Option<Instant> {
        self.sent.map(|sent| sent + self.wait)
    }

    fn is_outlived(&self, now: Instant) -> bool {
        self.times > 1 && self.age + now.saturating_duration_since(self.taken) >= OUTLIVED
    }
}

impl Replies {
    /// Opens the spool and takes up what an earlier life of the agent left in it.
    pub fn open(home: &Home, limit: u64) -> Self {
        let dir = home.replies();
        let mut found: Vec<(u64, Uuid, u64, Duration)> = std::fs::read_dir(&dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let (number, id) = name.strip_suffix(".json")?.split_once('-')?;
                let metadata = entry.metadata().ok()?;
                let age = metadata.modified().ok().and_then(|written| written.elapsed().ok()).unwrap_or_default();
                Some((number.parse().ok()?, Uuid::parse_str(id).ok()?, metadata.len(), age))
            })
            .collect();
        found.sort_unstable();
        let mut inner = Inner::default();
        for (number, message_id, size, age) in found {
            inner.insert(number, Entry { on_disk: true, ..Entry::new(message_id, size, age) });
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
            inner.insert(number, Entry { payload: Some(payload.clone()), ..Entry::new(message_id, size, Duration::ZERO) });
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
            entry.times = 0;
            entry.wait = RESEND.0;
        }
        self.changed.notify_one();
    }

    /// The next reply to send, marked as sent at `now`: the oldest that was not sent yet, else the oldest whose acknowledgement is overdue.
    pub fn next(&self, now: Instant) -> Option<(Uuid, Bytes)> {
        loop {
            let (number, message_id, payload) = {
                let mut inner = self.inner();
                let number = inner.due(now)?;
                let entry = inner.entries.get_mut(&number)?;
                if entry.is_outlived(now) {
                    tracing::warn!(message_id = %entry.message_id, "a reply the hub does not acknowledge is dropped");
                    let path = self.path(number, entry.message_id);
                    inner.remove(number);
                    drop(inner);
                    let _ = std::fs::remove_file(path);
                    continue;
                }
                if entry.sent.is_some() {
                    entry.wait = (entry.wait * 2).min(RESEND.1);
                }
                entry.sent = Some(now);
                entry.times += 1;
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

    /// When [`Replies::next`] will next have something, if nothing changes. `now` or earlier: it has something now.
    pub fn due_at(&self, now: Instant) -> Option<Instant> {
        let inner = self.inner();
        if inner.due(now).is_some() {
            return Some(now);
        }
        // One sent once whose wait ends makes room for what is new, or is sent again where there is room for that.
        let waiting = || inner.entries.values().filter(|entry| entry.is_waiting(now));
        let any = inner.entries.values().any(|entry| entry.times == 0) || waiting().filter(|entry| entry.times > 1).count() < IN_FLIGHT;
        waiting().filter(|entry| any || entry.times > 1).filter_map(Entry::due_at).min()
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

    /// The reply to send now. Those that were sent again and are waited for do not count against those that were not sent yet, and one
    /// whose acknowledgement is overdue counts against none: a hub that does not want the old ones gets the new ones all the same.
    fn due(&self, now: Instant) -> Option<u64> {
        let (mut first, mut again) = (0, 0);
        let (mut unsent, mut overdue) = (None, None);
        for (number, entry) in &self.entries {
            match (entry.times, entry.is_waiting(now)) {
                (0, _) => unsent = unsent.or(Some(*number)),
                (1, true) => first += 1,
                (_, true) => again += 1,
                (_, false) => overdue = overdue.or(Some(*number)),
            }
        }
        unsent.filter(|_| first < IN_FLIGHT).or(overdue.filter(|_| again < IN_FLIGHT))
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
        assert_eq!(replies.due_at(start + RESEND.0 * 2), Some(start + RESEND.0 * 3));
        replies.reconnected();
        assert!(replies.next(start + RESEND.0 * 2).is_some());
    }

    /// Everything that goes out at `now`.
    fn sent(replies: &Replies, now: Instant) -> Vec<Uuid> {
        std::iter::from_fn(|| replies.next(now)).map(|(id, _)| id).collect()
    }

    #[tokio::test]
    async fn replies_that_are_never_acknowledged_do_not_hold_up_new_ones() {
        let (_dir, _home, replies) = spool(1 << 20);
        let old: Vec<Uuid> = (0..3 * IN_FLIGHT as u128).map(Uuid::from_u128).collect();
        for id in &old {
            replies.add(*id, Bytes::from_static(b"old")).await;
        }
        let mut now = Instant::now();
        assert_eq!(sent(&replies, now), old[..IN_FLIGHT], "a burst is bounded");
        // Each of the old ones goes out once before what is new; from then on new ones go at once, however many old ones are sent again.
        for round in 0..10_u128 {
            let new = Uuid::from_u128(10_000 + round);
            replies.add(new, Bytes::from_static(b"new")).await;
            let end = now + RESEND.0 * 4;
            let mut out = Vec::new();
            while now < end {
                now = now.max(replies.due_at(now).unwrap());
                let batch = sent(&replies, now);
                assert!((1..=2 * IN_FLIGHT).contains(&batch.len()), "nobody wakes up for nothing");
                out.extend(batch);
            }
            assert!(out.contains(&new), "round {round}");
            replies.acknowledged(new);
        }
    }

    #[tokio::test]
    async fn a_reply_nobody_wants_is_dropped_after_two_hours_and_two_tries() {
        let (_dir, home, replies) = spool(1 << 20);
        replies.add(Uuid::from_u128(1), Bytes::from_static(b"x")).await;
        let late = Instant::now() + OUTLIVED;
        // However old, it is sent twice first, and over a new connection again.
        assert!(replies.next(late).is_some());
        replies.reconnected();
        assert!(replies.next(late).is_some());
        assert!(replies.next(late + RESEND.0).is_some());
        assert!(replies.next(late + RESEND.0 * 10).is_none());
        assert_eq!((replies.len(), files(&home)), (0, 0));
        assert_eq!(replies.due_at(late), None);
        // Age counts over a restart, from the file.
        replies.add(Uuid::from_u128(2), Bytes::from_static(b"x")).await;
        let path = std::fs::read_dir(home.replies()).unwrap().next().unwrap().unwrap().path();
        let written = std::time::SystemTime::now() - OUTLIVED;
        std::fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
        let (replies, now) = (Replies::open(&home, 1 << 20), Instant::now());
        assert!(replies.next(now).is_some() && replies.next(now + RESEND.0).is_some());
        assert!(replies.next(now + RESEND.0 * 10).is_none());
        assert_eq!((replies.len(), files(&home)), (0, 0));
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
