//! `agent_task_acknowledge`: the hub knows that a session has ended (agent-protocol 4.11).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json_payload;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentTaskAcknowledge {
    #[serde(default)]
    pub schema_version: u32,
    /// Message id of the `agent_task_complete` frame.
    pub message_id: Uuid,
    /// The session id.
    pub task_id: String,
    pub topic: String,
}
json_payload!(AgentTaskAcknowledge, AgentTaskAcknowledge);

impl AgentTaskAcknowledge {
    pub fn new(message_id: Uuid, session_id: &str) -> Self {
        Self { schema_version: 1, message_id, task_id: session_id.into(), topic: "agent_task_complete".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text =
            r#"{"SchemaVersion":1,"MessageId":"00000000-0000-0000-0000-000000000001","TaskId":"user-1","Topic":"agent_task_complete"}"#;
        let acknowledge = AgentTaskAcknowledge::new(Uuid::from_u128(1), "user-1");
        assert_eq!(acknowledge.encode(), text);
        assert_eq!(AgentTaskAcknowledge::decode(text.as_bytes()).unwrap(), acknowledge);
    }
}
