//! What a node says on its control channel, turned into state. Everything is made durable before it is acknowledged, and everything may
//! arrive twice, late or out of order (agent-protocol 4.7, 4.9).

use std::sync::Arc;

use qd_store::StoreError;
use qd_store::table::commands::Stage;
use qd_store::table::invocation_steps::{self, Step};
use qd_store::table::output_chunks::{self, Chunk, OutputKey};
use qd_store::table::{commands, invocations};
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::agent_job_ack::AckMeaning;
use qd_wire::payload::{
    AgentJobAck, AgentJobReply, AgentJobReplyAck, AgentTaskAcknowledge, AgentTaskComplete, DocumentStatus, JobId, JobTopic, OutputAck,
    OutputChunk, Payload, PayloadError, PluginResult, ReplyContent,
};
use uuid::Uuid;

use super::Handle;
use crate::hub::Shared;
use crate::ops::commands::advance::{self, Scene};
use crate::ops::commands::text;

/// Steps that one reply may report; documents have far fewer.
const MAX_STEPS: usize = 200;

/// Takes one message of the node that `handle` belongs to.
pub async fn message(shared: &Arc<Shared>, handle: &Arc<Handle>, message: AgentMessage) {
    let taken = match &message.message_type {
        MessageType::AgentJobAck => job_ack(shared, handle, &message).await,
        MessageType::AgentJobReply => job_reply(shared, handle, &message).await,
        MessageType::QuarterdeckOutput => output(shared, handle, &message).await,
        MessageType::AgentTaskComplete => task_complete(shared, handle, &message),
        // Telemetry needs no answer (agent-protocol 4.12); unknown kinds must not end a channel.
        _ => Ok(()),
    };
    if let Err(error) = taken {
        tracing::warn!(instance_id = handle.instance_id, message_type = message.message_type.as_str(), %error, "a message was not taken");
    }
}

/// Why a message was not taken. It is not acknowledged then, so the node sends it again.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Payload(#[from] PayloadError),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    #[error("the message speaks for another node")]
    Foreign,
}

fn own(handle: &Handle, job: &JobId) -> Result<(), Refused> {
    if job.instance_id() == handle.instance_id { Ok(()) } else { Err(Refused::Foreign) }
}

async fn job_ack(shared: &Arc<Shared>, handle: &Arc<Handle>, message: &AgentMessage) -> Result<(), Refused> {
    let ack = AgentJobAck::decode(&message.payload)?;
    own(handle, &ack.job_id)?;
    let scene = Scene::of(shared);
    let meaning = ack.status_code.meaning();
    let reason = ack.status_code.message().to_owned();
    let (command_id, instance_id) = (ack.job_id.command_id().to_owned(), handle.instance_id.clone());
    let wake = command_id.clone();
    let go_on = shared
        .store
        .write(move |tx| {
            let Some(invocation) = invocations::get(tx, &command_id, &instance_id)? else { return Ok(false) };
            if invocation.stage.is_terminal() {
                return Ok(false);
            }
            match meaning {
                AckMeaning::Delivered => {
                    invocations::set_started(tx, &command_id, &instance_id, scene.now)?;
                    if matches!(invocation.stage, Stage::Unacknowledged | Stage::Released | Stage::Pending | Stage::Delayed) {
                        advance::move_one(tx, &scene, &invocation, Stage::InProgress)?;
                    }
                }
                // Stays unacknowledged: it is sent again when its turn comes.
                AckMeaning::Redeliver => return Ok(false),
                AckMeaning::Failed => {
                    invocations::set_trace(tx, &command_id, &instance_id, &format!("The agent refused the command: {reason}."))?;
                    advance::move_one(tx, &scene, &invocation, Stage::Failed)?;
                }
            }
            let command = advance::settle(tx, &scene, &command_id)?;
            Ok::<_, StoreError>(command.is_some_and(|c| waits_for_a_turn(&c)))
        })
        .await?;
    if go_on {
        shared.wakers.command(&wake);
    }
    Ok(())
}

/// Whether the dispatcher has more to hand out for this command.
fn waits_for_a_turn(command: &commands::Command) -> bool {
    command.finished_at.is_none() && command.counts.of(Stage::Pending) + command.counts.of(Stage::Delayed) > 0
}

async fn job_reply(shared: &Arc<Shared>, handle: &Arc<Handle>, message: &AgentMessage) -> Result<(), Refused> {
    let reply = AgentJobReply::decode(&message.payload)?;
    own(handle, &reply.job_id)?;
    // Replies to a cancellation tell nothing that the cancelled command's own replies do not.
    if JobTopic::from_topic(&reply.topic) != Some(JobTopic::CancelCommand) {
        let content = reply.reply_content()?;
        take_reply(shared, handle, &reply.job_id, content).await?;
    }
    let ack = AgentJobReplyAck { job_id: reply.job_id, acknowledged_message_id: message.message_id };
    answer(shared, handle, &ack);
    Ok(())
}

fn answer<P: Payload>(shared: &Shared, handle: &Handle, payload: &P) {
    let now = u64::try_from(shared.clock.now_ms()).unwrap_or_default();
    // A full queue loses the answer; the node repeats what it is not answered.
    handle.send(AgentMessage::carrying(payload, Uuid::new_v4(), now).encode());
}

async fn take_reply(shared: &Arc<Shared>, handle: &Arc<Handle>, job: &JobId, content: ReplyContent) -> Result<(), Refused> {
    // The first reply of a command only says that it began, which its ack said already (agent-protocol 4.9).
    if content.runtime_status.is_empty() && content.document_status == DocumentStatus::InProgress {
        return Ok(());
    }
    let scene = Scene::of(shared);
    let (command_id, instance_id) = (job.command_id().to_owned(), handle.instance_id.clone());
    let wake = command_id.clone();
    let end = ended(&content.document_status);
    let trace = text::trace(&content.document_trace_output);
    let steps: Vec<Step> =
        content.runtime_status.into_iter().take(MAX_STEPS).map(|(name, result)| step(&command_id, &instance_id, name, result)).collect();
    let go_on = shared
        .store
        .write(move |tx| {
            let Some(invocation) = invocations::get(tx, &command_id, &instance_id)? else { return Ok(false) };
            if invocation.stage.is_terminal() {
                return Ok(false);
            }
            for step in &steps {
                invocation_steps::put(tx, step)?;
            }
            if !trace.is_empty() {
                invocations::set_trace(tx, &command_id, &instance_id, &trace)?;
            }
            invocations::set_started(tx, &command_id, &instance_id, scene.now)?;
            match end {
                Some(stage) => {
                    advance::move_one(tx, &scene, &invocation, stage)?;
                }
                // A step's report says that the command runs, also when its ack was lost.
                None if invocation.stage != Stage::Cancelling => {
                    advance::move_one(tx, &scene, &invocation, Stage::InProgress)?;
                }
                None => {}
            }
            let command = advance::settle(tx, &scene, &command_id)?;
            Ok::<_, StoreError>(command.is_some_and(|c| waits_for_a_turn(&c)))
        })
        .await?;
    if go_on {
        shared.wakers.command(&wake);
    }
    Ok(())
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

/// Stores a piece of a step's output and says how far it is durable.
async fn output(shared: &Arc<Shared>, handle: &Arc<Handle>, message: &AgentMessage) -> Result<(), Refused> {
    let chunk = OutputChunk::decode(&message.payload)?;
    own(handle, &chunk.job_id)?;
    let ack = |offset: u64| OutputAck { job_id: chunk.job_id.clone(), step: chunk.step.clone(), stream: chunk.stream, offset };
    let key = OutputKey {
        command_id: chunk.job_id.command_id().to_owned(),
        instance_id: handle.instance_id.clone(),
        step: chunk.step.clone(),
        stream: chunk.stream.as_str().to_owned(),
    };
    let (last, now, end) = (chunk.last, shared.clock.now_ms(), chunk.offset + chunk.data.len() as u64);
    let piece = Chunk::new(chunk.offset, chunk.data.to_vec())?;
    let durable = shared
        .store
        .write(move |tx| {
            // Output of a command that is not this node's, or no longer kept, is thrown away; saying "durable" ends its sending.
            if invocations::get(tx, &key.command_id, &key.instance_id)?.is_none() {
                return Ok::<_, StoreError>(i64::MAX);
            }
            let durable = output_chunks::append(tx, &key, &piece, now)?;
            if last && i64::try_from(end) == Ok(durable) {
                output_chunks::finish(tx, &key, now)?;
            }
            tx.notify(crate::extension::output::topic(&key.command_id, &key.instance_id));
            Ok(durable)
        })
        .await?;
    let durable = if durable == i64::MAX { end } else { u64::try_from(durable).unwrap_or_default() };
    answer(shared, handle, &ack(durable));
    Ok(())
}

/// Sessions are not built yet, but an agent that ends one left over from elsewhere must not repeat itself.
fn task_complete(shared: &Shared, handle: &Handle, message: &AgentMessage) -> Result<(), Refused> {
    let complete = AgentTaskComplete::decode(&message.payload)?;
    answer(shared, handle, &AgentTaskAcknowledge::new(message.message_id, &complete.task_id));
    Ok(())
}
