//! What one end has received: the order of messages, what came before its turn, and how much is waiting to be taken.

use std::collections::BTreeMap;

use crate::agent_message::AgentMessage;

/// What each waiting message counts beside its payload, so that empty ones are bounded too.
const OVERHEAD: usize = 64;
/// Messages that may wait for one that is missing.
const MAX_STASHED: usize = 10_000;

/// The receiving half of a data channel.
pub struct Incoming {
    expected: i64,
    stash: BTreeMap<i64, AgentMessage>,
    stash_bytes: usize,
    /// Bytes kept for messages that wait for their turn or to be taken.
    capacity: usize,
    waiting: usize,
    arrived: u64,
    taken: u64,
    told_limit: u64,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is the next; more may follow from [`Incoming::follower`].
    Next(AgentMessage),
    /// It came before its turn and is kept: to be acknowledged.
    Kept,
    /// It has been here before: to be acknowledged again.
    Again,
    /// There is no room, or it has no number that could be: not to be acknowledged.
    Dropped,
}

impl Incoming {
    /// `capacity` in bytes.
    pub fn new(capacity: usize) -> Self {
        Self { expected: 0, stash: BTreeMap::new(), stash_bytes: 0, capacity, waiting: 0, arrived: 0, taken: 0, told_limit: 0 }
    }

    pub fn arrive(&mut self, message: AgentMessage) -> Arrival {
        let sequence = message.sequence_number;
        if (0..self.expected).contains(&sequence) {
            return Arrival::Again;
        }
        let size = message.payload.len() + OVERHEAD;
        // A peer that keeps to what it was told fills the capacity once; what is being taken and what waits for its turn make it twice.
        if sequence < 0 || self.waiting + self.stash_bytes + size > 2 * self.capacity + OVERHEAD * MAX_STASHED {
            return Arrival::Dropped;
        }
        if sequence == self.expected {
            self.expected += 1;
            self.arrived += message.payload.len() as u64;
            return Arrival::Next(message);
        }
        if self.stash.contains_key(&sequence) {
            return Arrival::Again;
        }
        if self.stash.len() >= MAX_STASHED {
            return Arrival::Dropped;
        }
        self.stash_bytes += size;
        self.stash.insert(sequence, message);
        Arrival::Kept
    }

    /// The message that was kept and has its turn now.
    pub fn follower(&mut self) -> Option<AgentMessage> {
        let message = self.stash.remove(&self.expected)?;
        self.stash_bytes -= message.payload.len() + OVERHEAD;
        self.expected += 1;
        self.arrived += message.payload.len() as u64;
        Some(message)
    }

    /// The last message of those that arrived without a gap.
    pub fn through(&self) -> i64 {
        self.expected - 1
    }

    /// A message of this size waits to be taken.
    pub fn wait(&mut self, payload_bytes: usize) {
        self.waiting += payload_bytes + OVERHEAD;
    }

    /// It was taken.
    pub fn take(&mut self, payload_bytes: usize) {
        self.waiting = self.waiting.saturating_sub(payload_bytes + OVERHEAD);
        self.pass(payload_bytes);
    }

    /// A message that nobody has to take.
    pub fn pass(&mut self, payload_bytes: usize) {
        self.taken += payload_bytes as u64;
    }

    /// Whether so much waits that reading should stop, where the peer cannot be told.
    pub fn is_full(&self) -> bool {
        self.waiting + self.stash_bytes > self.capacity
    }

    /// How far the peer may go, to be told.
    pub fn limit(&mut self) -> u64 {
        self.told_limit = self.taken + self.capacity as u64;
        self.told_limit
    }

    /// Whether the peer should be told anew: a quarter of the capacity has been taken since.
    pub fn has_news(&self) -> bool {
        self.taken + self.capacity as u64 - self.told_limit >= (self.capacity / 4) as u64
    }

    /// Whether the peer has used up so much of what it was told that it may be waiting to be told anew.
    pub fn peer_may_wait(&self) -> bool {
        self.told_limit.saturating_sub(self.arrived) < (self.capacity / 2) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent_message::MessageType;
    use uuid::Uuid;

    fn message(sequence: i64, size: usize) -> AgentMessage {
        let mut message = AgentMessage::new(MessageType::OutputStreamData, Uuid::nil(), 1, vec![0; size].into());
        message.sequence_number = sequence;
        message
    }

    #[test]
    fn what_comes_early_waits_and_what_comes_twice_is_acknowledged_again() {
        let mut incoming = Incoming::new(1000);
        assert_eq!(incoming.arrive(message(1, 1)), Arrival::Kept);
        assert_eq!(incoming.arrive(message(1, 1)), Arrival::Again);
        assert_eq!(incoming.through(), -1);
        assert!(matches!(incoming.arrive(message(0, 1)), Arrival::Next(_)));
        assert_eq!(incoming.follower().unwrap().sequence_number, 1);
        assert!(incoming.follower().is_none());
        assert_eq!(incoming.through(), 1);
        assert_eq!(incoming.arrive(message(0, 1)), Arrival::Again);
        assert_eq!(incoming.arrive(message(-1, 1)), Arrival::Dropped);
        assert_eq!(incoming.arrive(message(i64::MAX, 1)), Arrival::Kept);
    }

    #[test]
    fn a_peer_that_respects_nothing_fills_a_bounded_buffer() {
        let mut incoming = Incoming::new(1000);
        let kept = (1..1_000_000).take_while(|n| incoming.arrive(message(*n, 0)) == Arrival::Kept).count();
        assert_eq!(kept, MAX_STASHED);
        let mut incoming = Incoming::new(1000);
        let bytes: usize = (0..1_000_000)
            .take_while(|n| {
                let taken = matches!(incoming.arrive(message(*n, 100_000)), Arrival::Next(_));
                if taken {
                    incoming.wait(100_000);
                }
                taken
            })
            .count()
            * 100_000;
        assert!(bytes <= 1_000_000, "{bytes}");
        assert!(incoming.is_full());
    }

    #[test]
    fn the_limit_moves_with_what_is_taken() {
        let mut incoming = Incoming::new(1000);
        assert_eq!(incoming.limit(), 1000);
        assert!(!incoming.peer_may_wait());
        assert!(matches!(incoming.arrive(message(0, 600)), Arrival::Next(_)));
        incoming.wait(600);
        assert!(!incoming.has_news());
        incoming.take(600);
        assert!(incoming.has_news() && incoming.peer_may_wait());
        assert_eq!(incoming.limit(), 1600);
        assert!(!incoming.has_news());
    }
}
