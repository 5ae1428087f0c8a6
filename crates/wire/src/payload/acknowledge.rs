//! `acknowledge`: a data-channel message has arrived (agent-protocol 4.13). Sent with both flags set.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json_payload;
use crate::agent_message::{AgentMessage, FLAG_FIN, FLAG_SYN};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Acknowledge {
    pub acknowledged_message_type: String,
    pub acknowledged_message_id: Uuid,
    pub acknowledged_message_sequence_number: i64,
    #[serde(default)]
    pub is_sequential_message: bool,
    /// Between our two ends; a stock peer neither writes nor reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarterdeck: Option<Window>,
}

/// One acknowledgement for many messages, and how much more may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Window {
    /// Every message up to this number has arrived; -1 is none.
    pub through: i64,
    /// Bytes of payload the receiver takes, counted from the first message of the stream. It never goes back, so that of two
    /// acknowledgements the larger number holds, whatever their order.
    pub limit: u64,
}
json_payload!(Acknowledge, Acknowledge);

impl Acknowledge {
    /// What answers `message`.
    pub fn of(message: &AgentMessage) -> Self {
        Self {
            acknowledged_message_type: message.message_type.to_string(),
            acknowledged_message_id: message.message_id,
            acknowledged_message_sequence_number: message.sequence_number,
            is_sequential_message: true,
            quarterdeck: None,
        }
    }

    /// The frame, with the flags stock peers set on it.
    pub fn into_message(self, message_id: Uuid, created_date: u64) -> AgentMessage {
        let mut message = AgentMessage::carrying(&self, message_id, created_date);
        message.flags = FLAG_SYN | FLAG_FIN;
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent_message::MessageType;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"00000000-0000-0000-0000-000000000009","AcknowledgedMessageSequenceNumber":4,"IsSequentialMessage":true}"#;
        let mut data = AgentMessage::new(MessageType::OutputStreamData, Uuid::from_u128(9), 5, "x".into());
        data.sequence_number = 4;
        let acknowledge = Acknowledge::of(&data);
        assert_eq!(acknowledge.encode(), text);
        assert_eq!(acknowledge.into_message(Uuid::from_u128(1), 1).flags, 3);
    }
}
