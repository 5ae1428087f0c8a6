//! Recordings of sessions: the list, the whole of one, and what stands in them.

use std::collections::BTreeMap;

use qd_model::ApiError;
use qd_store::table::recordings::{self, Found, Key, Recording};
use qd_store::table::sessions::{self, Filter, Session};
use serde_json::{Value, json};

use super::{Request, Response};
use crate::channel::data::plain::{Characters, Plain};
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;

/// Bytes of events of one answer.
const MAX_BYTES: i64 = 96 * 1024 * 1024;
/// Seconds for which `wait` may hold an answer back.
const MAX_WAIT: i64 = 30;
/// Pieces that one search looks through.
const SCAN: i64 = 500;
/// How long after its end a session may still be written down.
const LATE_MS: i64 = 15_000;
/// Characters around a hit.
const AROUND: usize = 60;

/// `GET /quarterdeck/v1/sessions?state=active|history&target=&owner=&max=&token=`: sessions with what is recorded of them.
pub async fn list(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    let ended = match request.query("state").unwrap_or("active") {
        "active" => false,
        "history" => true,
        _ => return Err(ApiError::validation("state must be active or history.")),
    };
    let own = |name: &str| request.query(name).map(str::to_owned);
    let filter = Filter { ended, target: own("target"), owner: own("owner"), session_id: own("session"), ..Filter::default() };
    let max = request.number("max", 50, 1..=200)?;
    let after = request.query("token").map(place).transpose()?;
    let (rows, recorded) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let rows = sessions::list(tx, &filter, after.as_ref().map(|(at, id)| (*at, id.as_str())), max + 1)?;
            let ids: Vec<&str> = rows.iter().map(|row| row.session_id.as_str()).collect();
            let recorded = recordings::of_many(tx, &ids)?;
            Ok((rows, recorded))
        })
        .await?;
    let recorded: BTreeMap<_, _> = recorded.into_iter().map(|r| (r.session_id.clone(), r)).collect();
    let shown = &rows[..rows.len().min(usize::try_from(max).unwrap_or_default())];
    let next = shown.last().filter(|_| rows.len() > shown.len()).map(|row| format!("{}/{}", row.started_at, row.session_id));
    let list: Vec<Value> = shown.iter().map(|row| session(row, recorded.get(&row.session_id))).collect();
    Response::json(&json!({ "sessions": list, "nextToken": next }))
}

/// The key of a page's last session, as the token carries it.
fn place(token: &str) -> Result<(i64, String), ApiError> {
    let parts = token.split_once('/').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    parts.ok_or_else(|| ApiError::validation("token is not one of an answer before."))
}

fn session(row: &Session, recorded: Option<&Recording>) -> Value {
    let recording = recorded.filter(|r| r.pieces > 0).map(recording);
    let mut value = serde_json::to_value(crate::ops::sessions::describe_sessions::shown(row.clone())).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.insert("SessionType".to_owned(), row.session_type.clone().into());
        members.insert("Recording".to_owned(), recording.unwrap_or_default());
    }
    value
}

fn recording(r: &Recording) -> Value {
    json!({
        "durationMs": r.duration_ms, "bytes": r.raw_bytes, "width": r.width, "height": r.height, "withInput": r.with_input,
        "complete": r.complete, "cut": r.cut,
    })
}

fn missing(session: &str) -> ApiError {
    ApiError::new("DoesNotExistException", format!("There is no recording of session {session}.")).with_status(404)
}

/// `GET /quarterdeck/v1/sessions/{id}/recording?after=0&max=&wait=0`: asciicast v2. From `after=0` on it begins with its header; `after` of a
/// later answer's `x-quarterdeck-next` goes on from there, and `wait` holds the answer back until there is more.
pub async fn get(cx: &Cx, request: &Request, id: &str) -> Result<Response, ApiError> {
    let after = request.number("after", 0, 0..=i64::MAX)?;
    let max = request.number("max", MAX_BYTES, 1..=MAX_BYTES)?;
    let wait = request.number("wait", 0, 0..=MAX_WAIT)?;
    let mut changes = cx.store().subscribe();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(wait.unsigned_abs());
    loop {
        let (session_id, now) = (id.to_owned(), cx.shared().clock.now_ms());
        let found = cx
            .store()
            .read(move |tx| -> Result<_, Fault> {
                let Some(recording) = recordings::get(tx, &session_id)? else { return Ok(None) };
                // What was on the terminal last is written shortly after the end.
                let gone = |session: Session| session.ended_at.is_some_and(|at| now - at > LATE_MS);
                let ended = sessions::get(tx, &session_id)?.is_none_or(gone);
                let (lines, next) = recordings::lines(tx, &session_id, after, usize::try_from(max).unwrap_or_default())?;
                Ok(Some((recording, ended, lines, next)))
            })
            .await?;
        let (recording, ended, lines, next) = found.ok_or_else(|| missing(id))?;
        let complete = (recording.complete || ended) && next >= recording.pieces;
        if !lines.is_empty() || complete || tokio::time::Instant::now() >= deadline {
            return Ok(cast(&recording, after, lines, next, complete));
        }
        let topic = recordings::topic(id);
        if matches!(tokio::time::timeout_at(deadline, events::concerned(&mut changes, &topic)).await, Ok(false)) {
            return Ok(cast(&recording, after, lines, next, complete));
        }
    }
}

fn cast(recording: &Recording, after: i64, lines: Vec<u8>, next: i64, complete: bool) -> Response {
    let mut body = Vec::with_capacity(lines.len() + 256);
    if after == 0 {
        let header = json!({
            "version": 2, "width": recording.width, "height": recording.height, "timestamp": recording.started_at.div_euclid(1000),
            "duration": recording.duration_ms as f64 / 1000.0, "title": format!("{} on {}", recording.session_id, recording.target),
            "env": { "TERM": "xterm-256color" },
        });
        body.extend(header.to_string().into_bytes());
        body.push(b'\n');
    }
    body.extend(lines);
    let header = |name: &str, value: String| (name.to_owned(), value);
    Response {
        status: 200,
        headers: vec![
            header("content-type", "application/x-asciicast".to_owned()),
            header("x-content-type-options", "nosniff".to_owned()),
            header("x-quarterdeck-next", next.to_string()),
            header("x-quarterdeck-complete", complete.to_string()),
            header("x-quarterdeck-cut", recording.cut.to_string()),
        ],
        body: body.into(),
    }
}

/// `GET /quarterdeck/v1/recordings/search?q=&session=&token=`: where a text stands in what terminals showed, newest recording first. One answer
/// looks through a bounded part; `nextToken` goes on from there, also when nothing was found so far.
pub async fn search(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    let text = request.query("q").unwrap_or_default().trim().to_lowercase();
    if !(1..=200).contains(&text.chars().count()) || text.contains('\0') {
        return Err(ApiError::validation("q must be a text of 1 to 200 characters."));
    }
    let session = request.query("session").map(str::to_owned);
    let before = request.query("token").map(search_place).transpose()?;
    let wanted = text.clone();
    let (found, next, known) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let before = before.as_ref().map(|(at, id, number)| (*at, id.as_str(), *number));
            let (found, next) = recordings::search(tx, &wanted, session.as_deref(), before, SCAN)?;
            let mut ids: Vec<&str> = found.iter().map(|f| f.session_id.as_str()).collect();
            ids.dedup();
            let known = recordings::of_many(tx, &ids)?;
            let mut hits = Vec::with_capacity(found.len());
            for found in found {
                let (lines, _) = recordings::lines(tx, &found.session_id, found.number, 1)?;
                hits.push(hit(&found, &lines, &wanted));
            }
            Ok((hits, next, known))
        })
        .await?;
    let known: BTreeMap<_, _> = known.iter().map(|r| (r.session_id.as_str(), r)).collect();
    let hits: Vec<Value> = found
        .into_iter()
        .map(|mut hit| {
            let recording = hit["sessionId"].as_str().and_then(|id| known.get(id)).copied();
            if let (Some(members), Some(recording)) = (hit.as_object_mut(), recording) {
                members.insert("target".to_owned(), recording.target.clone().into());
                members.insert("owner".to_owned(), recording.owner.clone().into());
                members.insert("startedAt".to_owned(), events::iso(recording.started_at).into());
            }
            hit
        })
        .collect();
    let next = next.map(|(at, id, number): Key| format!("{at}/{number}/{id}"));
    Response::json(&json!({ "hits": hits, "nextToken": next }))
}

fn search_place(token: &str) -> Result<Key, ApiError> {
    let mut parts = token.splitn(3, '/');
    let key = (|| Some((parts.next()?.parse().ok()?, parts.next()?.parse::<i64>().ok()?, parts.next()?.to_owned())))();
    key.map(|(at, number, id)| (at, id, number)).ok_or_else(|| ApiError::validation("token is not one of an answer before."))
}

/// When in its piece a text was first whole on the terminal, and what stood around it.
fn hit(found: &Found, lines: &[u8], wanted: &str) -> Value {
    let (mut plain, mut characters, mut text) = (Plain::default(), Characters::default(), String::new());
    let mut at = None;
    for line in lines.split(|b| *b == b'\n') {
        let Ok((seconds, code, data)) = serde_json::from_slice::<(f64, String, String)>(line) else { continue };
        if code != "o" {
            continue;
        }
        let from = text.len().saturating_sub(4 * wanted.len());
        plain.add(&characters.add(data.as_bytes()), &mut text);
        let tail = (0..=from.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        if text.get(tail..).unwrap_or_default().to_lowercase().contains(wanted) {
            at = Some(seconds);
            break;
        }
    }
    // Begun in the piece before: the folded text has it, and this piece's first moment is when it was whole.
    let shown = if at.is_some() { text.to_lowercase() } else { found.folded.clone() };
    json!({
        "sessionId": found.session_id,
        "at": at.unwrap_or(found.at_ms as f64 / 1000.0),
        "text": around(if at.is_some() { &text } else { &found.folded }, &shown, wanted),
    })
}

/// The line around the last place where a text stands.
fn around(text: &str, folded: &str, wanted: &str) -> String {
    // Folding keeps the number of characters but for a few letters; there the excerpt is the folded one.
    let same = text.chars().count() == folded.chars().count();
    let source: Vec<char> = if same { text.chars().collect() } else { folded.chars().collect() };
    let Some(at) = folded.rfind(wanted) else { return String::new() };
    let first = folded.get(..at).map_or(0, |before| before.chars().count());
    let last = first + wanted.chars().count();
    let begin =
        (first.saturating_sub(AROUND)..first).rev().find(|n| source.get(*n) == Some(&'\n')).map_or(first.saturating_sub(AROUND), |n| n + 1);
    let end = (last..source.len().min(last + AROUND)).find(|n| source.get(*n) == Some(&'\n')).unwrap_or(source.len().min(last + AROUND));
    source.get(begin..end).unwrap_or_default().iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_tells_when_and_in_which_line() {
        let lines = "[1.0,\"r\",\"80x24\"]\n[1.5,\"o\",\"$ ls\\r\\n\\u001b[34mRead\"]\n[2.0,\"o\",\"Me\\u001b[0m.md\\r\\nnext\"]\n";
        let found = Found { session_id: "s".into(), number: 0, at_ms: 1_000, folded: String::new(), started_at: 0 };
        let hit = hit(&found, lines.as_bytes(), "readme");
        assert_eq!((hit["at"].as_f64(), hit["text"].as_str()), (Some(2.0), Some("ReadMe.md")));
    }

    #[test]
    fn tokens_are_read_or_refused() {
        assert_eq!(place("7/a-1").unwrap(), (7, "a-1".to_owned()));
        assert_eq!(search_place("7/3/a-1").unwrap(), (7, "a-1".to_owned(), 3));
        assert!(place("x").is_err() && search_place("7/a").is_err());
    }
}
