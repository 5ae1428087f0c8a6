//! Calls to the hub, with the three proofs a node has: nothing, its key, its role credentials. The calls themselves are
//! `qd_client`'s; here stand the hub's address, the credentials in force and the words of SSM.

use qd_client::credentials::{BoxFuture, CredentialError, CredentialSource};
use qd_client::retry::RetryPolicy;
use qd_client::{CallError, Client, ClientOptions, Credentials, Endpoint, EndpointError, PrivateKey, Request};
use rustls::ClientConfig;
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;

/// The hub of one registration.
pub struct Link {
    client: Client,
    role: Arc<Role>,
    tls: Arc<ClientConfig>,
}

/// The node's role credentials of the moment.
#[derive(Default)]
pub struct Role {
    current: RwLock<Option<Credentials>>,
    /// Rung when the hub no longer takes them.
    pub refused: Notify,
}

impl Role {
    fn current(&self) -> Option<Credentials> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CredentialSource for Role {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(std::future::ready(self.current().ok_or(CredentialError::None)))
    }

    fn refused(&self, access_key_id: &str) -> BoxFuture<'_, ()> {
        if self.current().is_some_and(|current| current.access_key_id == access_key_id) {
            self.refused.notify_one();
        }
        Box::pin(std::future::ready(()))
    }
}

impl Link {
    /// `url` is the hub's address; `ca_pem` its certificate authority, without which the system's roots are trusted.
    pub fn new(url: &str, region: &str, ca_pem: Option<&[u8]>) -> Result<Self, EndpointError> {
        let mut endpoint = Endpoint::hub(url, region)?;
        if let Some(pem) = ca_pem {
            endpoint = endpoint.with_ca(pem)?;
        }
        let tls = Arc::new(endpoint.tls()?);
        let role = Arc::new(Role::default());
        let options = ClientOptions {
            // Every caller here has a rhythm of its own.
            retry: RetryPolicy::NEVER,
            timeout: Duration::from_secs(20),
            max_answer_bytes: 4 * 1024 * 1024,
            user_agent: concat!("quarterdeck-agent/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..ClientOptions::default()
        };
        let client = Client::new(endpoint, role.clone(), options)?;
        Ok(Self { client, role, tls })
    }

    /// For requests other than operations of SSM.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The TLS settings for the hub.
    pub fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// The role credentials.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// The credentials calls are signed with from now on.
    pub fn set_credentials(&self, credentials: Credentials) {
        *self.role.current.write().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }

    /// An SSM operation without proof: registration.
    pub async fn anonymous(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.client.call_anonymous("ssm", &target(operation), body).await
    }

    /// An SSM operation proved by the node's key: role token, key rotation.
    pub async fn with_key(&self, instance_id: &str, key: &PrivateKey, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.client.call_rsa(instance_id, key, &target(operation), body).await
    }

    /// An SSM operation under the node's role.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.client.call("ssm", &target(operation), body).await
    }

    /// A REST call of the message gateway (agent-protocol 4.1): status and body.
    pub async fn gateway(&self, path: &str, body: String) -> Result<(u16, bytes::Bytes), CallError> {
        let answer = self.client.send(Request::post("ssmmessages", path, body)).await?;
        Ok((answer.status, answer.body))
    }
}

fn target(operation: &str) -> String {
    format!("AmazonSSM.{operation}")
}

/// An error with its causes.
pub fn text_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
