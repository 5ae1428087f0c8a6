//! Handing out to nodes that are busy, silent, away or gone: one of them must not hold up the others, and what may run is never called over.

use qd_tests::node::{HandChannel, HandNode};
use qd_tests::{Engine, TestHub, block_on, wait_until};
use qd_wire::payload::{
    AckStatus, AgentJob, AgentJobReply, DocumentStatus, JobId, JobTopic, OutputChunk, OutputStream, Payload, PluginResult, ReplyContent,
};
use qd_wire::{AgentMessage, MessageType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::channel::{NOW, ack, acknowledged, invocation, job, reply, wait_for_job};

fn send(hub: &TestHub, nodes: &[&HandNode], more: &Value) -> String {
    let ids: Vec<_> = nodes.iter().map(|node| node.instance_id.as_str()).collect();
    let mut input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": ids, "Parameters": { "commands": ["true"] } });
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned()
}

fn wait_for(hub: &TestHub, command: &str, node: &HandNode, details: &str) -> Value {
    wait_until(&format!("the invocation to be {details}"), 90, || {
        let seen = invocation(hub, command, &node.instance_id);
        (seen["StatusDetails"] == details).then_some(seen)
    })
}

/// Takes the job and reports success.
async fn run(channel: &mut HandChannel) {
    let (message, taken) = wait_for_job(channel).await;
    channel.send(ack(&message, &taken, AckStatus::Successful)).await;
    let (id, frame) = reply(&taken.job_id, DocumentStatus::Success, "ran");
    channel.send(frame).await;
    assert_eq!(acknowledged(channel).await, id);
}

async fn two(hub: &TestHub) -> (HandNode, HandNode) {
    (HandNode::register(hub, &[]).await, HandNode::register(hub, &[]).await)
}

fn a_busy_node_holds_up_nobody_and_gets_its_turn(engine: Engine) {
    let hub = TestHub::start(engine);
    block_on(async {
        let (busy, other) = two(&hub).await;
        let (mut at_busy, mut at_other) = (busy.connect().await, other.connect().await);
        let command = send(&hub, &[&busy, &other], &json!({}));
        let (message, refused) = job(&mut at_busy).await;
        at_busy.send(ack(&message, &refused, AckStatus::ProcessorBufferFull)).await;
        run(&mut at_other).await;
        wait_for(&hub, &command, &other, "Success");
        wait_for(&hub, &command, &busy, "Delayed");
        run(&mut at_busy).await;
        wait_for(&hub, &command, &busy, "Success");
    });
}

#[test]
fn a_silent_node_holds_up_nobody() {
    let hub = TestHub::start(Engine::Sqlite);
    block_on(async {
        let (silent, other) = two(&hub).await;
        let (_at_silent, mut at_other) = (silent.connect().await, other.connect().await);
        // One at a time, so that the silent one has the only slot.
        let command = send(&hub, &[&silent, &other], &json!({ "MaxConcurrency": "1" }));
        run(&mut at_other).await;
        wait_for(&hub, &command, &other, "Success");
    });
}

fn what_runs_on_a_node_ends_with_its_registration(engine: Engine) {
    let hub = TestHub::start(engine);
    block_on(async {
        let (gone, other) = two(&hub).await;
        let (mut at_gone, mut at_other) = (gone.connect().await, other.connect().await);
        let command = send(&hub, &[&gone, &other], &json!({ "MaxConcurrency": "1" }));
        let (message, taken) = job(&mut at_gone).await;
        at_gone.send(ack(&message, &taken, AckStatus::Successful)).await;
        wait_for(&hub, &command, &gone, "InProgress");
        hub.aws().call("deregister-managed-instance", &json!({ "InstanceId": gone.instance_id }));
        assert_eq!(invocation(&hub, &command, &gone.instance_id)["StatusDetails"], "Undeliverable");
        run(&mut at_other).await;
        let ended = wait_until("the command to end", 30, || {
            let listed = hub.aws().call("list-commands", &json!({ "CommandId": command }))["Commands"][0].clone();
            (listed["CompletedCount"] == 2).then_some(listed)
        });
        assert_eq!(
            (&ended["Status"], &ended["ErrorCount"]),
            (&json!("Success"), &json!(0)),
            "a node that is gone is no error of the command"
        );
        let listed = hub.aws().call("list-command-invocations", &json!({ "CommandId": command, "InstanceId": gone.instance_id }));
        assert_eq!(listed["CommandInvocations"][0]["TraceOutput"], "The node was deregistered.");
    });
}

/// The next frame that cancels; everything else is passed over.
async fn cancel_of(channel: &mut HandChannel, command: &str) {
    for _ in 0..8 {
        let Some(message) = channel.receive().await.filter(|m| m.message_type == MessageType::AgentJob) else { continue };
        let taken = AgentJob::decode(&message.payload).expect("a readable job");
        if taken.topic.starts_with("aws.ssm.cancelCommand") {
            assert!(taken.content.contains(command), "{}", taken.content);
            return;
        }
    }
    panic!("no cancel came");
}

#[test]
fn a_job_that_was_sent_before_its_node_went_is_cancelled_by_the_node() {
    let hub = TestHub::start(Engine::Sqlite);
    block_on(async {
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let command = send(&hub, &[&node], &json!({}));
        let (_, taken) = job(&mut channel).await;
        drop(channel);
        wait_for(&hub, &command, &node, "Delayed");
        hub.aws().call("cancel-command", &json!({ "CommandId": command }));
        assert_eq!(invocation(&hub, &command, &node.instance_id)["Status"], "Cancelling", "the script may be running");
        let mut channel = node.connect().await;
        cancel_of(&mut channel, &command).await;
        let (id, frame) = reply(&taken.job_id, DocumentStatus::Cancelled, "half");
        channel.send(frame).await;
        assert_eq!(acknowledged(&mut channel).await, id);
        assert_eq!(wait_for(&hub, &command, &node, "Cancelled")["StandardOutputContent"], "half");
    });
}

#[test]
fn a_cancel_of_what_a_node_refused_or_never_got_ends() {
    let hub = TestHub::start(Engine::Sqlite);
    block_on(async {
        let (refusing, silent) = two(&hub).await;
        let (mut at_refusing, mut at_silent) = (refusing.connect().await, silent.connect().await);
        let refused = send(&hub, &[&refusing], &json!({}));
        let never = send(&hub, &[&silent], &json!({}));
        let (message, taken) = job(&mut at_refusing).await;
        job(&mut at_silent).await;
        hub.aws().call("cancel-command", &json!({ "CommandId": refused }));
        hub.aws().call("cancel-command", &json!({ "CommandId": never }));
        at_refusing.send(ack(&message, &taken, AckStatus::ClosedProcessor)).await;
        wait_for(&hub, &refused, &refusing, "Cancelled");
        cancel_of(&mut at_silent, &never).await;
        // An agent says nothing of a job that it does not know. It is listening, though.
        wait_for(&hub, &never, &silent, "Cancelled");
    });
}

const TWO_STEPS: &str = r#"{"schemaVersion":"2.2","mainSteps":[
    {"action":"aws:runShellScript","name":"first","inputs":{"runCommand":["true"]}},
    {"action":"aws:runShellScript","name":"second","inputs":{"runCommand":["true"]}}]}"#;

fn report(job_id: &JobId, document: DocumentStatus, steps: &[(&str, DocumentStatus, &str)]) -> (Uuid, bytes::Bytes) {
    let result = |status: &DocumentStatus, output: &str| PluginResult {
        status: status.clone(),
        name: "aws:runShellScript".into(),
        standard_output: output.into(),
        ..PluginResult::default()
    };
    let content = ReplyContent {
        document_status: document,
        runtime_status: steps.iter().map(|(name, status, output)| ((*name).to_owned(), result(status, output))).collect(),
        ..ReplyContent::default()
    };
    let id = Uuid::new_v4();
    (id, AgentMessage::carrying(&AgentJobReply::new(job_id.clone(), JobTopic::SendCommand, &content), id, NOW).encode())
}

async fn say(channel: &mut HandChannel, (id, frame): (Uuid, bytes::Bytes)) {
    channel.send(frame).await;
    assert_eq!(acknowledged(channel).await, id);
}

fn steps_are_kept_in_whatever_order_they_are_told(engine: Engine) {
    let hub = TestHub::start(engine);
    hub.aws().call("create-document", &json!({ "Name": "Two-Steps", "DocumentType": "Command", "Content": TWO_STEPS }));
    block_on(async {
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let command = send(&hub, &[&node], &json!({ "DocumentName": "Two-Steps", "Parameters": {} }));
        let step = |name: &str| {
            hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": node.instance_id, "PluginName": name }))
        };
        let (message, taken) = job(&mut channel).await;
        channel.send(ack(&message, &taken, AckStatus::Successful)).await;
        wait_until("the ack to be taken", 20, || (step("first")["Status"] == "InProgress").then_some(()));
        assert_eq!(step("second")["Status"], "Pending", "a step that has not begun is not in progress");
        // A step that waits for a reboot has no end yet.
        let reboot = report(&taken.job_id, DocumentStatus::InProgress, &[("first", DocumentStatus::SuccessAndReboot, "half")]);
        say(&mut channel, reboot).await;
        let waiting = step("first");
        assert_eq!((&waiting["Status"], &waiting["ResponseCode"]), (&json!("InProgress"), &json!(-1)), "{waiting}");
        assert_eq!(waiting["StandardOutputContent"], "");
        // The end of all before the end of its steps, and steps that are none.
        say(&mut channel, report(&taken.job_id, DocumentStatus::Success, &[])).await;
        say(&mut channel, report(&taken.job_id, DocumentStatus::InProgress, &[("second", DocumentStatus::Success, "second")])).await;
        say(&mut channel, report(&taken.job_id, DocumentStatus::InProgress, &[("first", DocumentStatus::Success, "first")])).await;
        say(&mut channel, report(&taken.job_id, DocumentStatus::InProgress, &[("first", DocumentStatus::Failed, "contradiction")])).await;
        say(&mut channel, report(&taken.job_id, DocumentStatus::InProgress, &[("third", DocumentStatus::Success, "foreign")])).await;
        assert_eq!((&step("first")["Status"], &step("first")["StandardOutputContent"]), (&json!("Success"), &json!("first")));
        assert_eq!(step("second")["StandardOutputContent"], "second");
        let listed = hub.aws().call("list-command-invocations", &json!({ "CommandId": command, "Details": true }));
        assert_eq!(listed["CommandInvocations"][0]["Status"], "Success");
        assert_eq!(listed["CommandInvocations"][0]["CommandPlugins"].as_array().map(Vec::len), Some(2));
    });
}

#[test]
fn output_of_no_step_is_thrown_away() {
    let hub = TestHub::start(Engine::Sqlite);
    block_on(async {
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let command = send(&hub, &[&node], &json!({}));
        let (message, taken) = job(&mut channel).await;
        channel.send(ack(&message, &taken, AckStatus::Successful)).await;
        for step in ["aws:runShellScript", "another"] {
            let data = bytes::Bytes::from_static(b"data");
            let chunk =
                OutputChunk { job_id: taken.job_id.clone(), step: step.into(), stream: OutputStream::Stdout, offset: 0, last: true, data };
            channel.send(AgentMessage::carrying(&chunk, Uuid::new_v4(), NOW).encode()).await;
            let answered = channel.receive().await.expect("an answer");
            assert_eq!(answered.message_type, MessageType::QuarterdeckOutputAck, "what was answered is not sent again");
        }
        let path = |step: &str| format!("/quarterdeck/v1/commands/{command}/invocations/{}/steps/{step}/output", node.instance_id);
        let read = async |step: &str| {
            let request = qd_client::Request::get("ssm", &path(step)).with_query("stream", "stdout");
            hub.console().send(request).await.map(|answer| String::from_utf8_lossy(&answer.body).into_owned())
        };
        assert_eq!(read("aws%3ArunShellScript").await.expect("the output"), "data");
        assert_ne!(read("another").await.unwrap_or_default(), "data");
    });
}

#[test]
fn a_command_that_an_agent_cannot_read_says_so() {
    let hub = TestHub::start(Engine::Sqlite);
    block_on(async {
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let command = send(&hub, &[&node], &json!({}));
        let (message, taken) = job(&mut channel).await;
        channel.send(ack(&message, &taken, AckStatus::ParseError)).await;
        say(&mut channel, report(&taken.job_id, DocumentStatus::Failed, &[])).await;
        wait_for(&hub, &command, &node, "Failed");
        let listed = hub.aws().call("list-command-invocations", &json!({ "CommandId": command }));
        let trace = listed["CommandInvocations"][0]["TraceOutput"].as_str().unwrap_or_default();
        assert!(trace.contains("AgentJobMessageParseError"), "{trace}");
    });
}

qd_tests::on_both_engines!(
    a_busy_node_holds_up_nobody_and_gets_its_turn,
    what_runs_on_a_node_ends_with_its_registration,
    steps_are_kept_in_whatever_order_they_are_told,
);
