//! Why this exists: thousands of nodes in one process that speak the real protocol, so that a hub can be measured, and tried, at a
//! size nobody has at hand. Registration, signatures, TLS, websockets and frames are real; only the work is not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use qd_client::credentials::{BoxFuture, CredentialError};
use qd_client::{Client, ClientOptions, CredentialSource, Credentials, Endpoint};
use rustls::pki_types::ServerName;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use super::node::{Counters, Node};
use super::{Manner, Wanted};

/// Nodes that register at the same time.
const AT_ONCE: usize = 48;

tokio::task_local! {
    /// Whose credentials sign the call being made: all nodes share one client.
    pub static CREDENTIALS: Credentials;
}

/// The credentials of the node whose task this is.
struct OfTheNode;

impl CredentialSource for OfTheNode {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        let current = CREDENTIALS.try_with(Clone::clone).map_err(|_| CredentialError::None);
        Box::pin(std::future::ready(current))
    }
}

/// What the nodes of a fleet share.
pub struct Shared {
    pub client: Client,
    pub tls: TlsConnector,
    pub server_name: ServerName<'static>,
    pub address: SocketAddr,
    pub counters: Counters,
    pub manner: Manner,
    pub stop: CancellationToken,
    /// Steps of the command that came last: real nodes read it each on a machine of its own.
    latest: Mutex<(String, Arc<Steps>)>,
}

/// Name and action of each step of a document.
pub type Steps = Vec<(String, String)>;

impl Shared {
    /// The steps of a command, read when they are first asked for.
    pub fn steps(&self, command_id: &str, read: impl FnOnce() -> anyhow::Result<Steps>) -> anyhow::Result<Arc<Steps>> {
        // Every change is one assignment, so a panic elsewhere leaves nothing half done.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.0 != command_id {
            *latest = (command_id.to_owned(), Arc::new(read()?));
        }
        Ok(latest.1.clone())
    }
}

/// Connected nodes. They leave when it is dropped.
pub struct Fleet {
    shared: Arc<Shared>,
    nodes: JoinSet<()>,
}

impl Fleet {
    /// Registers and connects all nodes. One that cannot ends the whole start.
    pub async fn start(wanted: &Wanted) -> anyhow::Result<Fleet> {
        let endpoint = Endpoint::hub(&wanted.url, &wanted.region)?.with_ca(&wanted.ca_pem)?;
        let url = endpoint.url("ssmmessages")?;
        let host = url.host_str().ok_or_else(|| anyhow!("the address has no host"))?.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let address = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await?.next();
        let options = ClientOptions { timeout: Duration::from_secs(120), ..ClientOptions::default() };
        let shared = Arc::new(Shared {
            tls: TlsConnector::from(Arc::new(endpoint.tls()?)),
            server_name: ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?,
            address: address.ok_or_else(|| anyhow!("{host} has no address"))?,
            client: Client::new(endpoint, Arc::new(OfTheNode), options)?,
            counters: Counters::default(),
            manner: wanted.manner,
            stop: CancellationToken::new(),
            latest: Mutex::default(),
        });
        let nodes = connect(&shared, wanted).await?;
        Ok(Fleet { shared, nodes })
    }

    /// What it has done so far.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.nodes.abort_all();
    }
}

/// Several workers take one node after the other.
async fn connect(shared: &Arc<Shared>, wanted: &Wanted) -> anyhow::Result<JoinSet<()>> {
    let keys = Arc::new(std::sync::Mutex::new(tokio::task::spawn_blocking(Keys::new).await??));
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE.min(wanted.nodes.max(1)) {
        let (shared, keys, next, activations) = (Arc::clone(shared), Arc::clone(&keys), Arc::clone(&next), wanted.activations.clone());
        let (count, prefix) = (wanted.nodes, wanted.prefix.clone());
        workers.spawn(async move {
            let mut connected = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return anyhow::Ok(connected);
                }
                let key = keys.lock().map_err(|_| anyhow!("a worker failed"))?.next()?;
                // Each activation gives the same share of the nodes.
                let activation = &activations[index * activations.len() / count];
                let mut node = Node::register(Arc::clone(&shared), activation, key, format!("{prefix}-{index}"), index).await?;
                let socket = node.open().await?;
                connected.push((node, socket));
            }
        });
    }
    let mut nodes = JoinSet::new();
    while let Some(connected) = workers.join_next().await {
        for (node, socket) in connected?? {
            nodes.spawn(node.live(socket));
        }
    }
    Ok(nodes)
}
