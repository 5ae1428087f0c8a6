//! Live output: what a step writes travels to the hub while it runs, whole, from the file its supervisor writes.
//!
//! There is no copy in memory and nothing is polled: the runner says when a file has grown, the control channel asks for the next
//! chunk when it can send one. At most [`WINDOW`] bytes are on their way unacknowledged; a broken connection or a restart goes on
//! from the last acknowledged byte. A document's directory is removed when the hub has all of it.

use bytes::Bytes;
use qd_wire::payload::{JobId, OutputAck, OutputChunk, OutputStream};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes on their way to the hub and not acknowledged.
pub const WINDOW: u64 = 1024 * 1024;
/// Bytes in one chunk.
const CHUNK: usize = qd_wire::payload::output_chunk::MAX_DATA_BYTES;
/// Without an acknowledgement for this long a stream is sent again from its last acknowledged byte.
const STALLED: Duration = Duration::from_secs(10);
/// Acknowledged bytes between two records of progress on disk.
const RECORD_EVERY: u64 = 4 * 1024 * 1024;

/// Streams on their way.
pub struct Streams {
    inner: Mutex<Inner>,
    limit: u64,
    /// Rung when there may be something to send.
    pub changed: Notify,
}

#[derive(Default)]
struct Inner {
    streams: Vec<Stream>,
    /// Documents that are over and whose directory waits for its streams, oldest first, with their size.
    released: VecDeque<(JobId, PathBuf, u64)>,
    /// Where the search for something to send begins, so that a loud stream does not starve a quiet one.
    turn: usize,
}

struct Stream {
    job: JobId,
    step: String,
    kind: OutputStream,
    path: PathBuf,
    file: Option<File>,
    acked: u64,
    recorded: u64,
    sent: u64,
    ended: bool,
    last_sent: bool,
    progress: Instant,
}

impl Streams {
    /// No streams yet. `limit` bounds the output kept for documents that are over, in bytes.
    pub fn new(limit: u64) -> Self {
        Self { inner: Mutex::default(), limit, changed: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins (or, after a restart, goes on) sending the two streams of a step, from the files in `dir`.
    pub fn open(&self, job: &JobId, step: &str, dir: &Path) {
        let mut inner = self.inner();
        for kind in [OutputStream::Stdout, OutputStream::Stderr] {
            if inner.streams.iter().any(|s| s.is(job, step, kind)) {
                continue;
            }
            let path = dir.join(kind.as_str());
            let acked = std::fs::read_to_string(acked_path(&path)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            inner.streams.push(Stream {
                job: job.clone(),
                step: step.to_owned(),
                kind,
                path,
                file: None,
                acked,
                recorded: acked,
                sent: acked,
                ended: false,
                last_sent: false,
                progress: Instant::now(),
            });
        }
    }

    /// Output was written, or a step has ended.
    pub fn ring(&self) {
        self.changed.notify_one();
    }

    /// The files of this step are complete.
    pub fn end(&self, job: &JobId, step: &str) {
        for stream in self.inner().streams.iter_mut().filter(|s| s.job == *job && s.step == step) {
            stream.ended = true;
        }
        self.ring();
    }

    /// The document is over: its directory goes when its last stream has gone, at once if there is none.
    pub fn release(&self, job: &JobId, dir: PathBuf) {
        let mut inner = self.inner();
        if inner.streams.iter().any(|s| s.job == *job) {
            let size = inner.streams.iter().filter(|s| s.job == *job).map(|s| s.path.metadata().map_or(0, |m| m.len())).sum();
            inner.released.push_back((job.clone(), dir, size));
        } else {
            drop(inner);
            remove_dir(&dir);
            return;
        }
        while inner.released.iter().map(|(_, _, size)| size).sum::<u64>() > self.limit {
            let Some((job, dir, _)) = inner.released.pop_front() else { break };
            tracing::warn!(job_id = job.as_str(), "the output spool is full; output the hub has not taken is dropped");
            inner.streams.retain(|s| s.job != job);
            remove_dir(&dir);
        }
    }

    /// A new connection: everything not acknowledged is to be sent again.
    pub fn reconnected(&self) {
        for stream in &mut self.inner().streams {
            stream.rewind();
        }
        self.ring();
    }

    /// The next chunk to send, if the window has room.
    pub fn next(&self, now: Instant) -> Option<OutputChunk> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        for stream in &mut inner.streams {
            if (stream.sent > stream.acked || stream.last_sent) && now >= stream.progress + STALLED {
                stream.rewind();
                stream.progress = now;
            }
        }
        let on_the_way: u64 = inner.streams.iter().map(|s| s.sent - s.acked).sum();
        let room = WINDOW.saturating_sub(on_the_way);
        let count = inner.streams.len();
        for step in 0..count {
            let at = (inner.turn + step) % count;
            match inner.streams[at].chunk(room, now) {
                Ok(Some(chunk)) => {
                    inner.turn = at + 1;
                    return Some(chunk);
                }
                Ok(None) => {}
                Err(error) => {
                    let stream = inner.streams.swap_remove(at);
                    tracing::warn!(job_id = stream.job.as_str(), %error, "output cannot be read; it is not sent");
                    return None;
                }
            }
        }
        None
    }

    /// When [`Streams::next`] would send something again, if nothing changes.
    pub fn due_at(&self) -> Option<Instant> {
        self.inner().streams.iter().filter(|s| s.sent > s.acked || s.last_sent).map(|s| s.progress + STALLED).min()
    }

    /// The hub has a stream up to an offset.
    pub fn acknowledged(&self, ack: &OutputAck, now: Instant) {
        let mut guard = self.inner();
        let inner = &mut *guard;
        let Some(at) = inner.streams.iter().position(|s| s.is(&ack.job_id, &ack.step, ack.stream)) else { return };
        let stream = &mut inner.streams[at];
        if ack.offset > stream.acked {
            stream.acked = ack.offset;
            stream.sent = stream.sent.max(ack.offset);
            stream.progress = now;
        }
        let length = stream.path.metadata().map_or(stream.acked, |m| m.len());
        if stream.ended && stream.last_sent && stream.acked >= length {
            let job = inner.streams.swap_remove(at).job;
            inner.remove_if_gone(&job);
        } else if stream.acked - stream.recorded >= RECORD_EVERY {
            stream.recorded = stream.acked;
            // Lost progress only costs sending again.
            let _ = crate::home::write_atomic(&acked_path(&stream.path), stream.acked.to_string().as_bytes());
        }
        drop(guard);
        self.ring();
    }

    /// Streams the hub does not have whole.
    pub fn len(&self) -> usize {
        self.inner().streams.len()
    }

    /// True when the hub has everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn remove_if_gone(&mut self, job: &JobId) {
        if self.streams.iter().any(|s| s.job == *job) {
            return;
        }
        if let Some(at) = self.released.iter().position(|(j, ..)| j == job)
            && let Some((_, dir, _)) = self.released.remove(at)
        {
            remove_dir(&dir);
        }
    }
}

impl Stream {
    fn is(&self, job: &JobId, step: &str, kind: OutputStream) -> bool {
        self.kind == kind && self.step == step && self.job == *job
    }

    fn rewind(&mut self) {
        self.sent = self.acked;
        self.last_sent = false;
    }

    fn chunk(&mut self, room: u64, now: Instant) -> io::Result<Option<OutputChunk>> {
        if self.last_sent {
            return Ok(None);
        }
        let data = self.read(room)?;
        // The end can be told with the last data only if nothing is left after it.
        let length = self.file.as_ref().map_or(Ok(0), |file| file.metadata().map(|m| m.len()))?;
        let offset = self.sent;
        let last = self.ended && offset + data.len() as u64 >= length;
        if data.is_empty() && !last {
            return Ok(None);
        }
        if self.sent == self.acked {
            self.progress = now;
        }
        self.sent += data.len() as u64;
        self.last_sent = last;
        if last {
            self.file = None;
        }
        Ok(Some(OutputChunk { job_id: self.job.clone(), step: self.step.clone(), stream: self.kind, offset, last, data }))
    }

    fn read(&mut self, room: u64) -> io::Result<Bytes> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                // A step that could not even create its files has no output.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Bytes::new()),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(Bytes::new()) };
        let take = usize::try_from(room).unwrap_or(CHUNK).min(CHUNK);
        let mut data = Vec::new();
        file.seek(SeekFrom::Start(self.sent))?;
        file.take(take as u64).read_to_end(&mut data)?;
        Ok(data.into())
    }
}

fn acked_path(path: &Path) -> PathBuf {
    path.with_extension("acked")
}

/// On another thread where there is a runtime: nobody waits for it, and the next command should not.
fn remove_dir(dir: &Path) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let dir = dir.to_path_buf();
            drop(runtime.spawn_blocking(move || remove_dir_now(&dir)));
        }
        Err(_) => remove_dir_now(dir),
    }
}

fn remove_dir_now(dir: &Path) {
    if let Err(error) = super::state::remove(dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, dir = %dir.display(), "a finished document's directory cannot be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn job() -> JobId {
        JobId::new("c", "mi-1").unwrap()
    }

    fn ack(kind: OutputStream, offset: u64) -> OutputAck {
        OutputAck { job_id: job(), step: "s".into(), stream: kind, offset }
    }

    fn append(path: &Path, bytes: &[u8]) {
        std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn a_stream_is_sent_as_it_grows_and_its_directory_goes_at_the_end() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("step");
        std::fs::create_dir(&dir).unwrap();
        let (streams, now) = (Streams::new(1 << 30), Instant::now());
        streams.open(&job(), "s", &dir);
        assert!(streams.next(now).is_none());
        append(&dir.join("stdout"), b"one");
        let chunk = streams.next(now).unwrap();
        assert_eq!((chunk.offset, &chunk.data[..], chunk.last), (0, &b"one"[..], false));
        assert!(streams.next(now).is_none());
        append(&dir.join("stdout"), b"two");
        streams.end(&job(), "s");
        streams.release(&job(), dir.clone());
        let (a, b) = (streams.next(now).unwrap(), streams.next(now).unwrap());
        let (out, err) = if a.stream == OutputStream::Stdout { (a, b) } else { (b, a) };
        assert_eq!((out.offset, &out.data[..], out.last), (3, &b"two"[..], true));
        assert_eq!((err.offset, err.data.len(), err.last), (0, 0, true));
        streams.acknowledged(&ack(OutputStream::Stdout, 6), now);
        assert!(dir.exists());
        streams.acknowledged(&ack(OutputStream::Stderr, 0), now);
        assert!(!dir.exists() && streams.is_empty());
    }

    #[test]
    fn the_window_holds_and_a_reconnect_goes_on_from_the_last_ack() {
        let dir = tempfile::tempdir().unwrap();
        append(&dir.path().join("stdout"), &vec![7; 3 << 20]);
        let (streams, now) = (Streams::new(1 << 30), Instant::now());
        streams.open(&job(), "s", dir.path());
        let sent: usize = std::iter::from_fn(|| streams.next(now)).map(|chunk| chunk.data.len()).sum();
        assert_eq!(sent as u64, WINDOW);
        streams.acknowledged(&ack(OutputStream::Stdout, 100_000), now);
        assert_eq!(streams.next(now).unwrap().offset, WINDOW);
        streams.reconnected();
        assert_eq!(streams.next(now).unwrap().offset, 100_000);
        // A silent hub: everything again after a while, not at once.
        while streams.next(now).is_some() {}
        assert_eq!(streams.next(now + STALLED).unwrap().offset, 100_000);
    }

    #[test]
    fn a_restart_goes_on_from_what_was_recorded() {
        let dir = tempfile::tempdir().unwrap();
        append(&dir.path().join("stdout"), &vec![7; 6 << 20]);
        let now = Instant::now();
        let streams = Streams::new(1 << 30);
        streams.open(&job(), "s", dir.path());
        streams.acknowledged(&ack(OutputStream::Stdout, 5 << 20), now);
        let streams = Streams::new(1 << 30);
        streams.open(&job(), "s", dir.path());
        assert_eq!(streams.next(now).unwrap().offset, 5 << 20);
    }

    #[test]
    fn finished_output_is_bounded() {
        let base = tempfile::tempdir().unwrap();
        let streams = Streams::new(10);
        for name in ["a", "b"] {
            let job = JobId::new(name, "mi-1").unwrap();
            let dir = base.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            append(&dir.join("stdout"), b"1234567");
            streams.open(&job, "s", &dir);
            streams.end(&job, "s");
            streams.release(&job, dir);
        }
        assert!(!base.path().join("a").exists() && base.path().join("b").exists());
        assert_eq!(streams.len(), 2);
    }
}
