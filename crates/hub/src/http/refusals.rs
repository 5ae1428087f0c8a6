//! Why nodes were turned away, kept in memory for the person who asks why a node is offline: the newest refusal of each node and of each
//! address. What a hub cannot say is lost with its process, and that is all right: a node that is still turned away comes again.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qd_wire::sigv4::AuthError;

/// Nodes and addresses that are remembered. Past that an old one makes room.
const KEPT: usize = 10_000;
/// Characters of a reason.
const REASON: usize = 300;

/// A request or handshake that was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Epoch milliseconds.
    pub at: i64,
    /// The error's code as AWS names it; for a handshake `TlsHandshake`.
    pub code: &'static str,
    pub reason: String,
    /// Whether the node's clock was what was wrong.
    pub is_clock: bool,
    /// Where it came from.
    pub source: IpAddr,
}

/// See the module.
#[derive(Default)]
pub struct Refusals {
    nodes: Mutex<HashMap<String, Refused>>,
    handshakes: Mutex<HashMap<IpAddr, Refused>>,
}

fn locked<K>(map: &Mutex<HashMap<K, Refused>>) -> MutexGuard<'_, HashMap<K, Refused>> {
    // Every change is one insertion, so a panic while holding the lock leaves nothing half done.
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep<K: Hash + Eq + Clone>(map: &Mutex<HashMap<K, Refused>>, key: K, refused: Refused) {
    let mut map = locked(map);
    if map.len() >= KEPT && !map.contains_key(&key) {
        let oldest = map.iter().min_by_key(|(_, refused)| refused.at).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            map.remove(&oldest);
        }
    }
    map.insert(key, refused);
}

impl Refusals {
    /// A registered node's signature was refused.
    pub fn node(&self, instance_id: &str, error: &AuthError, source: IpAddr, now: i64) {
        let is_clock = matches!(error, AuthError::Expired { .. } | AuthError::NotYetCurrent { .. });
        let refused = Refused { at: now, code: error.code(), reason: cut(&error.to_string()), is_clock, source };
        keep(&self.nodes, instance_id.to_owned(), refused);
    }

    /// A TLS handshake did not come to its end.
    pub fn handshake(&self, source: IpAddr, reason: &str, now: i64) {
        keep(&self.handshakes, source, Refused { at: now, code: "TlsHandshake", reason: cut(reason), is_clock: false, source });
    }

    /// The newest refusal of a node.
    pub fn of_node(&self, instance_id: &str) -> Option<Refused> {
        locked(&self.nodes).get(instance_id).cloned()
    }

    /// The newest broken handshake of an address.
    pub fn of_address(&self, address: IpAddr) -> Option<Refused> {
        locked(&self.handshakes).get(&address).cloned()
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_kept_and_there_is_a_bound() {
        let refusals = Refusals::default();
        let here = IpAddr::from([127, 0, 0, 1]);
        for n in 0..KEPT + 5 {
            refusals.node(&format!("mi-{n}"), &AuthError::Mismatch, here, n as i64);
        }
        assert_eq!(locked(&refusals.nodes).len(), KEPT);
        assert!(refusals.of_node("mi-0").is_none());
        let clock = AuthError::NotYetCurrent { signed: "a".into(), limit: "b".into(), now: "c".into(), minutes: 5 };
        refusals.node("mi-7", &clock, here, 99_999);
        assert!(refusals.of_node("mi-7").unwrap().is_clock);
        refusals.handshake(here, &"x".repeat(1000), 1);
        assert_eq!(refusals.of_address(here).unwrap().reason.len(), REASON);
    }
}
