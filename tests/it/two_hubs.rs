//! Two hubs on one PostgreSQL, as docs/scale-out.md sets them up: whichever hub is asked, a command runs on nodes of both, once; rate control and
//! cancelling reach across; and when one hub dies the other goes on with its nodes.

use std::path::Path;

use qd_client::Request;
use qd_tests::node::HandNode;
use qd_tests::session::HandEnd;
use qd_tests::{Engine, Relay, TestAgent, TestHub, wait_until};
use qd_wire::MessageType;
use qd_wire::payload::stream_data::PayloadType;
use serde_json::{Value, json};

fn send(hub: &TestHub, script: &str, more: &Value) -> String {
    let mut input = json!({ "DocumentName": "AWS-RunShellScript", "Parameters": { "commands": [script] } });
    for (key, value) in more.as_object().into_iter().flatten() {
        input[key] = value.clone();
    }
    hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned()
}

fn fleet() -> Value {
    json!({ "Targets": [{ "Key": "tag:role", "Values": ["fleet"] }] })
}

fn ended(hub: &TestHub, command: &str) -> Value {
    wait_until("the command to end", 90, || {
        let listed = hub.aws().call("list-commands", &json!({ "CommandId": command }));
        let command = listed["Commands"][0].clone();
        (!["Pending", "InProgress", "Cancelling"].contains(&command["Status"].as_str().expect("a status"))).then_some(command)
    })
}

fn invocation(hub: &TestHub, command: &str, node: &TestAgent) -> Value {
    hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": node.instance_id }))
}

fn lines(path: &Path) -> Vec<String> {
    let mut lines: Vec<String> = std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Statuses of `node`'s invocations in the stream of events of `hub`, from the oldest event on, until `until` was among them.
async fn told(hub: &TestHub, node: &TestAgent, until: &str) -> Vec<String> {
    let request = Request::get("ssm", "/quarterdeck/v1/events").with_query("cursor", "0");
    let mut stream = hub.console().stream(request).await.expect("the events");
    let (mut text, mut seen) = (Vec::new(), Vec::new());
    while let Some(chunk) = stream.next_chunk().await.expect("the events go on") {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let Ok(event) = serde_json::from_slice::<Value>(&line) else { continue };
            let about = event["detail-type"] == "EC2 Command Invocation Status-change Notification";
            if about && event["detail"]["instance-id"] == node.instance_id.as_str() {
                seen.push(event["detail"]["status"].as_str().expect("a status").to_owned());
                if seen.last().is_some_and(|last| last == until) {
                    return seen;
                }
            }
        }
    }
    panic!("the stream ended after {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_hub_reaches_the_nodes_of_both_once() {
    let one = TestHub::start(Engine::Postgres);
    let other = one.join();
    let here = TestAgent::start(&one, &[("role", "fleet")]);
    let there = TestAgent::start(&other, &[("role", "fleet")]);
    let dir = tempfile::tempdir().expect("a directory");
    let marks = dir.path().join("marks");

    // By tag and by id, through either hub.
    let script = format!("echo $AWS_SSM_INSTANCE_ID >> {}; echo from-$AWS_SSM_INSTANCE_ID", marks.display());
    for (n, hub) in [&one, &other].into_iter().enumerate() {
        let command = send(hub, &script, &fleet());
        let done = ended(hub, &command);
        assert_eq!((&done["Status"], &done["TargetCount"], &done["CompletedCount"]), (&json!("Success"), &json!(2), &json!(2)));
        for (asked, node) in [(&one, &there), (&other, &here)] {
            let result = invocation(asked, &command, node);
            assert_eq!(result["StandardOutputContent"], format!("from-{}\n", node.instance_id));
        }
        assert_eq!(lines(&marks).len(), 2 * (n + 1), "every script runs once");
    }
    let command = send(&one, &script, &json!({ "InstanceIds": [there.instance_id] }));
    assert_eq!(ended(&other, &command)["Status"], "Success");
    assert_eq!(lines(&marks).iter().filter(|l| **l == there.instance_id).count(), 3);

    // What one hub's node did stands in the stream of the other.
    assert_eq!(told(&one, &there, "Success").await, ["InProgress", "Success"]);
    assert_eq!(told(&other, &here, "Success").await, ["InProgress", "Success"]);

    // A cancel through the hub that does not hold the node's channel.
    for (asked, node) in [(&one, &there), (&other, &here)] {
        let command = send(asked, "echo begun; sleep 300", &json!({ "InstanceIds": [node.instance_id] }));
        wait_until("the script to run", 30, || (invocation(asked, &command, node)["Status"] == "InProgress").then_some(()));
        asked.aws().call("cancel-command", &json!({ "CommandId": command }));
        assert_eq!(ended(asked, &command)["Status"], "Cancelled");
        assert_eq!(invocation(asked, &command, node)["Status"], "Cancelled");
    }
}

#[test]
fn a_hub_that_stood_still_gets_its_nodes_back() {
    let one = TestHub::start(Engine::Postgres);
    let other = one.join();
    let there = TestAgent::start(&other, &[]);
    other.stand_still(true);
    let command = send(&one, "echo back", &json!({ "InstanceIds": [there.instance_id] }));
    wait_until("the silent hub to be taken for lost", 120, || (invocation(&one, &command, &there)["Status"] == "Delayed").then_some(()));
    other.stand_still(false);
    assert_eq!(ended(&one, &command)["Status"], "Success");
    assert_eq!(invocation(&other, &command, &there)["StandardOutputContent"], "back\n");
}

#[test]
fn rate_control_holds_across_hubs() {
    let one = TestHub::start(Engine::Postgres);
    let other = one.join();
    let nodes: Vec<TestAgent> = [&one, &one, &other, &other].into_iter().map(|hub| TestAgent::start(hub, &[("role", "fleet")])).collect();
    let dir = tempfile::tempdir().expect("a directory");
    let (marks, lock) = (dir.path().join("marks"), dir.path().join("lock"));

    // One at a time: a directory can be made once until it is removed.
    let script = format!("mkdir {lock} && echo ran >> {marks}; sleep 0.3; rmdir {lock}", lock = lock.display(), marks = marks.display());
    let mut input = fleet();
    input["MaxConcurrency"] = "1".into();
    let command = send(&one, &script, &input);
    assert_eq!(ended(&other, &command)["Status"], "Success");
    assert_eq!(lines(&marks), ["ran"; 4], "no two nodes ran at the same time, whichever hub they are connected to");

    // Two fail, one more than is tolerated; what was not handed out is not.
    std::fs::remove_file(&marks).expect("the marks");
    input["MaxErrors"] = "1".into();
    let command = send(&other, &format!("echo ran >> {}; exit 1", marks.display()), &input);
    let done = ended(&one, &command);
    assert_eq!((&done["Status"], &done["ErrorCount"]), (&json!("Failed"), &json!(2)));
    assert_eq!(lines(&marks).len(), 2);
    let terminated = nodes.iter().filter(|node| invocation(&one, &command, node)["StatusDetails"] == "Terminated").count();
    assert_eq!(terminated, 2);
}

#[test]
fn a_hub_that_dies_leaves_its_nodes_and_their_work_to_the_other() {
    let one = TestHub::start(Engine::Postgres);
    let mut other = one.join();
    let relay = Relay::to(&other);
    let agents: Vec<TestAgent> = (0..6).map(|_| TestAgent::start_at(&one, &relay.url(), &[("role", "fleet")])).collect();
    let dir = tempfile::tempdir().expect("a directory");
    let marks = dir.path().join("marks");
    let sent = one.aws().boto3(&format!(
        "ids = []
for n in range(50):
    script = 'echo %d $AWS_SSM_INSTANCE_ID >> {marks}; echo out-%d' % (n, n)
    ids.append(ssm.send_command(DocumentName='AWS-RunShellScript', Targets=[{{'Key': 'tag:role', 'Values': ['fleet']}}], MaxConcurrency='100%', Parameters={{'commands': [script]}})['Command']['CommandId'])
print(json.dumps(ids))",
        marks = marks.display()
    ));
    wait_until("a third of the scripts to have run", 120, || (lines(&marks).len() > 100).then_some(()));
    other.kill();
    relay.lead_to(&one);
    let seen = one.aws().boto3(&format!(
        "ids = {sent}
deadline = time.time() + 200
while time.time() < deadline:
    if not [c for page in ssm.get_paginator('list_commands').paginate(Filters=[{{'key': 'ExecutionStage', 'value': 'Executing'}}]) for c in page['Commands']]: break
    time.sleep(0.5)
found = [i for page in ssm.get_paginator('list_command_invocations').paginate(Details=True) for i in page['CommandInvocations']]
print(json.dumps([[i['Status'], i['CommandPlugins'][0]['Output'], 'out-%d\\n' % ids.index(i['CommandId'])] for i in found]))"
    ));
    let found = seen.as_array().expect("invocations");
    assert_eq!(found.len(), 300);
    for one in found {
        assert_eq!((&one[0], &one[1]), (&json!("Success"), &one[2]));
    }
    let ran = lines(&marks);
    assert_eq!(ran.len(), 300, "every script ran");
    assert!(ran.windows(2).all(|pair| pair[0] != pair[1]), "no script ran twice");
    // The hub that comes back is one of two again.
    other.run();
    let command = send(&other, "echo back", &fleet());
    assert_eq!(ended(&other, &command)["CompletedCount"], 6);
    drop(agents);
}

/// A client at one hub, its node at the other: they meet, whoever connects first, and the client finds a node that moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_spans_two_hubs() {
    let one = TestHub::start(Engine::Postgres);
    let two = one.join();
    // Made by hand, so that it is known which hub each end reaches.
    let node = HandNode::register(&two, &[]).await;
    let mut channel = node.connect().await;
    let started = one.call("StartSession", &json!({ "Target": node.instance_id }));
    let id = started["SessionId"].as_str().expect("an id").to_owned();
    assert!(started["StreamUrl"].as_str().is_some_and(|url| url.contains(one.url().trim_start_matches("https://"))));
    loop {
        let message = channel.receive().await.expect("the session reaches the node through the other hub");
        if message.message_type == MessageType::InteractiveShell {
            break;
        }
    }
    // The client first: it waits at the wrong hub until the node's end is there.
    let mut client = HandEnd::client(&one, &started).await;
    let mut agent = node.attend(&id).await;
    let said = agent.say(PayloadType::Output, b"$ ").await;
    assert_eq!(client.expect(MessageType::OutputStreamData).await, said);
    client.acknowledge(&said).await;
    agent.expect(MessageType::Acknowledge).await;
    client.say(PayloadType::Output, b"typed").await;
    assert_eq!(&agent.expect(MessageType::InputStreamData).await.payload[..], b"typed");
    // A foreign token is no better at the other hub.
    let url = started["StreamUrl"].as_str().expect("a URL");
    assert!(HandEnd::client_with(&one, url, "1.2.3").await.expect("the upgrade").is_closed().await);
    // Ended at the hub that has neither end.
    one.call("TerminateSession", &json!({ "SessionId": id }));
    client.expect(MessageType::ChannelClosed).await;
    agent.expect(MessageType::ChannelClosed).await;
}
