//! Identifiers as types that parse, so that no bare string id crosses a function (formats: semantics 0.14).
//!
//! New ids are made from random bytes the caller brings: this crate has no randomness.

mod ids;

pub use ids::*;

use std::fmt;
use std::str::FromStr;

/// A text that is not an identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId {
    /// The kind, such as `InstanceId`.
    pub kind: &'static str,
    /// The text given, cut to 64 characters.
    pub value: String,
}

impl InvalidId {
    fn new(kind: &'static str, value: &str) -> Self {
        Self { kind, value: value.chars().take(64).collect() }
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a valid {}", self.value, self.kind)
    }
}

impl std::error::Error for InvalidId {}

/// Which version of a document is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DocumentVersion {
    /// `$DEFAULT`, also meant by an absent version.
    #[default]
    Default,
    /// `$LATEST`.
    Latest,
    /// A number from 1.
    Number(u32),
}

impl fmt::Display for DocumentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("$DEFAULT"),
            Self::Latest => f.write_str("$LATEST"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for DocumentVersion {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "$DEFAULT" => Ok(Self::Default),
            "$LATEST" => Ok(Self::Latest),
            _ if text.starts_with(|c: char| ('1'..='9').contains(&c)) && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map(Self::Number).map_err(|_| InvalidId::new("DocumentVersion", text))
            }
            _ => Err(InvalidId::new("DocumentVersion", text)),
        }
    }
}

/// Lower-case hex digits of `bytes`, `count` of them.
fn hex_digits(bytes: &[u8], count: usize) -> String {
    let mut digits = hex::encode(bytes);
    digits.truncate(count);
    digits
}

#[cfg(test)]
mod tests;
