//! `agent_job_ack`: the agent has the job on disk, or says why not (agent-protocol 4.7).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{JobId, iso8601_ms, json_payload, null_default, wire_words};

wire_words! {
    /// The status code, a decimal number as text.
    AckStatus {
        /// Accepted and durable.
        Successful = "200",
        /// The agent is stopping.
        ClosedProcessor = "51401",
        /// All workers busy and the buffer full.
        ProcessorBufferFull = "51402",
        UnexpectedDocumentType = "51403",
        ErrorCodeTranslationFailed = "51404",
        /// Received before.
        DuplicateCommand = "51405",
        InvalidDocument = "51406",
        ContainerNotSupported = "51407",
        /// Not readable; a Failed reply follows.
        ParseError = "51408",
        UnexpectedError = "51499",
    }
}

/// What an acknowledgement means for delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMeaning {
    /// The node has the job.
    Delivered,
    /// Send the same job again later.
    Redeliver,
    /// The node will never run it.
    Failed,
}

impl AckStatus {
    /// The text AWS's agent sends along.
    pub fn message(&self) -> &str {
        match self {
            Self::Successful => "Successful",
            Self::ClosedProcessor => "ClosedProcessor",
            Self::ProcessorBufferFull => "ProcessorBufferFull",
            Self::UnexpectedDocumentType => "UnexpectedDocumentType",
            Self::ErrorCodeTranslationFailed => "ProcessorErrorCodeTranslationFailed",
            Self::DuplicateCommand => "DuplicateCommand",
            Self::InvalidDocument => "InvalidDocument",
            Self::ContainerNotSupported => "ContainerNotSupported",
            Self::ParseError => "AgentJobMessageParseError",
            Self::UnexpectedError => "UnexpectedError",
            Self::Other(code) => code,
        }
    }

    /// A code this build does not know counts as failed: a node that refuses for an unknown reason would refuse for ever.
    pub fn meaning(&self) -> AckMeaning {
        match self {
            Self::Successful | Self::DuplicateCommand => AckMeaning::Delivered,
            Self::ClosedProcessor | Self::ProcessorBufferFull | Self::ErrorCodeTranslationFailed | Self::UnexpectedError => {
                AckMeaning::Redeliver
            }
            Self::UnexpectedDocumentType | Self::InvalidDocument | Self::ContainerNotSupported | Self::ParseError | Self::Other(_) => {
                AckMeaning::Failed
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentJobAck {
    pub job_id: JobId,
    /// Message id of the `agent_job` frame.
    pub acknowledged_message_id: Uuid,
    /// Creation date of the `agent_job` frame, ISO 8601 with milliseconds.
    #[serde(default, deserialize_with = "null_default")]
    pub created_date: String,
    pub status_code: AckStatus,
    #[serde(default, deserialize_with = "null_default")]
    pub error_message: String,
}
json_payload!(AgentJobAck, AgentJobAck);

impl AgentJobAck {
    /// `job_created_date` is the frame's, epoch milliseconds.
    pub fn new(job_id: JobId, acknowledged_message_id: Uuid, job_created_date: u64, status: AckStatus) -> Self {
        let error_message = status.message().to_owned();
        Self { job_id, acknowledged_message_id, created_date: iso8601_ms(job_created_date), status_code: status, error_message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"jobId":"aws.ssm.c-1.mi-1","acknowledgedMessageId":"0a1b2c3d-0000-4000-8000-00000000000f","createdDate":"2026-11-22T10:33:58.616Z","statusCode":"200","errorMessage":"Successful"}"#;
        let id = Uuid::parse_str("0a1b2c3d-0000-4000-8000-00000000000f").unwrap();
        let ack = AgentJobAck::new(JobId::new("c-1", "mi-1").unwrap(), id, 1_795_343_638_616, AckStatus::Successful);
        assert_eq!(ack.encode(), text);
        assert_eq!(AgentJobAck::decode(text.as_bytes()).unwrap(), ack);
    }

    #[test]
    fn codes_have_a_meaning_and_unknown_ones_survive() {
        assert_eq!(AckStatus::from("51405").meaning(), AckMeaning::Delivered);
        assert_eq!(AckStatus::from("51402").meaning(), AckMeaning::Redeliver);
        assert_eq!(AckStatus::from("51408").meaning(), AckMeaning::Failed);
        assert_eq!(AckStatus::from("59999"), AckStatus::Other("59999".into()));
        assert_eq!(AckStatus::from("59999").as_str(), "59999");
    }
}
