//! AWS's standard credential chain: environment, profiles, SSO, assumed roles, processes, web identity, container and instance
//! metadata. The chain itself is AWS's own; this file gives it our HTTP client, so that the program carries one TLS stack.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use qd_wire::sigv4::{Credentials, Secret};
use tokio::sync::Mutex;

use crate::credentials::{BoxFuture, CredentialError, CredentialSource};
use crate::endpoint::{Endpoint, EndpointError};

/// The largest answer of a credential service.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Credentials without an end are asked for again after this time, since files and environments change.
const KEEP: Duration = Duration::from_secs(300);
/// Temporary credentials are renewed this long before their end.
const MARGIN: Duration = Duration::from_secs(300);

/// The chain, for one profile.
pub struct AwsChain {
    config: SdkConfig,
    kept: Mutex<Option<(Credentials, SystemTime)>>,
}

impl AwsChain {
    /// Reads configuration files and environment; asks nobody yet. `profile` overrides `AWS_PROFILE`.
    pub async fn load(profile: Option<&str>) -> Result<Self, EndpointError> {
        let http = Http(http_client()?);
        // The newest behaviour that is pinned, so that an update of the chain changes nothing by itself.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        Ok(Self { config: loader.load().await, kept: Mutex::new(None) })
    }

    /// The region the profile or the environment names.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }
}

impl CredentialSource for AwsChain {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(async {
            let mut kept = self.kept.lock().await;
            let now = SystemTime::now();
            if let Some((credentials, _)) = kept.as_ref().filter(|(_, until)| now < *until) {
                return Ok(credentials.clone());
            }
            let provider = self.config.credentials_provider().ok_or(CredentialError::None)?;
            let found = provider.provide_credentials().await.map_err(chain_error)?;
            let until = found.expiry().and_then(|end| end.checked_sub(MARGIN)).unwrap_or(now + KEEP);
            let token = found.session_token().map(Secret::from);
            let credentials = Credentials::new(found.access_key_id(), found.secret_access_key(), token);
            *kept = Some((credentials.clone(), until));
            Ok(credentials)
        })
    }

    fn refused<'a>(&'a self, access_key_id: &str) -> BoxFuture<'a, ()> {
        let access_key_id = access_key_id.to_owned();
        Box::pin(async move {
            let mut kept = self.kept.lock().await;
            if kept.as_ref().is_some_and(|(credentials, _)| credentials.access_key_id == access_key_id) {
                *kept = None;
            }
        })
    }
}

fn chain_error(error: CredentialsError) -> CredentialError {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CredentialError::None,
        other => CredentialError::Fetch(causes(&other)),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn http_client() -> Result<reqwest::Client, EndpointError> {
    // Any public endpoint has the system's trust; the region plays no part in it.
    let tls = Endpoint::aws("us-east-1")?.tls()?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| EndpointError::Tls(error.to_string()))
}

/// Our HTTP client in the shape the chain wants.
#[derive(Debug, Clone)]
struct Http(reqwest::Client);

/// The same with the time limits the chain sets per provider; metadata services are asked with short ones.
#[derive(Debug, Clone)]
struct Connector {
    client: reqwest::Client,
    limit: Option<Duration>,
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        let limit = settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(Connector { client: self.0.clone(), limit })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.send(request).await })
    }
}

impl Connector {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let user = |text: &'static str| ConnectorError::user(text.into());
        let method = reqwest::Method::from_bytes(request.method().as_bytes()).map_err(|_| user("not a method"))?;
        let body = request.body().bytes().ok_or_else(|| user("a streamed body"))?.to_vec();
        let mut builder = self.client.request(method, request.uri()).body(body);
        for (name, value) in request.headers() {
            builder = builder.header(name, value);
        }
        if let Some(limit) = self.limit {
            builder = builder.timeout(limit);
        }
        let mut response = builder.send().await.map_err(connector_error)?;
        let status = StatusCode::try_from(response.status().as_u16()).map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(connector_error)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(ConnectorError::other("the answer is too large".into(), None));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                // What our HTTP stack has accepted as a header is one.
                let _ = answer.headers_mut().try_append(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

fn connector_error(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.without_url().into()) } else { ConnectorError::io(error.without_url().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers one request and gives back what it saw.
    async fn one_request(answer: String) -> (String, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/latest/meta-data?x=1", listener.local_addr().unwrap());
        let seen = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = String::new();
            while !seen.ends_with("body!") {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(count > 0, "{seen}");
                seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            }
            // A client that has had enough hangs up.
            let _ = stream.write_all(answer.as_bytes()).await;
            seen
        });
        (url, seen)
    }

    async fn ask(url: &str) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from("body!"));
        request.set_method("PUT").unwrap();
        request.set_uri(url.to_owned()).unwrap();
        request.headers_mut().append("x-ttl", "60");
        let connector = Connector { client: http_client().unwrap(), limit: Some(Duration::from_secs(20)) };
        connector.send(request).await
    }

    #[tokio::test]
    async fn the_chains_requests_travel_whole() {
        let (url, seen) = one_request("HTTP/1.1 404 No\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nno".into()).await;
        let answer = ask(&url).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("x-a")), (404, Some("1")));
        assert_eq!(answer.body().bytes(), Some(&b"no"[..]));
        let seen = seen.await.unwrap();
        assert!(seen.starts_with("PUT /latest/meta-data?x=1 HTTP/1.1\r\n") && seen.contains("x-ttl: 60\r\n"), "{seen}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_refused() {
        let length = MAX_ANSWER_BYTES + 1;
        let (url, _) = one_request(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length))).await;
        assert!(format!("{:?}", ask(&url).await.unwrap_err()).contains("too large"));
    }
}
