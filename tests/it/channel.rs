//! The control channel under bad input: garbage, truncation, foreign and late replies, wrong tokens. The hub must lose nothing and trust nothing.

use qd_tests::node::{HandChannel, HandNode};
use qd_tests::{Engine, TestHub, wait_until};
use qd_wire::payload::{
    AckStatus, AgentJob, AgentJobAck, AgentJobReply, AgentJobReplyAck, DocumentStatus, JobId, JobTopic, Payload, PluginResult, ReplyContent,
};
use qd_wire::{AgentMessage, MessageType};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const NOW: u64 = 1_795_343_638_616;

fn send_command(hub: &TestHub, node: &str, timeout: u32) -> String {
    let input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [node], "Parameters": { "commands": ["true"] }, "TimeoutSeconds": timeout });
    hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned()
}

pub(crate) fn invocation(hub: &TestHub, command: &str, node: &str) -> Value {
    hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": node }))
}

pub(crate) async fn job(channel: &mut HandChannel) -> (AgentMessage, AgentJob) {
    loop {
        let message = channel.receive().await.expect("a job");
        if message.message_type == MessageType::AgentJob {
            let job = AgentJob::decode(&message.payload).expect("a readable job");
            return (message, job);
        }
    }
}

pub(crate) fn ack(message: &AgentMessage, job: &AgentJob, status: AckStatus) -> bytes::Bytes {
    let ack = AgentJobAck::new(job.job_id.clone(), message.message_id, message.created_date, status);
    AgentMessage::carrying(&ack, Uuid::new_v4(), NOW).encode()
}

pub(crate) fn reply(job_id: &JobId, status: DocumentStatus, output: &str) -> (Uuid, bytes::Bytes) {
    let result = PluginResult {
        status: status.clone(),
        name: "aws:runShellScript".into(),
        standard_output: output.into(),
        ..PluginResult::default()
    };
    let content = ReplyContent {
        document_status: status,
        runtime_status: [("aws:runShellScript".to_owned(), result)].into(),
        ..ReplyContent::default()
    };
    let id = Uuid::new_v4();
    (id, AgentMessage::carrying(&AgentJobReply::new(job_id.clone(), JobTopic::SendCommand, &content), id, NOW).encode())
}

pub(crate) async fn acknowledged(channel: &mut HandChannel) -> Uuid {
    loop {
        let message = channel.receive().await.expect("an acknowledgement");
        if message.message_type == MessageType::AgentJobReplyAck {
            return AgentJobReplyAck::decode(&message.payload).expect("readable").acknowledged_message_id;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_truncated_frames_do_not_end_the_channel() {
    let hub = TestHub::start(Engine::Sqlite);
    let node = HandNode::register(&hub, &[]).await;
    let mut channel = node.connect().await;
    let (_, whole) = reply(&JobId::new("c", &node.instance_id).expect("an id"), DocumentStatus::Success, "x");
    channel.send(vec![0_u8; 0]).await;
    channel.send(vec![0xff_u8; 500]).await;
    for end in (0..whole.len()).step_by(7) {
        channel.send(whole.slice(..end)).await;
    }
    let mut broken = whole.to_vec();
    broken[90] ^= 1; // the digest
    channel.send(broken).await;
    let command = send_command(&hub, &node.instance_id, 600);
    let (message, job) = job(&mut channel).await;
    assert_eq!(job.job_id.command_id(), command);
    channel.send(ack(&message, &job, AckStatus::Successful)).await;
    let (id, frame) = reply(&job.job_id, DocumentStatus::Success, "fine");
    channel.send(frame).await;
    assert_eq!(acknowledged(&mut channel).await, id);
    assert_eq!(invocation(&hub, &command, &node.instance_id)["StandardOutputContent"], "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cannot_speak_for_another() {
    let hub = TestHub::start(Engine::Sqlite);
    let (one, other) = (HandNode::register(&hub, &[]).await, HandNode::register(&hub, &[]).await);
    // Another node's channel, by REST and by token.
    assert_eq!(one.create_channel(&other.instance_id).await.expect_err("refused").code(), "AccessDeniedException");
    let foreign = other.create_channel(&other.instance_id).await.expect("its own token");
    assert!(one.open(foreign).await.is_closed().await, "a foreign token opened a channel");
    assert!(one.open("garbage".to_owned()).await.is_closed().await, "garbage opened a channel");
    // Another node's name in a call.
    let stolen = json!({ "InstanceId": other.instance_id, "AgentName": "x", "AgentVersion": "1.0.0", "PlatformType": "Linux" });
    assert_eq!(one.call("UpdateInstanceInformation", &stolen).await.expect_err("refused").code(), "AccessDeniedException");
    // An operation that is not a node's.
    assert_eq!(one.call("ListCommands", &json!({})).await.expect_err("refused").code(), "AccessDeniedException");
    // Another node's result.
    let command = send_command(&hub, &other.instance_id, 600);
    let mut channel = one.connect().await;
    let (_, frame) = reply(&JobId::new(&command, &other.instance_id).expect("an id"), DocumentStatus::Success, "forged");
    channel.send(frame).await;
    assert!(channel.receive().await.is_none(), "a forged result was acknowledged");
    assert_ne!(invocation(&hub, &command, &other.instance_id)["Status"], "Success");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_late_and_unordered_replies_change_nothing() {
    let hub = TestHub::start(Engine::Sqlite);
    let node = HandNode::register(&hub, &[]).await;
    let mut channel = node.connect().await;
    let command = send_command(&hub, &node.instance_id, 600);
    let (_, job) = job(&mut channel).await;
    // The result before the acknowledgement, which is lost.
    let (id, frame) = reply(&job.job_id, DocumentStatus::Success, "first");
    channel.send(frame.clone()).await;
    assert_eq!(acknowledged(&mut channel).await, id);
    // The same again, and a contradiction.
    channel.send(frame).await;
    assert_eq!(acknowledged(&mut channel).await, id);
    let (late, frame) = reply(&job.job_id, DocumentStatus::Failed, "late");
    channel.send(frame).await;
    assert_eq!(acknowledged(&mut channel).await, late, "an agent repeats what is not acknowledged");
    let result = invocation(&hub, &command, &node.instance_id);
    assert_eq!((&result["Status"], &result["StandardOutputContent"]), (&json!("Success"), &json!("first")));
    // A reply to a command that does not exist.
    let (unknown, frame) = reply(&JobId::new(&Uuid::new_v4().to_string(), &node.instance_id).expect("an id"), DocumentStatus::Success, "?");
    channel.send(frame).await;
    assert_eq!(acknowledged(&mut channel).await, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_output_is_cut_to_awss_size() {
    let hub = TestHub::start(Engine::Sqlite);
    let node = HandNode::register(&hub, &[]).await;
    let mut channel = node.connect().await;
    let command = send_command(&hub, &node.instance_id, 600);
    let (_, job) = job(&mut channel).await;
    let (id, frame) = reply(&job.job_id, DocumentStatus::Success, &"x\0".repeat(100_000));
    channel.send(frame).await;
    assert_eq!(acknowledged(&mut channel).await, id);
    let result = invocation(&hub, &command, &node.instance_id);
    let output = result["StandardOutputContent"].as_str().expect("text");
    assert_eq!(output.chars().count(), 24_000);
    assert!(output.ends_with("--output truncated--"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_sent_again_until_it_is_acknowledged_and_refusals_end_it() {
    let hub = TestHub::start(Engine::Sqlite);
    let node = HandNode::register(&hub, &[]).await;
    let mut channel = node.connect().await;
    let command = send_command(&hub, &node.instance_id, 600);
    let (first, one) = job(&mut channel).await;
    channel.send(ack(&first, &one, AckStatus::ProcessorBufferFull)).await;
    let again = wait_for_job(&mut channel).await;
    assert_eq!(again.1.job_id, one.job_id, "the same job id makes a second delivery harmless");
    channel.send(ack(&again.0, &again.1, AckStatus::InvalidDocument)).await;
    wait_until("the refusal to be stored", 10, || (invocation(&hub, &command, &node.instance_id)["Status"] == "Failed").then_some(()));
}

pub(crate) async fn wait_for_job(channel: &mut HandChannel) -> (AgentMessage, AgentJob) {
    for _ in 0..8 {
        if let Some(message) = channel.receive().await.filter(|m| m.message_type == MessageType::AgentJob) {
            let job = AgentJob::decode(&message.payload).expect("a readable job");
            return (message, job);
        }
    }
    panic!("the job was not sent again");
}
