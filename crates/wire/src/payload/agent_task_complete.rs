//! `agent_task_complete`: a session has ended on the node (agent-protocol 4.11). Sent up to three times with one message id.

use serde::{Deserialize, Serialize};

use super::{DocumentStatus, json_payload, null_default};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentTaskComplete {
    #[serde(default)]
    pub schema_version: u32,
    /// The session id.
    pub task_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub topic: String,
    #[serde(default, deserialize_with = "null_default")]
    pub final_task_status: DocumentStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub is_routing_failure: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub aws_account_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    /// Why a session failed, such as a missing RunAs user.
    #[serde(default, deserialize_with = "null_default")]
    pub output: String,
    #[serde(default, deserialize_with = "null_default", rename = "S3Bucket")]
    pub s3_bucket: String,
    #[serde(default, deserialize_with = "null_default", rename = "S3UrlSuffix")]
    pub s3_url_suffix: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cwl_group: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cwl_stream: String,
    #[serde(default, deserialize_with = "null_default")]
    pub retry_number: i64,
}
json_payload!(AgentTaskComplete, AgentTaskComplete);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"SchemaVersion":1,"TaskId":"user-1","Topic":"agent_task_complete","FinalTaskStatus":"Success","IsRoutingFailure":false,"AwsAccountId":"","InstanceId":"mi-1","Output":"","S3Bucket":"","S3UrlSuffix":"","CwlGroup":"","CwlStream":"","RetryNumber":0}"#;
        let complete = AgentTaskComplete::decode(text.as_bytes()).unwrap();
        assert_eq!(complete.final_task_status, DocumentStatus::Success);
        assert_eq!(complete.encode(), text);
    }
}
