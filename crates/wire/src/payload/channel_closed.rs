//! `channel_closed`: the hub ends a session, on the control or the data channel (agent-protocol 4.11).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{iso8601_ms, json_payload, null_default};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChannelClosed {
    #[serde(default, deserialize_with = "null_default")]
    pub message_type: String,
    pub message_id: Uuid,
    /// The node.
    #[serde(default, deserialize_with = "null_default")]
    pub destination_id: String,
    pub session_id: String,
    #[serde(default)]
    pub schema_version: u32,
    #[serde(default, deserialize_with = "null_default")]
    pub created_date: String,
    /// Shown to a session client; absent towards an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}
json_payload!(ChannelClosed, ChannelClosed);

impl ChannelClosed {
    /// `created_date` in epoch milliseconds.
    pub fn new(message_id: Uuid, instance_id: &str, session_id: &str, created_date: u64) -> Self {
        Self {
            message_type: "channel_closed".into(),
            message_id,
            destination_id: instance_id.into(),
            session_id: session_id.into(),
            schema_version: 1,
            created_date: iso8601_ms(created_date),
            output: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let closed = ChannelClosed::new(Uuid::from_u128(1), "mi-1", "user-1", 1_795_343_638_616);
        let text = r#"{"MessageType":"channel_closed","MessageId":"00000000-0000-0000-0000-000000000001","DestinationId":"mi-1","SessionId":"user-1","SchemaVersion":1,"CreatedDate":"2026-11-22T10:33:58.616Z"}"#;
        assert_eq!(closed.encode(), text);
        assert_eq!(ChannelClosed::decode(text.as_bytes()).unwrap(), closed);
    }
}
