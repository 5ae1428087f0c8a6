//! What a session wrote last, so that a page that shows it anew has its screen and some of what was above.

use std::collections::VecDeque;

/// Most bytes that are kept of one session.
pub const MOST: usize = 512 * 1024;

/// The newest bytes, at most [`MOST`].
#[derive(Default)]
pub struct Recent {
    bytes: VecDeque<u8>,
    /// Older bytes were dropped, so that the first line may be half a line.
    cut: bool,
}

impl Recent {
    pub fn push(&mut self, data: &[u8]) {
        let data = &data[data.len().saturating_sub(MOST)..];
        let over = (self.bytes.len() + data.len()).saturating_sub(MOST);
        if over > 0 {
            self.bytes.drain(..over);
            self.cut = true;
        }
        self.bytes.extend(data);
    }

    /// The bytes from the start of a line on: half an escape sequence would be read as text.
    pub fn replay(&self) -> Vec<u8> {
        let from = if self.cut { self.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1) } else { 0 };
        self.bytes.range(from..).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_kept_until_there_is_too_much() {
        let mut recent = Recent::default();
        recent.push(b"one\n");
        recent.push(b"two");
        assert_eq!(recent.replay(), b"one\ntwo");
    }

    #[test]
    fn the_newest_is_kept_from_the_start_of_a_line() {
        let mut recent = Recent::default();
        for at in 0..60_000 {
            recent.push(format!("line {at}\n").as_bytes());
        }
        let kept = recent.replay();
        assert!(kept.len() <= MOST && kept.len() > MOST - 100, "{}", kept.len());
        assert!(kept.starts_with(b"line ") && kept.ends_with(b"line 59999\n"));
    }

    #[test]
    fn one_flood_is_bounded_too() {
        let mut recent = Recent::default();
        recent.push(b"before");
        recent.push(&vec![b'y'; MOST * 2]);
        assert_eq!(recent.replay().len(), MOST);
    }
}
