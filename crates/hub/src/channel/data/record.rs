//! Recording a session as it passes: asciicast v2 with the times of the hub, every resize, and what was typed when the account wants that kept.
//!
//! The relay hands events over and goes on; a task per session writes them to the store every two seconds. What it holds is bounded in
//! bytes: a session that outruns the store waits for it, so that a recording has no holes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use qd_model::document::SessionType;
use qd_store::StoreError;
use qd_store::table::recordings::{self, Piece, Progress, Recording};
use qd_store::table::sessions::Session;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::plain::{Characters, Plain};
use crate::hub::Shared;
use crate::ops::settings;

/// How often what was recorded is written.
const EVERY: Duration = Duration::from_secs(2);
/// Bytes of events after which it is written earlier.
const PIECE_BYTES: usize = 1024 * 1024;
/// Bytes that wait to be recorded.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
const WAITING: usize = 1024;
/// What an event takes beside its bytes.
const EVENT_BYTES: usize = 128;
/// Bytes of events of one recording; what follows is not kept, and the recording says so.
const MAX_BYTES: i64 = 64 * 1024 * 1024;
/// Messages that came before their turn and wait for it.
const MAX_APART: usize = 512;
/// Characters of the text before a piece that are searched with it.
const OVERLAP: usize = 200;

/// What a message of the node's stream is to a recording.
#[derive(Debug)]
pub enum Heard {
    Output(Vec<u8>),
    /// A handshake and the like: only its number counts.
    Other,
    /// From here on the hub cannot read it.
    Encrypted,
}

#[derive(Debug)]
enum Event {
    Stream { at: i64, sequence: i64, heard: Heard },
    Input { at: i64, bytes: Vec<u8> },
    Size { at: i64, cols: u16, rows: u16 },
}

/// The way to a session's recording.
pub struct Recorder {
    events: mpsc::Sender<(Event, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    /// Nothing more is recorded.
    off: Arc<AtomicBool>,
}

/// Begins to record, where there is something to see.
pub fn start(shared: &Arc<Shared>, session: &Session, session_type: SessionType) -> Option<Recorder> {
    if session_type == SessionType::Port {
        return None;
    }
    let (events, heard) = mpsc::channel(WAITING);
    let off = Arc::new(AtomicBool::new(false));
    let recorder = Recorder { events, room: Arc::new(Semaphore::new(WAITING_BYTES)), off: off.clone() };
    tokio::spawn(run(shared.clone(), session.clone(), heard, off));
    Some(recorder)
}

impl Recorder {
    async fn tell(&self, bytes: usize, event: impl FnOnce() -> Event) {
        if self.off.load(Ordering::Relaxed) {
            return;
        }
        let permits = u32::try_from((bytes + EVENT_BYTES).min(WAITING_BYTES)).unwrap_or(u32::MAX);
        if let Ok(permit) = self.room.clone().acquire_many_owned(permits).await {
            let _ = self.events.send((event(), permit)).await;
        }
    }

    /// A message of the node's stream.
    pub async fn output(&self, at: i64, sequence: i64, heard: Heard) {
        let bytes = if let Heard::Output(bytes) = &heard { bytes.len() } else { 0 };
        self.tell(bytes, || Event::Stream { at, sequence, heard }).await;
    }

    /// What was typed.
    pub async fn input(&self, at: i64, bytes: &[u8]) {
        self.tell(bytes.len(), || Event::Input { at, bytes: bytes.to_vec() }).await;
    }

    /// The terminal's size, as its message carries it.
    pub async fn size(&self, at: i64, payload: &[u8]) {
        let number = |value: &serde_json::Value, name: &str| value.get(name)?.as_u64().and_then(|n| u16::try_from(n).ok());
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(payload) else { return };
        if let (Some(cols), Some(rows)) = (number(&value, "cols"), number(&value, "rows")) {
            self.tell(0, || Event::Size { at, cols, rows }).await;
        }
    }
}

async fn run(shared: Arc<Shared>, session: Session, mut events: mpsc::Receiver<(Event, OwnedSemaphorePermit)>, off: Arc<AtomicBool>) {
    let mut tape = match begin(&shared, &session).await {
        Ok(Some(tape)) => tape,
        Ok(None) => return off.store(true, Ordering::Relaxed),
        Err(error) => {
            tracing::error!(%error, session_id = session.session_id, "a session is not recorded");
            return off.store(true, Ordering::Relaxed);
        }
    };
    let mut due = tokio::time::interval(EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let more = tokio::select! {
            event = events.recv() => match event {
                Some((event, _permit)) => { tape.take(event); true }
                None => false,
            },
            _ = due.tick() => true,
        };
        let full = tape.lines.len() >= PIECE_BYTES;
        let is_due = full || !more || !tape.lines.is_empty() && tape.written.elapsed() >= EVERY;
        if is_due && let Err(error) = tape.write(&shared).await {
            tracing::error!(%error, session_id = session.session_id, "a piece of a recording could not be kept");
        }
        if tape.over || !more {
            break;
        }
    }
    off.store(true, Ordering::Relaxed);
    let (id, cut, now) = (session.session_id.clone(), tape.over, shared.clock.now_ms());
    if let Err(error) = shared.store.write(move |tx| recordings::finish(tx, &id, cut, now)).await {
        tracing::debug!(%error, session_id = session.session_id, "the end of a recording was not written");
    }
}

/// Begins the recording, if the account wants one.
async fn begin(shared: &Arc<Shared>, session: &Session) -> Result<Option<Tape>, StoreError> {
    let (session, now) = (session.clone(), shared.clock.now_ms());
    shared
        .store
        .write(move |tx| {
            let policy = settings::value(tx, settings::SESSION_RECORDING)?;
            if policy == "Off" {
                return Ok(None);
            }
            let recording = Recording {
                session_id: session.session_id.clone(),
                target: session.target.clone(),
                owner: session.owner.clone(),
                document_name: session.document_name.clone(),
                started_at: session.started_at,
                updated_at: now,
                width: 80,
                height: 24,
                next_sequence: 0,
                pieces: 0,
                duration_ms: 0,
                raw_bytes: 0,
                packed_bytes: 0,
                with_input: policy == "OutputAndInput",
                complete: false,
                cut: false,
            };
            Ok::<_, StoreError>(Some(Tape::new(recordings::begin(tx, &recording)?)))
        })
        .await
}

/// What is recorded and not written yet.
struct Tape {
    recording: Recording,
    /// Number that comes next; `None` before the first message that an earlier run did not record.
    next: Option<i64>,
    apart: BTreeMap<i64, (i64, Heard)>,
    output: Characters,
    input: Characters,
    plain: Plain,
    text: String,
    lines: String,
    at_ms: i64,
    last_ms: i64,
    bytes: i64,
    first_size: Option<(i64, i64)>,
    written: tokio::time::Instant,
    /// It is as long as one may be, or the rest cannot be read.
    over: bool,
}

impl Tape {
    fn new(recording: Recording) -> Self {
        let next = (recording.pieces == 0).then_some(0);
        let (bytes, last_ms) = (recording.raw_bytes, recording.duration_ms);
        Self {
            recording,
            next,
            apart: BTreeMap::new(),
            output: Characters::default(),
            input: Characters::default(),
            plain: Plain::default(),
            text: String::new(),
            lines: String::new(),
            at_ms: last_ms,
            last_ms,
            bytes,
            first_size: None,
            written: tokio::time::Instant::now(),
            over: false,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Stream { at, sequence, heard } => self.stream(at, sequence, heard),
            Event::Input { at, bytes } if self.recording.with_input => {
                let text = self.input.add(&bytes);
                self.line(at, "i", &text);
            }
            Event::Input { .. } => {}
            Event::Size { at, cols, rows } => {
                if self.recording.pieces == 0 && self.lines.is_empty() {
                    self.first_size = Some((cols.into(), rows.into()));
                }
                self.line(at, "r", &format!("{cols}x{rows}"));
            }
        }
    }

    /// Messages in the order in which they were sent, whatever order they came in.
    fn stream(&mut self, at: i64, sequence: i64, heard: Heard) {
        if sequence < self.recording.next_sequence.max(self.next.unwrap_or(0)) {
            return;
        }
        // The first after a hub's restart: what lay between was on its way when the hub ended.
        let next = *self.next.get_or_insert(sequence);
        if sequence > next {
            self.apart.insert(sequence, (at, heard));
            if self.apart.len() <= MAX_APART {
                return;
            }
            // What is missing does not come any more.
            self.next = self.apart.keys().next().copied();
        } else {
            self.next = Some(sequence + 1);
            self.heard(at, heard);
        }
        while let Some((at, heard)) = self.next.and_then(|next| self.apart.remove(&next)) {
            self.next = self.next.map(|next| next + 1);
            self.heard(at, heard);
        }
    }

    fn heard(&mut self, at: i64, heard: Heard) {
        match heard {
            Heard::Output(bytes) => {
                let text = self.output.add(&bytes);
                self.plain.add(&text, &mut self.text);
                self.line(at, "o", &text);
            }
            Heard::Encrypted => self.over = true,
            Heard::Other => {}
        }
    }

    /// One line of asciicast v2.
    fn line(&mut self, at: i64, code: &str, text: &str) {
        if text.is_empty() || self.over {
            return;
        }
        // A clock that was set back must not turn the recording around.
        let ms = (at - self.recording.started_at).max(self.last_ms);
        if self.lines.is_empty() {
            self.at_ms = ms;
        }
        self.last_ms = ms;
        let before = self.lines.len();
        let seconds = ms as f64 / 1000.0;
        self.lines.push_str(&json!([seconds, code, text]).to_string());
        self.lines.push('\n');
        self.bytes += i64::try_from(self.lines.len() - before).unwrap_or(i64::MAX);
        if self.bytes >= MAX_BYTES {
            self.over = true;
        }
    }

    async fn write(&mut self, shared: &Arc<Shared>) -> Result<(), StoreError> {
        self.written = tokio::time::Instant::now();
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        let folded = self.text.to_lowercase();
        let kept: String = self.text.chars().rev().take(OVERLAP).collect();
        self.text = kept.chars().rev().collect();
        let progress = Progress {
            next_sequence: self.next.unwrap_or(self.recording.next_sequence),
            duration_ms: self.last_ms,
            first_size: self.first_size.take(),
        };
        self.recording.pieces += 1;
        self.recording.next_sequence = progress.next_sequence;
        let (id, now) = (self.recording.session_id.clone(), shared.clock.now_ms());
        let mut start = 0;
        // A message may be a mebibyte, and its escapes six times that.
        while start < lines.len() {
            let most = (start + recordings::MAX_PIECE).min(lines.len());
            let end = lines.get(start..most).and_then(|part| part.rfind('\n')).map_or(lines.len(), |at| start + at + 1);
            let text = if end == lines.len() { folded.clone() } else { String::new() };
            let piece = Piece::new(self.at_ms, lines.get(start..end).unwrap_or_default(), text)?;
            let id = id.clone();
            shared.store.write(move |tx| recordings::append(tx, &id, &piece, progress, now)).await?;
            start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(with_input: bool) -> Tape {
        Tape::new(Recording {
            session_id: "s".into(),
            target: "mi-1".into(),
            owner: "o".into(),
            document_name: "d".into(),
            started_at: 1_000,
            updated_at: 1_000,
            width: 80,
            height: 24,
            next_sequence: 0,
            pieces: 0,
            duration_ms: 0,
            raw_bytes: 0,
            packed_bytes: 0,
            with_input,
            complete: false,
            cut: false,
        })
    }

    fn output(at: i64, sequence: i64, text: &str) -> Event {
        Event::Stream { at, sequence, heard: Heard::Output(text.as_bytes().to_vec()) }
    }

    #[test]
    fn events_stand_in_the_order_of_the_stream() {
        let mut tape = tape(true);
        for event in [
            Event::Size { at: 1_000, cols: 120, rows: 40 },
            output(1_500, 0, "a\u{1b}[1m"),
            output(1_600, 2, "c"),
            output(1_700, 1, "b\n"),
            output(1_800, 1, "b\n"),
            Event::Input { at: 1_900, bytes: b"x\r".to_vec() },
        ] {
            tape.take(event);
        }
        let expected =
            "[0.0,\"r\",\"120x40\"]\n[0.5,\"o\",\"a\\u001b[1m\"]\n[0.7,\"o\",\"b\\n\"]\n[0.7,\"o\",\"c\"]\n[0.9,\"i\",\"x\\r\"]\n";
        assert_eq!(tape.lines, expected);
        assert_eq!((tape.text.as_str(), tape.first_size, tape.next), ("ab\nc", Some((120, 40)), Some(3)));
    }

    #[test]
    fn what_is_typed_is_not_kept_unless_it_is_asked_for() {
        let mut tape = tape(false);
        tape.take(Event::Input { at: 2_000, bytes: b"secret".to_vec() });
        assert!(tape.lines.is_empty());
    }

    #[test]
    fn a_recording_goes_on_after_a_restart_without_repeating_itself() {
        let mut first = tape(false);
        first.take(output(1_500, 0, "a"));
        let mut tape = Tape::new(Recording { pieces: 1, next_sequence: 5, duration_ms: 9_000, ..first.recording });
        tape.take(output(1_600, 4, "old"));
        tape.take(output(1_700, 7, "new"));
        assert_eq!((tape.lines.as_str(), tape.next), ("[9.0,\"o\",\"new\"]\n", Some(8)));
    }

    #[test]
    fn what_never_comes_holds_nothing_up_for_ever() {
        let mut tape = tape(false);
        for n in 0..=MAX_APART {
            tape.take(output(1_500, 1 + i64::try_from(n).unwrap(), "x"));
        }
        assert_eq!(tape.lines.lines().count(), MAX_APART + 1);
    }
}
