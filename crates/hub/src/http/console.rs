//! The console for a plain browser: the files of its build, and the event stream it follows. The page signs its calls like any client;
//! serving it needs no proof, since there is nothing of the account in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use qd_model::ApiError;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::answer::plain;
use super::files::not_found;
use crate::cx::{Cx, Principal, denied};
use crate::events::{Cursor, Subscription};
use crate::hub::Shared;

/// Path of the event stream.
pub const EVENTS: &str = "/quarterdeck/v1/events";

const CONSOLE: &str = "/quarterdeck/console/";
/// A file of a console build is smaller by far.
const MAX_FILE: u64 = 32 * 1024 * 1024;
/// A line without an event, so that proxies and clients see that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Scripts come from the hub alone. Styles may stand inline, because terminals and editors size themselves so.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
frame-ancestors 'none'; object-src 'none'";

/// Leads a browser at the hub's root to the console.
pub fn root(shared: &Shared) -> Response<Body> {
    if shared.console.is_none() {
        return plain(StatusCode::OK, "text/plain; charset=utf-8", "This is a Quarterdeck hub. Use the AWS CLI or the desktop app.\n");
    }
    let mut response = plain(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(CONSOLE));
    response
}

/// A file of the console, or its first page for an address that only the console's own router knows.
pub async fn serve(shared: &Shared, page: &str) -> Response<Body> {
    if page == "config.json" {
        // What a page must know before it can sign, and the digest by which a machine that is enrolled checks `ca.pem`: a page from here is
        // as good as the certificate that the person at it has accepted.
        let digest = Sha256::digest(shared.front.ca_pem().as_bytes());
        let config = json!({ "region": shared.region, "version": env!("CARGO_PKG_VERSION"), "caSha256": hex::encode(digest) });
        let mut response = plain(StatusCode::OK, "application/json", config.to_string());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    let Some(root) = &shared.console else { return not_found() };
    let Some(relative) = safe_path(page) else { return not_found() };
    let asked = if relative.as_os_str().is_empty() { PathBuf::from("index.html") } else { relative };
    match read(root, &asked).await {
        Some(body) => file(&asked, body),
        // An address with an ending is a file that is not there; any other is a route of the page.
        None if asked.extension().is_none() => match read(root, Path::new("index.html")).await {
            Some(body) => file(Path::new("index.html"), body),
            None => not_found(),
        },
        None => not_found(),
    }
}

/// The path of ordinary names that `page` means; `None` when it tries to be anything else.
fn safe_path(page: &str) -> Option<PathBuf> {
    let decoded = qd_wire::sigv4::canonical::percent_decode(page);
    let text = std::str::from_utf8(&decoded).ok()?;
    let mut path = PathBuf::new();
    for name in text.split('/').filter(|name| !name.is_empty()) {
        let ordinary = !name.starts_with('.') && !name.contains(['\\', ':', '\0']) && name.len() <= 255;
        if !ordinary {
            return None;
        }
        path.push(name);
    }
    Some(path)
}

async fn read(root: &Path, relative: &Path) -> Option<Bytes> {
    let root = tokio::fs::canonicalize(root).await.ok()?;
    // Links may not lead out of the folder.
    let path = tokio::fs::canonicalize(root.join(relative)).await.ok().filter(|path| path.starts_with(&root))?;
    let metadata = tokio::fs::metadata(&path).await.ok()?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    tokio::fs::read(path).await.ok().map(Bytes::from)
}

fn file(path: &Path, body: Bytes) -> Response<Body> {
    let mut response = plain(StatusCode::OK, content_type(path), body);
    // The build puts a hash of the content into the names below assets/.
    let caching = if path.starts_with("assets") { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `GET /quarterdeck/v1/events?cursor=<seq>`: events after that sequence number, one JSON object a line, without end. Without a cursor,
/// what happens from now on. Empty lines keep the connection alive.
pub fn events(cx: &Cx, query: &BTreeMap<String, String>) -> Result<Response<Body>, ApiError> {
    if !matches!(cx.caller().principal, Principal::User { .. }) {
        return Err(denied(&cx.caller_arn(), "QuarterdeckConsole", "*"));
    }
    let cursor = match query.get("cursor").filter(|text| !text.is_empty()) {
        None => Cursor::Now,
        Some(text) => match text.parse::<i64>() {
            Ok(seq) if seq >= 0 => Cursor::After(seq),
            _ => return Err(ApiError::validation("cursor must be the seq of an event, a whole number of 0 or more.")),
        },
    };
    let subscription = Subscription::open(cx.shared().clone(), cursor);
    // The first line goes out at once, so that the client knows that it is listening.
    let lines = stream::unfold((subscription, true), |(mut subscription, first)| async move {
        if first {
            return Some((Ok(Bytes::from_static(b"\n")), (subscription, false)));
        }
        let chunk = match tokio::time::timeout(KEEP_ALIVE, subscription.next()).await {
            Err(_) => Ok(Bytes::from_static(b"\n")),
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(events))) => {
                let mut lines = String::new();
                for event in events {
                    lines.push_str(&event.to_string());
                    lines.push('\n');
                }
                Ok(Bytes::from(lines))
            }
            // The client comes back with its cursor.
            Ok(Err(error)) => Err(std::io::Error::other(error)),
        };
        Some((chunk, (subscription, false)))
    });
    let mut response = plain(StatusCode::OK, "application/x-ndjson", Body::from_stream(lines));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for bad in ["../x", "a/../../x", "%2e%2e/x", "..%2fx", ".git/config", "a/.env", "c:/x", "a\\..\\b", "%00", "%ff"] {
            assert_eq!(safe_path(bad), None, "{bad}");
        }
        assert_eq!(safe_path("assets/app.js"), Some(PathBuf::from("assets/app.js")));
        assert_eq!(safe_path("/nodes//mi-1"), Some(PathBuf::from("nodes/mi-1")));
        assert_eq!(safe_path(""), Some(PathBuf::new()));
    }

    #[tokio::test]
    async fn links_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("console");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("index.html"), "page").unwrap();
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        assert_eq!(read(&root, Path::new("index.html")).await.unwrap(), "page");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).unwrap();
            assert_eq!(read(&root, Path::new("link")).await, None);
        }
        assert_eq!(read(&root, Path::new("missing")).await, None);
    }
}
