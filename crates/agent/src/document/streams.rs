//! Live output: what a step writes travels to the hub while it runs, whole, from the file its supervisor writes.
//!
//! There is no copy in memory and nothing is polled: the runner says when a file has grown, the control channel asks for the next
//! chunk when it can send one. At most [`WINDOW`] bytes are on their way unacknowledged; a broken connection or a restart goes on
//! from the last acknowledged byte. A document's directories are removed when the hub has all of it.
//!
//! A step that ran again after a reboot, and a plugin with several properties, have several files one after the other that are one stream
//! to the hub.

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
/// Without an acknowledgement for this long a stream is sent again from its last acknowledged byte; twice as long each time, up to
/// [`DOUBLINGS`] times.
const STALLED: Duration = Duration::from_secs(10);
const DOUBLINGS: u32 = 5;
/// Repeats over one connection without a byte of progress, after which the hub is taken not to want a stream: more than three hours.
const REPEATS: u32 = 40;
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
    /// Documents that are over and whose directories wait for their streams, oldest first, with their size.
    released: VecDeque<(JobId, Vec<PathBuf>, u64)>,
    /// Where the search for something to send begins, so that a loud stream does not starve a quiet one.
    turn: usize,
}

struct Stream {
    job: JobId,
    step: String,
    kind: OutputStream,
    /// Never empty.
    parts: Vec<Part>,
    /// The part that was read last, opened.
    file: Option<(usize, File)>,
    acked: u64,
    recorded: u64,
    sent: u64,
    ended: bool,
    last_sent: bool,
    progress: Instant,
    /// Repeats since the hub took something.
    repeats: u32,
}

/// One file of a stream.
struct Part {
    path: PathBuf,
    /// Bytes of the stream before it.
    start: u64,
}

impl Streams {
    /// No streams yet. `limit` bounds the output kept for documents that are over, in bytes.
    pub fn new(limit: u64) -> Self {
        Self { inner: Mutex::default(), limit, changed: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins (or, after a restart, goes on) sending the two streams of a step, from the files in `dir`. Where there are streams of that
    /// name already, the files go on from them. `before` are the bytes of each stream that came from earlier files.
    pub fn open(&self, job: &JobId, step: &str, dir: &Path, before: [u64; 2]) {
        let mut inner = self.inner();
        for (kind, start) in [OutputStream::Stdout, OutputStream::Stderr].into_iter().zip(before) {
            let part = Part { path: dir.join(kind.as_str()), start };
            if let Some(stream) = inner.streams.iter_mut().find(|s| s.is(job, step, kind)) {
                if stream.parts.iter().all(|known| known.path != part.path) {
                    stream.parts.push(part);
                    (stream.ended, stream.last_sent) = (false, false);
                }
                continue;
            }
            let acked = std::fs::read_to_string(acked_path(&part.path)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(start);
            let acked = acked.max(start);
            inner.streams.push(Stream {
                job: job.clone(),
                step: step.to_owned(),
                kind,
                parts: vec![part],
                file: None,
                acked,
                recorded: acked,
                sent: acked,
                ended: false,
                last_sent: false,
                progress: Instant::now(),
                repeats: 0,
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

    /// The document is over, and with it all of its streams: its directories go when the last of them has gone, at once if there is none.
    pub fn release(&self, job: &JobId, dirs: Vec<PathBuf>) {
        let mut inner = self.inner();
        for stream in inner.streams.iter_mut().filter(|s| s.job == *job) {
            stream.ended = true;
        }
        self.ring();
        if inner.streams.iter().any(|s| s.job == *job) {
            let size = inner.streams.iter().filter(|s| s.job == *job).map(Stream::size).sum();
            inner.released.push_back((job.clone(), dirs, size));
        } else {
            drop(inner);
            remove_dirs(&dirs);
            return;
        }
        while inner.released.iter().map(|(_, _, size)| size).sum::<u64>() > self.limit {
            let Some((job, dirs, _)) = inner.released.pop_front() else { break };
            tracing::warn!(job_id = job.as_str(), "the output spool is full; output the hub has not taken is dropped");
            inner.streams.retain(|s| s.job != job);
            remove_dirs(&dirs);
        }
    }

    /// A new connection: everything not acknowledged is to be sent again.
    pub fn reconnected(&self) {
        for stream in &mut self.inner().streams {
            stream.rewind();
            stream.repeats = 0;
        }
        self.ring();
    }

    /// The next chunk to send, if the window has room.
    pub fn next(&self, now: Instant) -> Option<OutputChunk> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        for stream in &mut inner.streams {
            if stream.repeat_at().is_some_and(|at| now >= at) {
                stream.rewind();
                stream.progress = now;
                stream.repeats += 1;
            }
        }
        while let Some(at) = inner.streams.iter().position(|stream| stream.repeats > REPEATS) {
            let stream = inner.streams.swap_remove(at);
            tracing::warn!(job_id = stream.job.as_str(), "the hub does not take this output; it is not sent any more");
            inner.remove_if_gone(&stream.job);
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
                    inner.remove_if_gone(&stream.job);
                    return None;
                }
            }
        }
        None
    }

    /// When [`Streams::next`] would send something again, if nothing changes.
    pub fn due_at(&self) -> Option<Instant> {
        self.inner().streams.iter().filter_map(Stream::repeat_at).min()
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
            stream.repeats = 0;
        }
        let length = stream.length().unwrap_or(stream.acked);
        if stream.ended && stream.last_sent && stream.acked >= length {
            let job = inner.streams.swap_remove(at).job;
            inner.remove_if_gone(&job);
        } else if stream.acked - stream.recorded >= RECORD_EVERY {
            stream.recorded = stream.acked;
            // Lost progress only costs sending again.
            let _ = crate::home::write_atomic(&acked_path(&stream.parts[0].path), stream.acked.to_string().as_bytes());
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
            && let Some((_, dirs, _)) = self.released.remove(at)
        {
            remove_dirs(&dirs);
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

    /// When what is on its way is sent again.
    fn repeat_at(&self) -> Option<Instant> {
        (self.sent > self.acked || self.last_sent).then(|| self.progress + STALLED * 2u32.pow(self.repeats.min(DOUBLINGS)))
    }

    /// Bytes on this machine.
    fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.path.metadata().map_or(0, |found| found.len())).sum()
    }

    /// Bytes of the stream so far; `None` if its last file is not there.
    fn length(&self) -> Option<u64> {
        let last = self.parts.last()?;
        Some(last.start + last.path.metadata().ok()?.len())
    }

    fn chunk(&mut self, room: u64, now: Instant) -> io::Result<Option<OutputChunk>> {
        if self.last_sent {
            return Ok(None);
        }
        let data = self.read(room)?;
        // The end can be told with the last data only if nothing is left after it.
        let offset = self.sent;
        let last = self.ended && offset + data.len() as u64 >= self.length().unwrap_or(offset);
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
        let at = self.parts.iter().rposition(|part| part.start <= self.sent).unwrap_or_default();
        let part = &self.parts[at];
        // What follows begins where this one ended.
        let end = self.parts.get(at + 1).map(|next| next.start);
        if self.file.as_ref().is_none_or(|(open, _)| *open != at) {
            match File::open(&part.path) {
                Ok(file) => self.file = Some((at, file)),
                // A step that could not even create its files has no output.
                Err(error) if error.kind() == io::ErrorKind::NotFound && end.is_none() => return Ok(Bytes::new()),
                Err(error) => return Err(error),
            }
        }
        let Some((_, file)) = &mut self.file else { return Ok(Bytes::new()) };
        let left = end.map_or(u64::MAX, |end| end - self.sent);
        let take = room.min(CHUNK as u64).min(left);
        let mut data = Vec::new();
        file.seek(SeekFrom::Start(self.sent.saturating_sub(part.start)))?;
        file.take(take).read_to_end(&mut data)?;
        if data.is_empty() && take > 0 && end.is_some() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "output of an earlier attempt is gone"));
        }
        Ok(data.into())
    }
}

fn acked_path(path: &Path) -> PathBuf {
    path.with_extension("acked")
}

/// On another thread where there is a runtime: nobody waits for it, and the next command should not.
fn remove_dirs(dirs: &[PathBuf]) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let dirs = dirs.to_vec();
            drop(runtime.spawn_blocking(move || dirs.iter().for_each(|dir| remove_dir_now(dir))));
        }
        Err(_) => dirs.iter().for_each(|dir| remove_dir_now(dir)),
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
        streams.open(&job(), "s", &dir, [0, 0]);
        assert!(streams.next(now).is_none());
        append(&dir.join("stdout"), b"one");
        let chunk = streams.next(now).unwrap();
        assert_eq!((chunk.offset, &chunk.data[..], chunk.last), (0, &b"one"[..], false));
        assert!(streams.next(now).is_none());
        append(&dir.join("stdout"), b"two");
        streams.end(&job(), "s");
        streams.release(&job(), vec![dir.clone()]);
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
        streams.open(&job(), "s", dir.path(), [0, 0]);
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
        streams.open(&job(), "s", dir.path(), [0, 0]);
        streams.acknowledged(&ack(OutputStream::Stdout, 5 << 20), now);
        let streams = Streams::new(1 << 30);
        streams.open(&job(), "s", dir.path(), [0, 0]);
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
            streams.open(&job, "s", &dir, [0, 0]);
            streams.end(&job, "s");
            streams.release(&job, vec![dir]);
        }
        assert!(!base.path().join("a").exists() && base.path().join("b").exists());
        assert_eq!(streams.len(), 2);
    }

    #[test]
    fn attempts_follow_one_another_in_one_stream() {
        let base = tempfile::tempdir().unwrap();
        let (first, second) = (base.path().join("first"), base.path().join("second"));
        for (dir, text) in [(&first, "before "), (&second, "after")] {
            std::fs::create_dir(dir).unwrap();
            append(&dir.join("stdout"), text.as_bytes());
        }
        let (streams, now) = (Streams::new(1 << 30), Instant::now());
        streams.open(&job(), "s", &first, [0, 0]);
        let chunk = streams.next(now).unwrap();
        assert_eq!((&chunk.data[..], chunk.last), (&b"before "[..], false));
        streams.acknowledged(&ack(OutputStream::Stdout, 3), now);
        // The machine went down; what the hub does not have comes first.
        let streams = Streams::new(1 << 30);
        streams.open(&job(), "s", &first, [0, 0]);
        streams.open(&job(), "s", &second, [7, 0]);
        streams.end(&job(), "s");
        streams.acknowledged(&ack(OutputStream::Stdout, 3), now);
        let sent: Vec<OutputChunk> = std::iter::from_fn(|| streams.next(now)).filter(|c| c.stream == OutputStream::Stdout).collect();
        let told: Vec<(u64, &[u8], bool)> = sent.iter().map(|chunk| (chunk.offset, &chunk.data[..], chunk.last)).collect();
        assert_eq!(told, [(3, &b"ore "[..], false), (7, &b"after"[..], true)]);
        streams.acknowledged(&ack(OutputStream::Stdout, 12), now);
        streams.acknowledged(&ack(OutputStream::Stderr, 0), now);
        assert!(streams.is_empty());
        // The files of the first are lost: not a byte is told at a wrong place.
        std::fs::remove_file(first.join("stdout")).unwrap();
        let streams = Streams::new(1 << 30);
        streams.open(&job(), "s", &first, [0, 0]);
        streams.open(&job(), "s", &second, [7, 0]);
        assert!(streams.next(now).is_none());
        assert_eq!(streams.len(), 1);
    }

    #[test]
    fn what_the_hub_never_takes_is_given_up() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("step");
        std::fs::create_dir(&dir).unwrap();
        append(&dir.join("stdout"), b"x");
        let (streams, mut now) = (Streams::new(1 << 30), Instant::now());
        streams.open(&job(), "s", &dir, [0, 0]);
        streams.end(&job(), "s");
        streams.release(&job(), vec![dir.clone()]);
        let mut repeats = 0;
        while streams.next(now).is_some() || streams.next(now).is_some() {
            while streams.next(now).is_some() {}
            // Answered, but not taken.
            streams.acknowledged(&ack(OutputStream::Stdout, 0), now);
            streams.acknowledged(&ack(OutputStream::Stderr, 0), now);
            now = streams.due_at().unwrap_or(now);
            repeats += 1;
            assert!(repeats <= REPEATS + 1, "sent for ever");
        }
        assert!(repeats > 10 && streams.is_empty() && !dir.exists());
    }
}
