//! Downloading one file over HTTP(S), with the authentication the source asks for, straight to disk.

use super::digest_auth;
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How to prove who asks.
#[derive(Clone, Default)]
pub enum Proof {
    /// No proof.
    #[default]
    None,
    /// User name and password, sent as they are; only over TLS unless the document insists.
    Basic(String, String),
    /// User name and password, answering a challenge.
    Digest(String, String),
    /// Headers made elsewhere, such as a signature.
    Headers(Vec<(String, String)>),
}

/// Whom to trust.
#[derive(Clone, Copy)]
pub enum Trust<'a> {
    /// The system's certificates.
    System,
    /// The hub's own settings.
    Hub(&'a rustls::ClientConfig),
}

/// Fetches `url` into `target`, which appears only when it is complete. Returns its size in bytes.
pub async fn fetch(url: &str, proof: &Proof, trust: Trust<'_>, insecure: bool, target: &Path) -> Result<u64, String> {
    let url: reqwest::Url = url.trim().parse().map_err(|error| format!("{url} is not a URL: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if insecure => {}
        "http" => return Err("the URL is not https; set allowInsecureDownload to true to fetch it anyway".to_owned()),
        other => return Err(format!("{other} is not a scheme this source knows")),
    }
    let client = client(trust, insecure, proof)?;
    let mut response = send(&client, &url, proof, None).await?;
    if response.status() == 401
        && let Proof::Digest(username, password) = proof
    {
        let answer = response.headers().get_all(WWW_AUTHENTICATE).iter().find_map(|challenge| {
            let uri = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            digest_auth::answer(challenge.to_str().ok()?, "GET", &uri, username, password, &uuid::Uuid::new_v4().simple().to_string())
        });
        let answer = answer.ok_or("the server offers no Digest challenge that can be answered")?;
        response = send(&client, &url, &Proof::None, Some(answer)).await?;
    }
    if !response.status().is_success() {
        return Err(format!("the server answered {}", response.status()));
    }
    save(response, target).await
}

fn client(trust: Trust<'_>, insecure: bool, proof: &Proof) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(30))
        .read_timeout(Duration::from_secs(120))
        .user_agent(concat!("quarterdeck-agent/", env!("CARGO_PKG_VERSION")))
        // A redirect from https to http would undo what the scheme promised.
        .https_only(!insecure);
    // A redirect to another host leaves the login behind, but not headers of our own making; and what was signed is one address.
    let builder = if matches!(proof, Proof::Headers(_)) { builder.redirect(reqwest::redirect::Policy::none()) } else { builder };
    let builder = match trust {
        Trust::Hub(config) => builder.tls_backend_preconfigured(config.clone()),
        Trust::System => {
            // Fails only if a provider is installed already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
            builder
        }
    };
    builder.build().map_err(|error| crate::link::text_of(&error))
}

async fn send(
    client: &reqwest::Client,
    url: &reqwest::Url,
    proof: &Proof,
    authorization: Option<String>,
) -> Result<reqwest::Response, String> {
    let mut request = client.get(url.clone());
    match proof {
        Proof::Basic(username, password) => request = request.basic_auth(username, Some(password)),
        Proof::Headers(headers) => {
            for (name, value) in headers {
                request = request.header(name, value);
            }
        }
        Proof::None | Proof::Digest(..) => {}
    }
    if let Some(value) = authorization {
        let mut value = HeaderValue::from_str(&value).map_err(|_| "the user name cannot be sent".to_owned())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.send().await.map_err(|error| crate::link::text_of(&error.without_url()))
}

async fn save(mut response: reqwest::Response, target: &Path) -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}", target.display());
    if let Some(parent) = target.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(failed)?;
    }
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = std::path::PathBuf::from(part);
    let result = async {
        let mut file = tokio::fs::File::create(&part).await.map_err(failed)?;
        let mut size = 0;
        while let Some(chunk) = response.chunk().await.map_err(|error| crate::link::text_of(&error.without_url()))? {
            file.write_all(&chunk).await.map_err(failed)?;
            size += chunk.len() as u64;
        }
        file.flush().await.map_err(failed)?;
        tokio::fs::rename(&part, target).await.map_err(failed)?;
        Ok(size)
    }
    .await;
    if result.is_err() {
        let _ = tokio::fs::remove_file(&part).await;
    }
    result
}
