//! What the console needs and AWS has no operation for, under `/quarterdeck/v1/` (docs/extensions.md): whole and live output, the preview of
//! targets, the check of a document that is being written, sorted node lists, the overview, recordings of sessions. Everything that AWS has an
//! operation for goes through that operation.
//!
//! The event stream, `GET /quarterdeck/v1/events`, is served by the HTTP front from [`crate::events::Subscription`], since it has no end.

mod diagnosis;
mod documents;
mod groups;
mod node_filter;
mod nodes;
pub mod output;
mod overview;
mod preview;
mod search;
mod sessions;

use std::collections::BTreeMap;

use bytes::Bytes;
use qd_model::ApiError;
use serde::Serialize;
use serde_json::Value;

use crate::cx::{self, Cx, Principal};

/// Prefix of every path.
pub const PREFIX: &str = "/quarterdeck/v1/";

/// A request, from HTTP or from the embedded console.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// The whole path, decoded segment by segment by the reader of the segment.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub body: Bytes,
}

impl Request {
    /// A query value, unless it is absent or empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A whole number of the query within `range`, or `default`.
    pub fn number(&self, name: &str, default: i64, range: std::ops::RangeInclusive<i64>) -> Result<i64, ApiError> {
        let Some(text) = self.query(name) else { return Ok(default) };
        match text.parse() {
            Ok(n) if range.contains(&n) => Ok(n),
            _ => Err(ApiError::validation(format!("{name} must be a number from {} to {}.", range.start(), range.end()))),
        }
    }

    /// A JSON value of the query.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.query(name) else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|e| ApiError::validation(format!("{name} is not the JSON that is expected: {e}.")))
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Response {
    /// 200 with JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value).map_err(|e| ApiError::internal().with_source(e))?;
        Ok(Self { status: 200, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body: body.into() })
    }

    /// An error in the same shape as the AWS operations answer it.
    pub fn error(error: &ApiError) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status: error.status, headers, body: error.body().to_string().into() }
    }

    /// The body as JSON, for the embedded console.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Answers a request.
pub async fn serve(cx: &Cx, request: Request) -> Response {
    route(cx, &request).await.unwrap_or_else(|error| Response::error(&error))
}

async fn route(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    if !matches!(cx.caller().principal, Principal::User { .. }) {
        return Err(cx::denied(&cx.caller_arn(), "QuarterdeckConsole", "*"));
    }
    let rest = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let segments: Vec<String> = rest.split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["overview"]) => overview::get(cx).await,
        ("GET", ["nodes"]) => nodes::list(cx, request).await,
        ("GET", ["nodes", "facets"]) => nodes::facets(cx, request).await,
        ("GET", ["nodes", node, "diagnosis"]) => diagnosis::get(cx, node).await,
        ("POST", ["nodes", node, "rotate-key"]) => nodes::rotate_key(cx, node).await,
        ("POST", ["documents", "check"]) => documents::check(request),
        ("POST", ["documents", "convert"]) => documents::convert(request),
        ("GET", ["sessions"]) => sessions::list(cx, request).await,
        ("GET", ["sessions", session, "recording"]) => sessions::get(cx, request, session).await,
        ("GET", ["recordings", "search"]) => sessions::search(cx, request).await,
        ("GET", ["targets", "preview"]) => preview::get(cx, request).await,
        ("GET", ["commands", command, "groups"]) => groups::list(cx, request, command).await,
        ("GET", ["commands", command, "groups", group, "nodes"]) => groups::nodes(cx, request, command, group).await,
        ("GET", ["commands", command, "search"]) => search::get(cx, request, command).await,
        ("GET", ["commands", command, "invocations", node, "steps", step, "output"]) => output::get(cx, request, command, node, step).await,
        ("GET", ["commands", command, "invocations", node, "outputs"]) => output::list(cx, command, node).await,
        _ => Err(ApiError::new("UnknownOperationException", format!("{} {} is not a path of this hub.", request.method, request.path))
            .with_status(404)),
    }
}

/// Percent-decodes one path segment.
fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| segment.get(i + 1..i + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once() {
        assert_eq!(decode("aws%3ArunShellScript"), "aws:runShellScript");
        assert_eq!(decode("100%25"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%EA%B0%80"), "가");
    }

    #[test]
    fn numbers_have_bounds() {
        let request = Request { query: [("max".to_owned(), "7".to_owned())].into(), ..Request::default() };
        assert_eq!(request.number("max", 50, 1..=10).unwrap(), 7);
        assert_eq!(request.number("other", 50, 1..=10).unwrap(), 50);
        assert!(request.number("max", 50, 8..=10).is_err());
    }
}
