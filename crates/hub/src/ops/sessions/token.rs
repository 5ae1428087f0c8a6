//! TokenValue of a session's two ends (session-protocol 2.1). The client's first frame carries nothing else that says who it is.
//!
//! A token is sealed rather than stored: it names its session by its seal, its number and the time until which it holds. A client's number is
//! used up in the store, so that a token opens one connection; a node asks for a new one whenever it connects, signed with its own key.

use subtle::ConstantTimeEq;

use crate::sealed::MasterKey;

/// Milliseconds for which a client may wait with its token: a person may start the client by hand.
pub const CLIENT_MS: i64 = 180_000;
/// A node opens its end at once.
const AGENT_MS: i64 = 60_000;

/// Token `number` of a session's client.
pub fn client(key: &MasterKey, session_id: &str, number: i64, now: i64) -> String {
    let expires = now + CLIENT_MS;
    format!("{number}.{expires}.{}", seal(key, "session-client", &[session_id, &number.to_string()], expires))
}

/// The number of a client's token, when it was made for this session and still holds.
pub fn client_number(key: &MasterKey, session_id: &str, token: &str, now: i64) -> Option<i64> {
    let mut parts = token.splitn(3, '.');
    let number: i64 = parts.next()?.parse().ok()?;
    let expires: i64 = parts.next()?.parse().ok()?;
    let expected = seal(key, "session-client", &[session_id, &number.to_string()], expires);
    (now <= expires && bool::from(parts.next()?.as_bytes().ct_eq(expected.as_bytes()))).then_some(number)
}

/// A token with which the node opens its end of a session.
pub fn agent(key: &MasterKey, session_id: &str, instance_id: &str, now: i64) -> String {
    let expires = now + AGENT_MS;
    format!("{expires}.{}", seal(key, "session-agent", &[session_id, instance_id], expires))
}

/// Whether a token was made for this node's end of this session and still holds.
pub fn is_agents(key: &MasterKey, session_id: &str, instance_id: &str, token: &str, now: i64) -> bool {
    let Some((expires, given)) = token.split_once('.') else { return false };
    let Ok(expires) = expires.parse::<i64>() else { return false };
    now <= expires && bool::from(given.as_bytes().ct_eq(seal(key, "session-agent", &[session_id, instance_id], expires).as_bytes()))
}

fn seal(key: &MasterKey, label: &str, parts: &[&str], expires: i64) -> String {
    hex::encode(*key.derive(label, format!("{}\n{expires}", parts.join("\n")).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_end_of_its_own_session_in_time() {
        let key = MasterKey::from_bytes([7; 32]);
        let token = client(&key, "u-1", 3, 1_000);
        assert!(token.len() <= 300);
        assert_eq!(client_number(&key, "u-1", &token, 1_000 + CLIENT_MS), Some(3));
        assert_eq!(client_number(&key, "u-1", &token, 1_001 + CLIENT_MS), None);
        assert_eq!(client_number(&key, "u-2", &token, 1_000), None);
        assert_eq!(client_number(&key, "u-1", &token.replacen('3', "4", 1), 1_000), None);
        assert_eq!(client_number(&MasterKey::from_bytes([8; 32]), "u-1", &token, 1_000), None);
        let node = agent(&key, "u-1", "mi-1", 1_000);
        assert!(is_agents(&key, "u-1", "mi-1", &node, 1_000));
        assert!(!is_agents(&key, "u-1", "mi-2", &node, 1_000));
        assert!(!is_agents(&key, "u-2", "mi-1", &node, 1_000));
        assert!(!is_agents(&key, "u-1", "mi-1", &node, 1_001 + AGENT_MS));
        assert_eq!(client_number(&key, "u-1", &node, 1_000), None, "a node's token is no client's");
        assert!(!is_agents(&key, "u-1", "mi-1", &token, 1_000));
        for end in 0..token.len() {
            assert_eq!(client_number(&key, "u-1", &token[..end], 1_000), None, "prefix of {end}");
        }
    }
}
