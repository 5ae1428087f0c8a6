//! What signatures are verified against, kept in memory so that a request costs no query: secrets of access keys, public keys of
//! nodes. An entry is forgotten when the store announces that its row changed, here or at another hub.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qd_store::table::{access_keys, nodes};
use qd_store::{Change, Store, StoreError};
use qd_wire::sigv4::{Scope, Secret, SigningKey};

use crate::sealed::MasterKey;

/// Entries of one kind at most; then the memory is emptied and fills again with what is used.
const MAX_ENTRIES: usize = 200_000;
/// Signing keys kept per access key: one per service and day.
const MAX_SCOPES: usize = 8;

/// An access key ready to verify with.
pub struct UserKey {
    /// Name of the user it speaks for.
    pub name: String,
    secret: Secret,
    scopes: Mutex<Vec<(Scope, SigningKey)>>,
}

impl UserKey {
    /// The signing key for a scope, derived once.
    pub fn signing_key(&self, scope: &Scope) -> SigningKey {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = scopes.iter().find(|(known, _)| known == scope) {
            return key.clone();
        }
        let key = SigningKey::for_scope(&self.secret, scope);
        if scopes.len() == MAX_SCOPES {
            scopes.remove(0);
        }
        scopes.push((scope.clone(), key.clone()));
        key
    }
}

/// A registered node's keys.
pub struct NodeKey {
    /// DER SubjectPublicKeyInfo in use.
    pub public_key: Vec<u8>,
    /// The one it rotates to, also as stored.
    pub next_public_key: Option<(Vec<u8>, String)>,
}

/// One kind of entry. The generation keeps a row that was read before a change from being put in after it.
struct Cache<K, V> {
    entries: HashMap<K, Arc<V>>,
    generation: u64,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    fn new() -> Self {
        Self { entries: HashMap::new(), generation: 0 }
    }

    fn insert(&mut self, key: K, value: Arc<V>, read_at: u64) {
        if self.generation == read_at {
            if self.entries.len() >= MAX_ENTRIES {
                self.entries.clear();
            }
            self.entries.insert(key, value);
        }
    }

    fn forget_all(&mut self) {
        self.generation += 1;
        self.entries.clear();
    }
}

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret does not open.
    #[error(transparent)]
    Sealed(#[from] crate::sealed::SealError),
    /// The secret is not text.
    #[error("the secret of access key {0} is damaged")]
    Damaged(String),
}

/// The keys in memory.
pub struct Keys {
    users: Mutex<Cache<String, UserKey>>,
    nodes: Mutex<Cache<String, NodeKey>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { users: Mutex::new(Cache::new()), nodes: Mutex::new(Cache::new()) }
    }
}

fn lock<K, V>(cache: &Mutex<Cache<K, V>>) -> MutexGuard<'_, Cache<K, V>> {
    // Every change of a cache is one insert or one clear, so a panic while holding it leaves nothing half done.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keys {
    /// An active access key, or `None` when there is none of that id.
    pub async fn user(&self, store: &Store, master: &MasterKey, access_key_id: &str) -> Result<Option<Arc<UserKey>>, KeyError> {
        let read_at = {
            let users = lock(&self.users);
            if let Some(key) = users.entries.get(access_key_id) {
                return Ok(Some(key.clone()));
            }
            users.generation
        };
        let id = access_key_id.to_owned();
        let Some(row) = store.read(move |tx| access_keys::get(tx, &id)).await?.filter(|row| row.active) else { return Ok(None) };
        let secret = master.unseal(&belongs_to(access_key_id), &row.sealed_secret)?;
        let secret = std::str::from_utf8(&secret).map_err(|_| KeyError::Damaged(access_key_id.to_owned()))?;
        let key = Arc::new(UserKey { name: row.principal, secret: secret.into(), scopes: Mutex::new(Vec::new()) });
        lock(&self.users).insert(access_key_id.to_owned(), key.clone(), read_at);
        Ok(Some(key))
    }

    /// A registered node's keys, or `None` when it is not registered.
    pub async fn node(&self, store: &Store, instance_id: &str) -> Result<Option<Arc<NodeKey>>, StoreError> {
        let read_at = {
            let nodes = lock(&self.nodes);
            if let Some(key) = nodes.entries.get(instance_id) {
                return Ok(Some(key.clone()));
            }
            nodes.generation
        };
        let id = instance_id.to_owned();
        let Some(row) = store.read(move |tx| nodes::get(tx, &id)).await? else { return Ok(None) };
        // Keys were checked when they came in; one that does not decode verifies nothing.
        let decode = |text: &str| crate::agent_ops::decode_public_key(text).unwrap_or_default();
        let key = Arc::new(NodeKey {
            public_key: decode(&row.public_key),
            next_public_key: row.next_public_key.map(|text| (decode(&text), text)),
        });
        lock(&self.nodes).insert(instance_id.to_owned(), key.clone(), read_at);
        Ok(Some(key))
    }

    /// Forgets a node at once, for the operation that changed it; other hubs hear it from the store.
    pub fn forget_node(&self, instance_id: &str) {
        let mut nodes = lock(&self.nodes);
        nodes.generation += 1;
        nodes.entries.remove(instance_id);
    }

    /// Forgets what an announced change concerns.
    pub fn heard(&self, change: &Change) {
        if change.concerns(access_keys::TOPIC) {
            lock(&self.users).forget_all();
        }
        match change {
            Change::Missed => lock(&self.nodes).forget_all(),
            Change::Topic(topic) => {
                if let Some(instance_id) = topic.strip_prefix(nodes::TOPIC_PREFIX) {
                    self.forget_node(instance_id);
                }
            }
        }
    }
}

/// What the sealed secret of an access key is bound to.
pub fn belongs_to(access_key_id: &str) -> String {
    format!("access_keys/{access_key_id}")
}
