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

#[test]
fn a_thousand_invocations_survive_kills_of_the_hub_and_of_agents() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let mut agents: Vec<TestAgent> = (0..10).map(|_| TestAgent::start(&hub, &[("role", "crash")])).collect();
    let dir = tempfile::tempdir().expect("a directory");
    let marks = dir.path().join("marks");
    // One line for each run: the node's own directory tells the nodes apart. Appends this short are whole.
    let sent = hub.aws().boto3(&format!(
        "ids = []
for n in range(100):
    script = 'echo %d $AWS_SSM_INSTANCE_ID >> {marks}; echo out-%d' % (n, n)
    ids.append(ssm.send_command(DocumentName='AWS-RunShellScript', Targets=[{{'Key': 'tag:role', 'Values': ['crash']}}], MaxConcurrency='100%', Parameters={{'commands': [script]}})['Command']['CommandId'])
print(json.dumps(ids))",
        marks = marks.display()
    ));
    let runs = || std::fs::read_to_string(&marks).unwrap_or_default().lines().count();
    wait_until("a third of the scripts to have run", 120, || (runs() > 330).then_some(()));
    hub.kill();
    for agent in agents.iter_mut().step_by(2) {
        agent.kill();
    }
    hub.run();
    for agent in agents.iter_mut().step_by(2) {
        agent.run();
    }
    wait_until("two thirds of the scripts to have run", 240, || (runs() > 660).then_some(()));
    hub.kill();
    hub.run();
    let seen = hub.aws().boto3(&format!(
        "ids = {sent}
deadline = time.time() + 400
while time.time() < deadline:
    open_ones = [c for page in ssm.get_paginator('list_commands').paginate(Filters=[{{'key': 'ExecutionStage', 'value': 'Executing'}}]) for c in page['Commands']]
    if not open_ones: break
    time.sleep(1)
found = [i for page in ssm.get_paginator('list_command_invocations').paginate() for i in page['CommandInvocations']]
print(json.dumps([i['Status'] for i in found]))"
    ));
    let statuses = seen.as_array().expect("statuses");
    assert_eq!(statuses.len(), 1_000);
    let other = statuses.iter().filter(|s| **s != "Success").count();
    assert_eq!(other, 0, "{other} invocations did not end in Success");
    let text = std::fs::read_to_string(&marks).expect("the scripts ran");
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1_000, "every script ran once");
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 1_000, "no script ran twice");
}
