//! What every part of a running agent shares.

use crate::config::Config;
use crate::document::inbox::Inbox;
use crate::document::replies::Replies;
use crate::document::seen::Seen;
use crate::document::streams::Streams;
use crate::home::Home;
use crate::link::Link;
use crate::process::ceiling::Ceiling;
use crate::process::running::Supervisor;
use crate::registration::Registration;
use crate::session::Sessions;
use bytes::Bytes;
use qd_wire::agent_message::AgentMessage;
use qd_wire::payload::Payload;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Frames that may wait for a slow connection; what does not fit is repeated by its own rules.
const OUTBOX: usize = 256;

/// One agent. Its parts talk through it, never to each other's insides.
pub struct Agent {
    /// The data directory.
    pub home: Home,
    /// `agent.json`.
    pub config: Config,
    /// Who we are.
    pub registration: Registration,
    /// Calls to the hub.
    pub link: Link,
    /// Starts scripts.
    pub supervisor: Supervisor,
    /// Replies the hub does not have.
    pub replies: Replies,
    /// Output the hub does not have.
    pub streams: Streams,
    /// Commands that were accepted.
    pub seen: Seen,
    /// Commands at work.
    pub inbox: Inbox,
    /// Sessions people have here.
    pub sessions: Sessions,
    /// Frames for the connection there is.
    pub outbox: Outbox,
    /// This boot of the machine; empty if the system does not say. Compared by [`Agent::is_this_boot`].
    pub boot_id: String,
    /// Our cgroup, if we may divide it.
    pub cgroup: Option<PathBuf>,
    /// True once there have been credentials.
    pub ready: watch::Sender<bool>,
    /// Ends the agent.
    pub stop: CancellationToken,
    /// Our address on the control channel, while there is one.
    pub connected: watch::Sender<Option<IpAddr>>,
}

/// The agent's version, as the API carries it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Agent {
    /// Puts an agent together; nothing runs yet.
    pub fn new(home: Home, config: Config, registration: Registration, link: Link, supervisor: Supervisor) -> Self {
        Self {
            replies: Replies::open(&home, config.reply_spool_bytes),
            streams: Streams::new(config.output_spool_bytes),
            seen: Seen::new(&home),
            inbox: Inbox::new(&config),
            sessions: Sessions::default(),
            outbox: Outbox::default(),
            boot_id: crate::platform::boot_id(),
            cgroup: crate::process::ceiling::delegated_cgroup(),
            stop: CancellationToken::new(),
            ready: watch::Sender::new(false),
            connected: watch::Sender::new(None),
            home,
            config,
            registration,
            link,
            supervisor,
        }
    }
}

impl Agent {
    /// Whether what was noted under `boot` was noted since the machine started. An unknown boot is never the same.
    pub fn is_this_boot(&self, boot: &str) -> bool {
        !boot.is_empty() && boot == self.boot_id
    }

    /// What one step may use, without the name of its group.
    pub fn ceiling(&self) -> Ceiling {
        Ceiling {
            cgroup: self.cgroup.clone(),
            group: String::new(),
            memory_bytes: crate::platform::total_memory() / 100 * self.config.memory_max_percent,
            cpu_percent: self.config.cpu_max_percent,
            pids: self.config.pids_max,
            nice: self.config.nice,
        }
    }
}

/// The way to the connection there is, if there is one.
#[derive(Default)]
pub struct Outbox(Mutex<Option<mpsc::Sender<Bytes>>>);

impl Outbox {
    /// A new connection; returns what it is to send.
    pub fn connect(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(OUTBOX);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// The connection is gone.
    pub fn disconnect(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends a message if there is a connection with room. Only for messages whose loss is repaired by repetition.
    pub fn send<P: Payload>(&self, payload: &P, message_id: Uuid) {
        let now = u64::try_from(crate::process::now_ms()).unwrap_or(1);
        let frame = AgentMessage::carrying(payload, message_id, now).encode();
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if sender.is_none_or(|sender| sender.try_send(frame).is_err()) {
            tracing::debug!(message_type = P::MESSAGE_TYPE.as_str(), "no connection with room; a message is dropped");
        }
    }
}
