//! `agent_job_reply`: progress and end of a job (agent-protocol 4.9).
//!
//! A command sends one reply when it starts, one per finished step and one at its end; they may arrive out of order and the last
//! one need not repeat the steps, so the reader accumulates steps and lets a terminal status win.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{JobId, JobTopic, PayloadError, from_json, json_payload, null_default, to_json_text, wire_words};

/// The longest content a stock agent sends; our agent keeps to it as well.
pub const MAX_CONTENT_BYTES: usize = 120_000;

/// The envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentJobReply {
    #[serde(default)]
    pub schema_version: u32,
    pub job_id: JobId,
    /// [`ReplyContent`] as JSON text.
    pub content: String,
    /// The topic of the job that is answered.
    #[serde(default, deserialize_with = "null_default")]
    pub topic: String,
}
json_payload!(AgentJobReply, AgentJobReply);

impl AgentJobReply {
    pub fn new(job_id: JobId, topic: JobTopic, content: &ReplyContent) -> Self {
        Self { schema_version: 1, job_id, content: to_json_text(content), topic: topic.as_str().into() }
    }

    pub fn reply_content(&self) -> Result<ReplyContent, PayloadError> {
        from_json(self.content.as_bytes())
    }
}

wire_words! {
    /// Status of a document or of a step, as an agent says it. States such as Delivered or Undeliverable are the hub's own.
    #[derive(Default)]
    DocumentStatus {
        #[default]
        NotStarted = "NotStarted",
        InProgress = "InProgress",
        Success = "Success",
        SuccessAndReboot = "SuccessAndReboot",
        PassedAndReboot = "PassedAndReboot",
        Failed = "Failed",
        Cancelled = "Cancelled",
        TimedOut = "TimedOut",
        Skipped = "Skipped",
        TestPass = "TestPass",
        TestFailure = "TestFailure",
    }
}

impl DocumentStatus {
    /// Whether no further reply can change it. A reboot is an intermission: the document resumes afterwards.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Skipped | Self::TestPass | Self::TestFailure)
    }
}

/// The content of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplyContent {
    #[serde(default, deserialize_with = "null_default")]
    pub additional_info: AdditionalInfo,
    pub document_status: DocumentStatus,
    /// Why a document could not be run at all; empty otherwise.
    #[serde(default, deserialize_with = "null_default")]
    pub document_trace_output: String,
    /// By plugin name for schema 1.x, by step name for 2.x. Null in the first reply.
    #[serde(default, deserialize_with = "null_default")]
    pub runtime_status: BTreeMap<String, PluginResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub agent: AgentInfo,
    /// ISO 8601 with milliseconds.
    #[serde(default, deserialize_with = "null_default")]
    pub date_time: String,
    #[serde(default, deserialize_with = "null_default")]
    pub run_id: String,
    /// How many steps have which status.
    #[serde(default, deserialize_with = "null_default")]
    pub runtime_status_counts: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AgentInfo {
    #[serde(default, deserialize_with = "null_default")]
    pub lang: String,
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub os: String,
    #[serde(default, deserialize_with = "null_default")]
    pub osver: String,
    #[serde(default, deserialize_with = "null_default")]
    pub ver: String,
}

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginResult {
    #[serde(default, deserialize_with = "null_default")]
    pub status: DocumentStatus,
    /// Exit code; 137 when killed.
    #[serde(default, deserialize_with = "null_default")]
    pub code: i64,
    /// The plugin, such as `aws:runShellScript`.
    #[serde(default, deserialize_with = "null_default")]
    pub name: String,
    /// Combined output, AWS-sized.
    #[serde(default, deserialize_with = "null_default")]
    pub output: String,
    #[serde(default, deserialize_with = "null_default")]
    pub start_date_time: String,
    #[serde(default, deserialize_with = "null_default")]
    pub end_date_time: String,
    #[serde(default, deserialize_with = "null_default", rename = "outputS3BucketName")]
    pub output_s3_bucket_name: String,
    #[serde(default, deserialize_with = "null_default", rename = "outputS3KeyPrefix")]
    pub output_s3_key_prefix: String,
    #[serde(default, deserialize_with = "null_default")]
    pub step_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub standard_output: String,
    #[serde(default, deserialize_with = "null_default")]
    pub standard_error: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    const FROM_STOCK: &str = r#"{"additionalInfo":{"agent":{"lang":"en-US","name":"amazon-ssm-agent","os":"linux","osver":"1","ver":"3.3.0.0"},"dateTime":"2026-11-22T10:33:58.719Z","runId":"","runtimeStatusCounts":{"Success":1}},"documentStatus":"Success","documentTraceOutput":"","runtimeStatus":{"aws:runShellScript":{"status":"Success","code":0,"name":"aws:runShellScript","output":"hi\n","startDateTime":"2026-11-22T10:33:58.700Z","endDateTime":"2026-11-22T10:33:58.710Z","outputS3BucketName":"","outputS3KeyPrefix":"","stepName":"","standardOutput":"hi\n","standardError":""}}}"#;

    #[test]
    fn a_stock_reply_round_trips_byte_for_byte() {
        let content: ReplyContent = serde_json::from_str(FROM_STOCK).unwrap();
        assert_eq!(content.runtime_status["aws:runShellScript"].standard_output, "hi\n");
        assert_eq!(serde_json::to_string(&content).unwrap(), FROM_STOCK);
        let reply = AgentJobReply::new(JobId::new("c", "mi-1").unwrap(), JobTopic::SendCommand, &content);
        let back = AgentJobReply::decode(&reply.encode()).unwrap();
        assert_eq!(back, reply);
        assert_eq!(back.reply_content().unwrap(), content);
        assert!(
            std::str::from_utf8(&reply.encode()).unwrap().starts_with(r#"{"schemaVersion":1,"jobId":"aws.ssm.c.mi-1","content":"{\"add"#)
        );
    }

    #[test]
    fn the_first_reply_has_null_steps_and_unknown_words_survive() {
        let content: ReplyContent =
            serde_json::from_str(r#"{"documentStatus":"Frozen","runtimeStatus":null,"additionalInfo":null,"more":[]}"#).unwrap();
        assert_eq!(content.document_status, DocumentStatus::Other("Frozen".into()));
        assert!(content.runtime_status.is_empty() && !content.document_status.is_terminal());
    }

    #[test]
    fn only_ends_are_terminal() {
        assert!(DocumentStatus::TimedOut.is_terminal());
        for status in [DocumentStatus::InProgress, DocumentStatus::SuccessAndReboot, DocumentStatus::NotStarted] {
            assert!(!status.is_terminal(), "{status}");
        }
    }
}
