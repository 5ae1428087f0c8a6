//! What a step's end looks like to an AWS caller: sizes, truncation marks and statuses (agent-protocol 6.3, 6.6).

use qd_wire::payload::agent_job_reply::{DocumentStatus, PluginResult, ReplyContent};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of `standardOutput` and of `standardError`, marks included.
pub const STREAM_LIMIT: usize = 24_000;
/// Bytes of the combined `output`, marks included.
pub const COMBINED_LIMIT: usize = 2_500;
/// Bytes of a reply's content; a longer one would never be sent by a stock agent, and hubs may rely on that.
pub const REPLY_LIMIT: usize = 120_000;

const STREAM_MARK: &str = "--output truncated--";
const OUTPUT_MARK: &str = "\n---Output truncated---";
const ERROR_MARK: &str = "\n---Error truncated----";
const ERROR_TITLE: &str = "\n----------ERROR-------\n";

/// One stream as far as a reply carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Valid UTF-8; bytes that are none were replaced.
    pub text: String,
    /// There was more.
    pub truncated: bool,
}

impl Text {
    /// The start of a stream kept in `path`; a missing file is an empty stream.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        match std::fs::File::open(path) {
            Ok(file) => file.take(STREAM_LIMIT as u64 + 4).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self::from_bytes(&bytes))
    }

    /// The start of a stream in memory.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let truncated = bytes.len() > STREAM_LIMIT;
        let start = &bytes[..bytes.len().min(STREAM_LIMIT)];
        // A character cut in two at the limit is dropped, not replaced: it was valid.
        let start = if truncated { without_partial_character(start) } else { start };
        Self { text: String::from_utf8_lossy(start).into_owned(), truncated }
    }

    /// The text, never longer than `limit`, ending in the mark if anything is missing; `after` is always whole at the end.
    fn shown(&self, limit: usize, after: &str) -> String {
        let room = limit.saturating_sub(after.len());
        let mut text = if self.truncated || self.text.len() > room {
            let mut cut = prefix(&self.text, room.saturating_sub(STREAM_MARK.len())).to_owned();
            cut.push_str(STREAM_MARK);
            cut
        } else {
            self.text.clone()
        };
        text.push_str(after);
        text
    }
}

fn without_partial_character(bytes: &[u8]) -> &[u8] {
    for back in 1..=3.min(bytes.len()) {
        let at = bytes.len() - back;
        let byte = bytes[at];
        if byte & 0xC0 == 0x80 {
            continue;
        }
        let needs = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if needs > back { &bytes[..at] } else { bytes };
    }
    bytes
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn prefix(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// How a step ended, before it is put into AWS's shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepResult {
    /// The plugin, such as `aws:runShellScript`.
    pub action: String,
    /// As AWS says it.
    pub status: Status,
    /// Exit code.
    pub code: i64,
    /// Start of standard output.
    pub stdout: Text,
    /// Start of standard error.
    pub stderr: Text,
    /// Sentences of the agent's own, added whole to the end of standard error.
    #[serde(default)]
    pub note: String,
    /// Epoch milliseconds.
    pub started_ms: i64,
    /// Epoch milliseconds.
    pub ended_ms: i64,
}

/// Status of a step or document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Ran well.
    Success,
    /// Ran well and wants a reboot before it is run again.
    SuccessAndReboot,
    /// Did not run well.
    Failed,
    /// Killed at its timeout.
    TimedOut,
    /// Killed on request.
    Cancelled,
    /// Not for this node.
    Skipped,
}

impl Status {
    /// On the wire.
    pub fn wire(self) -> DocumentStatus {
        match self {
            Self::Success => DocumentStatus::Success,
            Self::SuccessAndReboot => DocumentStatus::SuccessAndReboot,
            Self::Failed => DocumentStatus::Failed,
            Self::TimedOut => DocumentStatus::TimedOut,
            Self::Cancelled => DocumentStatus::Cancelled,
            Self::Skipped => DocumentStatus::Skipped,
        }
    }
}

impl StepResult {
    /// A step that ended without running anything.
    pub fn plain(action: &str, status: Status, code: i64, note: impl Into<String>) -> Self {
        let now = crate::process::now_ms();
        let note = note.into();
        let (stdout, note) = match status {
            // What a skipped or successful step has to say is output, not an error.
            Status::Skipped | Status::Success => (Text::from_bytes(note.as_bytes()), String::new()),
            _ => (Text::default(), note),
        };
        Self { action: action.to_owned(), status, code, stdout, stderr: Text::default(), note, started_ms: now, ended_ms: now }
    }

    /// A failure with a sentence that says what to do.
    pub fn failed(action: &str, note: impl Into<String>) -> Self {
        Self::plain(action, Status::Failed, 1, note)
    }

    /// The step in AWS's shape.
    pub fn to_plugin_result(&self, s3_bucket: &str, s3_prefix: &str, step_name: &str) -> PluginResult {
        let after = match (self.note.is_empty(), self.stderr.text.is_empty() || self.stderr.text.ends_with('\n')) {
            (true, _) => String::new(),
            (false, true) => self.note.clone(),
            (false, false) => format!("\n{}", self.note),
        };
        let after = prefix(&after, 4_000);
        let standard_output = self.stdout.shown(STREAM_LIMIT, "");
        let standard_error = self.stderr.shown(STREAM_LIMIT, after);
        PluginResult {
            status: self.status.wire(),
            code: self.code,
            name: self.action.clone(),
            output: combined(&standard_output, &standard_error),
            start_date_time: iso8601(self.started_ms),
            end_date_time: iso8601(self.ended_ms),
            output_s3_bucket_name: s3_bucket.to_owned(),
            output_s3_key_prefix: s3_prefix.to_owned(),
            step_name: step_name.to_owned(),
            standard_output,
            standard_error,
        }
    }
}

fn iso8601(ms: i64) -> String {
    qd_wire::payload::iso8601_ms(u64::try_from(ms).unwrap_or(0))
}

/// Both streams in 2500 bytes: when both are long each gets half, a short one leaves its room to the other.
pub fn combined(stdout: &str, stderr: &str) -> String {
    if stderr.is_empty() {
        return marked(stdout, COMBINED_LIMIT, OUTPUT_MARK);
    }
    let room = COMBINED_LIMIT - ERROR_TITLE.len();
    let half = room / 2;
    let for_err = if stdout.len() < half { room - stdout.len() } else { half };
    let err = marked(stderr, for_err, ERROR_MARK);
    let out = marked(stdout, room - err.len().min(room), OUTPUT_MARK);
    format!("{out}{ERROR_TITLE}{err}")
}

fn marked(text: &str, limit: usize, mark: &str) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}{mark}", prefix(text, limit.saturating_sub(mark.len())))
}

/// Status of a document with these steps (agent-protocol 6.3): reboot, then failed, timed out, cancelled, else success.
pub fn document_status(steps: &[Status]) -> Status {
    [Status::SuccessAndReboot, Status::Failed, Status::TimedOut, Status::Cancelled]
        .into_iter()
        .find(|status| steps.contains(status))
        .unwrap_or(Status::Success)
}

/// What the properties of one plugin come to: the worst status, the code of the first that failed or else of the last, what they wrote one
/// after the other. `None` if there is none.
pub fn together(parts: &[StepResult]) -> Option<StepResult> {
    let (first, last) = (parts.first()?, parts.last()?);
    if parts.len() == 1 {
        return Some(first.clone());
    }
    let statuses: Vec<Status> = parts.iter().map(|part| part.status).collect();
    let status = if statuses.iter().all(|status| *status == Status::Skipped) { Status::Skipped } else { document_status(&statuses) };
    let failed = parts.iter().find(|part| !matches!(part.status, Status::Success | Status::Skipped));
    let text = |of: fn(&StepResult) -> &Text| {
        let mut whole = Text::default();
        for part in parts.iter().map(of) {
            if whole.truncated {
                break;
            }
            let room = prefix(&part.text, STREAM_LIMIT - whole.text.len().min(STREAM_LIMIT));
            whole.text.push_str(room);
            whole.truncated = part.truncated || room.len() < part.text.len();
        }
        whole
    };
    let notes: Vec<&str> = parts.iter().map(|part| part.note.as_str()).filter(|note| !note.is_empty()).collect();
    Some(StepResult {
        action: first.action.clone(),
        status,
        code: failed.unwrap_or(last).code,
        stdout: text(|part| &part.stdout),
        stderr: text(|part| &part.stderr),
        note: notes.join("\n"),
        started_ms: first.started_ms,
        ended_ms: last.ended_ms,
    })
}

/// Cuts the texts of a reply until it fits a frame that every hub takes. Escaping makes control characters six bytes long, so two
/// streams within their limits may still be too much together.
pub fn shrink(content: &mut ReplyContent) {
    while serde_json::to_string(content).map_or(0, |text| text.len()) > REPLY_LIMIT {
        let largest = content
            .runtime_status
            .values_mut()
            .flat_map(|step| [&mut step.standard_output, &mut step.standard_error, &mut step.output])
            .chain([&mut content.document_trace_output])
            .max_by_key(|text| text.len());
        match largest.filter(|text| text.len() > 2 * STREAM_MARK.len()) {
            Some(text) => {
                let half = prefix(text, text.len() / 2 - STREAM_MARK.len()).to_owned();
                *text = half + STREAM_MARK;
            }
            // Hundreds of steps with names alone: the hub has had each of them in a reply of its own.
            None => content.runtime_status.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(stdout: &[u8], stderr: &[u8], note: &str) -> PluginResult {
        let mut result = StepResult::plain("aws:runShellScript", Status::Failed, 3, note);
        (result.stdout, result.stderr) = (Text::from_bytes(stdout), Text::from_bytes(stderr));
        result.to_plugin_result("", "", "")
    }

    #[test]
    fn short_output_is_shown_as_it_is() {
        let shown = result(b"out\n", b"err\n", "failed to run commands: exit status 3");
        assert_eq!(shown.standard_output, "out\n");
        assert_eq!(shown.standard_error, "err\nfailed to run commands: exit status 3");
        assert_eq!(shown.output, "out\n\n----------ERROR-------\nerr\nfailed to run commands: exit status 3");
    }

    #[test]
    fn long_output_is_cut_between_characters_and_marked() {
        let shown = result("한".repeat(10_000).as_bytes(), b"", "");
        assert!(shown.standard_output.len() <= STREAM_LIMIT && shown.standard_output.len() > STREAM_LIMIT - 8);
        assert!(shown.standard_output.ends_with(STREAM_MARK));
        assert!(!shown.standard_output.contains('\u{fffd}'));
        assert!(shown.output.len() <= COMBINED_LIMIT && shown.output.ends_with(OUTPUT_MARK));
        assert_eq!(result(&[b'x'; STREAM_LIMIT], b"", "").standard_output.len(), STREAM_LIMIT);
    }

    #[test]
    fn two_long_streams_share_and_a_note_survives() {
        let shown = result(&[b'o'; 30_000], &[b'e'; 30_000], "failed to run commands: exit status 3");
        assert!(shown.output.len() <= COMBINED_LIMIT);
        assert!(shown.output.contains("---Output truncated---") && shown.output.ends_with("---Error truncated----"));
        assert!(shown.standard_error.ends_with("--output truncated--\nfailed to run commands: exit status 3"));
        assert_eq!(shown.standard_error.len(), STREAM_LIMIT);
    }

    #[test]
    fn binary_is_replaced_and_a_reply_of_it_still_fits() {
        let shown = result(&[0; 30_000], &[0xff; 30_000], "");
        assert!(shown.standard_error.contains('\u{fffd}'));
        let mut content = ReplyContent::default();
        content.runtime_status.insert("a".into(), shown.clone());
        content.runtime_status.insert("b".into(), shown);
        shrink(&mut content);
        assert!(serde_json::to_string(&content).unwrap().len() <= REPLY_LIMIT);
        assert!(content.runtime_status["a"].standard_output.ends_with(STREAM_MARK));
    }

    #[test]
    fn a_partial_character_at_the_end_is_found() {
        assert_eq!(without_partial_character("a한".as_bytes()), "a한".as_bytes());
        for cut in 2..4 {
            assert_eq!(without_partial_character(&"a한".as_bytes()[..cut]), b"a");
        }
        assert_eq!(without_partial_character(&"😀".as_bytes()[..3]), b"");
        assert_eq!(without_partial_character(b"a\xff"), b"a\xff");
    }

    #[test]
    fn the_worst_status_wins() {
        use Status::*;
        assert_eq!(document_status(&[]), Success);
        assert_eq!(document_status(&[Skipped, Skipped]), Success);
        assert_eq!(document_status(&[Success, Cancelled, TimedOut]), TimedOut);
        assert_eq!(document_status(&[TimedOut, Failed]), Failed);
        assert_eq!(document_status(&[Failed, SuccessAndReboot]), SuccessAndReboot);
    }

    #[test]
    fn properties_come_to_one_result() {
        let part = |status, code, out: &str, note: &str| {
            let mut part = StepResult::plain("aws:runShellScript", status, code, note);
            part.stdout = Text::from_bytes(out.as_bytes());
            part
        };
        let whole = together(&[
            part(Status::Success, 0, "a\n", ""),
            part(Status::Failed, 3, "b\n", "exit status 3"),
            part(Status::Failed, 4, "c\n", "exit status 4"),
            part(Status::Success, 0, "", ""),
        ])
        .unwrap();
        assert_eq!((whole.status, whole.code, whole.stdout.text.as_str()), (Status::Failed, 3, "a\nb\nc\n"));
        assert_eq!(whole.note, "exit status 3\nexit status 4");
        let whole = together(&[part(Status::Skipped, 0, "", ""), part(Status::Skipped, 0, "", "")]).unwrap();
        assert_eq!(whole.status, Status::Skipped);
        let long = "x".repeat(STREAM_LIMIT - 1);
        let whole = together(&[part(Status::Success, 0, &long, ""), part(Status::Success, 0, "yz", "")]).unwrap();
        assert_eq!((whole.stdout.text.len(), whole.stdout.truncated), (STREAM_LIMIT, true));
        assert!(together(&[]).is_none());
    }
}
