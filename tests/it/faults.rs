//! Crashes and bad input: what was accepted survives `kill -9`, nothing runs twice, and wrong requests get AWS's own codes.

use qd_tests::{Engine, TestAgent, TestHub, wait_until};
use serde_json::json;

#[test]
fn hub_and_agent_killed_while_commands_run_lose_and_repeat_nothing() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let mut agent = TestAgent::start(&hub, &[("role", "web")]);
    let mark = agent.data_dir().join("marks");
    let script = |n: usize| format!("echo run-{n} >> {}; sleep 1; echo done-{n}", mark.display());
    let ids: Vec<String> = (0..6)
        .map(|n| {
            let input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [agent.instance_id], "Parameters": { "commands": [script(n)] } });
            hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned()
        })
        .collect();
    hub.kill();
    agent.kill();
    hub.run();
    agent.run();
    agent.wait_online(&hub);
    for (n, id) in ids.iter().enumerate() {
        let result = wait_until("the command to end", 60, || {
            let result = hub.aws().call("get-command-invocation", &json!({ "CommandId": id, "InstanceId": agent.instance_id }));
            (!["Pending", "InProgress", "Delayed"].contains(&result["Status"].as_str().expect("a status"))).then_some(result)
        });
        assert_eq!(result["Status"], "Success", "command {n}: {result}");
        assert_eq!(result["StandardOutputContent"], format!("done-{n}\n"));
    }
    let marks = std::fs::read_to_string(&mark).expect("the scripts ran");
    for n in 0..6 {
        assert_eq!(marks.matches(&format!("run-{n}\n")).count(), 1, "command {n} ran more or less than once:\n{marks}");
    }
}

#[test]
fn wrong_requests_get_awss_own_codes() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::register(&hub, &[]);
    let aws = hub.aws();
    let send = |more: serde_json::Value| {
        let mut input = json!({ "DocumentName": "AWS-RunShellScript", "Parameters": { "commands": ["true"] } });
        for (key, value) in more.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        aws.error("send-command", &input)
    };
    let node = agent.instance_id.as_str();
    assert_eq!(send(json!({})), "ValidationException");
    assert_eq!(send(json!({ "InstanceIds": [node], "Targets": [{ "Key": "tag:a", "Values": ["b"] }] })), "ValidationException");
    assert_eq!(send(json!({ "InstanceIds": [node, node] })), "DuplicateInstanceId");
    assert_eq!(send(json!({ "InstanceIds": ["mi-00000000000000000"] })), "InvalidInstanceId");
    assert_eq!(send(json!({ "InstanceIds": [node], "DocumentName": "No-Such-Document" })), "InvalidDocument");
    assert_eq!(send(json!({ "InstanceIds": [node], "DocumentVersion": "99" })), "InvalidDocumentVersion");
    assert_eq!(send(json!({ "InstanceIds": [node], "Parameters": { "command": ["true"] } })), "InvalidParameters");
    assert_eq!(send(json!({ "InstanceIds": [node], "Parameters": {} })), "InvalidParameters");
    assert_eq!(send(json!({ "InstanceIds": [node], "MaxConcurrency": "0" })), "ValidationException");
    assert_eq!(send(json!({ "InstanceIds": [node], "DocumentHash": "00" })), "InvalidDocument");
    assert_eq!(
        aws.error("get-command-invocation", &json!({ "CommandId": "11111111-2222-4333-8444-555555555555", "InstanceId": node })),
        "InvocationDoesNotExist"
    );
    assert_eq!(aws.error("list-commands", &json!({ "NextToken": "garbage" })), "InvalidNextToken");
}
