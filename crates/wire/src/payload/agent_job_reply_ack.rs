//! `agent_job_reply_ack`: the hub has the reply on disk; without it the agent sends the reply again (agent-protocol 4.9).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{JobId, json_payload};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentJobReplyAck {
    pub job_id: JobId,
    /// Message id of the `agent_job_reply` frame, the same however often it was sent.
    pub acknowledged_message_id: Uuid,
}
json_payload!(AgentJobReplyAck, AgentJobReplyAck);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let ack = AgentJobReplyAck { job_id: JobId::new("c", "mi-1").unwrap(), acknowledged_message_id: Uuid::from_u128(7) };
        let text = r#"{"jobId":"aws.ssm.c.mi-1","acknowledgedMessageId":"00000000-0000-0000-0000-000000000007"}"#;
        assert_eq!(ack.encode(), text);
        assert_eq!(AgentJobReplyAck::decode(text.as_bytes()).unwrap(), ack);
    }
}
