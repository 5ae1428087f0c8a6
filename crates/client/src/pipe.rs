//! A data channel on sockets that come and go: the driver of [`qd_wire::DataChannel`], for a session's client and for an agent alike.
//!
//! One task owns channel and socket. It reads while it writes, since two ends that both only write wait for each other for ever; it
//! takes from its owner only what the channel has room for, and gives its owner only what is taken. A lost socket is dialled again, and
//! nothing of the session is lost with it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use qd_wire::DataChannel;
use qd_wire::data_channel::Event;
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{SessionState, TerminalSize};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::credentials::BoxFuture;
use crate::socket::Socket;

/// Messages and events between the owner and the task; what is large is bounded by the channel.
const QUEUE: usize = 4;
/// First and longest pause before a socket is dialled again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Attempts before the first socket.
const FIRST_ATTEMPTS: u32 = 6;
/// A connection is asked for a sign of life this often, and given up after this long without one.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(50);
/// The longest wait for the peer to have everything before a channel is closed.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);
/// Frames read before anything is written again.
const BURST: usize = 64;

/// Why there is no socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialError {
    /// It is worth trying again.
    Again(String),
    /// The session is over, or never will be.
    Over(String),
}

/// Where sockets come from.
pub trait Dial: Send + 'static {
    /// A socket on which the opening text has been sent.
    fn dial(&mut self) -> BoxFuture<'_, Result<Socket, DialError>>;

    /// What is said first on each new socket.
    fn opened(&mut self, _channel: &mut DataChannel, _now: Instant) {}
}

/// What an owner asks for.
enum Order {
    Message(PayloadType, Bytes),
    Begin { session_type: String, properties: Value, mux: u8 },
    Close(Option<(String, SessionState)>),
}

/// What an owner hears.
#[derive(Debug, Clone, PartialEq)]
pub enum PipeEvent {
    Channel(Event),
    /// The socket is gone, or a new one did not come about; the attempt counts from 1.
    Lost {
        attempt: u32,
        reason: String,
    },
    /// There is a socket again.
    Back,
    /// There will be none. Nothing follows.
    Over(String),
}

/// The owner's end that sends. Cheap to clone; the channel ends with [`Pipe`].
#[derive(Clone)]
pub struct PipeSender {
    orders: mpsc::Sender<Order>,
    size: watch::Sender<Option<TerminalSize>>,
}

/// The channel is over; nothing more can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session is over")]
pub struct PipeClosed;

impl PipeSender {
    /// Sends a message; waits while there is no room for it. Not longer than [`qd_wire::data_channel::MAX_MESSAGE_BYTES`].
    pub async fn send(&self, kind: PayloadType, payload: Bytes) -> Result<(), PipeClosed> {
        self.order(Order::Message(kind, payload)).await
    }

    /// Waits until [`Slot::send`] would not wait.
    pub async fn slot(&self) -> Result<Slot<'_>, PipeClosed> {
        self.orders.reserve().await.map(Slot).map_err(|_| PipeClosed)
    }

    /// Asks the client to take part, see [`DataChannel::begin`].
    pub async fn begin(&self, session_type: &str, properties: Value, mux: u8) -> Result<(), PipeClosed> {
        self.order(Order::Begin { session_type: session_type.to_owned(), properties, mux }).await
    }

    /// Tells the terminal's size; the newest counts.
    pub fn resize(&self, size: TerminalSize) {
        self.size.send_if_modified(|known| known.replace(size) != Some(size));
    }

    /// Closes the channel when the peer has everything, or when it does not take it any more; an agent says its last word to the hub.
    pub async fn close(&self, last: Option<(String, SessionState)>) -> Result<(), PipeClosed> {
        self.order(Order::Close(last)).await
    }

    async fn order(&self, order: Order) -> Result<(), PipeClosed> {
        self.orders.send(order).await.map_err(|_| PipeClosed)
    }
}

/// Room for one message.
pub struct Slot<'a>(mpsc::Permit<'a, Order>);

impl Slot<'_> {
    pub fn send(self, kind: PayloadType, payload: Bytes) {
        self.0.send(Order::Message(kind, payload));
    }
}

/// The owner's end that hears. Dropping it ends the channel at once.
pub struct Pipe {
    sender: PipeSender,
    events: mpsc::Receiver<PipeEvent>,
    _stop: DropGuard,
}

impl Pipe {
    /// Takes over a channel. Without a first socket, one is dialled.
    pub fn start(channel: DataChannel, socket: Option<Socket>, dial: impl Dial) -> Self {
        let (orders, their_orders) = mpsc::channel(QUEUE);
        let (their_events, events) = mpsc::channel(QUEUE);
        let (size, their_size) = watch::channel(None);
        let stop = CancellationToken::new();
        let task = Task {
            channel,
            dial,
            orders: their_orders,
            events: their_events,
            size: their_size,
            stop: stop.clone(),
            notices: VecDeque::new(),
            closing: None,
        };
        tokio::spawn(task.run(socket));
        Self { sender: PipeSender { orders, size }, events, _stop: stop.drop_guard() }
    }

    pub fn sender(&self) -> &PipeSender {
        &self.sender
    }

    /// The next event; `None` when the channel is closed. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<PipeEvent> {
        self.events.recv().await
    }
}

struct Task<D> {
    channel: DataChannel,
    dial: D,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<PipeEvent>,
    size: watch::Receiver<Option<TerminalSize>>,
    stop: CancellationToken,
    /// Events that are not the channel's own.
    notices: VecDeque<PipeEvent>,
    closing: Option<Closing>,
}

struct Closing {
    last: Option<(String, SessionState)>,
    until: tokio::time::Instant,
}

/// How far a channel is that its owner has closed.
enum Farewell {
    NotYet,
    /// The last word is to be written.
    Said,
    Done,
}

/// How serving a socket ended.
enum End {
    Lost(String),
    Closed,
}

impl<D: Dial> Task<D> {
    async fn run(mut self, socket: Option<Socket>) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.live(socket)).await;
    }

    async fn live(&mut self, mut socket: Option<Socket>) {
        let mut was_open = socket.is_some();
        let mut connected_before = false;
        loop {
            let open = match socket.take() {
                Some(socket) => socket,
                None => match self.redial(was_open).await {
                    Some(socket) => socket,
                    None => return self.flush_events().await,
                },
            };
            if was_open && !self.notices.is_empty() {
                self.notices.retain(|notice| !matches!(notice, PipeEvent::Lost { .. }));
            }
            if std::mem::replace(&mut connected_before, true) {
                self.notices.push_back(PipeEvent::Back);
            }
            was_open = true;
            let now = Instant::now();
            self.channel.reconnected();
            self.dial.opened(&mut self.channel, now);
            match self.serve(open).await {
                End::Closed => return self.flush_events().await,
                End::Lost(reason) => self.notices.push_back(PipeEvent::Lost { attempt: 0, reason }),
            }
        }
    }

    /// A new socket, however long that takes; `None` when there will be none.
    async fn redial(&mut self, was_open: bool) -> Option<Socket> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let dialled = {
                let Self { dial, events, notices, channel, .. } = self;
                let mut dialling = dial.dial();
                loop {
                    tokio::select! {
                        dialled = &mut dialling => break dialled,
                        Ok(permit) = events.reserve(), if !notices.is_empty() || channel.has_event() => give(permit, notices, channel),
                    }
                }
            };
            let reason = match dialled {
                Ok(socket) => return Some(socket),
                Err(DialError::Over(reason)) => {
                    self.notices.push_back(PipeEvent::Over(reason));
                    return None;
                }
                Err(DialError::Again(reason)) if !was_open && attempt >= FIRST_ATTEMPTS => {
                    self.notices.push_back(PipeEvent::Over(reason));
                    return None;
                }
                Err(DialError::Again(reason)) => reason,
            };
            if was_open {
                self.notices.retain(|notice| !matches!(notice, PipeEvent::Lost { .. }));
                self.notices.push_back(PipeEvent::Lost { attempt, reason });
            }
            let pause = PAUSE.0 * 2u32.pow((attempt - 1).min(6));
            let until = tokio::time::Instant::now() + pause.min(PAUSE.1);
            while self.waiting() {
                tokio::select! {
                    () = tokio::time::sleep_until(until) => break,
                    Ok(permit) = self.events.reserve() => give(permit, &mut self.notices, &mut self.channel),
                }
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn waiting(&self) -> bool {
        !self.notices.is_empty() || self.channel.has_event()
    }

    /// Hands out what is left, at the end.
    async fn flush_events(&mut self) {
        while self.waiting() {
            let Ok(permit) = self.events.reserve().await else { return };
            give(permit, &mut self.notices, &mut self.channel);
        }
    }

    async fn serve(&mut self, socket: Socket) -> End {
        let (mut sink, mut stream) = socket.split();
        let mut line = Line::new();
        loop {
            let now = Instant::now();
            if line.next.is_none() {
                line.next = self.channel.next_frame(now).map(Message::Binary);
            }
            if line.next.is_none() && tokio::time::Instant::now() >= line.ping_at {
                line.ping_at = tokio::time::Instant::now() + PING;
                line.next = Some(Message::Ping(Bytes::from_static(b"keepalive")));
            }
            match self.farewell(&line) {
                Farewell::NotYet => {}
                Farewell::Said => continue,
                Farewell::Done => {
                    let _ = tokio::time::timeout(Duration::from_secs(1), sink.send(Message::Close(None))).await;
                    return End::Closed;
                }
            }
            if !self.channel.wants_frames() {
                // What is not read says nothing.
                line.heard_at = tokio::time::Instant::now();
            }
            if let Err(reason) = self.step(&mut sink, &mut stream, &mut line).await {
                return End::Lost(reason);
            }
        }
    }

    /// What is left to be said before the end.
    fn farewell(&mut self, line: &Line) -> Farewell {
        let Some(closing) = &mut self.closing else { return Farewell::NotYet };
        let late = tokio::time::Instant::now() >= closing.until;
        if line.next.is_some() || line.unflushed || !(self.channel.is_drained() || late) {
            return Farewell::NotYet;
        }
        match closing.last.take() {
            Some((session_id, state)) => {
                self.channel.send_state(&session_id, state, Instant::now());
                Farewell::Said
            }
            None => Farewell::Done,
        }
    }

    /// Waits for one thing and does it.
    async fn step(
        &mut self,
        sink: &mut SplitSink<Socket, Message>,
        stream: &mut SplitStream<Socket>,
        line: &mut Line,
    ) -> Result<(), String> {
        let far = tokio::time::Instant::now() + PING;
        let due = self.channel.due_at().map_or(far, tokio::time::Instant::from_std);
        let end = self.closing.as_ref().map_or(far, |closing| closing.until.max(tokio::time::Instant::now() + Duration::from_millis(1)));
        let waiting = self.waiting();
        let writes = line.next.is_some();
        let events = self.events.clone();
        tokio::select! {
            ready = poll_fn(|cx| if writes { sink.poll_ready_unpin(cx) } else { sink.poll_flush_unpin(cx) }), if writes || line.unflushed => {
                ready.map_err(|error| error.to_string())?;
                line.unflushed = false;
                if let Some(message) = line.next.take() {
                    sink.start_send_unpin(message).map_err(|error| error.to_string())?;
                    line.unflushed = true;
                }
            }
            message = stream.next(), if self.channel.wants_frames() => {
                self.heard(message, line)?;
                for _ in 0..BURST {
                    if !self.channel.wants_frames() { break }
                    let Some(message) = stream.next().now_or_never() else { break };
                    self.heard(message, line)?;
                }
            }
            order = self.orders.recv(), if self.closing.is_none() && self.channel.can_send() => self.obey(order),
            Ok(permit) = events.reserve(), if waiting => give(permit, &mut self.notices, &mut self.channel),
            Ok(()) = self.size.changed() => {
                if let Some(size) = *self.size.borrow_and_update() {
                    self.channel.resize(size, Instant::now());
                }
            }
            () = tokio::time::sleep_until(due.min(end).min(line.ping_at)) => {}
            () = tokio::time::sleep_until(line.heard_at + SILENCE) => return Err("the hub does not answer any more".to_owned()),
        }
        Ok(())
    }

    fn heard(&mut self, message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>, line: &mut Line) -> Result<(), String> {
        line.heard_at = tokio::time::Instant::now();
        let now = Instant::now();
        let received = match message {
            Some(Ok(Message::Binary(frame))) => self.channel.receive(&frame, now),
            // Stock readers take text frames as frames too.
            Some(Ok(Message::Text(text))) => self.channel.receive(text.as_bytes(), now),
            Some(Ok(Message::Ping(_))) => {
                // The library has queued the answer; it goes out with the next flush.
                line.unflushed = true;
                Ok(())
            }
            Some(Ok(Message::Close(_))) | None => return Err("the hub closed the connection".to_owned()),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => return Err(error.to_string()),
        };
        if let Err(error) = received {
            tracing::debug!(%error, "an unreadable frame on a data channel is passed over");
        }
        Ok(())
    }

    fn obey(&mut self, order: Option<Order>) {
        let now = Instant::now();
        match order {
            Some(Order::Message(kind, payload)) => self.channel.send(kind, payload, now),
            Some(Order::Begin { session_type, properties, mux }) => self.channel.begin(&session_type, properties, mux, now),
            Some(Order::Close(last)) => self.closing = Some(Closing { last, until: tokio::time::Instant::now() + LONGEST_DRAIN }),
            // The owner keeps a sender for as long as it listens.
            None => self.stop.cancel(),
        }
    }
}

/// One socket's state.
struct Line {
    next: Option<Message>,
    unflushed: bool,
    ping_at: tokio::time::Instant,
    heard_at: tokio::time::Instant,
}

impl Line {
    fn new() -> Self {
        let now = tokio::time::Instant::now();
        Self { next: None, unflushed: true, ping_at: now + PING, heard_at: now }
    }
}

fn give(permit: mpsc::Permit<'_, PipeEvent>, notices: &mut VecDeque<PipeEvent>, channel: &mut DataChannel) {
    // The end of everything comes after what the channel still has.
    let over = matches!(notices.front(), Some(PipeEvent::Over(_)));
    let event = if over { channel.take().map(PipeEvent::Channel) } else { None };
    let event = event.or_else(|| notices.pop_front()).or_else(|| channel.take().map(PipeEvent::Channel));
    if let Some(event) = event {
        permit.send(event);
    }
}
