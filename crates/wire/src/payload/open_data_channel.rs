//! The first, textual frame on a data channel, from either end (session-protocol 2.1). The token says whose end this is; nothing is
//! answered.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::open_control_channel::MAX_OPEN_BYTES;
use super::{PayloadError, from_json, null_default, to_json_text};

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpenDataChannel {
    #[serde(default, deserialize_with = "null_default")]
    pub message_schema_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub request_id: String,
    pub token_value: String,
    /// An agent's node; a client has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_instance_id: Option<String>,
    /// A client's own id, the same at each resume; empty from a stock agent.
    #[serde(default, deserialize_with = "null_default")]
    pub client_id: String,
    /// Newer stock clients, and ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
}

impl OpenDataChannel {
    /// What our client says.
    pub fn client(request_id: Uuid, token_value: &str, client_id: Uuid, client_version: &str) -> Self {
        Self {
            message_schema_version: "1.0".into(),
            request_id: request_id.to_string(),
            token_value: token_value.into(),
            client_instance_id: None,
            client_id: client_id.to_string(),
            client_version: Some(client_version.into()),
        }
    }

    /// What our agent says.
    pub fn agent(request_id: Uuid, token_value: &str, instance_id: &str) -> Self {
        Self {
            message_schema_version: "1.0".into(),
            request_id: request_id.to_string(),
            token_value: token_value.into(),
            client_instance_id: Some(instance_id.into()),
            client_id: String::new(),
            client_version: None,
        }
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

impl std::fmt::Debug for OpenDataChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenDataChannel")
            .field("request_id", &self.request_id)
            .field("token_value", &"***")
            .field("client_instance_id", &self.client_instance_id)
            .field("client_id", &self.client_id)
            .field("client_version", &self.client_version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_texts_of_stock_peers() {
        for text in [
            r#"{"MessageSchemaVersion":"1.0","RequestId":"00000000-0000-0000-0000-000000000001","TokenValue":"sesame","ClientId":"00000000-0000-0000-0000-000000000002","ClientVersion":"1.2.650.0"}"#,
            r#"{"MessageSchemaVersion":"1.0","RequestId":"00000000-0000-0000-0000-000000000001","TokenValue":"sesame","ClientInstanceId":"mi-1","ClientId":""}"#,
        ] {
            let open = OpenDataChannel::from_text(text.as_bytes()).unwrap();
            assert_eq!(open.to_text(), text);
            assert!(!format!("{open:?}").contains("sesame"));
        }
        let ours = OpenDataChannel::agent(Uuid::from_u128(1), "sesame", "mi-1");
        assert_eq!(OpenDataChannel::from_text(ours.to_text().as_bytes()).unwrap(), ours);
        assert!(OpenDataChannel::from_text(b"{}").is_err());
        assert!(OpenDataChannel::from_text(&vec![b' '; MAX_OPEN_BYTES + 1]).is_err());
    }
}
