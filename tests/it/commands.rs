//! Run Command end to end, as the AWS CLI and boto3 see it.

use qd_tests::{Engine, TestAgent, TestHub, wait_until};
use serde_json::{Value, json};

/// Sends a script and returns the command's id.
fn send(hub: &TestHub, targets: &Value, script: &str, more: &Value) -> String {
    let mut input = json!({ "DocumentName": "AWS-RunShellScript", "Targets": targets, "Parameters": { "commands": [script] } });
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    let sent = hub.aws().call("send-command", &input);
    assert_eq!(sent["Command"]["Status"], "Pending");
    sent["Command"]["CommandId"].as_str().expect("an id").to_owned()
}

fn web() -> Value {
    json!([{ "Key": "tag:role", "Values": ["web"] }])
}

/// The command, once it has ended.
fn ended(hub: &TestHub, command_id: &str) -> Value {
    wait_until("the command to end", 60, || {
        let listed = hub.aws().call("list-commands", &json!({ "CommandId": command_id }));
        let command = listed["Commands"][0].clone();
        let open = ["Pending", "InProgress", "Cancelling"].contains(&command["Status"].as_str().expect("a status"));
        (!open).then_some(command)
    })
}

fn invocation(hub: &TestHub, command_id: &str, instance_id: &str) -> Value {
    hub.aws().call("get-command-invocation", &json!({ "CommandId": command_id, "InstanceId": instance_id }))
}

#[test]
fn nothing_matching_is_a_success_without_nodes() {
    let hub = TestHub::start(Engine::Sqlite);
    let id = send(&hub, &web(), "true", &json!({}));
    let command = ended(&hub, &id);
    assert_eq!((&command["Status"], &command["StatusDetails"]), (&json!("Success"), &json!("NoInstancesInTag")));
}

#[test]
fn a_node_that_is_away_gets_its_command_when_it_comes() {
    let hub = TestHub::start(Engine::Sqlite);
    let mut agent = TestAgent::register(&hub, &[("role", "web")]);
    let id = send(&hub, &web(), "echo late", &json!({}));
    wait_until("the invocation to be parked", 20, || {
        (invocation(&hub, &id, &agent.instance_id)["StatusDetails"] == "Delayed").then_some(())
    });
    agent.run();
    assert_eq!(ended(&hub, &id)["Status"], "Success");
    assert_eq!(invocation(&hub, &id, &agent.instance_id)["StandardOutputContent"], "late\n");
}
