//! Connections carried through a port session: the driver of [`qd_wire::smux::Mux`] on a [`Pipe`], for the end that listens and for the
//! end that reaches out.
//!
//! Each connection is a task that reads only while it holds a permit, so what waits for the session's room is bounded; what came for a
//! connection and is not taken yet is bounded by its window in version 2, and by a common ceiling in version 1, where the session is
//! not read meanwhile.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use qd_wire::data_channel::{Event, MAX_MESSAGE_BYTES};
use qd_wire::payload::stream_data::{PayloadType, StreamFlag};
use qd_wire::smux::{MAX_DATA_BYTES, Mux, MuxEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::credentials::BoxFuture;
use crate::pipe::{Pipe, PipeEvent};

/// Pieces of one connection that may wait for the session's room.
const PIECES: usize = 2;
/// Bytes in smux frames that wait to be sent.
const WAITING: usize = 2 * MAX_MESSAGE_BYTES;
/// Bytes that came and were not taken, of all connections: the stock ends' own ceiling, and ours where each has its window.
const UNTAKEN: [usize; 2] = [4 * 1024 * 1024, 32 * 1024 * 1024];
/// Signs of life for a peer that gives up without them (session-protocol 5.4).
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A connection of any kind.
pub trait Conn: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Conn for T {}
pub type BoxConn = Box<dyn Conn>;

/// Opens a connection to where a session leads.
pub type Reach = Arc<dyn Fn() -> BoxFuture<'static, io::Result<BoxConn>> + Send + Sync>;

/// Live figures of a forward.
#[derive(Debug, Default)]
pub struct Counters {
    /// Bytes from the connections here to the other end.
    pub sent: AtomicU64,
    /// Bytes from the other end.
    pub received: AtomicU64,
    /// Connections open now, and ever.
    pub open: AtomicU64,
    pub opened: AtomicU64,
    /// Connections the other end could not make.
    pub refused: AtomicU64,
}

/// Where connections come from.
pub enum Side<'a> {
    /// Accepted here; the first may be there already.
    Listening { first: Option<BoxConn>, accepted: &'a mut mpsc::Receiver<BoxConn> },
    /// Asked for by the other end.
    Reaching(Reach),
}

/// What is to be known of the other end.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The version of smux.
    pub version: u8,
    pub keep_alive: bool,
}

/// Why it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuxEnd {
    /// The client said so.
    Terminated,
    /// The hub said so, with a text for the person.
    Closed(String),
    /// There is no connection to the hub and there will be none.
    Over(String),
    /// The other end sent what is not smux.
    Broken(String),
}

/// Something else that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuxNotice {
    Lost {
        attempt: u32,
        reason: String,
    },
    Back,
    /// The other end could not make a connection.
    Refused,
}

/// What a connection's task says.
enum Said {
    Data(u32, Bytes),
    /// Nothing more is read from it.
    Done(u32),
    Taken(u32, usize),
    Refused(u32),
    Gone(u32),
}

struct Stream {
    /// Closed once the other end is done.
    inbox: Option<mpsc::UnboundedSender<Bytes>>,
    untaken: usize,
    waiting: VecDeque<Bytes>,
    permits: Arc<Semaphore>,
    /// Its end follows what is waiting.
    done: bool,
}

struct Driver {
    mux: Mux,
    peer: Peer,
    streams: HashMap<u32, Stream>,
    /// Streams with something waiting, in turn.
    active: VecDeque<u32>,
    tasks: JoinSet<()>,
    said: mpsc::Sender<Said>,
    untaken: usize,
    counters: Arc<Counters>,
    /// Openings the client is to be told that came to nothing.
    refusals: usize,
}

/// Carries connections until the session is over. Dropping it closes them all.
pub async fn run(pipe: &mut Pipe, peer: Peer, side: Side<'_>, counters: Arc<Counters>, mut notice: impl FnMut(MuxNotice)) -> MuxEnd {
    let (said, mut heard) = mpsc::channel(64);
    let mux = if matches!(side, Side::Reaching(_)) { Mux::server(peer.version) } else { Mux::client(peer.version) };
    let (mut first, mut accepted, reach) = match side {
        Side::Listening { first, accepted } => (first, Some(accepted), None),
        Side::Reaching(reach) => (None, None, Some(reach)),
    };
    let mut driver = Driver {
        mux,
        peer,
        streams: HashMap::new(),
        active: VecDeque::new(),
        tasks: JoinSet::new(),
        said,
        untaken: 0,
        counters,
        refusals: 0,
    };
    let sender = pipe.sender().clone();
    let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
    loop {
        driver.fill();
        let next_connection = async {
            match (first.take(), &mut accepted) {
                (Some(connection), _) => Some(connection),
                (None, Some(accepted)) => accepted.recv().await,
                (None, None) => std::future::pending().await,
            }
        };
        let ceiling = UNTAKEN[usize::from(peer.version == 2)];
        tokio::select! {
            slot = sender.slot(), if driver.has_output() => match slot {
                Ok(slot) => driver.send(slot),
                Err(_) => return MuxEnd::Closed(String::new()),
            },
            event = pipe.next(), if driver.untaken < ceiling => {
                if let Some(end) = driver.on_pipe(event, reach.as_ref(), &mut notice) {
                    return end;
                }
            }
            Some(said) = heard.recv() => driver.on_stream(said),
            Some(connection) = next_connection => driver.accept(connection),
            _ = keep_alive.tick(), if peer.keep_alive => driver.mux.keep_alive(),
            Some(_) = driver.tasks.join_next() => {}
        }
    }
}

impl Driver {
    fn has_output(&self) -> bool {
        self.mux.waiting() > 0 || self.refusals > 0
    }

    fn send(&mut self, slot: crate::pipe::Slot<'_>) {
        if self.refusals > 0 {
            self.refusals -= 1;
            return slot.send(PayloadType::Flag, Bytes::copy_from_slice(&StreamFlag::ConnectToPortError.to_payload()));
        }
        slot.send(PayloadType::Output, self.mux.take_output(MAX_MESSAGE_BYTES));
    }

    /// Lets waiting data into the session, each connection in its turn.
    fn fill(&mut self) {
        let mut blocked = 0;
        while self.mux.waiting() < WAITING && blocked < self.active.len() {
            let Some(id) = self.active.pop_front() else { return };
            let Some(stream) = self.streams.get_mut(&id) else { continue };
            let Some(piece) = stream.waiting.front_mut() else {
                if stream.done {
                    self.finish(id);
                }
                continue;
            };
            let room = self.mux.room(id).min(MAX_DATA_BYTES);
            if room == 0 {
                blocked += 1;
                self.active.push_back(id);
                continue;
            }
            blocked = 0;
            let part = piece.split_to(piece.len().min(room));
            if piece.is_empty() {
                stream.waiting.pop_front();
                stream.permits.add_permits(1);
            }
            self.counters.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            self.mux.write(id, &part);
            self.active.push_back(id);
        }
    }

    /// Nothing more goes out on a connection.
    fn finish(&mut self, id: u32) {
        self.mux.finish(id);
        // In version 1 nothing more comes either.
        if self.peer.version != 2
            && let Some(stream) = self.streams.get_mut(&id)
        {
            stream.inbox = None;
        }
    }

    fn on_pipe(&mut self, event: Option<PipeEvent>, reach: Option<&Reach>, notice: &mut impl FnMut(MuxNotice)) -> Option<MuxEnd> {
        match event {
            Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Output, payload })) => match self.mux.receive(&payload) {
                Ok(events) => events.into_iter().for_each(|event| self.on_mux(event, reach)),
                Err(error) => return Some(MuxEnd::Broken(error.to_string())),
            },
            Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Flag, payload })) => match StreamFlag::from_payload(&payload) {
                Some(StreamFlag::TerminateSession) => return Some(MuxEnd::Terminated),
                Some(StreamFlag::ConnectToPortError) => {
                    self.counters.refused.fetch_add(1, Ordering::Relaxed);
                    notice(MuxNotice::Refused);
                }
                _ => {}
            },
            Some(PipeEvent::Channel(Event::Closed { output })) => return Some(MuxEnd::Closed(output)),
            Some(PipeEvent::Over(reason)) => return Some(MuxEnd::Over(reason)),
            None => return Some(MuxEnd::Closed(String::new())),
            Some(PipeEvent::Lost { attempt, reason }) => notice(MuxNotice::Lost { attempt, reason }),
            Some(PipeEvent::Back) => notice(MuxNotice::Back),
            Some(PipeEvent::Channel(_)) => {}
        }
        None
    }

    fn on_mux(&mut self, event: MuxEvent, reach: Option<&Reach>) {
        match event {
            MuxEvent::Opened(id) => match reach {
                Some(reach) => self.add(id, reach()),
                // Only the end that listens opens connections.
                None => self.mux.finish(id),
            },
            MuxEvent::Data(id, data) => {
                let Some(stream) = self.streams.get_mut(&id) else { return };
                let size = data.len();
                self.counters.received.fetch_add(size as u64, Ordering::Relaxed);
                if stream.inbox.as_ref().is_some_and(|inbox| inbox.send(data).is_ok()) {
                    stream.untaken += size;
                    self.untaken += size;
                }
            }
            MuxEvent::Finished(id) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.inbox = None;
                }
            }
            MuxEvent::Room(id) => self.wake(id),
        }
    }

    fn wake(&mut self, id: u32) {
        if !self.active.contains(&id) {
            self.active.push_back(id);
        }
    }

    fn on_stream(&mut self, said: Said) {
        match said {
            Said::Data(id, bytes) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.waiting.push_back(bytes);
                    self.wake(id);
                }
            }
            Said::Done(id) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.done = true;
                    self.wake(id);
                }
            }
            Said::Taken(id, bytes) => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    let bytes = bytes.min(stream.untaken);
                    stream.untaken -= bytes;
                    self.untaken -= bytes;
                    self.mux.consumed(id, bytes);
                }
            }
            Said::Refused(id) => {
                self.refusals += 1;
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                self.remove(id);
            }
            Said::Gone(id) => self.remove(id),
        }
    }

    fn remove(&mut self, id: u32) {
        let Some(stream) = self.streams.remove(&id) else { return };
        self.untaken -= stream.untaken;
        self.counters.open.fetch_sub(1, Ordering::Relaxed);
        // What it read last still goes out.
        for bytes in stream.waiting {
            self.counters.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.mux.write(id, &bytes);
        }
        self.mux.finish(id);
    }

    fn accept(&mut self, connection: BoxConn) {
        // One too many is closed at once, as a full listener does.
        if let Some(id) = self.mux.open() {
            self.add(id, Box::pin(std::future::ready(Ok(connection))));
        }
    }

    fn add(&mut self, id: u32, connection: BoxFuture<'static, io::Result<BoxConn>>) {
        let (inbox, theirs) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(PIECES));
        self.counters.open.fetch_add(1, Ordering::Relaxed);
        self.counters.opened.fetch_add(1, Ordering::Relaxed);
        self.streams.insert(id, Stream { inbox: Some(inbox), untaken: 0, waiting: VecDeque::new(), permits: permits.clone(), done: false });
        let (said, halves) = (self.said.clone(), self.peer.version == 2);
        self.tasks.spawn(async move {
            match connection.await {
                Ok(connection) => {
                    carry(id, connection, theirs, &said, &permits, halves).await;
                    let _ = said.send(Said::Gone(id)).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "a forwarded connection was not made");
                    let _ = said.send(Said::Refused(id)).await;
                }
            }
        });
    }
}

/// One connection. `halves`: its two directions end each by itself.
async fn carry(
    id: u32,
    connection: BoxConn,
    mut inbox: mpsc::UnboundedReceiver<Bytes>,
    said: &mpsc::Sender<Said>,
    permits: &Semaphore,
    halves: bool,
) {
    let (mut from, mut to) = tokio::io::split(connection);
    let stop = CancellationToken::new();
    let reading = async {
        while let Ok(permit) = permits.acquire().await {
            permit.forget();
            let mut buffer = BytesMut::with_capacity(MAX_DATA_BYTES);
            if !matches!(from.read_buf(&mut buffer).await, Ok(count) if count > 0) {
                break;
            }
            if said.send(Said::Data(id, buffer.freeze())).await.is_err() {
                return;
            }
        }
        let _ = said.send(Said::Done(id)).await;
    };
    let writing = async {
        let mut whole = true;
        while let Some(bytes) = inbox.recv().await {
            whole = to.write_all(&bytes).await.is_ok() && to.flush().await.is_ok();
            if !whole || said.send(Said::Taken(id, bytes.len())).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
        if !halves || !whole {
            stop.cancel();
        }
    };
    tokio::join!(stop.run_until_cancelled(reading), writing);
}
