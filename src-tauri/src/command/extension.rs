//! `extension`: requests under `/quarterdeck/v1/`, for which AWS has no operation.

use std::collections::BTreeMap;

use serde_json::Value;
use tauri::{State, Webview};

use crate::error::CallError;
use crate::state::{App, Request};

const PREFIX: &str = "/quarterdeck/v1/";

/// Longest path with its query, in bytes.
const MAX_PATH: usize = 64 * 1024;

/// Sends a request and answers its JSON. The query may stand in `path` (encoded), in `query` (not encoded), or in both. With `keep`, the
/// answer of a GET is kept for when the endpoint is away.
#[tauri::command]
pub async fn extension(
    webview: Webview,
    state: State<'_, App>,
    method: String,
    path: String,
    query: Option<BTreeMap<String, String>>,
    body: Option<Value>,
    keep: Option<bool>,
) -> Result<Value, CallError> {
    let mut request = request(&method, &path)?;
    request.query.extend(query.unwrap_or_default());
    if let Some(body) = body.filter(|body| !body.is_null()) {
        request.body = serde_json::to_vec(&body).map_err(|error| CallError::invalid(error.to_string()))?;
    }
    let asked = (keep.unwrap_or(false) && method == "GET").then(|| format!("{path} {:?}", request.query));
    let connection = state.connections.of_window(webview.label());
    let answer = state.extension(&webview, request).await.and_then(|reply| match reply.body.as_slice() {
        [] => Ok(Value::Null),
        body => serde_json::from_slice(body)
            .map_err(|error| CallError::new("InvalidAnswer", format!("the answer of {path} is not JSON: {error}"))),
    });
    state.with_last_known(&connection, asked, answer)
}

/// A request without body from a method and a path with its query.
pub fn request(method: &str, path: &str) -> Result<Request, CallError> {
    if !matches!(method, "GET" | "POST" | "PUT" | "DELETE") {
        return Err(CallError::invalid(format!("{method} is not a method of {PREFIX}")));
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if !path.starts_with(PREFIX) || path.len() + query.len() > MAX_PATH || path.split('/').any(|segment| segment == "..") {
        return Err(CallError::invalid(format!("a path begins with {PREFIX}")));
    }
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    Ok(Request { method: method.to_owned(), path: path.to_owned(), query: query.collect(), body: Vec::new() })
}

/// Decodes a name or value of a query as forms encode it.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes one segment of a path.
pub fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let request = request("GET", "/quarterdeck/v1/nodes?filter=%ED%95%9C+%EA%B8%80&max=5&&flag").ok().unwrap();
        assert_eq!(request.path, "/quarterdeck/v1/nodes");
        let query: Vec<(&str, &str)> = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(query, [("filter", "한 글"), ("max", "5"), ("flag", "")]);
    }

    #[test]
    fn nothing_but_the_extension_is_reached() {
        assert!(request("GET", "/console/").is_err());
        assert!(request("GET", "/quarterdeck/v1/../../etc").is_err());
        assert!(request("PATCH", "/quarterdeck/v1/nodes").is_err());
        assert!(request("GET", &format!("/quarterdeck/v1/{}", "a".repeat(MAX_PATH))).is_err());
    }

    #[test]
    fn a_segment_survives_encoding() {
        assert_eq!(encode("0.aws:run/한"), "0.aws%3Arun%2F%ED%95%9C");
        assert_eq!(decode(&encode("a b/ㄱ%+?")), "a b/ㄱ%+?");
    }
}
