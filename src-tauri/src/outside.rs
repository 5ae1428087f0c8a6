//! Letting other machines in: the addresses of this machine on which the hub listens beside the loopback one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::local::{Local, settings};

/// Most addresses that are listened on.
pub const MOST: usize = 16;

/// An address of this machine, and its network interface.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Choice {
    pub address: IpAddr,
    pub name: String,
}

/// The addresses that the person chose. What cannot be read counts as none: then nobody is let in.
pub fn chosen(local: &Local) -> Vec<IpAddr> {
    let stored = local.setting(settings::LISTEN_OUTSIDE).ok().flatten();
    let texts = stored.as_ref().and_then(|value| value.as_array()).into_iter().flatten().filter_map(|value| value.as_str());
    texts.filter_map(|text| text.parse().ok()).take(MOST).collect()
}

/// Addresses of this machine by which others may reach it. Link-local ones of IPv6 need a zone that no URL of a hub has.
pub fn choices() -> Vec<Choice> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "this machine's addresses were not listed");
        Vec::new()
    });
    let reachable = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    };
    let mut choices: Vec<Choice> =
        interfaces.into_iter().map(|one| Choice { address: one.ip(), name: one.name }).filter(|one| reachable(&one.address)).collect();
    choices.sort_by_key(|one| (one.address.is_ipv6(), one.name.clone(), one.address));
    choices.dedup_by_key(|one| one.address);
    choices
}

/// Listeners beside the loopback one, each with the way to end it.
#[derive(Default)]
pub struct Outside(BTreeMap<IpAddr, CancellationToken>);

impl Outside {
    pub fn serves(&self, address: &IpAddr) -> bool {
        self.0.contains_key(address)
    }

    pub fn addresses(&self) -> Vec<IpAddr> {
        self.0.keys().copied().collect()
    }

    pub fn opened(&mut self, address: IpAddr, stop: CancellationToken) {
        self.0.insert(address, stop);
    }

    /// Ends every listener but those on `addresses`.
    pub fn close_others(&mut self, addresses: &[IpAddr]) {
        self.0.retain(|address, stop| {
            let stays = addresses.contains(address);
            if !stays {
                stop.cancel();
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_lets_nobody_in() {
        let local = Local::in_memory().unwrap();
        assert!(chosen(&local).is_empty());
        for damaged in [json!("0.0.0.0"), json!({}), json!([1, "x", "", "10.0.0.0/8"])] {
            local.set_setting(settings::LISTEN_OUTSIDE, &damaged).unwrap();
            assert!(chosen(&local).is_empty(), "{damaged}");
        }
        local.set_setting(settings::LISTEN_OUTSIDE, &json!(["10.0.0.7", "fd00::1"])).unwrap();
        assert_eq!(chosen(&local).len(), 2);
    }

    #[test]
    fn this_machines_own_loopback_is_no_choice() {
        assert!(choices().iter().all(|choice| !choice.address.is_loopback()));
    }
}
