//! Why this exists: a hub takes each public key once, and finding primes for ten thousand nodes would take half an hour. All simulated
//! nodes share one pair of primes and differ in their public exponent: each key is a proper one, only not secret from the others.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qd_client::PrivateKey;
use rsa::BigUint;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PrivateKeyParts;

/// The smallest exponent that peers accept.
const FIRST_EXPONENT: u64 = 65_537;

/// A node's key, with its public half as the registration wants it (base64 of DER SubjectPublicKeyInfo).
pub struct NodeKey {
    pub private: PrivateKey,
    pub public: String,
}

/// Gives one key after another.
pub struct Keys {
    primes: Vec<BigUint>,
    exponent: u64,
}

impl Keys {
    /// Finds the primes: a second or so.
    pub fn new() -> anyhow::Result<Keys> {
        let pair = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).context("making a key pair")?;
        Ok(Keys { primes: pair.primes().to_vec(), exponent: FIRST_EXPONENT })
    }

    /// The next key.
    pub fn next(&mut self) -> anyhow::Result<NodeKey> {
        let [p, q] = self.primes.as_slice() else { anyhow::bail!("a key pair of two primes was expected") };
        loop {
            let exponent = BigUint::from(self.exponent);
            self.exponent += 2;
            // An exponent that divides one of the primes' predecessors has no counterpart.
            let Ok(pair) = rsa::RsaPrivateKey::from_p_q(p.clone(), q.clone(), exponent) else { continue };
            let public = pair.to_public_key().to_public_key_der().context("writing a public key")?;
            let private = pair.to_pkcs1_der().context("writing a private key")?;
            let Ok(private) = PrivateKey::from_pkcs1(private.as_bytes()) else { continue };
            return Ok(NodeKey { private, public: STANDARD.encode(public.as_bytes()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_sign() {
        let mut keys = Keys::new().unwrap();
        let made: Vec<NodeKey> = (0..3).map(|_| keys.next().unwrap()).collect();
        assert!(made[0].public != made[1].public && made[1].public != made[2].public);
        assert!(made.iter().all(|key| key.private.sign(b"message").unwrap().len() == 344));
    }
}
