//! The TokenValue that CreateControlChannel hands out and the websocket's first frame brings back (agent-protocol 4.1, 4.2).
//!
//! It is sealed rather than stored: any hub with the same master key can check it, and none has to remember it.

use subtle::ConstantTimeEq;

use crate::sealed::MasterKey;

/// Seconds for which a token opens a channel. The agent opens it at once; a slow network gets a minute.
const LIFETIME_MS: i64 = 60_000;

/// A token with which `instance_id` may open its control channel.
pub fn issue(key: &MasterKey, instance_id: &str, now: i64) -> String {
    let expires = now + LIFETIME_MS;
    format!("{expires}.{}", mac(key, instance_id, expires))
}

/// Whether `token` was issued to `instance_id` and still holds.
pub fn check(key: &MasterKey, instance_id: &str, token: &str, now: i64) -> bool {
    let Some((expires, mac)) = token.split_once('.') else { return false };
    let Ok(expires) = expires.parse::<i64>() else { return false };
    now <= expires && bool::from(mac.as_bytes().ct_eq(self::mac(key, instance_id, expires).as_bytes()))
}

fn mac(key: &MasterKey, instance_id: &str, expires: i64) -> String {
    hex::encode(*key.derive("control-channel", format!("{instance_id}\n{expires}").as_bytes()))
}
