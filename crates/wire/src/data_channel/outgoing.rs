//! What one end has sent and the other has not acknowledged: the window, the round-trip estimate, what is due to be sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Before the first acknowledgement (session-protocol 3.5).
const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
/// A stock peer's clock granularity, and the longest pause before the same message is sent once more.
const GRANULARITY: Duration = Duration::from_millis(10);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Doublings of the timeout of one message.
const MOST_DOUBLINGS: u32 = 6;

/// One message that is not acknowledged.
struct Message {
    sequence: i64,
    frame: Bytes,
    payload_bytes: usize,
    /// Bytes of payload of the stream up to and with this message.
    end: u64,
    /// When it was sent last; `None` waits for its (or another) turn.
    sent: Option<Instant>,
    /// It was sent more than once, so its acknowledgement says nothing about the way's length.
    ambiguous: bool,
    resends: u32,
    /// Not sent again before this long.
    patience: Duration,
}

/// The sending half of a data channel.
pub struct Outgoing {
    messages: VecDeque<Message>,
    /// How many of `messages` are on the way, counted from the front.
    on_the_way: usize,
    bytes_on_the_way: usize,
    bytes: usize,
    next_sequence: i64,
    payload_bytes: u64,
    /// The most the peer takes; `None` where it does not say.
    limit: Option<u64>,
    window: Window,
    estimate: Option<(Duration, Duration)>,
}

/// What may be on the way at a time.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub bytes: usize,
    pub messages: usize,
}

impl Outgoing {
    pub fn new(window: Window) -> Self {
        Self {
            messages: VecDeque::new(),
            on_the_way: 0,
            bytes_on_the_way: 0,
            bytes: 0,
            next_sequence: 0,
            payload_bytes: 0,
            limit: None,
            window,
            estimate: None,
        }
    }

    /// The number the next message gets.
    pub fn next_sequence(&self) -> i64 {
        self.next_sequence
    }

    /// Takes a message that is to be sent, encoded with [`Outgoing::next_sequence`].
    pub fn push(&mut self, frame: Bytes, payload_bytes: usize, patience: Duration) {
        self.payload_bytes += payload_bytes as u64;
        self.bytes += payload_bytes;
        self.messages.push_back(Message {
            sequence: self.next_sequence,
            frame,
            payload_bytes,
            end: self.payload_bytes,
            sent: None,
            ambiguous: false,
            resends: 0,
            patience,
        });
        self.next_sequence += 1;
    }

    /// Whether more is wanted: what is kept stays within the window, plus one message.
    pub fn has_room(&self) -> bool {
        self.bytes < self.window.bytes && self.messages.len() < self.window.messages
    }

    /// Everything has been acknowledged.
    pub fn is_drained(&self) -> bool {
        self.messages.is_empty()
    }

    /// The next frame the window lets out.
    pub fn next(&mut self, now: Instant) -> Option<Bytes> {
        let message = self.messages.get_mut(self.on_the_way)?;
        let fits = self.on_the_way == 0 || self.bytes_on_the_way + message.payload_bytes <= self.window.bytes;
        if !fits || self.limit.is_some_and(|limit| message.end > limit) {
            return None;
        }
        message.sent = Some(now);
        self.on_the_way += 1;
        self.bytes_on_the_way += message.payload_bytes;
        Some(message.frame.clone())
    }

    /// The oldest message, if it has waited for longer than its acknowledgement should take. Only that one: on a slow way the others are
    /// late for the same reason.
    pub fn overdue(&mut self, now: Instant) -> Option<Bytes> {
        if self.due_at()? > now {
            return None;
        }
        let front = self.messages.front_mut()?;
        front.sent = Some(now);
        front.ambiguous = true;
        front.resends += 1;
        Some(front.frame.clone())
    }

    /// When [`Outgoing::overdue`] has something.
    pub fn due_at(&self) -> Option<Instant> {
        let front = self.messages.front().filter(|_| self.on_the_way > 0)?;
        let timeout = self.timeout().max(front.patience) * 2u32.pow(front.resends.min(MOST_DOUBLINGS));
        Some(front.sent? + timeout.min(LONGEST_TIMEOUT))
    }

    fn timeout(&self) -> Duration {
        let Some((round_trip, deviation)) = self.estimate else { return FIRST_TIMEOUT };
        (round_trip + (deviation * 4).max(GRANULARITY)).clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT)
    }

    /// One message has arrived. An acknowledgement of what was never sent, or is acknowledged already, changes nothing.
    pub fn acknowledged(&mut self, sequence: i64, now: Instant) {
        let Ok(at) = self.messages.binary_search_by_key(&sequence, |message| message.sequence) else { return };
        // After a reconnect the acknowledgement of what was sent before may come first.
        let Some(message) = self.messages.remove(at) else { return };
        self.forget(&message, at < self.on_the_way);
        if let Some(sent) = message.sent.filter(|_| !message.ambiguous) {
            self.sample(now.saturating_duration_since(sent));
        }
    }

    /// Every message up to `sequence` has arrived.
    pub fn acknowledged_through(&mut self, sequence: i64, now: Instant) {
        let sequence = sequence.min(self.next_sequence - 1);
        let mut newest = None;
        while let Some(front) = self.messages.front().filter(|front| front.sequence <= sequence) {
            newest = front.sent.filter(|_| !front.ambiguous).or(newest);
            if let Some(message) = self.messages.pop_front() {
                self.forget(&message, self.on_the_way > 0);
            }
        }
        if let Some(sent) = newest {
            self.sample(now.saturating_duration_since(sent));
        }
    }

    fn forget(&mut self, message: &Message, was_on_the_way: bool) {
        self.bytes -= message.payload_bytes;
        if was_on_the_way {
            self.on_the_way -= 1;
            self.bytes_on_the_way -= message.payload_bytes;
        }
    }

    fn sample(&mut self, took: Duration) {
        self.estimate = Some(match self.estimate {
            None => (took, took / 2),
            Some((round_trip, deviation)) => ((round_trip * 7 + took) / 8, (deviation * 3 + round_trip.abs_diff(took)) / 4),
        });
    }

    /// The peer says how much it takes. It never takes that back.
    pub fn limit(&mut self, limit: u64) {
        self.limit = Some(self.limit.map_or(limit, |known| known.max(limit)));
    }

    /// The connection is a new one: what is not acknowledged is sent again, in order.
    pub fn reconnected(&mut self) {
        for message in self.messages.iter_mut().take(self.on_the_way) {
            message.ambiguous = true;
            message.resends = 0;
        }
        self.on_the_way = 0;
        self.bytes_on_the_way = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { bytes: 100, messages: 8 };

    fn filled(count: usize, size: usize) -> Outgoing {
        let mut out = Outgoing::new(WINDOW);
        for _ in 0..count {
            out.push(Bytes::from(vec![0; size]), size, Duration::ZERO);
        }
        out
    }

    fn sent(out: &mut Outgoing, now: Instant) -> usize {
        std::iter::from_fn(|| out.next(now)).count()
    }

    #[test]
    fn the_window_bounds_bytes_and_lets_one_large_message_through() {
        let now = Instant::now();
        let mut out = filled(5, 40);
        assert_eq!(sent(&mut out, now), 2);
        assert!(!out.has_room());
        out.acknowledged(1, now);
        assert_eq!(sent(&mut out, now), 1);
        out.acknowledged_through(2, now);
        assert_eq!(sent(&mut out, now), 2);
        let mut large = filled(2, 500);
        assert_eq!(sent(&mut large, now), 1);
    }

    #[test]
    fn the_peers_limit_holds_and_never_goes_back() {
        let now = Instant::now();
        let mut out = filled(3, 30);
        out.limit(30);
        assert_eq!(sent(&mut out, now), 1);
        out.limit(10);
        out.acknowledged_through(0, now);
        assert_eq!(sent(&mut out, now), 0);
        assert_eq!(out.due_at(), None, "what the peer does not want is not asked for again and again");
        out.limit(90);
        assert_eq!(sent(&mut out, now), 2);
    }

    #[test]
    fn only_the_oldest_is_sent_again_and_ever_later() {
        let begun = Instant::now();
        let mut out = filled(2, 10);
        assert_eq!(sent(&mut out, begun), 2);
        assert!(out.overdue(begun + FIRST_TIMEOUT - GRANULARITY).is_none());
        let again = begun + FIRST_TIMEOUT;
        assert!(out.overdue(again).is_some());
        assert!(out.overdue(again + FIRST_TIMEOUT).is_none(), "twice as long the second time");
        assert!(out.overdue(again + FIRST_TIMEOUT * 2).is_some());
        out.acknowledged(0, again + FIRST_TIMEOUT * 2);
        assert_eq!(out.timeout(), FIRST_TIMEOUT, "a message that was sent twice is no measure");
        out.acknowledged(1, begun + Duration::from_millis(40));
        assert_eq!(out.timeout(), Duration::from_millis(40 + 80));
        assert!(out.is_drained());
    }

    #[test]
    fn acknowledgements_of_nothing_change_nothing() {
        let now = Instant::now();
        let mut out = filled(1, 10);
        for sequence in [-1, 1, i64::MAX, i64::MIN] {
            out.acknowledged(sequence, now);
        }
        out.acknowledged_through(-1, now);
        assert!(!out.is_drained());
        out.acknowledged_through(i64::MAX, now);
        assert!(out.is_drained());
        assert_eq!(out.next_sequence(), 1);
    }

    #[test]
    fn a_new_connection_sends_everything_again_in_order() {
        let now = Instant::now();
        let mut out = filled(3, 10);
        assert_eq!(sent(&mut out, now), 3);
        out.reconnected();
        out.acknowledged(1, now);
        assert_eq!(sent(&mut out, now), 2);
        out.acknowledged_through(2, now);
        assert!(out.is_drained() && out.estimate.is_none());
    }
}
