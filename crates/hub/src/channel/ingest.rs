//! What a node says on its control channel, read and checked before it goes to the [intake](super::intake). Nothing here touches the store.
//! Everything may arrive twice, late or out of order (agent-protocol 4.7, 4.9).

use bytes::Bytes;
use qd_store::StoreError;
use qd_store::table::commands::Stage;
use qd_store::table::invocation_steps::Step;
use qd_store::table::output_chunks::{Chunk, OutputKey};
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::agent_job_ack::{AckMeaning, AckStatus};
use qd_wire::payload::{
    AgentJobAck, AgentJobReply, AgentJobReplyAck, AgentTaskAcknowledge, AgentTaskComplete, DocumentStatus, JobId, JobTopic, OutputAck,
    OutputChunk, Payload, PayloadError, PluginResult,
};
use uuid::Uuid;

use super::Handle;
use super::intake::{Ack, News, Output, Report, SessionEnded};
use crate::crash_point;
use crate::ops::commands::text;

/// Steps that one reply may report; documents have far fewer.
const MAX_STEPS: usize = 200;

/// Why a message was not taken. It is not acknowledged then, so the node sends it again.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Payload(#[from] PayloadError),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    #[error("the message speaks for another node")]
    Foreign,
}

/// What the node is answered once everything it said is durable.
#[derive(Debug)]
pub enum Answer {
    Reply(AgentJobReplyAck),
    /// The offset is the one that the intake names.
    Output(OutputAck),
    Task(AgentTaskAcknowledge),
}

impl Answer {
    /// The answer as a frame. `durable` names how far each output is stored, in the order in which the outputs came.
    pub fn frame(self, durable: &mut impl Iterator<Item = u64>, now: u64) -> Bytes {
        let message = match self {
            Self::Reply(ack) => AgentMessage::carrying(&ack, Uuid::new_v4(), now),
            Self::Output(ack) => {
                let offset = durable.next().unwrap_or(ack.offset);
                AgentMessage::carrying(&OutputAck { offset, ..ack }, Uuid::new_v4(), now)
            }
            Self::Task(ack) => AgentMessage::carrying(&ack, Uuid::new_v4(), now),
        };
        message.encode()
    }
}

/// Messages of one node, read.
#[derive(Debug, Default)]
pub struct Heard {
    pub news: Vec<News>,
    pub answers: Vec<Answer>,
}

impl Heard {
    /// What was heard before a channel ended is still taken: a node's last words are often a result. `None` when there was nothing.
    pub fn or_end(self) -> Option<Self> {
        (!self.news.is_empty() || !self.answers.is_empty()).then_some(self)
    }

    /// Adds one message of the node that `handle` belongs to. What cannot be taken is logged and dropped.
    pub fn add(&mut self, handle: &Handle, message: &AgentMessage) {
        let taken = match &message.message_type {
            MessageType::AgentJobAck => self.job_ack(handle, message),
            MessageType::AgentJobReply => self.job_reply(handle, message),
            MessageType::QuarterdeckOutput => self.output(handle, message),
            MessageType::AgentTaskComplete => self.task_complete(message),
            // Telemetry needs no answer (agent-protocol 4.12); unknown kinds must not end a channel.
            _ => Ok(()),
        };
        if let Err(error) = taken {
            let message_type = message.message_type.as_str();
            tracing::warn!(instance_id = handle.instance_id, message_type, %error, "a message was not taken");
        }
    }

    fn job_ack(&mut self, handle: &Handle, message: &AgentMessage) -> Result<(), Refused> {
        let ack = AgentJobAck::decode(&message.payload)?;
        own(handle, &ack.job_id)?;
        let command_id = ack.job_id.command_id().to_owned();
        let meaning = match ack.status_code.meaning() {
            AckMeaning::Delivered => Ack::Delivered,
            AckMeaning::Redeliver => Ack::Later,
            // The agent has the job and says itself that it failed, with the reason if it tells one (agent-protocol 4.7).
            AckMeaning::Failed if ack.status_code == AckStatus::ParseError => Ack::Unreadable,
            AckMeaning::Failed => Ack::Failed(format!("The agent refused the command: {}.", ack.status_code.message())),
        };
        crash_point::reached("ack-received");
        self.news.push(News::Ack(command_id, meaning));
        Ok(())
    }

    fn job_reply(&mut self, handle: &Handle, message: &AgentMessage) -> Result<(), Refused> {
        let reply = AgentJobReply::decode(&message.payload)?;
        own(handle, &reply.job_id)?;
        // Replies to a cancellation tell nothing that the cancelled command's own replies do not.
        if JobTopic::from_topic(&reply.topic) != Some(JobTopic::CancelCommand) {
            let content = reply.reply_content()?;
            // The first reply of a command only says that it began, which its ack said already (agent-protocol 4.9).
            if !content.runtime_status.is_empty() || content.document_status != DocumentStatus::InProgress {
                let command_id = reply.job_id.command_id().to_owned();
                let steps = content.runtime_status.into_iter().take(MAX_STEPS);
                let steps = steps.map(|(name, result)| step(&command_id, &handle.instance_id, name, result)).collect();
                let (end, trace) = (ended(&content.document_status), text::trace(&content.document_trace_output));
                crash_point::reached("reply-received");
                self.news.push(News::Report(command_id, Report { steps, trace, end }));
            }
        }
        let ack = AgentJobReplyAck { job_id: reply.job_id, acknowledged_message_id: message.message_id };
        self.answers.push(Answer::Reply(ack));
        Ok(())
    }

    /// A piece of a step's output. It is compressed here, beside the store's one writer.
    fn output(&mut self, handle: &Handle, message: &AgentMessage) -> Result<(), Refused> {
        let piece = OutputChunk::decode(&message.payload)?;
        own(handle, &piece.job_id)?;
        let key = OutputKey {
            command_id: piece.job_id.command_id().to_owned(),
            instance_id: handle.instance_id.clone(),
            step: text::clean(&piece.step, 128),
            stream: piece.stream.as_str().to_owned(),
        };
        let end = piece.offset + piece.data.len() as u64;
        let chunk = if piece.data.is_empty() { None } else { Some(Chunk::new(piece.offset, piece.data.to_vec())?) };
        self.news.push(News::Output(Output { key, chunk, end, last: piece.last }));
        self.answers.push(Answer::Output(OutputAck { job_id: piece.job_id, step: piece.step, stream: piece.stream, offset: end }));
        Ok(())
    }

    /// A session has ended on the node. Whose it is, is looked at where it is stored: one that is not this node's changes nothing.
    fn task_complete(&mut self, message: &AgentMessage) -> Result<(), Refused> {
        let complete = AgentTaskComplete::decode(&message.payload)?;
        self.news.push(News::SessionEnded(SessionEnded {
            session_id: text::clean(&complete.task_id, 96),
            failed: matches!(complete.final_task_status, DocumentStatus::Failed | DocumentStatus::TimedOut),
            output: text::clean(&complete.output, 1_024),
            s3: (!complete.s3_bucket.is_empty())
                .then(|| text::clean(&format!("s3://{}/{}", complete.s3_bucket, complete.s3_url_suffix), 2_083)),
            log_group: (!complete.cwl_group.is_empty()).then(|| text::clean(&complete.cwl_group, 512)),
        }));
        self.answers.push(Answer::Task(AgentTaskAcknowledge::new(message.message_id, &complete.task_id)));
        Ok(())
    }
}

fn own(handle: &Handle, job: &JobId) -> Result<(), Refused> {
    if job.instance_id() == handle.instance_id { Ok(()) } else { Err(Refused::Foreign) }
}

fn ended(status: &DocumentStatus) -> Option<Stage> {
    match status {
        DocumentStatus::Success | DocumentStatus::Skipped | DocumentStatus::TestPass => Some(Stage::Success),
        DocumentStatus::Failed | DocumentStatus::TestFailure => Some(Stage::Failed),
        DocumentStatus::Cancelled => Some(Stage::Cancelled),
        DocumentStatus::TimedOut => Some(Stage::ExecutionTimedOut),
        // A reboot is an intermission: the document resumes afterwards (agent-protocol 6.3).
        _ => None,
    }
}

fn step(command_id: &str, instance_id: &str, name: String, result: PluginResult) -> Step {
    Step {
        command_id: command_id.to_owned(),
        instance_id: instance_id.to_owned(),
        step: text::clean(&name, 128),
        plugin: text::clean(&result.name, 128),
        status: text::clean(result.status.as_str(), 32),
        code: result.code,
        started_at: text::clean(&result.start_date_time, 40),
        ended_at: text::clean(&result.end_date_time, 40),
        output: text::clean(&result.output, text::MAX_PLUGIN_OUTPUT),
        standard_output: text::truncated(&result.standard_output, text::MAX_STANDARD_OUTPUT),
        standard_error: text::truncated(&result.standard_error, text::MAX_STANDARD_ERROR),
        s3_bucket: text::clean(&result.output_s3_bucket_name, 63),
        s3_prefix: text::clean(&result.output_s3_key_prefix, 1_024),
    }
}
