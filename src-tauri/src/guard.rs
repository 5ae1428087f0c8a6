//! One command carries every operation to a connection, so what a connection forbids is decided here, out of reach of page script.

use qd_model::Operation;

/// How a connection is marked by the person who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// Everything is allowed.
    #[default]
    Open,
    /// Writes ask in a native dialog first.
    Protected,
    /// Writes are refused.
    ReadOnly,
}

impl Mark {
    /// Reads the stored word. A word nobody knows counts as the strictest mark, never as none.
    pub fn from_setting(word: Option<&str>) -> Self {
        match word {
            None | Some("open") => Self::Open,
            Some("protected") => Self::Protected,
            Some(_) => Self::ReadOnly,
        }
    }

    /// The word under which it is stored and shown to pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Protected => "protected",
            Self::ReadOnly => "read-only",
        }
    }
}

/// What is to happen with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    Ask,
    Refuse,
}

/// Judges an operation of the API on a connection with `mark`.
pub fn judge(mark: Mark, operation: Operation) -> Verdict {
    verdict(mark, operation.is_read_only())
}

/// Requests that change nothing though they carry a body: a document that is being written is checked with every pause in typing.
const READS_WITH_BODY: [&str; 2] = ["/quarterdeck/v1/documents/check", "/quarterdeck/v1/documents/convert"];

/// Judges a request under `/quarterdeck/v1/`: there GET and HEAD read, and every other method writes, but for [`READS_WITH_BODY`].
pub fn judge_extension(mark: Mark, method: &str, path: &str) -> Verdict {
    verdict(mark, matches!(method, "GET" | "HEAD") || (method == "POST" && READS_WITH_BODY.contains(&path)))
}

fn verdict(mark: Mark, reads: bool) -> Verdict {
    match (mark, reads) {
        (_, true) | (Mark::Open, false) => Verdict::Allow,
        (Mark::Protected, false) => Verdict::Ask,
        (Mark::ReadOnly, false) => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_connection_refuses_every_write_and_no_read() {
        assert_eq!(judge(Mark::ReadOnly, Operation::ListCommands), Verdict::Allow);
        assert_eq!(judge(Mark::ReadOnly, Operation::SendCommand), Verdict::Refuse);
        assert_eq!(judge(Mark::ReadOnly, Operation::StartSession), Verdict::Refuse);
        assert_eq!(judge_extension(Mark::ReadOnly, "GET", "/quarterdeck/v1/nodes"), Verdict::Allow);
        assert_eq!(judge_extension(Mark::ReadOnly, "DELETE", "/quarterdeck/v1/nodes"), Verdict::Refuse);
        assert_eq!(judge_extension(Mark::ReadOnly, "POST", "/quarterdeck/v1/documents/check"), Verdict::Allow);
        assert_eq!(judge_extension(Mark::ReadOnly, "DELETE", "/quarterdeck/v1/documents/check"), Verdict::Refuse);
        assert_eq!(judge_extension(Mark::ReadOnly, "POST", "/quarterdeck/v1/documents/check/x"), Verdict::Refuse);
    }

    #[test]
    fn a_protected_connection_asks_before_writes() {
        assert_eq!(judge(Mark::Protected, Operation::DescribeInstanceInformation), Verdict::Allow);
        assert_eq!(judge(Mark::Protected, Operation::DeleteDocument), Verdict::Ask);
        assert_eq!(judge_extension(Mark::Protected, "POST", "/quarterdeck/v1/nodes/mi-1/rotate-key"), Verdict::Ask);
    }

    #[test]
    fn an_unknown_mark_is_the_strictest() {
        assert_eq!(Mark::from_setting(Some("prod")), Mark::ReadOnly);
        assert_eq!(Mark::from_setting(None), Mark::Open);
        for mark in [Mark::Open, Mark::Protected, Mark::ReadOnly] {
            assert_eq!(Mark::from_setting(Some(mark.word())), mark);
        }
    }
}
