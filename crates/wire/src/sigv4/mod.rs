//! AWS Signature Version 4, both ways: [`sign`] and [`presign`] for what our client sends, [`parse`] and [`verify`] for what the
//! hub receives from the AWS CLI, SDKs, stock agents and ourselves.
//!
//! The two halves share one canonicalisation ([`canonical`]), which knows that S3 paths are encoded once and taken as they are
//! while every other service normalises the path and encodes it again. Quirks of stock agents are handled here and not at the
//! callers: a body hash that is sent but not signed, or signed but not sent (agent-protocol 2.6, 4.1).
//!
//! With HTTP/2 there is no `host` header: the caller adds one from `:authority` before it parses.

pub mod canonical;
pub mod chunked;
mod error;
mod key;
mod presented;
mod sign;
mod verify;

pub use error::AuthError;
pub use key::{Credentials, Scope, Secret, SigningKey};
pub use presented::{ContentSha256, Presented, parse};
pub(crate) use sign::sign_parts;
pub use sign::{presign, sign};
pub use verify::{DEFAULT_MAX_SKEW, MAX_PRESIGNED_SECONDS, check_time, payload_hash, verify, verify_with_key};

use sha2::{Digest, Sha256};

/// The algorithm label; the RSA flavour of agents carries it as well.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Payload hash of a body that is not part of the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request as it is on the wire.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    pub method: &'a str,
    /// Percent-encoded, without the query.
    pub path: &'a str,
    /// Percent-encoded, without the question mark; empty when there is none.
    pub query: &'a str,
    /// In order of appearance, names in any case. Contains `host`.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Body<'a>,
}

/// What is known of a body.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    Bytes(&'a [u8]),
    /// SHA-256 of a body that was hashed elsewhere.
    Digest([u8; 32]),
    /// Not read yet: a verified request then depends on what its header says of the body ([`Presented::content_sha256`]).
    Unread,
}

impl Body<'_> {
    /// Lower-case hex SHA-256, or `None` when unread.
    pub fn hex(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(hex::encode(Sha256::digest(bytes))),
            Self::Digest(digest) => Some(hex::encode(digest)),
            Self::Unread => None,
        }
    }
}

impl<'a> RequestParts<'a> {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}
