//! Which messages of one direction were sent, and which of them were acknowledged: what the relay must know to replay an acknowledgement that
//! a stock sender missed (session-protocol 3.5), and to tell a lie from a late frame.

use std::collections::BTreeSet;

/// Numbers behind a gap that are remembered; both stock ends hold no more (session-protocol 3.5).
const MAX_APART: usize = 100_000;
/// How far ahead of the newest message one may be: as many as an end holds back.
const MAX_AHEAD: i64 = 100_000;

/// A set of numbers that grows from one place on without many gaps.
#[derive(Debug, Default)]
pub struct Numbers {
    /// All of `from..next` are in it.
    from: i64,
    next: i64,
    /// Those beyond.
    apart: BTreeSet<i64>,
}

impl Numbers {
    /// Adds one; `false` when it was there.
    pub fn add(&mut self, number: i64) -> bool {
        if self.contains(number) {
            return false;
        }
        if self.from == self.next && self.apart.is_empty() && number > 0 {
            // The first that is heard of a session that began at an earlier run of the hub.
            (self.from, self.next) = (number, number);
        }
        if number == self.next {
            self.next += 1;
            while self.apart.remove(&self.next) {
                self.next += 1;
            }
        } else if number + 1 == self.from {
            self.from = number;
        } else if self.apart.len() < MAX_APART {
            self.apart.insert(number);
        }
        true
    }

    /// Adds all up to and with this one.
    pub fn add_through(&mut self, number: i64) {
        // Below what is known with a gap between: kept apart it would only grow, and what is sent again is taken as such.
        if number.saturating_add(1) < self.from {
            return;
        }
        // The end that says so has all of them.
        self.from = 0;
        self.next = self.next.max(number.saturating_add(1));
        self.apart = self.apart.split_off(&self.next);
        while self.apart.remove(&self.next) {
            self.next += 1;
        }
    }

    pub fn contains(&self, number: i64) -> bool {
        (self.from..self.next).contains(&number) || self.apart.contains(&number)
    }
}

/// One direction of a session.
#[derive(Debug, Default)]
pub struct Stream {
    /// It began before this hub knew it: what was sent then is not known.
    is_old: bool,
    highest: Option<i64>,
    seen: Numbers,
    acknowledged: Numbers,
}

/// What becomes of a stream message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was not seen before.
    New,
    /// It was, and nobody acknowledged it yet.
    Again,
    /// It was acknowledged; the sender missed that.
    Acknowledged,
    /// Its number cannot be.
    Lie,
}

impl Stream {
    /// The stream goes on from an earlier run of a hub.
    pub fn goes_on(&mut self) {
        self.is_old = true;
    }

    pub fn message(&mut self, number: i64) -> Verdict {
        let most = self.highest.map_or(i64::MAX - 1, |highest| highest.saturating_add(MAX_AHEAD));
        if !(0..=most).contains(&number) {
            return Verdict::Lie;
        }
        if self.acknowledged.contains(number) {
            return Verdict::Acknowledged;
        }
        self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
        if self.seen.add(number) { Verdict::New } else { Verdict::Again }
    }

    /// Takes an acknowledgement; `false` for one of what was never sent.
    pub fn acknowledge(&mut self, number: i64, through: Option<i64>) -> bool {
        let highest = if self.is_old { i64::MAX - 1 } else { self.highest.unwrap_or(-1) };
        if number > highest || through.is_some_and(|through| through > highest) {
            return false;
        }
        if number >= 0 {
            self.acknowledged.add(number);
        }
        if let Some(through) = through {
            self.acknowledged.add_through(through);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_new_once_and_acknowledged_from_then_on() {
        let mut stream = Stream::default();
        assert_eq!(stream.message(0), Verdict::New);
        assert_eq!(stream.message(0), Verdict::Again);
        assert_eq!(stream.message(2), Verdict::New);
        assert!(stream.acknowledge(0, None) && stream.acknowledge(2, None));
        assert_eq!([0, 1, 2].map(|n| stream.message(n)), [Verdict::Acknowledged, Verdict::New, Verdict::Acknowledged]);
        assert_eq!([-1, i64::MIN, i64::MAX, 3 + MAX_AHEAD].map(|n| stream.message(n)), [Verdict::Lie; 4]);
    }

    #[test]
    fn the_future_cannot_be_acknowledged() {
        let mut stream = Stream::default();
        assert!(!stream.acknowledge(0, None));
        stream.message(0);
        assert!(!stream.acknowledge(1, None) && !stream.acknowledge(0, Some(1)));
        assert_eq!(stream.message(1), Verdict::New);
        assert!(stream.acknowledge(1, Some(1)));
        assert_eq!([0, 1].map(|n| stream.message(n)), [Verdict::Acknowledged; 2]);
    }

    #[test]
    fn a_session_of_an_earlier_run_claims_nothing_that_was_not_heard() {
        let mut stream = Stream::default();
        stream.goes_on();
        assert!(stream.acknowledge(400, Some(450)), "of what an earlier run passed on");
        let mut stream = Stream::default();
        stream.goes_on();
        assert_eq!(stream.message(500), Verdict::New);
        assert!(stream.acknowledge(500, None));
        assert_eq!(stream.message(499), Verdict::New, "it may be the very one that was lost");
        assert!(stream.acknowledge(499, None));
        assert_eq!([499, 500, 501].map(|n| stream.message(n)), [Verdict::Acknowledged, Verdict::Acknowledged, Verdict::New]);
    }

    #[test]
    fn gaps_close() {
        let mut numbers = Numbers::default();
        for n in [0, 2, 4, 3] {
            assert!(numbers.add(n));
        }
        assert!(!numbers.contains(1) && numbers.contains(3));
        assert!(numbers.add(1));
        assert_eq!((numbers.next, numbers.apart.len()), (5, 0));
        numbers.add(9);
        numbers.add_through(8);
        assert_eq!((numbers.from, numbers.next, numbers.apart.len()), (0, 10, 0));
    }
}
