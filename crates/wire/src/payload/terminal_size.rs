//! Payload type 3 of a data channel's input stream: the client's terminal has this size (session-protocol 3.3).

use serde::{Deserialize, Serialize};

use super::{PayloadError, from_json, to_json};

/// Columns and rows. A stock agent cuts each to sixteen bits; a larger number than that is the largest here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    #[serde(deserialize_with = "saturated")]
    pub cols: u16,
    #[serde(deserialize_with = "saturated")]
    pub rows: u16,
}

impl TerminalSize {
    pub fn to_bytes(self) -> Vec<u8> {
        to_json(&self)
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        if payload.len() > 256 {
            return Err(PayloadError::TooLong(payload.len()));
        }
        from_json(payload)
    }
}

fn saturated<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let number = u64::deserialize(deserializer)?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let text = r#"{"cols":80,"rows":24}"#;
        let size = TerminalSize::from_payload(text.as_bytes()).unwrap();
        assert_eq!(size, TerminalSize { cols: 80, rows: 24 });
        assert_eq!(size.to_bytes(), text.as_bytes());
        assert_eq!(TerminalSize::from_payload(br#"{"cols":99999,"rows":1}"#).unwrap().cols, u16::MAX);
        assert!(TerminalSize::from_payload(br#"{"cols":-1,"rows":1}"#).is_err());
    }
}
