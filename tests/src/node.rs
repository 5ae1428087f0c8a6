//! A node made by hand, for what no agent would send: broken frames, late and foreign replies, wrong tokens. It registers and signs as any
//! node does; what it says on its control channel is up to the test.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use qd_client::{CallError, Client, ClientOptions, Credentials, Endpoint, PrivateKey, Request, StaticCredentials};
use qd_wire::AgentMessage;
use qd_wire::payload::{CreateControlChannelAnswer, CreateControlChannelRequest, OpenControlChannel};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

use crate::TestHub;

/// A registered node without an agent.
pub struct HandNode {
    endpoint: Endpoint,
    pub instance_id: String,
    pub fingerprint: String,
    key: PrivateKey,
    credentials: Credentials,
}

/// Its control channel.
pub struct HandChannel {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

fn endpoint(hub: &TestHub) -> Endpoint {
    let ca = std::fs::read(hub.ca_file()).expect("the hub's CA");
    Endpoint::hub(hub.url(), "local-1").and_then(|e| e.with_ca(&ca)).expect("the hub's endpoint")
}

fn client(endpoint: &Endpoint, credentials: Credentials) -> Client {
    Client::new(endpoint.clone(), Arc::new(StaticCredentials(credentials)), ClientOptions::default()).expect("a client")
}

/// A client of the hub with given keys, for calls that no SDK would make.
pub fn client_of(hub: &TestHub, credentials: Credentials) -> Client {
    client(&endpoint(hub), credentials)
}

/// RegisterManagedInstance with this input, as a machine without any credentials.
pub async fn register_with(hub: &TestHub, input: &Value) -> Result<Value, CallError> {
    client(&endpoint(hub), Credentials::new("", "", None)).call_anonymous("ssm", "AmazonSSM.RegisterManagedInstance", input).await
}

/// A new key pair: the private half and the public one as a registration carries it.
pub fn key_pair() -> (PrivateKey, String) {
    let pair = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key pair");
    let public = pair.to_public_key().to_public_key_der().expect("a public key");
    let private = pair.to_pkcs1_der().expect("a private key");
    (PrivateKey::from_pkcs1(private.as_bytes()).expect("a private key"), STANDARD.encode(public.as_bytes()))
}

impl HandNode {
    /// Registers with a new activation.
    pub async fn register(hub: &TestHub, tags: &[(&str, &str)]) -> Self {
        let tags: Vec<_> = tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
        let activation = hub.aws().call("create-activation", &json!({ "IamRole": "node", "Tags": tags }));
        let node = Self::register_by(hub, &activation).await;
        let input = json!({
            "AgentName": "amazon-ssm-agent", "AgentStatus": "Active", "AgentVersion": "3.3.0.0", "ComputerName": "hand", "IPAddress": "10.0.0.9",
            "InstanceId": node.instance_id, "PlatformName": "Debian GNU/Linux", "PlatformType": "Linux", "PlatformVersion": "12",
        });
        node.call("UpdateInstanceInformation", &input).await.expect("the heartbeat");
        node
    }

    /// Registers with this answer of CreateActivation and says nothing yet.
    pub async fn register_by(hub: &TestHub, activation: &Value) -> Self {
        let (key, public) = key_pair();
        let fingerprint = Uuid::new_v4().to_string();
        let input = json!({
            "ActivationId": activation["ActivationId"], "ActivationCode": activation["ActivationCode"],
            "Fingerprint": fingerprint, "PublicKey": public, "PublicKeyType": "Rsa",
        });
        let registered = register_with(hub, &input).await.expect("the registration");
        let instance_id = registered["InstanceId"].as_str().expect("an id").to_owned();
        let mut node = Self { endpoint: endpoint(hub), instance_id, fingerprint, key, credentials: Credentials::new("", "", None) };
        node.credentials = node.role_token(&node.fingerprint).await.expect("a role token");
        node
    }

    /// Somebody who speaks in this node's name without its key.
    pub fn impostor(&self) -> Self {
        Self {
            endpoint: self.endpoint.clone(),
            instance_id: self.instance_id.clone(),
            fingerprint: self.fingerprint.clone(),
            key: key_pair().0,
            credentials: Credentials::new("", "", None),
        }
    }

    /// The node's credentials, for the AWS tools.
    pub fn credentials(&self) -> Value {
        let token = self.credentials.session_token.as_ref().map(|t| t.expose().to_owned());
        json!({
            "aws_access_key_id": self.credentials.access_key_id, "aws_secret_access_key": self.credentials.secret_access_key.expose(),
            "aws_session_token": token,
        })
    }

    /// RequestManagedInstanceRoleToken, as the node's key proves it.
    pub async fn role_token(&self, fingerprint: &str) -> Result<Credentials, CallError> {
        let target = "AmazonSSM.RequestManagedInstanceRoleToken";
        let client = client(&self.endpoint, Credentials::new("", "", None));
        let token = client.call_rsa(&self.instance_id, &self.key, target, &json!({ "Fingerprint": fingerprint })).await?;
        let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
        Ok(Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), Some(text("SessionToken").into())))
    }

    /// A client that signs as this node.
    pub fn client(&self) -> Client {
        client(&self.endpoint, self.credentials.clone())
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// An operation with the node's own credentials.
    pub async fn call(&self, operation: &str, input: &Value) -> Result<Value, CallError> {
        client(&self.endpoint, self.credentials.clone()).call("ssm", &format!("AmazonSSM.{operation}"), input).await
    }

    /// CreateControlChannel for any node; the token it answers.
    pub async fn create_channel(&self, instance_id: &str) -> Result<String, CallError> {
        let body = CreateControlChannelRequest::new(Uuid::new_v4()).to_text();
        let request = Request::post("ssmmessages", &format!("/v1/control-channel/{instance_id}"), body);
        let answer = client(&self.endpoint, self.credentials.clone()).send(request).await?;
        Ok(CreateControlChannelAnswer::from_xml(&answer.body).expect("XML with a token").token_value)
    }

    /// Opens the control channel with a token, its own or not.
    pub async fn open(&self, token: String) -> HandChannel {
        let path = format!("/v1/control-channel/{}", self.instance_id);
        let upgrade = Request::get("ssmmessages", &path).with_query("role", "subscribe").with_query("stream", "input");
        let (url, headers) = client(&self.endpoint, self.credentials.clone()).signed_headers(upgrade).await.expect("signed headers");
        let mut request = url.as_str().replacen("https", "wss", 1).into_client_request().expect("a request");
        for (name, value) in &headers {
            let name = tokio_tungstenite::tungstenite::http::HeaderName::from_bytes(name.as_bytes()).expect("a header");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        let tls = Connector::Rustls(Arc::new(self.endpoint.tls().expect("TLS")));
        let (mut socket, _) = tokio_tungstenite::connect_async_tls_with_config(request, None, true, Some(tls)).await.expect("the upgrade");
        let mut opening = OpenControlChannel::ours(Uuid::new_v4(), token, "3.3.0.0", "linux");
        opening.quarterdeck = None;
        socket.send(Message::text(opening.to_text())).await.expect("the first frame");
        HandChannel { socket }
    }

    /// Creates and opens its own channel.
    pub async fn connect(&self) -> HandChannel {
        let token = self.create_channel(&self.instance_id).await.expect("a token");
        self.open(token).await
    }
}

impl HandChannel {
    /// Sends raw bytes as one binary frame.
    pub async fn send(&mut self, frame: impl Into<bytes::Bytes>) {
        self.socket.send(Message::Binary(frame.into())).await.expect("the frame is sent");
    }

    /// The next message of the hub, or `None` when it closed the channel or was silent for five seconds.
    pub async fn receive(&mut self) -> Option<AgentMessage> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(5), self.socket.next()).await.ok()??;
            match next.ok()? {
                Message::Binary(frame) => return AgentMessage::decode(&frame).ok(),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Whether the hub closes the channel within five seconds.
    pub async fn is_closed(&mut self) -> bool {
        let closed = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if message.is_close() {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(5), closed).await.is_ok()
    }
}
