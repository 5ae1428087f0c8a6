//! The handshake of a data channel (session-protocol 4): the agent says what kind of session this is, the client what it can do.
//!
//! Stream messages, not messages of their own: they travel as payload types 5 to 9 of the two streams. Our two ends add a member
//! `Quarterdeck`, which a stock peer's reader passes over; where both sides have it, they speak the fast path, see
//! [`crate::data_channel`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PayloadError, from_json, null_default, to_json};

/// The longest handshake message that is read.
pub const MAX_HANDSHAKE_BYTES: usize = 64 * 1024;
/// Actions that are looked at in one message; a stock agent asks for two.
const MAX_ACTIONS: usize = 16;

/// What of the protocol's extension a peer of ours offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FastPath {
    /// 1; other versions are taken as none.
    #[serde(default)]
    pub version: u32,
    /// Bytes of payload, counted from the first message of the stream, that the sender of this takes. See [`super::acknowledge::Window`].
    #[serde(default)]
    pub limit: u64,
    /// The client's terminal, so that a shell has the right size from its first byte; 0 is unknown.
    #[serde(default)]
    pub cols: u16,
    #[serde(default)]
    pub rows: u16,
    /// The highest version of smux the sender knows; a stock peer's is 1.
    #[serde(default)]
    pub mux: u8,
}

impl FastPath {
    /// The version of this build.
    pub const VERSION: u32 = 1;
}

/// Agent to client, payload type 5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeRequest {
    /// Four integers with dots, or a stock client falls back to the oldest behaviour.
    #[serde(default, deserialize_with = "null_default")]
    pub agent_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub requested_client_actions: Vec<RequestedAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarterdeck: Option<FastPath>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestedAction {
    #[serde(default, deserialize_with = "null_default")]
    pub action_type: String,
    #[serde(default)]
    pub action_parameters: Value,
}

/// The action that names the kind of session.
pub const SESSION_TYPE: &str = "SessionType";
/// The action that asks for encryption with a key of AWS KMS.
pub const KMS_ENCRYPTION: &str = "KMSEncryption";

impl HandshakeRequest {
    /// What an agent asks for a session of `session_type`; `properties` are the document's, for a Port session.
    pub fn new(agent_version: &str, session_type: &str, properties: Value, quarterdeck: Option<FastPath>) -> Self {
        let mut parameters = Map::new();
        parameters.insert("SessionType".into(), session_type.into());
        parameters.insert("Properties".into(), properties);
        let action = RequestedAction { action_type: SESSION_TYPE.into(), action_parameters: Value::Object(parameters) };
        Self { agent_version: agent_version.into(), requested_client_actions: vec![action], quarterdeck }
    }

    /// Kind of session and the document's properties, if the request names a kind.
    pub fn session_type(&self) -> Option<(&str, &Value)> {
        let action = self.requested_client_actions.iter().find(|action| action.action_type == SESSION_TYPE)?;
        let name = action.action_parameters.get("SessionType")?.as_str()?;
        Some((name, action.action_parameters.get("Properties").unwrap_or(&Value::Null)))
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        let request: Self = bounded(payload)?;
        if request.requested_client_actions.len() > MAX_ACTIONS {
            return Err(PayloadError::Malformed("more actions than there are"));
        }
        Ok(request)
    }
}

/// Client to agent, payload type 6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeResponse {
    #[serde(default, deserialize_with = "null_default")]
    pub client_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub processed_client_actions: Vec<ProcessedAction>,
    #[serde(default)]
    pub errors: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarterdeck: Option<FastPath>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessedAction {
    #[serde(default, deserialize_with = "null_default")]
    pub action_type: String,
    /// 1 success, 2 failed, 3 unsupported; a stock client leaves 0 for what it does not know.
    #[serde(default, deserialize_with = "null_default")]
    pub action_status: u32,
    #[serde(default)]
    pub action_result: Value,
    #[serde(default, deserialize_with = "null_default")]
    pub error: String,
}

/// Values of [`ProcessedAction::action_status`].
pub const ACTION_SUCCESS: u32 = 1;
pub const ACTION_FAILED: u32 = 2;
pub const ACTION_UNSUPPORTED: u32 = 3;

impl HandshakeResponse {
    /// Why the client cannot take part, in its own words where it has some.
    pub fn refusal(&self) -> Option<String> {
        let refused = self.processed_client_actions.iter().find(|action| action.action_status != ACTION_SUCCESS);
        let said = self.errors.iter().flatten().find(|text| !text.is_empty()).cloned();
        match refused {
            Some(action) if action.error.is_empty() => {
                Some(said.unwrap_or_else(|| format!("the client does not do {}", action.action_type)))
            }
            Some(action) => Some(format!("the client refused {}: {}", action.action_type, action.error)),
            None => said,
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        let response: Self = bounded(payload)?;
        if response.processed_client_actions.len() > MAX_ACTIONS {
            return Err(PayloadError::Malformed("more actions than there are"));
        }
        Ok(response)
    }
}

/// Agent to client, payload type 7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeComplete {
    /// Nanoseconds.
    #[serde(default, deserialize_with = "null_default")]
    pub handshake_time_to_complete: i64,
    /// Shown to the person, if any.
    #[serde(default, deserialize_with = "null_default")]
    pub customer_message: String,
}

impl HandshakeComplete {
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        bounded(payload)
    }
}

/// Payload types 8 and 9: something encrypted, in base64, that the other side decrypts and encrypts again (session-protocol 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionChallenge {
    pub challenge: String,
}

impl EncryptionChallenge {
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    pub fn from_payload(payload: &[u8]) -> Result<Self, PayloadError> {
        bounded(payload)
    }
}

fn bounded<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, PayloadError> {
    if payload.len() > MAX_HANDSHAKE_BYTES {
        return Err(PayloadError::TooLong(payload.len()));
    }
    from_json(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_request_of_a_stock_agent() {
        let text = r#"{"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"22"}}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k","Challenge":"AAAA"}}]}"#;
        let request = HandshakeRequest::from_payload(text.as_bytes()).unwrap();
        assert_eq!(request.session_type().unwrap().0, "Port");
        assert_eq!(request.to_bytes(), text.as_bytes());
        assert_eq!(request.quarterdeck, None);
    }

    #[test]
    fn golden_response_of_a_stock_client() {
        let text = r#"{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;
        let response = HandshakeResponse::from_payload(text.as_bytes()).unwrap();
        assert_eq!(response.refusal(), None);
        assert_eq!(response.to_bytes(), text.as_bytes());
    }

    #[test]
    fn an_action_that_was_not_done_is_a_refusal() {
        let text = r#"{"ProcessedClientActions":[{"ActionType":"KMSEncryption","ActionStatus":2,"Error":"no KMS"}]}"#;
        let refusal = HandshakeResponse::from_payload(text.as_bytes()).unwrap().refusal().unwrap();
        assert!(refusal.contains("KMSEncryption") && refusal.contains("no KMS"), "{refusal}");
        let unknown = r#"{"ProcessedClientActions":[{"ActionType":"New","ActionStatus":0,"ActionResult":3}],"Errors":["why"]}"#;
        assert_eq!(HandshakeResponse::from_payload(unknown.as_bytes()).unwrap().refusal().unwrap(), "why");
    }

    #[test]
    fn golden_complete_and_challenge() {
        let text = r#"{"HandshakeTimeToComplete":1000,"CustomerMessage":""}"#;
        assert_eq!(HandshakeComplete::from_payload(text.as_bytes()).unwrap().to_bytes(), text.as_bytes());
        let text = r#"{"Challenge":"AAAA"}"#;
        assert_eq!(EncryptionChallenge::from_payload(text.as_bytes()).unwrap().to_bytes(), text.as_bytes());
    }

    #[test]
    fn the_offer_is_a_member_that_stock_readers_pass_over() {
        let offer = FastPath { version: 1, limit: 9, ..FastPath::default() };
        let request = HandshakeRequest::new("3.3.1000.0", "Standard_Stream", Value::Null, Some(offer));
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert!(text.ends_with(r#","Quarterdeck":{"Version":1,"Limit":9,"Cols":0,"Rows":0,"Mux":0}}"#), "{text}");
        assert_eq!(HandshakeRequest::from_payload(text.as_bytes()).unwrap(), request);
        let many = format!(r#"{{"RequestedClientActions":[{}]}}"#, vec!["{}"; 17].join(","));
        assert!(HandshakeRequest::from_payload(many.as_bytes()).is_err());
        assert!(HandshakeRequest::from_payload(&vec![b' '; MAX_HANDSHAKE_BYTES + 1]).is_err());
    }
}
