//! The newtypes, one macro for what they share.

use super::{InvalidId, hex_digits};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> Option<String> = $check;
                check(text).map(Self).ok_or_else(|| InvalidId::new(stringify!($name), text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A command: a lower-case uuid.
    CommandId: uuid;
    /// An activation: a lower-case uuid.
    ActivationId: uuid;
    /// A State Manager association: a lower-case uuid.
    AssociationId: uuid;
    /// An execution of an association, a runbook or a maintenance window, or one of its parts: a lower-case uuid.
    ExecutionId: uuid;
    /// A managed node: `i-` with 8 or 17 word characters, or `mi-` with 17.
    InstanceId: |text| match text.strip_prefix("mi-") {
        Some(rest) => exactly(text, rest, &[17], word),
        None => exactly(text, text.strip_prefix("i-")?, &[8, 17], word),
    };
    /// A maintenance window: `mw-` with 17 hex digits.
    WindowId: |text| exactly(text, text.strip_prefix("mw-")?, &[17], hex);
    /// A patch baseline: `pb-` with 17 hex digits.
    BaselineId: |text| exactly(text, text.strip_prefix("pb-")?, &[17], hex);
    /// An OpsItem or access request: `oi-` with 12 hex digits.
    OpsItemId: |text| exactly(text, text.strip_prefix("oi-")?, &[12], hex);
    /// A session: any 1 to 96 printable characters without blanks. Its parts are nobody's business (semantics 0.14).
    SessionId: |text| ((1..=96).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic() && c != '/')).then(|| text.to_owned());
    /// An AWS account: 12 digits.
    AccountId: |text| exactly(text, text, &[12], |c| c.is_ascii_digit());
    /// A document's own name: 3 to 128 of `a-zA-Z0-9_-.`.
    DocumentName: |text| ((3..=128).contains(&text.len()) && text.chars().all(|c| word(c) || c == '-' || c == '.')).then(|| text.to_owned());
    /// How a request names a document: its name, or the ARN of a shared one.
    DocumentReference: |text| {
        ((3..=128).contains(&text.len()) && text.chars().all(|c| word(c) || "-.:/".contains(c))).then(|| text.to_owned())
    };
}

fn uuid(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(index, byte)| if matches!(index, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() });
    shaped.then(|| text.to_ascii_lowercase())
}

fn exactly(text: &str, rest: &str, lengths: &[usize], allowed: impl Fn(char) -> bool) -> Option<String> {
    (lengths.contains(&rest.len()) && rest.chars().all(allowed)).then(|| text.to_owned())
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn hex(c: char) -> bool {
    matches!(c, '0'..='9' | 'a'..='f')
}

macro_rules! random_uuid {
    ($($name:ident)*) => {$(
        impl $name {
            /// A new id from 16 random bytes, as a version 4 uuid.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string())
            }
        }
    )*};
}

random_uuid!(CommandId ActivationId AssociationId ExecutionId);

macro_rules! random_hex {
    ($($name:ident $prefix:literal $digits:literal)*) => {$(
        impl $name {
            /// A new id from random bytes.
            pub fn from_random(bytes: [u8; 9]) -> Self {
                Self(format!(concat!($prefix, "{}"), hex_digits(&bytes, $digits)))
            }
        }
    )*};
}

random_hex! {
    InstanceId "mi-" 17
    WindowId "mw-" 17
    BaselineId "pb-" 17
    OpsItemId "oi-" 12
}

impl InstanceId {
    /// Registered by an activation (`mi-`), rather than a machine of EC2 (`i-`).
    pub fn is_managed(&self) -> bool {
        self.0.starts_with("mi-")
    }
}

impl DocumentReference {
    /// The document's own name: what follows the last `/` of an ARN.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The account in an ARN; empty for a document of AWS, `None` for a plain name.
    pub fn account(&self) -> Option<&str> {
        let mut parts = self.0.strip_prefix("arn:")?.split(':');
        parts.nth(3)
    }
}

impl From<DocumentName> for DocumentReference {
    fn from(name: DocumentName) -> Self {
        Self(name.0)
    }
}
