//! Calls to the hub, with the three proofs a node has: nothing, its key, its role credentials. The calls themselves are
//! `qd_client`'s; here stand the hub's address, the credentials in force and the words of SSM.

use qd_client::credentials::{BoxFuture, CredentialError, CredentialSource};
use qd_client::retry::RetryPolicy;
use qd_client::{CallError, Client, ClientOptions, Credentials, Endpoint, EndpointError, PrivateKey, Request};
use rustls::ClientConfig;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How a step's own calls are repeated: three times, with the stock agent's waits (agent-protocol 2.1). The step has nobody else who
/// would try again, and a hub that is being replaced is away for seconds.
const FOR_A_STEP: RetryPolicy = RetryPolicy { attempts: 4, base: Duration::from_secs(2), cap: Duration::from_secs(12) };
/// How long a step waits for the node's first credentials: a command that is taken up at the agent's start is there
/// before them, and the hub may be away for a while.
const FIRST_CREDENTIALS: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 3_600 });

/// The hub of one registration.
pub struct Link {
    client: Client,
    for_a_step: Client,
    role: Arc<Role>,
    tls: Arc<ClientConfig>,
}

/// The node's role credentials of the moment.
#[derive(Default)]
pub struct Role {
    current: watch::Sender<Option<Credentials>>,
    /// Rung when the hub no longer takes them.
    pub refused: Notify,
}

impl Role {
    fn current(&self) -> Option<Credentials> {
        self.current.borrow().clone()
    }

    /// Waits for the first credentials, but not for ever.
    pub async fn first(&self) {
        let mut current = self.current.subscribe();
        let _ = tokio::time::timeout(FIRST_CREDENTIALS, current.wait_for(Option::is_some)).await;
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
            // The modules' calls have a rhythm of their own.
            retry: RetryPolicy::NEVER,
            timeout: Duration::from_secs(20),
            max_answer_bytes: 4 * 1024 * 1024,
            user_agent: concat!("quarterdeck-agent/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..ClientOptions::default()
        };
        let client = Client::new(endpoint, role.clone(), options)?;
        let for_a_step = client.clone().with_retry(FOR_A_STEP);
        Ok(Self { client, for_a_step, role, tls })
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
        self.role.current.send_replace(Some(credentials));
    }

    /// An SSM operation without proof: registration.
    pub async fn anonymous(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.client.call_anonymous("ssm", &target(operation), body).await
    }

    /// An SSM operation proved by the node's key: role token, key rotation.
    pub async fn with_key(&self, instance_id: &str, key: &PrivateKey, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.client.call_rsa(instance_id, key, &target(operation), body).await
    }

    /// An SSM operation under the node's role, for a step: waits for credentials at the agent's start, and is repeated.
    pub async fn call(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.role.first().await;
        self.for_a_step.call("ssm", &target(operation), body).await
    }

    /// The same for a caller that comes again by itself: one attempt, now.
    pub async fn call_once(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A hub that is not ready for the first `failing` requests; counts them all.
    async fn hub(failing: usize) -> (Link, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 16 * 1024]).await;
                let status = if counted.fetch_add(1, Ordering::SeqCst) < failing { "503 later" } else { "200 ok" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (Link::new(&url, "local-1", None).unwrap(), count)
    }

    fn credentials() -> Credentials {
        Credentials::new("ASIATEST", "secret", None)
    }

    #[tokio::test]
    async fn a_step_asks_a_hub_that_is_away_for_a_moment_again_and_a_module_does_not() {
        let (link, count) = hub(2).await;
        link.set_credentials(credentials());
        assert!(link.call_once("GetDocument", &serde_json::json!({})).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(link.call("GetDocument", &serde_json::json!({})).await.is_ok());
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_step_waits_for_the_first_credentials() {
        let (link, count) = hub(0).await;
        assert_eq!(link.call_once("GetParameters", &serde_json::json!({})).await.unwrap_err().code(), "NoCredentials");
        let body = serde_json::json!({});
        let (answer, ()) = tokio::join!(link.call("GetParameters", &body), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(count.load(Ordering::SeqCst), 0, "nothing can be signed yet");
            link.set_credentials(credentials());
        });
        assert!(answer.is_ok());
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let link = Link::new("http://127.0.0.1:9", "local-1", None).unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(link.call("GetParameters", &serde_json::json!({})).await.unwrap_err().code(), "NoCredentials");
        assert!(begun.elapsed() >= FIRST_CREDENTIALS);
    }
}
