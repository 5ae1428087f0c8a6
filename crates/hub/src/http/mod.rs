//! The front door: one TLS listener for every service that a node, the AWS CLI or the console speaks to.
//!
//! [`listener`] bounds connections, [`router`] tells services apart and bounds bodies, [`auth`] proves who calls, and everything that has
//! an operation ends in [`crate::dispatch`].

mod answer;
pub mod auth;
mod console;
mod files;
pub mod first_start;
mod idle;
mod keys;
mod listener;
mod messages;
pub mod refusals;
mod router;
pub mod tls;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use qd_store::table::nodes;
use qd_store::{Change, Changes, Store};

pub use listener::{Limits, serve};

use crate::agent_ops::heartbeat::Heartbeats;
use crate::cx::Caller;
use crate::hub::{HubConfig, HubError, Shared};
use crate::sealed::MasterKey;
use first_start::DirectoryLock;
use keys::Keys;
use refusals::Refusals;
use tls::Authority;

/// What the front keeps between requests.
pub struct Front {
    pub(crate) authority: Arc<Authority>,
    pub(crate) keys: Keys,
    pub(crate) heartbeats: Heartbeats,
    pub(crate) refusals: Refusals,
    administrator: Caller,
    /// Where the first listener of this hub is reached on this machine, and by other hubs.
    listening: OnceLock<(SocketAddr, SocketAddr)>,
    /// Held until the hub is closed.
    lock: Mutex<Option<DirectoryLock>>,
}

impl Front {
    /// Makes or reads what stands in the data directory: its lock, the CA, the administrator and its credentials file.
    pub async fn open(config: &HubConfig, store: &Store, master_key: &MasterKey) -> Result<Self, HubError> {
        let lock = DirectoryLock::take(&config.data_dir)?;
        let now = config.clock.now_ms();
        let authority = first_start::authority(&config.data_dir, store, master_key, now).await?;
        let administrator = first_start::administrator(config, store, master_key, now).await?;
        Ok(Self {
            authority: Arc::new(authority),
            keys: Keys::default(),
            heartbeats: Heartbeats::default(),
            refusals: Refusals::default(),
            administrator,
            listening: OnceLock::new(),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// The caller that the embedded console speaks for.
    pub fn administrator(&self) -> Caller {
        self.administrator.clone()
    }

    /// Keeps where a listener was opened.
    fn listens_on(&self, address: SocketAddr) {
        let (own, peer) = match address.ip() {
            ip if ip.is_unspecified() => {
                let own = IpAddr::from(Ipv4Addr::LOCALHOST);
                (own, tls::outward_address().unwrap_or(own))
            }
            ip => (ip, ip),
        };
        // Further listeners reach the same hub.
        let _ = self.listening.set((SocketAddr::new(own, address.port()), SocketAddr::new(peer, address.port())));
    }

    /// Where this hub is reached on this machine, once it listens.
    pub fn listening(&self) -> Option<SocketAddr> {
        self.listening.get().map(|(own, _)| *own)
    }

    /// Where hubs on the same store reach this one.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.listening.get().map(|(_, peer)| *peer)
    }

    /// Gives the data directory free for another hub; the last thing a closing hub does.
    pub fn unlock(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// SHA-256 of the CA's certificate, `AA:BB:…`.
    pub fn fingerprint(&self) -> String {
        self.authority.fingerprint()
    }

    /// The CA's certificate as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Stops accepting a node's credentials at once, for example because it was deregistered.
    pub fn forget_node(&self, instance_id: &str) {
        self.keys.forget_node(instance_id);
        self.heartbeats.forget(instance_id);
    }
}

/// Forgets cached keys as the store announces changes; ends with the hub.
async fn follow_changes(shared: Arc<Shared>, mut changes: Changes) {
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            change = changes.next() => match change {
                Some(change) => {
                    shared.front.keys.heard(&change);
                    close_if_gone(&shared, &change).await;
                }
                None => return,
            },
        }
    }
}

/// Closes the channel of a node that another hub deregistered.
async fn close_if_gone(shared: &Shared, change: &Change) {
    let Change::Topic(topic) = change else { return };
    let Some(instance_id) = topic.strip_prefix(nodes::TOPIC_PREFIX) else { return };
    if shared.registry.get(instance_id).is_some() && matches!(shared.front.keys.node(&shared.store, instance_id).await, Ok(None)) {
        shared.front.forget_node(instance_id);
        shared.registry.close(instance_id);
    }
}
