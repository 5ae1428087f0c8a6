//! How the two ends come to an agreement (session-protocol 4.2). A client answers an agent's request; a stock agent begins a shell
//! without one, and its first output is the sign. Encryption with a key of AWS KMS is refused with the reason: there is no such
//! service here, and TLS protects the way to the hub and from it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{CLIENT_VERSION, Client, DataChannel, Event, Role};
use crate::payload::handshake::{
    ACTION_FAILED, ACTION_SUCCESS, ACTION_UNSUPPORTED, KMS_ENCRYPTION, ProcessedAction, RequestedAction, SESSION_TYPE,
};
use crate::payload::stream_data::PayloadType;
use crate::payload::{FastPath, HandshakeComplete, HandshakeRequest, HandshakeResponse, TerminalSize};

/// Session types this build's client takes part in.
const SESSION_TYPES: &[&str] = &["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"];

/// How long a client that has the request may take to answer it before its silence is told.
const THINKING: Duration = Duration::from_secs(3);

/// How far the handshake is.
#[derive(Debug, Default)]
pub struct Progress {
    /// An agent asked at this time and has no answer yet.
    asked: Option<Instant>,
    /// When the client's silence will be noticed.
    late_at: Option<Instant>,
    noticed: bool,
    /// The smux version an agent offered.
    mux: u8,
    /// A client's answer was given; what it will be told when the agent is done.
    answered: Option<Answered>,
    ready: bool,
}

#[derive(Debug, Default)]
struct Answered {
    session_type: String,
    properties: Value,
    agent_version: String,
    mux: u8,
}

impl Progress {
    pub fn begin(&mut self, now: Instant, mux: u8) {
        self.asked = Some(now);
        self.mux = mux;
    }

    /// Something was acknowledged: before an answer that can only be the request.
    pub fn has_arrived(&mut self, now: Instant) {
        if self.asked.is_some() && self.late_at.is_none() {
            self.late_at = Some(now + THINKING);
        }
    }

    pub fn late_at(&self) -> Option<Instant> {
        self.late_at.filter(|_| self.asked.is_some() && !self.noticed)
    }

    /// True once, when the client has thought for too long.
    pub fn is_late(&mut self, now: Instant) -> bool {
        let late = self.late_at().is_some_and(|at| at <= now);
        self.noticed |= late;
        late
    }

    /// For a client: input may be sent.
    pub fn is_ready(&self) -> bool {
        self.ready
    }
}

impl DataChannel {
    /// Looks at a message of the peer in the light of the handshake. True if that was all it was for.
    pub(super) fn negotiate(&mut self, kind: PayloadType, payload: &[u8], now: Instant) -> bool {
        match (self.settings.role, kind) {
            (Role::Client, PayloadType::HandshakeRequest) => self.answer(payload, now),
            (Role::Client, PayloadType::HandshakeComplete) => self.complete(payload, now),
            (Role::Agent, PayloadType::HandshakeResponse) => self.answered(payload, now),
            // Without a key, there is nothing to decrypt.
            (_, PayloadType::EncryptionChallengeRequest | PayloadType::EncryptionChallengeResponse) => {}
            (_, PayloadType::HandshakeRequest | PayloadType::HandshakeResponse | PayloadType::HandshakeComplete) => {}
            (Role::Client, _) => {
                // A stock agent's shell: its first output says that it is one.
                if !self.handshake.ready && self.handshake.answered.is_none() {
                    self.ready(Answered { session_type: "Standard_Stream".into(), ..Answered::default() }, String::new(), now);
                }
                return false;
            }
            (Role::Agent, _) => return false,
        }
        true
    }

    fn answer(&mut self, payload: &[u8], now: Instant) {
        if self.handshake.ready || self.handshake.answered.is_some() {
            return;
        }
        let Ok(request) = HandshakeRequest::from_payload(payload) else { return };
        let offered = request.quarterdeck.filter(|offer| self.settings.fast && offer.version == FastPath::VERSION);
        let mux = offered.map_or(1, |offer| offer.mux.clamp(1, 2));
        let actions = request.requested_client_actions.iter().map(processed).collect();
        let ours = offered.map(|offer| {
            self.fast = true;
            self.out.limit(offer.limit);
            self.offer(mux)
        });
        let response =
            HandshakeResponse { client_version: CLIENT_VERSION.into(), processed_client_actions: actions, errors: None, quarterdeck: ours };
        let (session_type, properties) = request.session_type().unwrap_or(("Standard_Stream", &Value::Null));
        self.handshake.answered = Some(Answered {
            session_type: session_type.to_owned(),
            properties: properties.clone(),
            agent_version: request.agent_version.clone(),
            mux,
        });
        self.send(PayloadType::HandshakeResponse, response.to_bytes().into(), now);
    }

    fn complete(&mut self, payload: &[u8], now: Instant) {
        if self.handshake.ready {
            return;
        }
        let message = HandshakeComplete::from_payload(payload).map(|complete| complete.customer_message).unwrap_or_default();
        let answered = self.handshake.answered.take().unwrap_or_default();
        self.ready(answered, message, now);
    }

    fn ready(&mut self, answered: Answered, customer_message: String, now: Instant) {
        self.handshake.ready = true;
        let Answered { session_type, properties, agent_version, mux } = answered;
        self.events.push_back(Event::Ready { session_type, properties, agent_version, customer_message, mux });
        self.tell_size(now);
    }

    fn answered(&mut self, payload: &[u8], now: Instant) {
        // A second answer, or one to nothing.
        let Some(asked) = self.handshake.asked.take() else { return };
        let response = match HandshakeResponse::from_payload(payload) {
            Ok(response) => response,
            Err(error) => {
                return self.events.push_back(Event::Agreed(Err(format!("the client's answer to the handshake cannot be read: {error}"))));
            }
        };
        if let Some(refusal) = response.refusal() {
            return self.events.push_back(Event::Agreed(Err(refusal)));
        }
        let ours = response.quarterdeck.filter(|peer| self.settings.fast && peer.version == FastPath::VERSION);
        let mut client = Client { version: response.client_version, size: None, mux: 1 };
        if let Some(peer) = ours {
            self.fast = true;
            self.out.limit(peer.limit);
            client.size = (peer.cols > 0 && peer.rows > 0).then_some(TerminalSize { cols: peer.cols, rows: peer.rows });
            client.mux = peer.mux.clamp(1, self.handshake.mux.max(1));
        }
        let took = i64::try_from(now.saturating_duration_since(asked).as_nanos()).unwrap_or(i64::MAX);
        let complete = HandshakeComplete { handshake_time_to_complete: took, customer_message: String::new() };
        self.send(PayloadType::HandshakeComplete, complete.to_bytes().into(), now);
        self.events.push_back(Event::Agreed(Ok(client)));
    }
}

fn processed(action: &RequestedAction) -> ProcessedAction {
    let (action_status, error) = match action.action_type.as_str() {
        SESSION_TYPE => match action.action_parameters.get("SessionType").and_then(Value::as_str) {
            Some(name) if SESSION_TYPES.contains(&name) => (ACTION_SUCCESS, String::new()),
            _ => (ACTION_FAILED, "this client does not know the type of session".to_owned()),
        },
        KMS_ENCRYPTION => (ACTION_FAILED, "this client has no access to AWS KMS; leave kmsKeyId out of the session document".to_owned()),
        other => (ACTION_UNSUPPORTED, format!("this client does not know the action {}", other.chars().take(64).collect::<String>())),
    };
    ProcessedAction { action_type: action.action_type.clone(), action_status, action_result: Value::Null, error }
}
