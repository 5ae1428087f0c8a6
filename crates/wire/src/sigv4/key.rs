//! Credentials, scopes and the key derived from both.

use std::fmt;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text that is wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; for signing and for storage that protects it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// An access key, with the session token that temporary ones have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
}

impl Credentials {
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>, session_token: Option<Secret>) -> Self {
        Self { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into(), session_token }
    }
}

/// What a signature is good for: a day, a region, a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `YYYYMMDD`, UTC.
    pub date: String,
    pub region: String,
    pub service: String,
}

impl Scope {
    pub fn new(time: Timestamp, region: &str, service: &str) -> Self {
        Self { date: time.strftime("%Y%m%d").to_string(), region: region.into(), service: service.into() }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// The key derived from a secret for one scope. Deriving costs four HMACs: a verifier may keep it for the day, keyed by access
/// key and scope.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// `date` is `YYYYMMDD`.
    pub fn derive(secret: &Secret, date: &str, region: &str, service: &str) -> Self {
        let mut first = format!("AWS4{}", secret.expose());
        let mut key = mac(first.as_bytes(), date.as_bytes());
        first.zeroize();
        for part in [region, service, "aws4_request"] {
            key = mac(&key, part.as_bytes());
        }
        Self(key)
    }

    pub fn for_scope(secret: &Secret, scope: &Scope) -> Self {
        Self::derive(secret, &scope.date, &scope.region, &scope.service)
    }

    /// Lower-case hex signature of a string to sign.
    pub fn signature(&self, string_to_sign: &str) -> String {
        hex::encode(mac(&self.0, string_to_sign.as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_key_is_the_published_one() {
        // The worked example of AWS's signing documentation.
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let key = SigningKey::derive(&secret, "20150830", "us-east-1", "iam");
        assert_eq!(hex::encode(key.0), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }

    #[test]
    fn secrets_do_not_print() {
        let credentials = Credentials::new("AKIDEXAMPLE", "hush", Some("shh".into()));
        let text = format!("{credentials:?} {:?}", SigningKey([7; 32]));
        assert!(!text.contains("hush") && !text.contains("shh") && !text.contains('7'), "{text}");
    }
}
