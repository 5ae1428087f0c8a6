//! The first, textual frame on a control channel (agent-protocol 4.2). It proves, by the token, that the socket belongs to the
//! REST call before it; the hub answers nothing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PayloadError, from_json, null_default, to_json_text};

/// The longest opening text a hub reads.
pub const MAX_OPEN_BYTES: usize = 16 * 1024;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpenControlChannel {
    #[serde(default)]
    pub cookie: Option<String>,
    pub message_schema_version: String,
    pub request_id: Uuid,
    /// The token of `CreateControlChannel`.
    pub token_value: String,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_version: String,
    /// `linux`, `windows` or `darwin`.
    #[serde(default, deserialize_with = "null_default")]
    pub platform_type: String,
    /// What our agent can do beyond AWS's protocol; a stock agent has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarterdeck: Option<Announcement>,
}

/// Abilities of our agent, each with the version of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Announcement {
    /// Version of `quarterdeck_output` it can send; 0 is none.
    #[serde(default)]
    pub output: u32,
}

impl OpenControlChannel {
    /// What our agent says.
    pub fn ours(request_id: Uuid, token_value: String, agent_version: &str, platform_type: &str) -> Self {
        Self {
            cookie: None,
            message_schema_version: "1.0".into(),
            request_id,
            token_value,
            agent_version: agent_version.into(),
            platform_type: platform_type.into(),
            quarterdeck: Some(Announcement { output: 1 }),
        }
    }

    /// Whether the agent can stream output.
    pub fn streams_output(&self) -> bool {
        self.quarterdeck.is_some_and(|q| q.output >= 1)
    }

    pub fn to_text(&self) -> String {
        to_json_text(self)
    }

    pub fn from_text(text: &[u8]) -> Result<Self, PayloadError> {
        if text.len() > MAX_OPEN_BYTES {
            return Err(PayloadError::TooLong(text.len()));
        }
        from_json(text)
    }
}

impl std::fmt::Debug for OpenControlChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenControlChannel")
            .field("request_id", &self.request_id)
            .field("token_value", &"***")
            .field("agent_version", &self.agent_version)
            .field("platform_type", &self.platform_type)
            .field("quarterdeck", &self.quarterdeck)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_opening_round_trips_and_announces_nothing() {
        let text = r#"{"Cookie":null,"MessageSchemaVersion":"1.0","RequestId":"00000000-0000-0000-0000-000000000001","TokenValue":"t","AgentVersion":"3.3.0.0","PlatformType":"linux"}"#;
        let open = OpenControlChannel::from_text(text.as_bytes()).unwrap();
        assert!(!open.streams_output());
        assert_eq!(open.to_text(), text);
    }

    #[test]
    fn ours_announces_output_and_keeps_its_token_out_of_logs() {
        let open = OpenControlChannel::ours(Uuid::from_u128(1), "sesame".into(), "0.1.0", "linux");
        assert!(open.to_text().ends_with(r#""Quarterdeck":{"Output":1}}"#));
        assert!(OpenControlChannel::from_text(open.to_text().as_bytes()).unwrap().streams_output());
        assert!(!format!("{open:?}").contains("sesame"));
        assert_eq!(OpenControlChannel::from_text(&vec![b' '; MAX_OPEN_BYTES + 1]), Err(PayloadError::TooLong(MAX_OPEN_BYTES + 1)));
    }
}
