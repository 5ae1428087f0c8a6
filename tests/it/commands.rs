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

fn main_job(engine: Engine) {
    let hub = TestHub::start(engine);
    let agent = TestAgent::start(&hub, &[("role", "web")]);

    let id = send(&hub, &web(), "echo 안녕; echo oops >&2", &json!({ "Comment": "first" }));
    let waited = hub.aws().cli(&["ssm", "wait", "command-executed", "--command-id", &id, "--instance-id", &agent.instance_id]);
    assert!(waited.success, "the waiter failed: {}", waited.stderr);
    let result = invocation(&hub, &id, &agent.instance_id);
    assert_eq!(result["Status"], "Success");
    assert_eq!(result["ResponseCode"], 0);
    assert_eq!(result["StandardOutputContent"], "안녕\n");
    assert_eq!(result["StandardErrorContent"], "oops\n");
    assert_eq!(result["PluginName"], "aws:runShellScript");
    let command = ended(&hub, &id);
    assert_eq!((&command["Status"], &command["TargetCount"], &command["CompletedCount"]), (&json!("Success"), &json!(1), &json!(1)));

    let id = send(&hub, &web(), "exit 3", &json!({}));
    assert_eq!(ended(&hub, &id)["StatusDetails"], "Failed");
    let result = invocation(&hub, &id, &agent.instance_id);
    assert_eq!((&result["Status"], &result["ResponseCode"]), (&json!("Failed"), &json!(3)));
    assert!(result["StandardErrorContent"].as_str().expect("text").contains("exit status 3"));

    let id = send(&hub, &web(), "sleep 300", &json!({}));
    wait_until("the script to run", 30, || (invocation(&hub, &id, &agent.instance_id)["Status"] == "InProgress").then_some(()));
    hub.aws().call("cancel-command", &json!({ "CommandId": id }));
    assert_eq!(ended(&hub, &id)["Status"], "Cancelled");

    let timeout = json!({ "Parameters": { "commands": ["sleep 300"], "executionTimeout": ["5"] } });
    let id = send(&hub, &web(), "", &timeout);
    assert_eq!(ended(&hub, &id)["StatusDetails"], "ExecutionTimedOut");
}

#[test]
fn a_command_succeeds_fails_is_cancelled_and_times_out_on_sqlite() {
    main_job(Engine::Sqlite);
}

#[test]
fn a_command_succeeds_fails_is_cancelled_and_times_out_on_postgresql() {
    main_job(Engine::Postgres);
}

#[test]
fn boto3_pages_and_waits() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[("role", "web")]);
    let seen = hub.aws().boto3(&format!(
        "ids = []
for n in range(7):
    c = ssm.send_command(DocumentName='AWS-RunShellScript', InstanceIds=['{0}'], Parameters={{'commands': ['echo %d' % n]}})
    ids.append(c['Command']['CommandId'])
waiter = ssm.get_waiter('command_executed')
for i in ids:
    waiter.wait(CommandId=i, InstanceId='{0}', WaiterConfig={{'Delay': 1, 'MaxAttempts': 60}})
listed = [c['CommandId'] for page in ssm.get_paginator('list_commands').paginate(PaginationConfig={{'PageSize': 2}}) for c in page['Commands']]
invocations = [i for page in ssm.get_paginator('list_command_invocations').paginate(Details=True, PaginationConfig={{'PageSize': 3}}) for i in page['CommandInvocations']]
print(json.dumps({{'sent': ids, 'listed': listed, 'outputs': [i['CommandPlugins'][0]['Output'] for i in invocations]}}))",
        agent.instance_id
    ));
    let sent: Vec<&str> = seen["sent"].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
    let mut listed: Vec<&str> = seen["listed"].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
    assert_eq!(listed.len(), 7);
    listed.sort_unstable();
    let mut sorted = sent.clone();
    sorted.sort_unstable();
    assert_eq!(listed, sorted);
    let mut outputs: Vec<&str> = seen["outputs"].as_array().expect("outputs").iter().filter_map(Value::as_str).collect();
    outputs.sort_unstable();
    assert_eq!(outputs, ["0\n", "1\n", "2\n", "3\n", "4\n", "5\n", "6\n"]);
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
