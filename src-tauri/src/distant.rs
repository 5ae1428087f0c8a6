//! An endpoint that is not in this process: another hub, or AWS. The same calls as to the hub here, over the network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use qd_client::chain::AwsChain;
use qd_client::credentials::system_clock;
use qd_client::retry::RetryPolicy;
use qd_client::sts::{AssumedRole, Role};
use qd_client::{
    AnswerStream, Client, ClientOptions, CredentialSource, Credentials, Endpoint, Refreshing, Secret, StaticCredentials, TransportKind,
    probe,
};
use qd_model::Operation;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::CallError;
use crate::local::connections::{Access, Connection, Kind};
use crate::state::{Reply, Request};

/// Longest line of the event stream, in bytes.
const LONGEST_EVENT: usize = 1024 * 1024;

/// A connected endpoint. Cheap to clone; what was learned of it is shared.
#[derive(Clone)]
pub struct Distant {
    client: Client,
    kind: Kind,
    pin: Option<String>,
    /// Set when the endpoint showed another certificate than the pinned one: nothing more is sent until a person has looked.
    changed: Arc<Mutex<Option<CallError>>>,
}

/// Sends so that a person who waits learns of a slow endpoint while they still wait.
fn options() -> ClientOptions {
    ClientOptions {
        retry: RetryPolicy { attempts: 2, ..RetryPolicy::default() },
        connect_timeout: Duration::from_secs(8),
        // Beyond the longest that a read of output is held back.
        timeout: Duration::from_secs(40),
        ..ClientOptions::default()
    }
}

/// The address and the trust of a connection.
pub fn endpoint(connection: &Connection) -> Result<Endpoint, CallError> {
    let found = match (connection.kind, connection.url.as_str()) {
        (Kind::Aws, "") => Endpoint::aws(&connection.region),
        (_, url) => Endpoint::hub(url, &connection.region),
    };
    let found = match connection.pin.as_str() {
        "" => found,
        pin => found.and_then(|endpoint| endpoint.with_fingerprint(pin)),
    };
    found.map_err(|error| CallError::invalid(error.to_string()))
}

/// An access key as it is kept: `<id>:<secret>`, or `<id>:<secret>:<session token>`.
fn static_key(kept: &str) -> Result<Credentials, CallError> {
    let mut parts = kept.splitn(3, ':');
    match (parts.next(), parts.next()) {
        (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => {
            Ok(Credentials::new(id, secret, parts.next().map(Secret::from)))
        }
        _ => Err(CallError::internal("the kept access key is not of its form")),
    }
}

async fn credentials(
    connection: &Connection,
    endpoint: &Endpoint,
    key: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
) -> Result<Arc<dyn CredentialSource>, CallError> {
    let base: Arc<dyn CredentialSource> = match connection.access {
        Access::Key => {
            let kept = key.ok_or_else(|| CallError::new("NoConnectionKey", "This connection has no access key on this machine."))?;
            Arc::new(StaticCredentials(static_key(&kept)?))
        }
        Access::Profile => {
            let profile = Some(connection.profile.as_str()).filter(|name| !name.is_empty());
            Arc::new(AwsChain::load(profile).await.map_err(|error| CallError::internal(error.to_string()))?)
        }
    };
    if connection.role_arn.is_empty() {
        return Ok(base);
    }
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let role = Role {
        arn: connection.role_arn.clone(),
        session_name: "quarterdeck-console".to_owned(),
        external_id: given(&connection.external_id),
        mfa_serial: given(&connection.mfa_serial),
    };
    let sts = Client::new(endpoint.clone(), base, options()).map_err(|error| CallError::internal(error.to_string()))?;
    let assumed = AssumedRole::new(sts, role, code.map(|code| Secret::from(code.as_str())));
    Ok(Arc::new(Refreshing::new(assumed, system_clock())))
}

impl Distant {
    /// Makes the client; nothing is sent yet. `key` is what the keyring holds for the connection, `code` of its second factor.
    pub async fn open(connection: &Connection, key: Option<Zeroizing<String>>, code: Option<Zeroizing<String>>) -> Result<Self, CallError> {
        let endpoint = endpoint(connection)?;
        let source = credentials(connection, &endpoint, key, code).await?;
        let client = Client::new(endpoint, source, options()).map_err(|error| CallError::internal(error.to_string()))?;
        let pin = Some(connection.pin.clone()).filter(|pin| !pin.is_empty());
        Ok(Self { client, kind: connection.kind, pin, changed: Arc::default() })
    }

    /// For what needs more than one call and its answer.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Why nothing is sent any more, if the endpoint's certificate changed.
    pub fn changed(&self) -> Option<CallError> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far the endpoint's clock is ahead of this machine's, when that is more than a slow answer explains.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.client.clock_ahead().filter(|ahead| ahead.abs() >= SignedDuration::from_secs(60))
    }

    pub async fn call(&self, operation: Operation, input: Value) -> Result<Value, CallError> {
        self.still_trusted()?;
        let answer = self.client.call("ssm", &format!("AmazonSSM.{}", operation.name()), &input).await;
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.explained(error).await),
        }
    }

    pub async fn extension(&self, request: Request) -> Result<Reply, CallError> {
        self.still_trusted()?;
        let mut sent = match request.method.as_str() {
            "GET" => qd_client::Request::get("ssm", &request.path),
            _ => qd_client::Request::post("ssm", &request.path, Bytes::from(request.body)),
        };
        match request.method.as_str() {
            "PUT" => sent.method = reqwest_method(b"PUT")?,
            "DELETE" => sent.method = reqwest_method(b"DELETE")?,
            _ => {}
        }
        sent.query = request.query;
        self.offered()?;
        match self.client.send(sent).await {
            Ok(answer) => Ok(Reply { status: answer.status, headers: answer.headers, body: answer.body.to_vec() }),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The hub's events after `cursor`, or from now on.
    pub async fn events(&self, cursor: Option<i64>) -> Result<Events, CallError> {
        self.still_trusted()?;
        self.offered()?;
        let mut request = qd_client::Request::get("ssm", "/quarterdeck/v1/events");
        if let Some(cursor) = cursor {
            request = request.with_query("cursor", cursor.to_string());
        }
        match self.client.stream(request).await {
            Ok(stream) => Ok(Events { stream, rest: Vec::new() }),
            Err(error) => Err(self.explained(error).await),
        }
    }

    fn still_trusted(&self) -> Result<(), CallError> {
        self.changed().map_or(Ok(()), Err)
    }

    fn offered(&self) -> Result<(), CallError> {
        match self.kind {
            Kind::Aws => Err(CallError::new("NotOffered", "AWS has nothing under /quarterdeck/v1/.")),
            Kind::Embedded | Kind::Hub => Ok(()),
        }
    }

    /// The failure, or what is behind it: a connection that the pin refused is looked at, so that a person can compare.
    async fn explained(&self, error: qd_client::CallError) -> CallError {
        let refused = matches!(error, qd_client::CallError::Transport { kind: TransportKind::Connect, .. });
        let Some(pin) = self.pin.as_ref().filter(|_| refused) else { return error.into() };
        let Ok(seen) = probe::look(self.client.endpoint(), "ssm").await else { return error.into() };
        if seen.chain.is_empty() || seen.chain.contains(pin) {
            return error.into();
        }
        tracing::error!(%pin, seen = seen.fingerprint(), "the endpoint shows another certificate than the one that is trusted");
        let mut changed = CallError::new("CertificateChanged", "The endpoint shows another certificate than the one that was trusted.");
        changed.details = Some(Box::new(json!({ "pinned": pin, "seen": seen.fingerprint() })));
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = Some(changed.clone());
        changed
    }
}

fn reqwest_method(name: &[u8]) -> Result<qd_client::Method, CallError> {
    qd_client::Method::from_bytes(name).map_err(|_| CallError::invalid("that is no method"))
}

/// An open event stream.
pub struct Events {
    stream: AnswerStream,
    rest: Vec<u8>,
}

impl Events {
    /// The next events: all that have come. `None` when the hub ended the stream. A line that is no JSON is passed over.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, CallError> {
        let Some(chunk) = self.stream.next_chunk().await? else { return Ok(None) };
        self.rest.extend_from_slice(&chunk);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            if self.rest.len() > LONGEST_EVENT {
                return Err(CallError::new("InvalidAnswer", "A line of the event stream is too long."));
            }
            return Ok(Some(Vec::new()));
        };
        let lines: Vec<u8> = self.rest.drain(..=end).collect();
        Ok(Some(lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()))
    }
}

impl From<qd_client::CallError> for CallError {
    fn from(error: qd_client::CallError) -> Self {
        let service = error.service();
        let code = match service {
            // A server that answers with nothing of AWS's: what it is, is its status.
            Some(service) if service.code == "UnknownError" => format!("Http{}", service.status),
            _ => error.code().to_owned(),
        };
        let message = service.map_or_else(|| error.to_string(), |service| service.message.clone());
        Self { request_id: error.request_id().map(str::to_owned), ..Self::new(&code, message) }
    }
}
