//! `quarterdeck_notice`: our hub tells a session's client that the session is about to end. A stock client passes over it.

use serde::Deserialize;

use super::{PayloadError, from_json, null_default};

/// Its message type.
pub const NAME: &str = "quarterdeck_notice";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionNotice {
    /// Which limit it is: `Idle` or `MaxDuration`.
    #[serde(default, deserialize_with = "null_default")]
    pub kind: String,
    /// Until the end.
    #[serde(default, deserialize_with = "null_default")]
    pub seconds: u64,
}

impl SessionNotice {
    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        if payload.len() > 4096 {
            return Err(PayloadError::TooLong(payload.len()));
        }
        from_json(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let notice = SessionNotice::from_payload(br#"{"Kind":"Idle","Seconds":60}"#).unwrap();
        assert_eq!((notice.kind.as_str(), notice.seconds), ("Idle", 60));
        assert!(SessionNotice::from_payload(br#"{"Seconds":-1}"#).is_err());
    }
}
