//! Why this exists: a task or a waiting caller learns that something was committed, here or by another hub on the same database,
//! without asking the database again and again.

use std::sync::Arc;

use tokio::sync::broadcast;

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A transaction that said `notify(topic)` was committed.
    Topic(Arc<str>),
    /// Some announcements did not arrive (too many at once, or the connection to PostgreSQL was lost for a while): look at everything.
    Missed,
}

impl Change {
    /// Whether a subscriber of `topic` has to look.
    pub fn concerns(&self, topic: &str) -> bool {
        match self {
            Change::Topic(changed) => &**changed == topic,
            Change::Missed => true,
        }
    }
}

/// The announcements since the subscription, in the order of the commits.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
}

impl Changes {
    /// Waits for the next announcement; `None` after the store was closed.
    pub async fn next(&mut self) -> Option<Change> {
        match self.receiver.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The sending side, shared by the write lane and the listener.
#[derive(Clone)]
pub(crate) struct Announcer {
    sender: broadcast::Sender<Change>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Announcer { sender: broadcast::Sender::new(4096) }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes { receiver: self.sender.subscribe() }
    }

    pub(crate) fn fire(&self, change: Change) {
        // An error only means that nobody listens.
        let _ = self.sender.send(change);
    }

    pub(crate) fn fire_topics<'a>(&self, topics: impl IntoIterator<Item = &'a str>) {
        for topic in topics {
            self.fire(Change::Topic(topic.into()));
        }
    }
}
