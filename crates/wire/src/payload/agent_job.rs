//! `agent_job`: the hub hands a command to a node, or cancels one (agent-protocol 4.6).
//!
//! The command itself is JSON text inside the JSON; the topic says which of the two it is.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{JobId, PayloadError, from_json, json_payload, null_default, to_json_text};

/// Topic prefix of a command.
pub const SEND_COMMAND: &str = "aws.ssm.sendCommand";
/// Topic prefix of a cancellation.
pub const CANCEL_COMMAND: &str = "aws.ssm.cancelCommand";

/// What a job asks for; topics are matched by prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobTopic {
    SendCommand,
    CancelCommand,
}

impl JobTopic {
    pub fn from_topic(topic: &str) -> Option<Self> {
        if topic.starts_with(SEND_COMMAND) {
            Some(Self::SendCommand)
        } else if topic.starts_with(CANCEL_COMMAND) {
            Some(Self::CancelCommand)
        } else {
            None
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendCommand => SEND_COMMAND,
            Self::CancelCommand => CANCEL_COMMAND,
        }
    }
}

/// The envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentJob {
    /// [`SendCommandContent`] or [`CancelCommandContent`] as JSON text.
    pub content: String,
    pub job_id: JobId,
    pub topic: String,
    #[serde(default)]
    pub schema_version: u32,
}
json_payload!(AgentJob, AgentJob);

impl AgentJob {
    /// A job that runs a command. `content.command_id` must be the job id's command id (agent-protocol 4.8).
    pub fn send(job_id: JobId, content: &SendCommandContent) -> Self {
        Self { content: to_json_text(content), job_id, topic: SEND_COMMAND.into(), schema_version: 1 }
    }

    /// A job that cancels another; `job_id` is its own, with a fresh command part.
    pub fn cancel(job_id: JobId, cancelled: JobId) -> Self {
        let content = CancelCommandContent { cancel_message_id: cancelled };
        Self { content: to_json_text(&content), job_id, topic: CANCEL_COMMAND.into(), schema_version: 1 }
    }

    /// `None` for a topic this build does not know.
    pub fn job_topic(&self) -> Option<JobTopic> {
        JobTopic::from_topic(&self.topic)
    }

    pub fn send_command(&self) -> Result<SendCommandContent, PayloadError> {
        from_json(self.content.as_bytes())
    }

    pub fn cancel_command(&self) -> Result<CancelCommandContent, PayloadError> {
        from_json(self.content.as_bytes())
    }
}

/// A command, complete: the agent never fetches the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendCommandContent {
    /// Parameter values as plain JSON: String is a string, StringList an array.
    #[serde(default, deserialize_with = "null_default")]
    pub parameters: Map<String, Value>,
    /// The document, an inline JSON object in the order its author wrote.
    pub document_content: Value,
    pub command_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub document_name: String,
    #[serde(default, deserialize_with = "null_default", rename = "OutputS3KeyPrefix")]
    pub output_s3_key_prefix: String,
    #[serde(default, deserialize_with = "null_default", rename = "OutputS3BucketName")]
    pub output_s3_bucket_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_watch_log_group_name: String,
    /// On the wire the text `"true"` or `"false"`.
    #[serde(default, with = "text_bool")]
    pub cloud_watch_output_enabled: bool,
    /// Only for an agent of ours that announced it; a stock agent would ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarterdeck: Option<QuarterdeckContent>,
}

/// What our hub asks of our agent beyond AWS's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarterdeckContent {
    /// Stream the output of each step while it runs ([`super::OutputChunk`]).
    #[serde(default)]
    pub output: bool,
}

impl SendCommandContent {
    /// Whether the hub wants output while the command runs.
    pub fn wants_output(&self) -> bool {
        self.quarterdeck.is_some_and(|q| q.output)
    }
}

/// Names the job to cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelCommandContent {
    pub cancel_message_id: JobId,
}

mod text_bool {
    use super::*;

    pub fn serialize<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *value { "true" } else { "false" })
    }

    /// Tolerates a real boolean, null and any capitalisation; everything else is false, as in the stock agent.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Bool(value) => value,
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;
    use serde_json::json;

    fn job_id() -> JobId {
        JobId::new("11111111-2222-4333-8444-555555555555", "mi-0123456789abcdef0").unwrap()
    }

    #[test]
    fn a_command_reads_as_the_stock_agent_expects_it() {
        let content = SendCommandContent {
            parameters: json!({"commands": ["echo hi"], "executionTimeout": "3600"}).as_object().unwrap().clone(),
            document_content: json!({"schemaVersion": "2.2", "mainSteps": []}),
            command_id: job_id().command_id().into(),
            document_name: "AWS-RunShellScript".into(),
            output_s3_key_prefix: String::new(),
            output_s3_bucket_name: String::new(),
            cloud_watch_log_group_name: String::new(),
            cloud_watch_output_enabled: false,
            quarterdeck: None,
        };
        let job = AgentJob::send(job_id(), &content);
        let wire: Value = serde_json::from_slice(&job.encode()).unwrap();
        assert_eq!(wire["Topic"], "aws.ssm.sendCommand");
        assert_eq!(wire["SchemaVersion"], 1);
        assert_eq!(
            wire["Content"],
            concat!(
                r#"{"Parameters":{"commands":["echo hi"],"executionTimeout":"3600"},"#,
                r#""DocumentContent":{"schemaVersion":"2.2","mainSteps":[]},"CommandId":"11111111-2222-4333-8444-555555555555","#,
                r#""DocumentName":"AWS-RunShellScript","OutputS3KeyPrefix":"","OutputS3BucketName":"","CloudWatchLogGroupName":"","#,
                r#""CloudWatchOutputEnabled":"false"}"#
            )
        );
        let back = AgentJob::decode(&job.encode()).unwrap();
        assert_eq!(back.job_topic(), Some(JobTopic::SendCommand));
        assert_eq!(back.send_command().unwrap(), content);
        assert!(!content.wants_output());
    }

    #[test]
    fn our_addition_is_only_there_when_asked_for() {
        let text = r#"{"DocumentContent":{},"CommandId":"c","Parameters":null,"CloudWatchOutputEnabled":"TRUE","New":1,"Quarterdeck":{"Output":true}}"#;
        let content: SendCommandContent = serde_json::from_str(text).unwrap();
        assert!(content.wants_output() && content.cloud_watch_output_enabled && content.parameters.is_empty());
        assert!(serde_json::to_string(&content).unwrap().ends_with(r#""Quarterdeck":{"Output":true}}"#));
    }

    #[test]
    fn a_cancellation_names_the_original() {
        let own = JobId::new("fresh", "mi-0123456789abcdef0").unwrap();
        let job = AgentJob::decode(&AgentJob::cancel(own.clone(), job_id()).encode()).unwrap();
        assert_eq!((job.job_topic(), &job.job_id), (Some(JobTopic::CancelCommand), &own));
        assert_eq!(job.content, format!(r#"{{"CancelMessageId":"{}"}}"#, job_id()));
        assert_eq!(job.cancel_command().unwrap().cancel_message_id, job_id());
        assert!(job.send_command().is_err());
    }

    #[test]
    fn topics_match_by_prefix() {
        assert_eq!(JobTopic::from_topic("aws.ssm.sendCommand.us.east.1"), Some(JobTopic::SendCommand));
        assert_eq!(JobTopic::from_topic("aws.ssm.other"), None);
    }
}
