//! Which service a request is for: told by path, target header, credential scope and host (agent-protocol 1.3), since all of them share
//! one listener. Bodies are bounded here, and none is read for a caller whose key is unknown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use qd_model::agent_operations::{AgentOperation, Proof};
use qd_model::{ApiError, Operation};
use qd_wire::json11::{EC2_MESSAGES, SSM, TARGET_HEADER, Target};
use qd_wire::query::QueryRequest;
use qd_wire::sigv4::{self, AuthError, RequestParts};
use serde_json::Value;
use uuid::Uuid;

use super::answer::{self, Protocol};
use super::auth::{self, Accepts, Refusal};
use super::listener::Place;
use super::{console, files, messages};
use crate::agent_ops;
use crate::cx::{Caller, Cx, Principal};
use crate::extension;
use crate::hub::Shared;
use crate::{channel, dispatch, sts};

/// Documents and inventories are the largest inputs; AWS takes less.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// What an unproved machine may send: an activation code and a key.
const MAX_ANONYMOUS_BODY: usize = 64 * 1024;
/// The largest frame an agent sends is a reply with all its outputs, 142,000 bytes, or a piece of streamed output.
const MAX_FRAME: usize = 4 * 1024 * 1024;
/// Per idle node; a larger frame grows it for as long as it is read.
const WEBSOCKET_BUFFER: usize = 4 * 1024;
const CONTROL_CHANNEL: &str = "/v1/control-channel/";
const DATA_CHANNEL: &str = crate::ops::sessions::DATA_CHANNEL;

/// A request whose body is not read yet.
struct Arrived {
    shared: Arc<Shared>,
    peer: SocketAddr,
    place: Place,
    request_id: Uuid,
    parts: Parts,
    body: Incoming,
}

/// Answers one request.
pub async fn handle(shared: Arc<Shared>, peer: SocketAddr, place: Place, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let request_id = Uuid::new_v4();
    let arrived = Arrived { shared, peer, place, request_id, parts, body };
    answer::with_request_id(arrived.answer().await, request_id)
}

impl Arrived {
    async fn answer(self) -> Response<Body> {
        let path = self.parts.uri.path();
        if path.starts_with(extension::PREFIX) {
            return self.extension().await;
        }
        if path.starts_with("/quarterdeck/") {
            return answer::with_browser_guards(files::serve(&self.shared, &self.parts.method, path).await);
        }
        if path.starts_with(CONTROL_CHANNEL) || path.starts_with(DATA_CHANNEL) {
            return self.channel().await;
        }
        match self.target() {
            Some(target) => self.json(&target).await,
            None if path == "/" && self.looks_like_query() => self.query().await,
            // Unsigned, so a person's browser; signed, it would be S3's list of buckets.
            None if path == "/" && self.parts.method == Method::GET && self.header("authorization").is_none() => {
                console::root(&self.shared)
            }
            None => self.unknown_service(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn target(&self) -> Option<String> {
        self.header(TARGET_HEADER).map(str::to_owned)
    }

    /// A form, or a query that names an action, is the query protocol; STS is the one service of it here.
    fn looks_like_query(&self) -> bool {
        let form = self.header("content-type").is_some_and(|kind| kind.starts_with(qd_wire::query::FORM_CONTENT_TYPE));
        form || self.parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
    }

    fn fail(&self, protocol: Protocol, error: &ApiError) -> Response<Body> {
        answer::error(protocol, error, self.request_id)
    }

    /// AWS JSON 1.1: SSM, the agent's private operations, ec2messages.
    async fn json(mut self, target: &str) -> Response<Body> {
        match self.json_call(target).await {
            Ok(value) => answer::json(&value),
            Err(error) => self.fail(Protocol::Json, &error),
        }
    }

    async fn json_call(&mut self, target: &str) -> Result<Value, ApiError> {
        let parsed = Target::parse(target).ok_or_else(|| ApiError::unknown_operation(target))?;
        match parsed.prefix {
            SSM => {
                if let Some(operation) = AgentOperation::from_name(parsed.operation) {
                    return self.agent_call(operation).await;
                }
                let operation = Operation::from_name(parsed.operation).ok_or_else(|| ApiError::unknown_operation(target))?;
                let (cx, _, body) = self.authenticated("ssm", false).await.map_err(Refusal::into_api_error)?;
                dispatch::call(&cx, operation, parse(&body)?).await
            }
            EC2_MESSAGES => {
                let (cx, _, body) = self.authenticated("ec2messages", false).await.map_err(Refusal::into_api_error)?;
                messages::call(&cx, parsed.operation, &parse(&body)?).await
            }
            _ => Err(ApiError::new(
                "UnknownOperationException",
                format!("{parsed} is of a service that this hub does not serve. It serves Systems Manager ({SSM}) and STS."),
            )),
        }
    }

    async fn agent_call(&mut self, operation: AgentOperation) -> Result<Value, ApiError> {
        if operation.proof() == Proof::ActivationCode {
            let body = self.read(MAX_ANONYMOUS_BODY).await.map_err(Refusal::into_api_error)?;
            let cx = self.cx(Principal::Anonymous);
            return agent_ops::call(&cx, operation, Proof::ActivationCode, parse(&body)?).await;
        }
        let node_key = operation.proof() == Proof::NodeKey;
        let (cx, proof, body) = self.authenticated("ssm", node_key).await.map_err(Refusal::into_api_error)?;
        agent_ops::call(&cx, operation, proof, parse(&body)?).await
    }

    /// STS.
    async fn query(mut self) -> Response<Body> {
        match self.query_call().await {
            Ok(body) => answer::xml(body),
            Err(error) => self.fail(Protocol::Query, &error),
        }
    }

    async fn query_call(&mut self) -> Result<Bytes, ApiError> {
        let (cx, _, body) = self.authenticated("sts", false).await.map_err(Refusal::into_query_error)?;
        let form = match body.is_empty() {
            true => self.parts.uri.query().unwrap_or_default().as_bytes(),
            false => &body,
        };
        let form = QueryRequest::parse(form).map_err(|e| ApiError::new("MissingAction", e.to_string()))?;
        sts::call(&cx, &form).await
    }

    /// `/quarterdeck/v1/…`, signed as SSM.
    async fn extension(mut self) -> Response<Body> {
        match self.extension_call().await {
            Ok(response) => answer::with_browser_guards(response),
            Err(error) => self.fail(Protocol::Json, &error),
        }
    }

    async fn extension_call(&mut self) -> Result<Response<Body>, ApiError> {
        let (cx, _, body) = self.authenticated("ssm", false).await.map_err(Refusal::into_api_error)?;
        let query = query_members(self.parts.uri.query().unwrap_or_default());
        let path = self.parts.uri.path();
        if path == console::EVENTS && self.parts.method == Method::GET {
            return console::events(&cx, &query);
        }
        let request = extension::Request { method: self.parts.method.to_string(), path: path.to_owned(), query, body };
        let served = extension::serve(&cx, request).await;
        let mut response = Response::builder().status(served.status);
        for (name, value) in &served.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(served.body)).map_err(|e| ApiError::internal().with_source(e))
    }

    /// ssmmessages.
    async fn channel(mut self) -> Response<Body> {
        match self.channel_call().await {
            Ok(response) => response,
            Err(error) => self.fail(Protocol::Channel, &error),
        }
    }

    async fn channel_call(&mut self) -> Result<Response<Body>, ApiError> {
        let data = self.parts.uri.path().strip_prefix(DATA_CHANNEL).map(str::to_owned);
        // The client of a session signs nothing: its first frame carries a token (session-protocol 1.3).
        if let Some(session_id) = data.as_ref().filter(|_| self.parts.method == Method::GET && self.header("authorization").is_none()) {
            channel::data::admit_client(&self.shared, session_id).await?;
            let (shared, id) = (self.shared.clone(), session_id.clone());
            return self.upgrade(move |socket| channel::data::serve_client(shared, id, socket)).await;
        }
        let (cx, _, body) = self.authenticated("ssmmessages", false).await.map_err(Refusal::into_api_error)?;
        if let Some(session_id) = data {
            return self.node_data_channel(&cx, session_id, &body).await;
        }
        let instance_id = self.parts.uri.path().strip_prefix(CONTROL_CHANNEL).unwrap_or_default().to_owned();
        let operation = if self.parts.method == Method::GET { "OpenControlChannel" } else { "CreateControlChannel" };
        // A channel is the node's own: not even an administrator opens one in its place.
        if cx.caller().node() != Some(instance_id.as_str()) {
            let resource = cx.arn(&format!("managed-instance/{}", instance_id.chars().take(128).collect::<String>()));
            return Err(ApiError::access_denied(&cx.caller_arn(), &format!("ssmmessages:{operation}"), &resource));
        }
        match self.parts.method {
            Method::POST => {
                let answer = channel::control::create(&cx, &instance_id, &body)?;
                Ok(answer::plain(StatusCode::CREATED, "application/xml", answer.to_xml()))
            }
            Method::GET => {
                let shared = self.shared.clone();
                self.upgrade(move |socket| channel::control::serve(shared, instance_id, socket)).await
            }
            _ => {
                Err(ApiError::new("UnknownOperationException", "A control channel is created with POST and opened with GET.")
                    .with_status(405))
            }
        }
    }

    /// The node's end of a session.
    async fn node_data_channel(&mut self, cx: &Cx, session_id: String, body: &[u8]) -> Result<Response<Body>, ApiError> {
        match self.parts.method {
            Method::POST => {
                let answer = channel::data::create(cx, &session_id, body).await?;
                Ok(answer::plain(StatusCode::CREATED, "application/xml", answer.to_xml()))
            }
            Method::GET => {
                let session = channel::data::admit_agent(cx, "OpenDataChannel", &session_id).await?;
                let shared = self.shared.clone();
                self.upgrade(move |socket| channel::data::serve_agent(shared, session.target, session_id, socket)).await
            }
            _ => {
                Err(ApiError::new("UnknownOperationException", "A data channel is created with POST and opened with GET.").with_status(405))
            }
        }
    }

    /// Turns the request into a websocket for `serve`, which keeps the connection's place.
    async fn upgrade<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        serve: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Result<Response<Body>, ApiError> {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut self.parts, &())
            .await
            .map_err(|e| ApiError::new("BadRequestException", format!("This is not a websocket request: {e}")))?;
        let place = self.place.clone();
        Ok(upgrade
            .read_buffer_size(WEBSOCKET_BUFFER)
            // Frames that are written together leave in one record.
            .write_buffer_size(WEBSOCKET_BUFFER)
            .max_frame_size(MAX_FRAME)
            .max_message_size(MAX_FRAME)
            .on_upgrade(move |socket| async move {
                serve(socket).await;
                drop(place);
            }))
    }

    /// A service of AWS that is not here, in the shape its clients read.
    fn unknown_service(&self) -> Response<Body> {
        let headers = utf8_headers(&self.parts.headers, None);
        let parts = self.request_parts(headers.as_deref().unwrap_or_default(), sigv4::Body::Unread);
        match sigv4::parse(&parts) {
            Ok(presented) => {
                let service: String = presented.scope.service.chars().filter(char::is_ascii_graphic).take(64).collect();
                let text = format!("The service '{service}' is not served by this hub. It serves Systems Manager (ssm) and STS.");
                let code = if service == "s3" { "NotImplemented" } else { "UnknownOperationException" };
                self.fail(Protocol::Rest, &ApiError::new(code, text).with_status(501))
            }
            Err(AuthError::Missing) => {
                let error = ApiError::new("MissingAuthenticationTokenException", AuthError::Missing.to_string());
                self.fail(Protocol::Json, &error.with_status(403))
            }
            Err(error) => self.fail(Protocol::Json, &ApiError::new(error.code(), error.to_string())),
        }
    }

    /// Proves who calls and reads the body, in the order that keeps strangers cheap.
    async fn authenticated(&mut self, service: &'static str, node_key: bool) -> Result<(Cx, Proof, Bytes), Refusal> {
        let authority = self.parts.uri.authority().map(ToString::to_string);
        let headers = self.parts.headers.clone();
        let headers =
            utf8_headers(&headers, authority.as_deref()).ok_or_else(|| AuthError::Incomplete("A header is not valid UTF-8.".to_owned()))?;
        let accepts = Accepts { service, node_key };
        let unread = self.request_parts(&headers, sigv4::Body::Unread);
        let candidate = auth::identify(&self.shared, &unread, accepts).await?;
        let body = self.read(MAX_BODY).await?;
        let whole = self.request_parts(&headers, sigv4::Body::Bytes(&body));
        let node = candidate.node();
        let verified = candidate.verify(&self.shared, &whole).await;
        if let (Err(Refusal::Auth(error)), Some(node)) = (&verified, node) {
            self.shared.front.refusals.node(&node, error, self.peer.ip().to_canonical(), self.shared.clock.now_ms());
        }
        let (principal, proof) = verified?;
        Ok((self.cx(principal), proof, body))
    }

    fn request_parts<'a>(&'a self, headers: &'a [(&'a str, &'a str)], body: sigv4::Body<'a>) -> RequestParts<'a> {
        RequestParts {
            method: self.parts.method.as_str(),
            path: self.parts.uri.path(),
            query: self.parts.uri.query().unwrap_or_default(),
            headers,
            body,
        }
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes, Refusal> {
        let within = self.shared.limits.body_within;
        let limited = Limited::new(&mut self.body, limit);
        match tokio::time::timeout(within, limited.collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Refusal::Failed(
                ApiError::new("RequestEntityTooLargeException", format!("The request body is larger than {limit} bytes.")).with_status(413),
            )),
            Ok(Err(_)) => Err(Refusal::Failed(ApiError::serialization("The request body ended early."))),
            Err(_) => Err(Refusal::Failed(ApiError::new("RequestTimeoutException", "The request body took too long.").with_status(408))),
        }
    }

    fn cx(&self, principal: Principal) -> Cx {
        let user_agent = self.header("user-agent").unwrap_or_default().chars().take(256).collect();
        let caller = Caller { principal, source: self.peer.ip().to_string(), user_agent };
        let authority = self.parts.uri.authority().map(ToString::to_string);
        let authority = self.header("host").or(authority.as_deref());
        Cx::new(self.shared.clone(), Arc::new(caller)).with_request_id(self.request_id).with_authority(authority)
    }
}

/// Header names and values as signed; `None` when one is not UTF-8. HTTP/2 has no `host` header, its authority stands for it.
fn utf8_headers<'a>(headers: &'a HeaderMap, authority: Option<&'a str>) -> Option<Vec<(&'a str, &'a str)>> {
    let mut out = Vec::with_capacity(headers.len() + 1);
    for (name, value) in headers {
        out.push((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?));
    }
    if let Some(authority) = authority.filter(|_| !headers.contains_key("host")) {
        out.push(("host", authority));
    }
    Some(out)
}

/// The input of an operation. No body at all is an input without members.
fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    // The parser's own words could quote the input, which may be secret.
    let value: Value = serde_json::from_slice(body)
        .map_err(|e| ApiError::serialization(format!("The request body is not valid JSON (line {}, column {}).", e.line(), e.column())))?;
    if value.is_object() { Ok(value) } else { Err(ApiError::serialization("The request body is not a JSON object.")) }
}

/// The decoded members of a query; of several equal names the first counts.
fn query_members(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        String::from_utf8_lossy(&sigv4::canonical::percent_decode(&spaced)).into_owned()
    };
    let mut members = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()).take(100) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        members.entry(decode(name)).or_insert_with(|| decode(value));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_objects() {
        assert_eq!(parse(b" \n").unwrap(), serde_json::json!({}));
        assert_eq!(parse(br#"{"A":1}"#).unwrap(), serde_json::json!({"A": 1}));
        for bad in [&b"{"[..], b"[]", b"null", b"\"x\"", b"{\"A\":\xff}", b"{} {}", "[".repeat(10_000).as_bytes()] {
            assert_eq!(parse(bad).unwrap_err().code, "SerializationException");
        }
        let secret = parse(br#"{"Value":"hunter2" oops}"#).unwrap_err();
        assert!(!secret.message.contains("hunter2"));
    }

    #[test]
    fn query_members_are_decoded_once_and_bounded() {
        let members = query_members("filter=%5B%5D&search=a+b&search=c&x&%zz=1");
        assert_eq!(members["filter"], "[]");
        assert_eq!(members["search"], "a b");
        assert_eq!(members["x"], "");
        assert!(query_members(&"a=1&".repeat(100_000)).len() <= 100);
    }
}
