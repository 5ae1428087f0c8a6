//! One session at the hub where its node's end is attached: both ends, what is on its way between them, and what the hub knows of the two
//! streams. Frames pass as they came; the hub's own part is to check them, to replay what was missed, to pause, and to end.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use qd_model::document::SessionType;
use qd_store::table::sessions::Session;
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{Acknowledge, ChannelClosed};
use qd_wire::relayed::{Frame, Kind, Lie};
use qd_wire::{AgentMessage, MessageType};
use serde::Deserialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::numbers::{Stream, Verdict};
use super::pipe::{Item, Pipe, Pushed};
use super::record::{Heard, Recorder};

/// How long a sender may be held up by an end that does not read. Shorter than it takes an agent to miss its pongs (session-protocol 2.2).
const PATIENCE: Duration = Duration::from_secs(20);
/// Frames that cannot be passed on which one connection may send before it is ended.
const MAX_LIES: u32 = 1_000;

/// Which end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Client,
    Agent,
}

/// A connection of one end.
#[derive(Clone, Debug)]
pub struct End {
    pub connection: String,
    /// Cancelled when a newer connection takes its place.
    pub replaced: CancellationToken,
}

#[derive(Default)]
struct State {
    /// From the node to the client, and the other way.
    output: Stream,
    input: Stream,
    client: Option<End>,
    agent: Option<End>,
    paused: bool,
    /// The last frame towards that end is queued.
    client_told: bool,
    agent_told: bool,
}

/// A session that goes on here.
pub struct Live {
    pub session_id: String,
    pub instance_id: String,
    pub session_type: SessionType,
    pub idle_ms: i64,
    pub ends_at: Option<i64>,
    pub to_client: Pipe,
    pub to_agent: Pipe,
    /// The client sent something of its own: it is ready for anything (session-protocol 4.5).
    pub client_spoke: Notify,
    /// When somebody last did something, epoch milliseconds.
    pub active_at: AtomicI64,
    /// What was said of its coming end: 1 idle, 2 duration.
    pub warned: AtomicU32,
    /// The node said that it ends the session.
    pub agent_ended: AtomicBool,
    recorder: Option<Recorder>,
    state: Mutex<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SessionState {
    session_state: String,
}

/// What the reader of a connection does after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Read,
    /// The node said that the session ends.
    Terminating,
    /// Too many frames that are none.
    HangUp,
}

impl Live {
    /// `recorder` is there when the session is recorded.
    pub fn new(session: &Session, session_type: SessionType, now: i64, recorder: Option<Recorder>) -> Self {
        Self {
            session_id: session.session_id.clone(),
            instance_id: session.target.clone(),
            session_type,
            idle_ms: session.idle_ms,
            ends_at: session.max_ms.map(|ms| session.started_at.saturating_add(ms)),
            to_client: Pipe::default(),
            to_agent: Pipe::default(),
            client_spoke: Notify::new(),
            active_at: AtomicI64::new(now),
            warned: AtomicU32::new(0),
            agent_ended: AtomicBool::new(false),
            recorder,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is complete in itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both streams go on from where this hub has not seen them.
    pub fn goes_on(&self) {
        let mut state = self.state();
        state.output.goes_on();
        state.input.goes_on();
    }

    /// Makes this the end's connection, in place of an earlier one, and lets the node go on when both ends are here.
    pub fn attach(&self, role: Role, connection: &str, now: i64) -> End {
        let end = End { connection: connection.to_owned(), replaced: CancellationToken::new() };
        let mut state = self.state();
        let before = match role {
            Role::Client => state.client.replace(end.clone()),
            Role::Agent => state.agent.replace(end.clone()),
        };
        if let Some(before) = before {
            before.replaced.cancel();
        }
        if state.client.is_some() && state.agent.is_some() && self.may_pause() {
            state.paused = false;
            drop(state);
            self.to_agent.put(Item::plain(own(MessageType::StartPublication, now)));
        }
        end
    }

    /// The connection ended; `false` when a newer one had taken its place. A node whose client is gone is asked to wait.
    pub fn detach(&self, role: Role, connection: &str, now: i64) -> bool {
        let mut state = self.state();
        let place = match role {
            Role::Client => &mut state.client,
            Role::Agent => &mut state.agent,
        };
        if place.as_ref().is_none_or(|end| end.connection != connection) {
            return false;
        }
        place.take();
        if role == Role::Client && !state.client_told {
            self.pause(&mut state, now);
        }
        true
    }

    /// A command without a terminal takes a pause for the end of its output (session-protocol 3.6).
    fn may_pause(&self) -> bool {
        self.session_type != SessionType::NonInteractiveCommands
    }

    fn pause(&self, state: &mut State, now: i64) {
        if self.may_pause() && !state.paused && state.agent.is_some() {
            state.paused = true;
            self.to_agent.put(Item::plain(own(MessageType::PausePublication, now)));
        }
    }

    /// The client took what was queued for it.
    pub fn drained(&self, now: i64) {
        if !self.to_client.is_low() {
            return;
        }
        let mut state = self.state();
        if state.paused && state.client.is_some() && state.agent.is_some() {
            state.paused = false;
            drop(state);
            self.to_agent.put(Item::plain(own(MessageType::StartPublication, now)));
        }
    }

    /// Whether that end is here.
    pub fn has(&self, role: Role) -> bool {
        let state = self.state();
        match role {
            Role::Client => state.client.is_some(),
            Role::Agent => state.agent.is_some(),
        }
    }

    /// Ends the connection of an end without a word, so that it comes back elsewhere.
    pub fn hang_up(&self, role: Role) {
        let mut state = self.state();
        let end = match role {
            Role::Client => state.client.take(),
            Role::Agent => state.agent.take(),
        };
        if let Some(end) = end {
            end.replaced.cancel();
        }
    }

    /// Says to an end that the session is over, after all that is on its way to it. Once. A node that ends by itself is not told: it would
    /// take that for a cancellation (session-protocol 3.7), in the middle of putting its logs away.
    pub fn close(&self, role: Role, reason: &str, now: i64) {
        let mut state = self.state();
        let told = match role {
            Role::Client => &mut state.client_told,
            Role::Agent => &mut state.agent_told,
        };
        if std::mem::replace(told, true) {
            return;
        }
        drop(state);
        let closed = |output: Option<String>| {
            let (id, now) = (Uuid::new_v4(), u64::try_from(now).unwrap_or_default());
            let closed = ChannelClosed { output, ..ChannelClosed::new(id, &self.instance_id, &self.session_id, now) };
            Item { last: true, ..Item::plain(AgentMessage::carrying(&closed, id, now).encode()) }
        };
        match role {
            Role::Client => self.to_client.put(closed(Some(reason.to_owned()))),
            Role::Agent => self.to_agent.put(closed(None)),
        }
    }

    /// Tells our own client something; a stock one passes over it.
    pub fn notice(&self, kind: &str, seconds: i64, now: i64) {
        let text = serde_json::json!({ "Kind": kind, "Seconds": seconds }).to_string();
        let now = u64::try_from(now).unwrap_or_default();
        if let Some(message_type) = MessageType::from_name("quarterdeck_notice") {
            self.to_client.put(Item::plain(AgentMessage::new(message_type, Uuid::new_v4(), now, text.into()).encode()));
        }
    }

    /// Takes a frame of an end. `lies` counts what this connection sent that could not be passed on.
    pub async fn take(self: &Arc<Self>, role: Role, bytes: Bytes, lies: &mut u32, now: i64) -> Next {
        let taken = match Frame::look(&bytes) {
            Ok(frame) => match role {
                Role::Agent => self.said_by_agent(&frame, bytes.clone(), now).await,
                Role::Client => self.said_by_client(&frame, bytes.clone(), now).await,
            },
            Err(lie) => Err(lie),
        };
        match taken {
            Ok(next) => next,
            Err(lie) => {
                *lies += 1;
                if *lies == 1 {
                    tracing::warn!(session_id = self.session_id, ?role, %lie, bytes = bytes.len(), "a frame was not passed on");
                }
                if *lies > MAX_LIES { Next::HangUp } else { Next::Read }
            }
        }
    }

    async fn said_by_agent(&self, frame: &Frame<'_>, bytes: Bytes, now: i64) -> Result<Next, Lie> {
        match frame.kind {
            Kind::Output => {
                let verdict = self.state().output.message(frame.sequence);
                match verdict {
                    Verdict::Lie => return Err(Lie::Sequence),
                    Verdict::Acknowledged => {
                        self.replay(frame, &self.to_agent, MessageType::OutputStreamData, now).await;
                        return Ok(Next::Read);
                    }
                    Verdict::New => self.output_seen(frame, now).await,
                    Verdict::Again => {}
                }
                let hold = self.session_type == SessionType::Port && frame.carries() == Some(PayloadType::HandshakeComplete);
                let item = Item { frame: bytes, sequence: Some(frame.sequence), hold, last: false };
                if self.to_client.is_high() {
                    self.pause(&mut self.state(), now);
                }
                // Nobody holds up an agent whose client is away: it has to hear its pongs.
                let patience = if self.has(Role::Client) { PATIENCE } else { Duration::ZERO };
                if self.to_client.push(item, patience).await == Pushed::Dropped {
                    tracing::debug!(session_id = self.session_id, "output waits at its node: the client does not read");
                }
            }
            Kind::Acknowledge => {
                let said = frame.acknowledged()?;
                if !self.state().input.acknowledge(said.sequence, said.through) {
                    return Err(Lie::Acknowledge);
                }
                self.to_client.push(Item::plain(bytes), PATIENCE).await;
            }
            Kind::SessionState => {
                let state: SessionState = serde_json::from_slice(frame.payload).map_err(|_| Lie::Type)?;
                if state.session_state == "Terminating" {
                    self.agent_ended.store(true, Ordering::Release);
                    return Ok(Next::Terminating);
                }
            }
            Kind::Input | Kind::Other => return Err(Lie::Type),
        }
        Ok(Next::Read)
    }

    async fn said_by_client(&self, frame: &Frame<'_>, bytes: Bytes, now: i64) -> Result<Next, Lie> {
        match frame.kind {
            Kind::Input => {
                self.client_spoke.notify_one();
                let verdict = self.state().input.message(frame.sequence);
                match verdict {
                    Verdict::Lie => return Err(Lie::Sequence),
                    Verdict::Acknowledged => {
                        self.replay(frame, &self.to_client, MessageType::InputStreamData, now).await;
                        return Ok(Next::Read);
                    }
                    Verdict::New => self.input_seen(frame, now).await,
                    Verdict::Again => {}
                }
                let item = Item { sequence: Some(frame.sequence), ..Item::plain(bytes) };
                self.to_agent.push(item, PATIENCE).await;
            }
            Kind::Acknowledge => {
                let said = frame.acknowledged()?;
                if !self.state().output.acknowledge(said.sequence, said.through) {
                    return Err(Lie::Acknowledge);
                }
                self.to_agent.push(Item::plain(bytes), PATIENCE).await;
            }
            Kind::Output | Kind::SessionState | Kind::Other => return Err(Lie::Type),
        }
        Ok(Next::Read)
    }

    /// Acknowledges for an end what it acknowledged before: the sender missed that (session-protocol 3.5).
    async fn replay(&self, frame: &Frame<'_>, back: &Pipe, of: MessageType, now: i64) {
        let mut message = AgentMessage::new(of, frame.message_id, 1, Bytes::new());
        message.sequence_number = frame.sequence;
        let replayed = Acknowledge::of(&message).into_message(Uuid::new_v4(), u64::try_from(now).unwrap_or_default());
        // A sender that does not read gets no queue of its own making.
        back.push(Item::plain(replayed.encode()), Duration::ZERO).await;
    }

    async fn output_seen(&self, frame: &Frame<'_>, now: i64) {
        if !matches!(self.session_type, SessionType::StandardStream | SessionType::InteractiveCommands) {
            self.active_at.store(now, Ordering::Relaxed);
        }
        if let Some(recorder) = &self.recorder {
            let heard = match frame.carries() {
                Some(PayloadType::Output | PayloadType::StdErr) => Heard::Output(frame.payload.to_vec()),
                // What follows cannot be read by the hub.
                Some(PayloadType::EncryptionChallengeRequest) => Heard::Encrypted,
                _ => Heard::Other,
            };
            recorder.output(now, frame.sequence, heard).await;
        }
    }

    async fn input_seen(&self, frame: &Frame<'_>, now: i64) {
        if frame.carries() == Some(PayloadType::Output) {
            self.active_at.store(now, Ordering::Relaxed);
            self.warned.fetch_and(!1, Ordering::Relaxed);
        }
        if let Some(recorder) = &self.recorder {
            match frame.carries() {
                Some(PayloadType::Output) => recorder.input(now, frame.payload).await,
                Some(PayloadType::Size) => recorder.size(now, frame.payload).await,
                _ => {}
            }
        }
    }
}

/// A frame of the hub's own without content: both stock ends take any.
fn own(message_type: MessageType, now: i64) -> Bytes {
    AgentMessage::new(message_type, Uuid::new_v4(), u64::try_from(now).unwrap_or_default(), Bytes::from_static(b"{}")).encode()
}
