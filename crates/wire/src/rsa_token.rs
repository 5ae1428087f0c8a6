//! The RSA-PSS flavour of a request signature: how a node that has a registered key, but no credentials yet, asks for its role
//! token and rotates its key (agent-protocol 2.6).
//!
//! Everything is as in [`crate::sigv4`], the label `AWS4-HMAC-SHA256` included, but for the last step: the access key id is the
//! instance id, and the signature is base64(RSASSA-PSS(SHA-256(string to sign))) with MGF1-SHA-256 and a salt of 32 bytes. The
//! string to sign is hashed once, by the signer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, UnparsedPublicKey};

use crate::reader::Reader;
use crate::sigv4::{AuthError, Presented, RequestParts, Scope, check_time, payload_hash};
use crate::sigv4::{canonical, sign_parts};

/// The longest key that is read: SPKI of RSA-8192 and some.
const MAX_KEY_BYTES: usize = 2048;

/// A key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a PKCS#1 private key of 2048 bits or more.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS#1 DER")]
    Private,
    /// Not an RSA SubjectPublicKeyInfo.
    #[error("the public key is not an RSA key in DER SubjectPublicKeyInfo")]
    Public,
    /// The random source failed.
    #[error("signing failed")]
    Signing,
}

/// A node's private key, parsed once. Never printed.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// `der` is PKCS#1, at least 2048 bits.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        KeyPair::from_der(der).map(Self).map_err(|_| KeyError::Private)
    }

    /// Base64 of the PSS signature over `message`.
    pub fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| KeyError::Signing)?;
        Ok(STANDARD.encode(signature))
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

/// The headers to add to a request of service `ssm`, `authorization` last. As in [`crate::sigv4::sign`], `host` must be among the
/// headers of `parts`.
pub fn sign(
    parts: &RequestParts,
    instance_id: &str,
    key: &PrivateKey,
    region: &str,
    now: Timestamp,
) -> Result<Vec<(String, String)>, KeyError> {
    sign_parts(parts, instance_id, None, &Scope::new(now, region, "ssm"), now, |text| key.sign(text.as_bytes()))
}

/// Verifies a request against the public key registered for `presented.access_key_id`, DER SubjectPublicKeyInfo. Time and body
/// are checked as for any signature.
pub fn verify(
    presented: &Presented,
    parts: &RequestParts,
    spki_der: &[u8],
    now: Timestamp,
    max_skew: SignedDuration,
) -> Result<(), AuthError> {
    check_time(presented, now, max_skew)?;
    let hash = payload_hash(presented, parts)?;
    let text = canonical::string_to_sign(parts, &presented.signed_headers, &presented.amz_date, &presented.scope, &hash);
    // A key that does not parse was never registered; to the caller that is an unknown client.
    let key = pkcs1_of_spki(spki_der).map_err(|_| AuthError::UnrecognizedClient)?;
    let signature = STANDARD.decode(&presented.signature).map_err(|_| AuthError::Mismatch)?;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(text.as_bytes(), &signature).map_err(|_| AuthError::Mismatch)
}

/// OBJECT IDENTIFIER rsaEncryption and its NULL parameter.
const RSA_ENCRYPTION: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The RSAPublicKey inside a SubjectPublicKeyInfo: SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { RSAPublicKey } }.
/// Also what a hub checks before it accepts a key at registration.
pub fn pkcs1_of_spki(spki: &[u8]) -> Result<&[u8], KeyError> {
    if spki.len() > MAX_KEY_BYTES {
        return Err(KeyError::Public);
    }
    let mut outer = Reader::new(spki);
    let mut info = Reader::new(value(&mut outer, 0x30)?);
    let algorithm = value(&mut info, 0x30)?;
    let bits = value(&mut info, 0x03)?;
    let whole = outer.left() == 0 && info.left() == 0;
    match bits.split_first() {
        // No unused bits in the last byte.
        Some((0, key)) if whole && algorithm == RSA_ENCRYPTION => {
            let mut inner = Reader::new(key);
            let mut members = Reader::new(value(&mut inner, 0x30)?);
            value(&mut members, 0x02)?;
            value(&mut members, 0x02)?;
            if inner.left() == 0 && members.left() == 0 { Ok(key) } else { Err(KeyError::Public) }
        }
        _ => Err(KeyError::Public),
    }
}

/// The content of the next DER element, which must have that tag and a definite, minimal length.
fn value<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<&'a [u8], KeyError> {
    let truncated = |_| KeyError::Public;
    let [found, first] = reader.array().map_err(truncated)?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81 => usize::from(reader.array::<1>().map_err(truncated)?[0]),
        0x82 => usize::from(reader.u16().map_err(truncated)?),
        _ => return Err(KeyError::Public),
    };
    let minimal = match first {
        0x81 => length > 0x7f,
        0x82 => length > 0xff,
        _ => true,
    };
    if found != tag || !minimal {
        return Err(KeyError::Public);
    }
    reader.take(length).map_err(truncated)
}
