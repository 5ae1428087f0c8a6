//! The node's RSA-2048 key pair, as the hub and the stock agent know it (agent-protocol 2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qd_wire::rsa_token::PrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use serde::{Deserialize, Serialize};

/// A key pair in text. The private half never leaves this machine and is never printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeKey {
    /// Base64 of DER PKCS#1.
    private_key: String,
    /// Base64 of DER SubjectPublicKeyInfo, 392 characters.
    pub public_key: String,
    /// Epoch seconds of its making.
    pub created: i64,
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKey").field("private_key", &"***").field("created", &self.created).finish()
    }
}

impl NodeKey {
    /// Makes a new pair; takes a second or so on a small machine.
    pub fn generate() -> Result<Self, String> {
        let pair = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(|error| error.to_string())?;
        let private = pair.to_pkcs1_der().map_err(|error| error.to_string())?;
        let public = pair.to_public_key().to_public_key_der().map_err(|error| error.to_string())?;
        Ok(Self {
            private_key: STANDARD.encode(private.as_bytes()),
            public_key: STANDARD.encode(public.as_bytes()),
            created: jiff::Timestamp::now().as_second(),
        })
    }

    /// The key for signing.
    pub fn signer(&self) -> Result<PrivateKey, String> {
        let der = STANDARD.decode(&self.private_key).map_err(|_| "key.json is damaged".to_owned())?;
        PrivateKey::from_pkcs1(&der).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_the_expected_form_signs_and_does_not_print() {
        let key = NodeKey::generate().unwrap();
        assert_eq!(key.public_key.len(), 392);
        assert_eq!(key.signer().unwrap().sign(b"text").unwrap().len(), 344);
        assert!(!format!("{key:?}").contains(&key.private_key));
    }
}
