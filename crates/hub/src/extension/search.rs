//! Search in everything a command said on all nodes.
//!
//! A request reads so many bytes and says where to go on: a person sees the first matches at once, and no request holds a reader for long.

use qd_model::ApiError;
use qd_store::table::output_chunks::{self, OutputKey};
use qd_store::table::{commands, invocation_steps, output_digests};
use qd_store::{StoreError, Tx};
use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use unicode_normalization::UnicodeNormalization;

use super::groups::unknown_command;
use super::{Request, Response};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::commands::text::step_names;

const MAX_QUERY: usize = 256;
/// Bytes that one request reads.
const BUDGET: u64 = 64 * 1024 * 1024;
/// Bytes that one transaction reads.
const SLICE: u64 = 8 * 1024 * 1024;
const WINDOW: usize = 1024 * 1024;
/// Characters of a line that an answer shows.
const SHOWN: usize = 400;
/// Nodes that one transaction looks at.
const NODES: usize = 500;
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// Where a search stands: what is before was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The last node that was read to its end; empty before the first.
    node: String,
    /// In the node after it: which of its streams, by step and stream.
    stream: usize,
    /// The first byte and the number of the line that was not read.
    offset: u64,
    line: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    instance_id: String,
    name: String,
    step: String,
    stream: &'static str,
    /// From 1.
    line: u64,
    text: String,
}

/// What one transaction found.
struct Found {
    matches: Vec<Match>,
    place: Place,
    read: u64,
    /// Nothing is left.
    done: bool,
}

/// `GET commands/<command>/search?q=&max=&after=`.
pub async fn get(cx: &Cx, request: &Request, command: &str) -> Result<Response, ApiError> {
    let q = request.query("q").unwrap_or_default();
    if q.is_empty() || q.len() > MAX_QUERY {
        return Err(ApiError::validation(format!("q must be text of 1 to {MAX_QUERY} bytes.")));
    }
    let pattern = pattern(q)?;
    let max = usize::try_from(request.number("max", 100, 1..=1000)?).unwrap_or_default();
    let mut place: Place = request.json("after")?.unwrap_or_default();
    let mut matches: Vec<Match> = Vec::new();
    let mut read = 0;
    let done = loop {
        let (id, pattern, from, room) = (command.to_owned(), pattern.clone(), place.clone(), max - matches.len());
        let found = cx.store().read(move |tx| slice(tx, &id, &pattern, &from, room)).await?;
        matches.extend(found.matches);
        read += found.read;
        place = found.place;
        if found.done || matches.len() >= max || read >= BUDGET {
            break found.done;
        }
    };
    let mut answer = json!({ "matches": matches, "truncated": !done, "read": read });
    if !done {
        answer["next"] = serde_json::to_string(&place).map_err(|e| ApiError::internal().with_source(e))?.into();
    }
    Response::json(&answer)
}

/// The text in either of its Unicode forms, without regard to case.
fn pattern(q: &str) -> Result<Regex, ApiError> {
    let forms: [String; 3] = [q.to_owned(), q.nfc().collect(), q.nfd().collect()];
    let alternatives: Vec<String> = forms.iter().map(|form| regex::escape(form)).collect();
    let built = RegexBuilder::new(&alternatives.join("|")).case_insensitive(true).build();
    built.map_err(|_| ApiError::validation("q cannot be searched for: make it shorter."))
}

/// Reads on from a place, up to [`SLICE`] bytes or `room` matches.
fn slice(tx: &mut Tx<'_>, command: &str, pattern: &Regex, from: &Place, room: usize) -> Result<Found, Fault> {
    let Some(asked) = commands::asked(tx, command)? else { return Err(Fault(unknown_command())) };
    let steps = step_names(&asked.document);
    let nodes = output_digests::of_step(tx, command, "", &from.node, NODES)?;
    let last = nodes.len() < NODES;
    let mut found = Found { matches: Vec::new(), place: from.clone(), read: 0, done: false };
    for node in nodes {
        let source = Source { command, node: &node.instance_id, name: &node.name };
        while found.place.stream < steps.len() * STREAMS.len() {
            let (step, stream) = (&steps[found.place.stream / STREAMS.len()], STREAMS[found.place.stream % STREAMS.len()]);
            if !source.search(tx, step, stream, pattern, room, &mut found)? {
                return Ok(found);
            }
            found.place = Place { node: found.place.node.clone(), stream: found.place.stream + 1, offset: 0, line: 0 };
        }
        found.place = Place { node: node.instance_id.clone(), ..Place::default() };
    }
    found.done = last;
    Ok(found)
}

struct Source<'a> {
    command: &'a str,
    node: &'a str,
    name: &'a str,
}

impl Source<'_> {
    /// Searches a stream from the place on; `false` when it was left before its end.
    fn search(
        &self,
        tx: &mut Tx<'_>,
        step: &str,
        stream: &'static str,
        pattern: &Regex,
        room: usize,
        found: &mut Found,
    ) -> Result<bool, StoreError> {
        let key = OutputKey {
            command_id: self.command.to_owned(),
            instance_id: self.node.to_owned(),
            step: step.to_owned(),
            stream: stream.to_owned(),
        };
        let whole = match output_chunks::get(tx, &key)? {
            Some(_) => None,
            None => Some(self.reported(tx, step, stream)?),
        };
        loop {
            if found.read >= SLICE {
                return Ok(false);
            }
            let window = match &whole {
                Some(text) => text.get(usize::try_from(found.place.offset).unwrap_or(usize::MAX)..).unwrap_or_default().to_vec(),
                None => output_chunks::read(tx, &key, found.place.offset, WINDOW)?,
            };
            if window.is_empty() {
                return Ok(true);
            }
            // Whole lines only, unless one is longer than a window or the stream ends without its line end.
            let is_last = whole.is_some() || window.len() < WINDOW;
            let end = if is_last { window.len() } else { window.iter().rposition(|b| *b == b'\n').map_or(window.len(), |at| at + 1) };
            for line in window[..end].split_inclusive(|b| *b == b'\n') {
                found.place.line += 1;
                found.place.offset += line.len() as u64;
                found.read += line.len() as u64;
                if pattern.is_match(line) {
                    found.matches.push(Match {
                        instance_id: self.node.to_owned(),
                        name: self.name.to_owned(),
                        step: step.to_owned(),
                        stream,
                        line: found.place.line,
                        text: shown(line, pattern),
                    });
                    if found.matches.len() >= room {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn reported(&self, tx: &mut Tx<'_>, step: &str, stream: &str) -> Result<Vec<u8>, StoreError> {
        let steps = invocation_steps::of_invocation(tx, self.command, self.node)?;
        let text = steps.into_iter().find(|one| one.step == step);
        Ok(text.map(|one| if stream == "stdout" { one.standard_output } else { one.standard_error }).unwrap_or_default().into_bytes())
    }
}

/// A line, or the part of a long one around the match.
fn shown(line: &[u8], pattern: &Regex) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let at = pattern.find(line).map_or(0, |found| found.start());
    let before = String::from_utf8_lossy(&line[at.saturating_sub(SHOWN)..at]).into_owned();
    let skipped = before.chars().count().saturating_sub(SHOWN / 4);
    let after = String::from_utf8_lossy(&line[at..line.len().min(at + 4 * SHOWN)]).into_owned();
    let text: String = before.chars().skip(skipped).chain(after.chars()).take(SHOWN).collect();
    if at > SHOWN || skipped > 0 { format!("…{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_in_any_case_and_form() {
        let pattern = pattern("가Error").unwrap();
        assert!(pattern.is_match("x 가ERROR".as_bytes()));
        assert!(pattern.is_match("x \u{1100}\u{1161}error".as_bytes()));
        assert!(!super::pattern("a.c").unwrap().is_match(b"abc"));
    }

    #[test]
    fn a_long_line_is_shown_around_the_match() {
        let line = format!("{}needle{}\r\n", "a".repeat(5000), "b".repeat(5000));
        let text = shown(line.as_bytes(), &pattern("needle").unwrap());
        assert!(text.starts_with('…') && text.contains("aneedleb") && text.chars().count() <= SHOWN + 1, "{text}");
        assert_eq!(shown(b"short needle\n", &pattern("needle").unwrap()), "short needle");
    }
}
