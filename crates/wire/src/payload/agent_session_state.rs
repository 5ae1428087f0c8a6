//! `agent_session_state`: how a session stands on its node (session-protocol 6.4, 6.5). For the hub, which does not pass it on; without
//! a number, sent with both flags.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{json_payload, null_default, wire_words};
use crate::agent_message::{AgentMessage, FLAG_FIN, FLAG_SYN};

wire_words! {
    /// What an agent says of a session.
    SessionState {
        /// The data channel is open.
        Connected = "Connected",
        /// All output has been sent; the channel is about to close.
        Terminating = "Terminating",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentSessionState {
    #[serde(default)]
    pub schema_version: u32,
    pub session_state: SessionState,
    #[serde(default, deserialize_with = "null_default")]
    pub session_id: String,
}
json_payload!(AgentSessionState, AgentSessionState);

impl AgentSessionState {
    pub fn new(session_id: &str, session_state: SessionState) -> Self {
        Self { schema_version: 1, session_state, session_id: session_id.into() }
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
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"SchemaVersion":1,"SessionState":"Connected","SessionId":"user-1"}"#;
        let state = AgentSessionState::decode(text.as_bytes()).unwrap();
        assert_eq!(state, AgentSessionState::new("user-1", SessionState::Connected));
        assert_eq!(state.encode(), text);
        assert_eq!(state.into_message(Uuid::from_u128(1), 1).flags, 3);
    }
}
