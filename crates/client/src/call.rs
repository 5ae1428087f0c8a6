//! The client: one signed request, repeated where that is safe, with everything that comes back bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use qd_wire::json11;
use qd_wire::rsa_token::{self, PrivateKey};
use qd_wire::sigv4::canonical::percent_encode;
use qd_wire::sigv4::{self, Body, RequestParts};
use reqwest::{Method, Response, Url, redirect};
use serde_json::Value;

use crate::credentials::{BoxFuture, Clock, CredentialSource, system_clock};
use crate::endpoint::{Endpoint, EndpointError, host_header};
use crate::error::{CallError, ServiceError};
use crate::raw::{Answer, AnswerStream, Request};
use crate::retry::{RetryPolicy, is_repeatable};

/// The longest failure that is read.
const MAX_ERROR_BYTES: usize = 256 * 1024;
/// The largest request body; AWS's own limit for these services lies far below.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// What a client allows itself.
#[derive(Clone)]
pub struct ClientOptions {
    pub retry: RetryPolicy,
    pub connect_timeout: Duration,
    /// For a whole attempt; streams have only `idle_timeout`.
    pub timeout: Duration,
    /// The longest silence in a stream.
    pub idle_timeout: Duration,
    /// The largest answer that is read into memory.
    pub max_answer_bytes: usize,
    pub user_agent: String,
    pub clock: Clock,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(90),
            max_answer_bytes: 16 * 1024 * 1024,
            user_agent: concat!("quarterdeck/", env!("CARGO_PKG_VERSION")).into(),
            clock: system_clock(),
        }
    }
}

/// Makes calls to one endpoint with one source of credentials. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    credentials: Arc<dyn CredentialSource>,
    options: Arc<ClientOptions>,
    /// Milliseconds the service's clock is ahead of ours, learned from a refusal.
    skew_ms: Arc<AtomicI64>,
    /// Milliseconds by which the newest answer's date was ahead of our clock; [`NOT_SEEN`] before one.
    seen_ms: Arc<AtomicI64>,
}

const NOT_SEEN: i64 = i64::MIN;

/// Reads an answer. A function and not an async closure, because the future of a call must be `Send` to be spawned.
type Read<T> = for<'a> fn(&'a Client, Response) -> BoxFuture<'a, Result<T, CallError>>;

/// Who signs an attempt.
#[derive(Clone, Copy)]
enum Signer<'a> {
    Nobody,
    Source,
    Node { instance_id: &'a str, key: &'a PrivateKey },
}

/// A request before it is signed; signed anew for each attempt.
struct Prepared {
    service: String,
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    repeatable: bool,
    streamed: bool,
}

impl Client {
    pub fn new(endpoint: Endpoint, credentials: Arc<dyn CredentialSource>, options: ClientOptions) -> Result<Self, EndpointError> {
        let mut tls = endpoint.tls()?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.idle_timeout)
            .user_agent(&options.user_agent)
            .build()
            .map_err(|error| EndpointError::Tls(error.to_string()))?;
        Ok(Self {
            http,
            endpoint,
            credentials,
            options: Arc::new(options),
            skew_ms: Arc::default(),
            seen_ms: Arc::new(AtomicI64::new(NOT_SEEN)),
        })
    }

    /// The same client with another patience; connections and what was learned of the service's clock are shared.
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        let options = Arc::new(ClientOptions { retry, ..(*self.options).clone() });
        Self { options, ..self }
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How far the service's clock is ahead of this machine's, by the date of its newest answer (whole seconds, and the way of the answer
    /// is in it). None before an answer with a date.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        Some(self.seen_ms.load(Ordering::Relaxed)).filter(|seen| *seen != NOT_SEEN).map(SignedDuration::from_millis)
    }

    /// Calls an operation of a JSON 1.1 service. `target` is the whole header, such as `AmazonSSM.SendCommand`.
    pub async fn call(&self, service: &str, target: &str, input: &Value) -> Result<Value, CallError> {
        self.json(service, target, input, Signer::Source).await
    }

    /// As [`Client::call`], without any signature; for a node that registers.
    pub async fn call_anonymous(&self, service: &str, target: &str, input: &Value) -> Result<Value, CallError> {
        self.json(service, target, input, Signer::Nobody).await
    }

    /// A call of service `ssm` signed with a node's registered key (agent-protocol 2.6).
    pub async fn call_rsa(&self, instance_id: &str, key: &PrivateKey, target: &str, input: &Value) -> Result<Value, CallError> {
        self.json("ssm", target, input, Signer::Node { instance_id, key }).await
    }

    /// Sends a signed request and reads the whole answer.
    pub async fn send(&self, request: Request) -> Result<Answer, CallError> {
        self.attempts(self.prepare(request, false)?, Signer::Source, |client, response| Box::pin(client.read_answer(response))).await
    }

    /// A signed GET whose answer is read as it comes. Only its beginning is repeated.
    pub async fn stream(&self, request: Request) -> Result<AnswerStream, CallError> {
        let read: Read<AnswerStream> =
            |_, response| Box::pin(std::future::ready(Ok(AnswerStream { request_id: request_id(&response), response })));
        self.attempts(self.prepare(request, true)?, Signer::Source, read).await
    }

    /// The headers that sign a request somebody else sends, such as the upgrade of a websocket. The address is the one to
    /// connect to, with scheme https; `host` is not among the headers.
    pub async fn signed_headers(&self, request: Request) -> Result<(Url, Vec<(String, String)>), CallError> {
        let prepared = self.prepare(request, true)?;
        let headers = self.sign(&prepared, Signer::Source).await?.0;
        Ok((prepared.url, headers))
    }

    async fn json(&self, service: &str, target: &str, input: &Value, signer: Signer<'_>) -> Result<Value, CallError> {
        if json11::Target::parse(target).is_none() {
            return Err(CallError::Request("the target is not a service and an operation"));
        }
        let prepared = Prepared {
            service: service.into(),
            method: Method::POST,
            url: self.url(service)?,
            headers: vec![("content-type", json11::CONTENT_TYPE.into()), (json11::TARGET_HEADER, target.into())],
            body: bounded(input.to_string().into())?,
            repeatable: is_repeatable(target, input),
            streamed: false,
        };
        let answer = self.attempts(prepared, signer, |client, response| Box::pin(client.read_answer(response))).await?;
        if answer.body.is_empty() {
            return Ok(Value::Object(Default::default()));
        }
        serde_json::from_slice(&answer.body).map_err(|_| CallError::Answer("it is not JSON"))
    }

    fn prepare(&self, request: Request, streamed: bool) -> Result<Prepared, CallError> {
        let mut url = self.url(&request.service)?;
        if !request.path.starts_with('/') {
            return Err(CallError::Request("the path does not start with a slash"));
        }
        url.set_path(&request.path);
        let pairs: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", percent_encode(name.as_bytes(), false), percent_encode(value.as_bytes(), false)))
            .collect();
        url.set_query(Some(pairs.join("&")).filter(|query| !query.is_empty()).as_deref());
        Ok(Prepared {
            service: request.service,
            method: request.method,
            url,
            headers: request.content_type.map(|value| ("content-type", value)).into_iter().collect(),
            body: bounded(request.body)?,
            repeatable: request.repeatable,
            streamed,
        })
    }

    fn url(&self, service: &str) -> Result<Url, CallError> {
        self.endpoint.url(service).map_err(|_| CallError::Request("the service has no address"))
    }

    /// Attempts until one succeeds or no further one is worth it.
    async fn attempts<T>(&self, prepared: Prepared, signer: Signer<'_>, read: Read<T>) -> Result<T, CallError> {
        let mut attempt = 1;
        let mut corrected = false;
        loop {
            let (error, learned) = match self.attempt(&prepared, signer, read).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            // A wrong clock or a token that was revoked early is put right once, at once.
            if learned && !corrected {
                corrected = true;
                continue;
            }
            let Some(wait) = self.options.retry.wait(attempt, &error, prepared.repeatable, chance()) else { return Err(error) };
            tracing::debug!(code = error.code(), attempt, ?wait, "call is repeated");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One attempt. The error says besides whether something was learned that makes another one worth it at once.
    async fn attempt<T>(&self, prepared: &Prepared, signer: Signer<'_>, read: Read<T>) -> Result<T, (CallError, bool)> {
        let once = |error| (error, false);
        let (headers, access_key_id) = self.sign(prepared, signer).await.map_err(once)?;
        let mut builder = self.http.request(prepared.method.clone(), prepared.url.clone()).body(prepared.body.clone());
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        if !prepared.streamed {
            builder = builder.timeout(self.options.timeout);
        }
        let response = builder.send().await.map_err(|error| once(CallError::transport(error)))?;
        let served = served_at(&response);
        if let Some(served) = served {
            let ahead = served.duration_since((self.options.clock)()).as_millis();
            self.seen_ms.store(i64::try_from(ahead).unwrap_or(NOT_SEEN), Ordering::Relaxed);
        }
        if response.status().is_success() {
            return read(self, response).await.map_err(once);
        }
        let error = read_failure(response).await.map_err(once)?;
        let learned = match error.code.as_str() {
            "InvalidSignatureException" | "RequestTimeTooSkewed" | "RequestExpired" | "SignatureDoesNotMatch" => {
                served.is_some_and(|served| self.learn_skew(served))
            }
            "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException" => match access_key_id {
                Some(id) => {
                    self.credentials.refused(&id).await;
                    self.credentials.credentials().await.is_ok_and(|now| now.access_key_id != id)
                }
                None => false,
            },
            _ => false,
        };
        Err((error.into(), learned))
    }

    /// All headers to send but `host`, and the access key that signed.
    async fn sign(&self, prepared: &Prepared, signer: Signer<'_>) -> Result<(Vec<(String, String)>, Option<String>), CallError> {
        let host = host_header(&prepared.url);
        let own = prepared.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<(&str, &str)> = std::iter::once(("host", host.as_str())).chain(own).collect();
        let parts = RequestParts {
            method: prepared.method.as_str(),
            path: prepared.url.path(),
            query: prepared.url.query().unwrap_or_default(),
            headers: &headers,
            body: Body::Bytes(&prepared.body),
        };
        let (region, now) = (self.endpoint.region(), self.now());
        let (added, key) = match signer {
            Signer::Nobody => (Vec::new(), None),
            Signer::Source => {
                let credentials = self.credentials.credentials().await?;
                (sigv4::sign(&parts, &credentials, region, &prepared.service, now), Some(credentials.access_key_id))
            }
            Signer::Node { instance_id, key } => {
                let added = rsa_token::sign(&parts, instance_id, key, region, now);
                (added.map_err(|_| CallError::Request("the node's key cannot sign"))?, None)
            }
        };
        let own = prepared.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Ok((own.chain(added).collect(), key))
    }

    /// Our clock, corrected by what was learned of the service's.
    fn now(&self) -> Timestamp {
        let now = (self.options.clock)();
        now.checked_add(SignedDuration::from_millis(self.skew_ms.load(Ordering::Relaxed))).unwrap_or(now)
    }

    /// Takes the service's clock when ours is off by more than a refusal could do with. Returns whether anything changed.
    fn learn_skew(&self, served: Timestamp) -> bool {
        let off = served.duration_since(self.now());
        if off.abs() < SignedDuration::from_mins(4) {
            return false;
        }
        let skew = served.duration_since((self.options.clock)());
        tracing::warn!(seconds = skew.as_secs(), "this machine's clock differs from the service's; signing by the service's");
        self.skew_ms.store(i64::try_from(skew.as_millis()).unwrap_or_default(), Ordering::Relaxed);
        true
    }

    async fn read_answer(&self, response: Response) -> Result<Answer, CallError> {
        let status = response.status().as_u16();
        let request_id = request_id(&response);
        let content_type = text_header(&response, "content-type");
        let headers = own_headers(&response);
        let body = read_body(response, self.options.max_answer_bytes).await?.ok_or(CallError::Answer("it is too large"))?;
        Ok(Answer { status, request_id, content_type, headers, body })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

fn bounded(body: Bytes) -> Result<Bytes, CallError> {
    if body.len() <= MAX_REQUEST_BYTES { Ok(body) } else { Err(CallError::Request("the body is too large")) }
}

/// The whole body, or `None` when it is longer than `limit`.
async fn read_body(mut response: Response, limit: usize) -> Result<Option<Bytes>, CallError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::transport)? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.freeze()))
}

/// Reads a failure of the JSON protocol, or of the XML one; a failure too large to read has no text.
async fn read_failure(response: Response) -> Result<ServiceError, CallError> {
    let status = response.status().as_u16();
    let request_id = request_id(&response);
    let error_type = text_header(&response, json11::ERROR_TYPE_HEADER);
    let body = read_body(response, MAX_ERROR_BYTES).await?.unwrap_or_default();
    Ok(failure(status, request_id, error_type.as_deref(), &body))
}

fn failure(status: u16, request_id: Option<String>, error_type: Option<&str>, body: &[u8]) -> ServiceError {
    let mut error = json11::read_error(error_type, body);
    if body.starts_with(b"<") && error.code == "UnknownError" {
        let text = String::from_utf8_lossy(body);
        let element = |name| qd_wire::xml::text_of(&text, name).filter(|text: &String| text.len() <= 4096);
        error.code = element("Code").or_else(|| root_name(&text)).unwrap_or(error.code);
        error.message = element("Message").or_else(|| element("message")).unwrap_or_default();
    }
    ServiceError::new(status, request_id, error)
}

/// The message gateway names the exception by the root element.
fn root_name(text: &str) -> Option<String> {
    let name = text.strip_prefix('<')?.split(['>', ' ', '/']).next()?;
    (qd_wire::xml::is_name(name) && name.ends_with("Exception")).then(|| name.to_owned())
}

fn text_header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn request_id(response: &Response) -> Option<String> {
    let id = text_header(response, json11::REQUEST_ID_HEADER).or_else(|| text_header(response, "x-amz-request-id"));
    id.filter(|id| id.len() <= 256)
}

/// The headers with which a hub says more about an answer.
fn own_headers(response: &Response) -> Vec<(String, String)> {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().filter(|text| text.len() <= 256).map(str::to_owned);
    let own = response.headers().iter().filter(|(name, _)| name.as_str().starts_with("x-quarterdeck-"));
    own.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).take(16).collect()
}

/// The service's clock, from its `Date` header.
pub(crate) fn served_at(response: &Response) -> Option<Timestamp> {
    let date = text_header(response, "date")?;
    jiff::fmt::rfc2822::parse(&date).ok().map(|zoned| zoned.timestamp())
}

/// From 0 up to 1, to spread the retries of many clients.
fn chance() -> f64 {
    let [first, second, ..] = uuid::Uuid::new_v4().into_bytes();
    f64::from(u16::from_be_bytes([first, second])) / 65536.0
}
