//! The control channels that end in this process, by node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Frames that may wait for a slow node; what does not fit is sent again later, since nothing counts as delivered before its ack.
const QUEUE: usize = 32;

/// What a channel's writer is told to do.
#[derive(Debug)]
pub enum Outgoing {
    /// Send an encoded AgentMessage.
    Frame(Bytes),
}

/// The sending side of one control channel.
#[derive(Debug)]
pub struct Handle {
    pub instance_id: String,
    pub connection_id: String,
    /// Whether the agent streams output while a command runs.
    pub streams_output: bool,
    queue: mpsc::Sender<Outgoing>,
    pub closed: CancellationToken,
}

impl Handle {
    /// A handle and the queue its writer drains.
    pub fn new(instance_id: &str, connection_id: &str, streams_output: bool) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let handle = Self {
            instance_id: instance_id.to_owned(),
            connection_id: connection_id.to_owned(),
            streams_output,
            queue,
            closed: CancellationToken::new(),
        };
        (Arc::new(handle), receiver)
    }

    /// Queues a frame; `false` when the queue is full or the channel closed.
    pub fn send(&self, frame: Bytes) -> bool {
        self.queue.try_send(Outgoing::Frame(frame)).is_ok()
    }
}

/// Channels by node. The newest channel of a node replaces its earlier one (agent-protocol 4.3).
#[derive(Default)]
pub struct Registry {
    channels: Mutex<HashMap<String, Arc<Handle>>>,
}

impl Registry {
    fn channels(&self) -> MutexGuard<'_, HashMap<String, Arc<Handle>>> {
        // A panic while holding the lock cannot leave the map half changed: every change is one insert or remove.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `handle` the node's channel and closes the one before.
    pub fn insert(&self, handle: Arc<Handle>) {
        if let Some(before) = self.channels().insert(handle.instance_id.clone(), handle) {
            before.closed.cancel();
        }
    }

    /// Removes `handle` unless a newer channel took its place.
    pub fn remove(&self, handle: &Handle) {
        let mut channels = self.channels();
        if channels.get(&handle.instance_id).is_some_and(|h| h.connection_id == handle.connection_id) {
            channels.remove(&handle.instance_id);
        }
    }

    /// The node's channel, when it ends here.
    pub fn get(&self, instance_id: &str) -> Option<Arc<Handle>> {
        self.channels().get(instance_id).cloned()
    }

    /// Closes the node's channel, for example because the node was deregistered.
    pub fn close(&self, instance_id: &str) {
        if let Some(handle) = self.channels().remove(instance_id) {
            handle.closed.cancel();
        }
    }

    /// Closes every channel.
    pub fn close_all(&self) {
        for (_, handle) in self.channels().drain() {
            handle.closed.cancel();
        }
    }

    /// How many channels end here.
    pub fn len(&self) -> usize {
        self.channels().len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
