//! The data channel of a session (session-protocol 2 to 4) as a state machine: frames in, events out; messages in, frames out.
//!
//! A session's bytes must arrive once and in order, although either end may lose its socket and come back. So messages are numbered and
//! acknowledged end to end, the hub in between only passes them on. This file is both ends, for a stock peer and for our own.
//!
//! With a stock peer each message is acknowledged by itself, and nobody says how much may be sent: what is on the way is bounded by a
//! window, and the owner stops reading the socket while [`DataChannel::wants_frames`] says no. Between our two ends the handshake
//! carries an offer ([`FastPath`]) after which one acknowledgement stands for all messages up to a number, and says how much more the
//! receiver takes ([`Window`]): then a slow consumer never stops the acknowledgements of the other direction, and holds up its
//! producer wherever that is, with nothing growing in between. A stock peer never sees either.
//!
//! The owner feeds [`DataChannel::receive`], takes [`DataChannel::take`], writes [`DataChannel::next_frame`], comes back at
//! [`DataChannel::due_at`], and calls [`DataChannel::reconnected`] on a new socket.

mod handshake;
mod incoming;
mod outgoing;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::agent_message::{AgentMessage, DecodeError, FLAG_SYN, MessageType};
use crate::payload::stream_data::PayloadType;
use crate::payload::{
    Acknowledge, AgentSessionState, ChannelClosed, FastPath, HandshakeRequest, Payload, SessionNotice, SessionState, TerminalSize,
    Window as PeerWindow, session_notice,
};
use incoming::{Arrival, Incoming};
use outgoing::Outgoing;
pub use outgoing::Window;

/// What our agent calls itself on a data channel: newer than every gate of the stock client (session-protocol 5.4).
pub const AGENT_VERSION: &str = "3.3.1000.0";
/// What our client calls itself, likewise.
pub const CLIENT_VERSION: &str = "1.2.700.0";
/// The longest payload our ends put into one message. Stock peers take it too; small enough that a key pressed meanwhile is not held up.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// A stock client loses its reader to a frame that follows the end of the handshake too soon (session-protocol 4.5), and a repetition is
/// such a frame.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(3);
/// How often, and how far apart, the peer is told again that there is room: word of it may have been lost with a socket.
const TELL_AGAIN: (u32, Duration) = (5, Duration::from_secs(1));

/// Which end this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Client,
    Agent,
}

/// What a channel is set up with.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub role: Role,
    /// What may be on the way to the peer.
    pub window: Window,
    /// Bytes that may wait here to be taken.
    pub capacity: usize,
    /// The first message id; the others count on from it. Random, since ids are compared across sessions in logs.
    pub first_id: Uuid,
    /// Now, and the same moment in epoch milliseconds.
    pub start: (Instant, u64),
    /// Whether our own extension is offered and taken.
    pub fast: bool,
}

/// What there is to know, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message of the peer. Counts as consumed once it is taken from the channel.
    Data { kind: PayloadType, payload: Bytes },
    /// For a client: the session can be used. `properties` are a Port document's.
    Ready { session_type: String, properties: Value, agent_version: String, customer_message: String, mux: u8 },
    /// For an agent: the client answered the handshake, or why it cannot take part.
    Agreed(Result<Client, String>),
    /// For an agent: the client has the request for a while and has not answered, as clients older than the handshake do not.
    Unanswered,
    /// The hub asks to pause (true), because the other end is away, or to go on.
    Paused(bool),
    /// For a client: our hub will end the session, unless something is typed.
    EndsSoon(SessionNotice),
    /// The hub has ended the session; `output` is for the person to read, and may be empty.
    Closed { output: String },
}

/// What a client said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Four integers with dots, from a stock client.
    pub version: String,
    /// Its terminal, if it said.
    pub size: Option<TerminalSize>,
    /// The version of smux both ends know.
    pub mux: u8,
}

/// One end of a session's channel.
pub struct DataChannel {
    settings: Settings,
    ids: u128,
    out: Outgoing,
    incoming: Incoming,
    events: VecDeque<Event>,
    /// Frames without a number, encoded: acknowledgements to a stock peer, states.
    loose: VecDeque<Bytes>,
    /// The peer speaks the fast path.
    fast: bool,
    /// A message that is not yet acknowledged, on the fast path.
    to_acknowledge: Option<(Uuid, i64)>,
    /// When the peer is told again, and how often it was.
    tell_again: Option<(Instant, u32)>,
    paused: bool,
    closed: bool,
    handshake: handshake::Progress,
    size: Option<TerminalSize>,
    told_size: Option<TerminalSize>,
}

/// Loose frames kept at most: acknowledgements of a peer that sends without reading.
const MAX_LOOSE: usize = 20_000;

impl DataChannel {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ids: settings.first_id.as_u128(),
            out: Outgoing::new(settings.window),
            incoming: Incoming::new(settings.capacity),
            events: VecDeque::new(),
            loose: VecDeque::new(),
            fast: false,
            to_acknowledge: None,
            tell_again: None,
            paused: false,
            closed: false,
            handshake: handshake::Progress::default(),
            size: None,
            told_size: None,
        }
    }

    /// Takes a frame from the socket. An error is a frame to be passed over: whatever it was will be repeated.
    pub fn receive(&mut self, frame: &[u8], now: Instant) -> Result<(), DecodeError> {
        let message = AgentMessage::decode(frame)?;
        let from_peer = match self.settings.role {
            Role::Client => MessageType::OutputStreamData,
            Role::Agent => MessageType::InputStreamData,
        };
        match &message.message_type {
            kind if *kind == from_peer => self.stream_data(message, now),
            MessageType::Acknowledge => self.acknowledged(&message, now),
            MessageType::PausePublication => self.pause(true),
            MessageType::StartPublication => self.pause(false),
            MessageType::ChannelClosed if !self.closed => {
                self.closed = true;
                let output = ChannelClosed::decode(&message.payload).ok().and_then(|closed| closed.output).unwrap_or_default();
                self.events.push_back(Event::Closed { output });
            }
            MessageType::Other(name) if name.as_str() == session_notice::NAME && self.settings.role == Role::Client => {
                // One is enough to be told.
                let known = self.events.iter().any(|event| matches!(event, Event::EndsSoon(_)));
                if let Some(notice) = SessionNotice::from_payload(&message.payload).ok().filter(|_| !known) {
                    self.events.push_back(Event::EndsSoon(notice));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether another frame should be read from the socket. On the fast path always: the peer knows how much it may send.
    pub fn wants_frames(&self) -> bool {
        (self.fast || !self.incoming.is_full()) && self.loose.len() < MAX_LOOSE
    }

    /// The next event.
    pub fn take(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::Data { payload, .. } = &event {
            self.incoming.take(payload.len());
        }
        Some(event)
    }

    /// Whether [`DataChannel::take`] has something.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether a message may be sent: the window has room and, for a client, the session is ready.
    pub fn can_send(&self) -> bool {
        let ready = self.settings.role == Role::Agent || self.handshake.is_ready();
        ready && !self.closed && self.out.has_room()
    }

    /// Queues a message. An empty one is passed over, since stock peers cannot read it; keep to [`MAX_MESSAGE_BYTES`].
    pub fn send(&mut self, kind: PayloadType, payload: Bytes, now: Instant) {
        if payload.is_empty() {
            return;
        }
        let patience = if kind == PayloadType::HandshakeComplete { HANDSHAKE_PATIENCE } else { Duration::ZERO };
        let message_type = match self.settings.role {
            Role::Client => MessageType::InputStreamData,
            Role::Agent => MessageType::OutputStreamData,
        };
        let bytes = payload.len();
        let mut message = AgentMessage::new(message_type, self.next_id(), self.epoch_ms(now), payload);
        message.sequence_number = self.out.next_sequence();
        message.payload_type = kind as u32;
        if self.settings.role == Role::Agent && message.sequence_number == 0 {
            message.flags = FLAG_SYN;
        }
        self.out.push(message.encode(), bytes, patience);
    }

    /// An agent's word to the hub.
    pub fn send_state(&mut self, session_id: &str, state: SessionState, now: Instant) {
        let (id, created) = (self.next_id(), self.epoch_ms(now));
        self.loose.push_back(AgentSessionState::new(session_id, state).into_message(id, created).encode());
    }

    /// The client's terminal has this size: told to the agent when it can know, and when it changes.
    pub fn resize(&mut self, size: TerminalSize, now: Instant) {
        self.size = Some(size);
        self.tell_size(now);
    }

    fn tell_size(&mut self, now: Instant) {
        if self.handshake.is_ready() && self.size != self.told_size {
            self.told_size = self.size;
            if let Some(size) = self.size {
                self.send(PayloadType::Size, size.to_bytes().into(), now);
            }
        }
    }

    /// The next frame to write: acknowledgements first, then what is overdue, then what is new.
    pub fn next_frame(&mut self, now: Instant) -> Option<Bytes> {
        if let Some(frame) = self.loose.pop_front() {
            return Some(frame);
        }
        if let Some(frame) = self.cumulative(now) {
            return Some(frame);
        }
        if self.handshake.is_late(now) {
            self.events.push_back(Event::Unanswered);
        }
        if self.paused {
            return None;
        }
        self.out.overdue(now).or_else(|| self.out.next(now))
    }

    /// When [`DataChannel::next_frame`] may have something though nothing else happens.
    pub fn due_at(&self) -> Option<Instant> {
        let again = self.tell_again.map(|(at, _)| at);
        let overdue = self.out.due_at().filter(|_| !self.paused);
        [again, overdue, self.handshake.late_at()].into_iter().flatten().min()
    }

    /// A new socket is there: what was not acknowledged goes out again, and the peer is told where this end stands.
    pub fn reconnected(&mut self) {
        self.paused = false;
        self.out.reconnected();
        self.loose.clear();
        if self.fast {
            self.to_acknowledge.get_or_insert((Uuid::nil(), self.incoming.through()));
        }
    }

    /// All that was sent has arrived.
    pub fn is_drained(&self) -> bool {
        self.out.is_drained()
    }

    /// Whether the peer is one of ours.
    pub fn is_fast(&self) -> bool {
        self.fast
    }

    /// For an agent: asks the client to take part in a session of this type. `properties` are a Port document's.
    pub fn begin(&mut self, session_type: &str, properties: Value, mux: u8, now: Instant) {
        let offer = self.settings.fast.then(|| self.offer(mux));
        let request = HandshakeRequest::new(AGENT_VERSION, session_type, properties, offer);
        self.handshake.begin(now, mux);
        self.send(PayloadType::HandshakeRequest, request.to_bytes().into(), now);
    }

    fn offer(&mut self, mux: u8) -> FastPath {
        let size = self.size.unwrap_or(TerminalSize { cols: 0, rows: 0 });
        FastPath { version: FastPath::VERSION, limit: self.incoming.limit(), cols: size.cols, rows: size.rows, mux }
    }

    fn next_id(&mut self) -> Uuid {
        self.ids = self.ids.wrapping_add(1);
        Uuid::from_u128(self.ids)
    }

    fn epoch_ms(&self, now: Instant) -> u64 {
        let (start, epoch_ms) = self.settings.start;
        epoch_ms.saturating_add(u64::try_from(now.saturating_duration_since(start).as_millis()).unwrap_or(u64::MAX))
    }

    fn pause(&mut self, paused: bool) {
        if self.paused == paused {
            return;
        }
        self.paused = paused;
        // One that takes the last one back is not news.
        match self.events.back() {
            Some(Event::Paused(_)) => drop(self.events.pop_back()),
            _ => self.events.push_back(Event::Paused(paused)),
        }
    }

    fn acknowledged(&mut self, message: &AgentMessage, now: Instant) {
        self.pause(false);
        let Ok(acknowledge) = Acknowledge::decode(&message.payload) else { return };
        self.out.acknowledged(acknowledge.acknowledged_message_sequence_number, now);
        self.handshake.has_arrived(now);
        if let Some(window) = acknowledge.quarterdeck.filter(|_| self.fast) {
            self.out.acknowledged_through(window.through, now);
            self.out.limit(window.limit);
        }
    }

    fn stream_data(&mut self, message: AgentMessage, now: Instant) {
        self.pause(false);
        if self.closed {
            return;
        }
        let head = AgentMessage { payload: Bytes::new(), ..message.clone() };
        match self.incoming.arrive(message) {
            Arrival::Dropped => {}
            Arrival::Again | Arrival::Kept => self.acknowledge(&head, now),
            Arrival::Next(message) => {
                self.acknowledge(&head, now);
                self.tell_again = None;
                self.deliver(message, now);
                while let Some(message) = self.incoming.follower() {
                    self.deliver(message, now);
                }
            }
        }
    }

    fn acknowledge(&mut self, message: &AgentMessage, now: Instant) {
        if self.fast {
            self.to_acknowledge = Some((message.message_id, message.sequence_number));
            return;
        }
        let (id, created) = (self.next_id(), self.epoch_ms(now));
        self.loose.push_back(Acknowledge::of(message).into_message(id, created).encode());
    }

    /// On the fast path: one acknowledgement of everything that came, with what more may come.
    fn cumulative(&mut self, now: Instant) -> Option<Bytes> {
        if !self.fast {
            return None;
        }
        let again = self.tell_again.filter(|(at, _)| *at <= now);
        let news = self.incoming.has_news();
        if self.to_acknowledge.is_none() && again.is_none() && !news {
            return None;
        }
        if news && self.incoming.peer_may_wait() {
            self.tell_again = Some((now + TELL_AGAIN.1, 0));
        } else if let Some((_, count)) = again {
            self.tell_again = (count < TELL_AGAIN.0).then(|| (now + TELL_AGAIN.1 * 2u32.pow(count + 1), count + 1));
        }
        let through = self.incoming.through();
        let (message_id, sequence) = self.to_acknowledge.take().unwrap_or((Uuid::nil(), through));
        let from_peer = match self.settings.role {
            Role::Client => MessageType::OutputStreamData,
            Role::Agent => MessageType::InputStreamData,
        };
        let acknowledge = Acknowledge {
            acknowledged_message_type: from_peer.to_string(),
            acknowledged_message_id: message_id,
            acknowledged_message_sequence_number: sequence,
            is_sequential_message: true,
            quarterdeck: Some(PeerWindow { through, limit: self.incoming.limit() }),
        };
        let (id, created) = (self.next_id(), self.epoch_ms(now));
        Some(acknowledge.into_message(id, created).encode())
    }

    fn deliver(&mut self, message: AgentMessage, now: Instant) {
        let Some(kind) = PayloadType::from_u32(message.payload_type) else {
            return self.incoming.pass(message.payload.len());
        };
        if self.negotiate(kind, &message.payload, now) {
            return self.incoming.pass(message.payload.len());
        }
        self.incoming.wait(message.payload.len());
        self.events.push_back(Event::Data { kind, payload: message.payload });
    }
}
