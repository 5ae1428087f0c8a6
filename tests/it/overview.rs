//! The console's first page names what needs a person so that it is recognised.

use qd_tests::node::HandNode;
use qd_tests::{Engine, TestHub, wait_until};
use qd_wire::payload::AckStatus;
use serde_json::{Value, json};

use crate::channel::{ack, job};

async fn overview(hub: &TestHub) -> Value {
    let answer = hub.console().send(qd_client::Request::get("ssm", "/quarterdeck/v1/overview")).await.expect("the overview");
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_command_is_named_by_its_document_and_comment() {
    let hub = TestHub::start(Engine::Sqlite);
    let node = HandNode::register(&hub, &[]).await;
    let mut channel = node.connect().await;
    let input = json!({
        "DocumentName": "AWS-RunShellScript", "InstanceIds": [node.instance_id], "Comment": "야간 점검", "Parameters": { "commands": ["true"] },
    });
    let sent = hub.aws().call("send-command", &input);
    let command = sent["Command"]["CommandId"].as_str().expect("an id");
    let (message, taken) = job(&mut channel).await;
    channel.send(ack(&message, &taken, AckStatus::InvalidDocument)).await;
    wait_until("the command to fail", 10, || {
        let listed = hub.aws().call("list-commands", &json!({ "CommandId": command }));
        (listed["Commands"][0]["Status"] == "Failed").then_some(())
    });
    let said = overview(&hub).await;
    let failed = said["attention"].as_array().expect("a list").iter().find(|one| one["kind"] == "CommandFailed").expect("the command");
    assert_eq!(
        (&failed["subject"], &failed["name"], &failed["comment"]),
        (&json!(command), &json!("AWS-RunShellScript"), &json!("야간 점검"))
    );
}
