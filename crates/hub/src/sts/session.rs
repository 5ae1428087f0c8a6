//! Temporary credentials of nodes (agent-protocol 2.6, 2.7). They are sealed, not stored: the session token carries who it speaks for and
//! until when, under the hub's master key, and the secret is derived from it. So ten thousand nodes that renew cost no write, any hub
//! with the same master key takes them, and a node that is deregistered loses them, because the node is looked up with every request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qd_wire::sigv4::Secret;
use serde::{Deserialize, Serialize};

use crate::sealed::{self, MasterKey, SealError};

/// How long a role token is good, milliseconds. Agents renew at half of it and want ten minutes left (agent-protocol 2.7).
pub const LIFETIME_MS: i64 = 3_600_000;

const BELONGS_TO: &str = "session token";
const SECRET_LABEL: &str = "session secret";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// No token of ours is longer; a longer one is not looked at.
const MAX_TOKEN: usize = 2_048;
/// Length of the secrets that AWS hands out.
const SECRET_LENGTH: usize = 40;

#[derive(Serialize, Deserialize)]
struct Claims {
    node: String,
    key: String,
    until: i64,
}

/// Credentials as handed out.
pub struct Issued {
    /// `ASIA…`.
    pub access_key_id: String,
    /// Known to the node alone, and derivable by the hub.
    pub secret_access_key: Secret,
    /// Opaque to the node.
    pub session_token: Secret,
    /// Epoch milliseconds.
    pub expires_at: i64,
}

/// What a session token says, once it opened.
#[derive(Debug)]
pub struct Session {
    /// The node it speaks for.
    pub instance_id: String,
    /// The secret that must have signed the request.
    pub secret_access_key: Secret,
    /// Epoch milliseconds.
    pub expires_at: i64,
}

/// A new access key id: `prefix` and 16 characters.
pub fn access_key_id(prefix: &str) -> Result<String, SealError> {
    Ok(format!("{prefix}{}", sealed::random_text(BASE32, 16)?))
}

/// New credentials for a node.
pub fn issue(key: &MasterKey, instance_id: &str, now: i64) -> Result<Issued, SealError> {
    let expires_at = now + LIFETIME_MS;
    let access_key_id = access_key_id("ASIA")?;
    let claims = serde_json::json!({ "node": instance_id, "key": access_key_id, "until": expires_at });
    let token = STANDARD.encode(key.seal(BELONGS_TO, claims.to_string().as_bytes())?);
    let secret_access_key = secret(key, &access_key_id, &token);
    Ok(Issued { access_key_id, secret_access_key, session_token: token.into(), expires_at })
}

/// Opens a token presented with an access key id. `None` unless this installation issued both together. Whether it has expired and
/// whether the node still exists is the caller's to check.
pub fn open(key: &MasterKey, access_key_id: &str, token: &Secret) -> Option<Session> {
    if token.expose().len() > MAX_TOKEN {
        return None;
    }
    let envelope = STANDARD.decode(token.expose()).ok()?;
    let claims: Claims = serde_json::from_slice(&key.unseal(BELONGS_TO, &envelope).ok()?).ok()?;
    (claims.key == access_key_id).then(|| Session {
        secret_access_key: secret(key, access_key_id, token.expose()),
        instance_id: claims.node,
        expires_at: claims.until,
    })
}

fn secret(key: &MasterKey, access_key_id: &str, token: &str) -> Secret {
    let derived = key.derive(SECRET_LABEL, format!("{access_key_id}\n{token}").as_bytes());
    let mut text = STANDARD.encode(*derived);
    text.truncate(SECRET_LENGTH);
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_with_its_own_key_id_and_master_key_only() {
        let key = MasterKey::from_bytes([7; 32]);
        let issued = issue(&key, "mi-0123456789abcdef0", 1_000).unwrap();
        assert!(issued.access_key_id.starts_with("ASIA") && issued.access_key_id.len() == 20);
        assert_eq!(issued.secret_access_key.expose().len(), 40);
        let session = open(&key, &issued.access_key_id, &issued.session_token).unwrap();
        assert_eq!(session.instance_id, "mi-0123456789abcdef0");
        assert_eq!(session.secret_access_key, issued.secret_access_key);
        assert_eq!(session.expires_at, 1_000 + LIFETIME_MS);

        let other = issue(&key, "mi-0123456789abcdef0", 1_000).unwrap();
        assert!(open(&key, &other.access_key_id, &issued.session_token).is_none());
        assert!(open(&MasterKey::from_bytes([8; 32]), &issued.access_key_id, &issued.session_token).is_none());
        for bad in ["", "AAAA", &"A".repeat(10_000)] {
            assert!(open(&key, &issued.access_key_id, &bad.into()).is_none());
        }
    }
}
