//! What a machine may fetch before it is known: the CA to trust, the install script, the agent's binary, and whether the hub is well.
//! Nothing here tells anything about the account.

use std::path::{Path, PathBuf};

use axum::body::Body;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use qd_store::StoreError;
use tokio_util::io::ReaderStream;

use super::answer::plain;
use super::console;
use crate::hub::Shared;

const INSTALL_SCRIPT: &str = include_str!("install.sh");
const TEXT: &str = "text/plain; charset=utf-8";

/// Platforms an agent may be fetched for: operating system and architecture as the install script names them.
const SYSTEMS: &[&str] = &["linux", "darwin", "windows"];
const ARCHITECTURES: &[&str] = &["x86_64", "aarch64"];

/// Answers GET and HEAD below `/quarterdeck/`.
pub async fn serve(shared: &Shared, method: &Method, path: &str) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Only GET and HEAD are served here.\n");
    }
    match path.strip_prefix("/quarterdeck/").unwrap_or_default() {
        "ca.pem" => plain(StatusCode::OK, "application/x-pem-file", shared.front.ca_pem().to_owned()),
        "install.sh" => plain(StatusCode::OK, "text/x-shellscript; charset=utf-8", INSTALL_SCRIPT),
        "health" => health(shared).await,
        rest => match (rest.strip_prefix("agent/"), rest.strip_prefix("console/")) {
            (Some(platform), _) => agent(platform).await,
            (_, Some(page)) => console::serve(shared, page).await,
            _ => not_found(),
        },
    }
}

/// 404 in words.
pub fn not_found() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, TEXT, "There is nothing at this address.\n")
}

async fn health(shared: &Shared) -> Response<Body> {
    let answers = shared.store.read(|tx| tx.query_one("SELECT 1", &[]).map(|_| ())).await;
    match answers {
        Ok(()) => plain(StatusCode::OK, "application/json", r#"{"status":"ok"}"#),
        Err(StoreError { code, .. }) => {
            tracing::warn!(?code, "the store does not answer a health check");
            plain(StatusCode::SERVICE_UNAVAILABLE, "application/json", r#"{"status":"store unavailable"}"#)
        }
    }
}

/// The agent's binary for `<system>-<architecture>`, streamed from beside the hub's own.
async fn agent(platform: &str) -> Response<Body> {
    let Some(candidates) = agent_files(platform) else { return not_found() };
    for path in candidates {
        let Ok(file) = tokio::fs::File::open(&path).await else { continue };
        let length = match file.metadata().await {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => continue,
        };
        let mut response = plain(StatusCode::OK, "application/octet-stream", Body::from_stream(ReaderStream::new(file)));
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        return response;
    }
    plain(
        StatusCode::NOT_FOUND,
        TEXT,
        format!("This hub has no agent for {platform} beside it; copy one there as quarterdeck-agent-{platform}.\n"),
    )
}

/// Where the agent for a platform may lie, best first; `None` for a platform there is none for.
fn agent_files(platform: &str) -> Option<Vec<PathBuf>> {
    let (system, architecture) = platform.split_once('-')?;
    if !SYSTEMS.contains(&system) || !ARCHITECTURES.contains(&architecture) {
        return None;
    }
    let executable = std::env::current_exe().ok()?;
    let folder = executable.parent().unwrap_or(Path::new("."));
    let suffix = if system == "windows" { ".exe" } else { "" };
    let mut files = vec![folder.join(format!("quarterdeck-agent-{platform}{suffix}"))];
    let own = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    if system == own && architecture == std::env::consts::ARCH {
        files.push(folder.join(format!("quarterdeck-agent{suffix}")));
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_platforms_become_paths() {
        for bad in ["", "linux", "linux-", "linux-../../etc/passwd", "..-x86_64", "linux-x86_64/../x", "plan9-x86_64"] {
            assert!(agent_files(bad).is_none(), "{bad}");
        }
        let own = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
        assert_eq!(agent_files(&format!("{own}-{}", std::env::consts::ARCH)).unwrap().len(), 2);
        assert!(agent_files("windows-aarch64").unwrap()[0].ends_with("quarterdeck-agent-windows-aarch64.exe"));
    }
}
