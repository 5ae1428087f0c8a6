//! Simulated nodes, as the app starts them to let a person try the console: real on the wire, without work, and gone with their input.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use qd_client::Request;
use qd_tests::{Engine, TestHub, program, wait_until};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn simulated_nodes_answer_differ_and_leave() {
    let hub = TestHub::start(Engine::Sqlite);
    let activation = hub
        .aws()
        .call("create-activation", &json!({ "IamRole": "node", "RegistrationLimit": 10, "Tags": [{ "Key": "fleet", "Value": "sim" }] }));
    let mut child = Command::new(program("quarterdeck-agent"))
        .args(["simulate", "--nodes", "10", "--prefix", "sim", "--endpoint", hub.url(), "--ca-file"])
        .arg(hub.ca_file())
        .args(["--activation-id", activation["ActivationId"].as_str().expect("an id")])
        .env("QUARTERDECK_ACTIVATION_CODE", activation["ActivationCode"].as_str().expect("a code"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the simulated nodes");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(line, "{\"connected\":10}\n");
    let nodes = hub.aws().call("describe-instance-information", &json!({}));
    let kinds: std::collections::BTreeSet<&str> =
        nodes["InstanceInformationList"].as_array().expect("nodes").iter().filter_map(|node| node["PlatformType"].as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["Linux", "MacOS", "Windows"]);

    let input = json!({
        "DocumentName": "AWS-RunShellScript", "Targets": [{ "Key": "tag:fleet", "Values": ["sim"] }], "MaxErrors": "10",
        "Parameters": { "commands": ["touch /tmp/never"] },
    });
    let command = hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned();
    let ended = wait_until("the command to end", 240, || {
        let got = hub.aws().call("list-commands", &json!({ "CommandId": command }))["Commands"][0].clone();
        (!["Pending", "InProgress"].contains(&got["Status"].as_str().expect("a status"))).then_some(got)
    });
    // The document is for Linux and macOS; of those seven, one says something else and one fails.
    let invocations = hub.aws().call("list-command-invocations", &json!({ "CommandId": command, "Details": true }));
    let said: Vec<&Value> = invocations["CommandInvocations"].as_array().expect("invocations").iter().collect();
    let on_purpose = |one: &&Value| one["CommandPlugins"][0]["Output"].as_str().is_some_and(|output| output.contains("fails on purpose"));
    assert_eq!(said.iter().filter(|one| one["Status"] == "Failed" && on_purpose(one)).count(), 1, "{ended} {invocations}");
    assert!(said.iter().filter(|one| one["Status"] == "Success").count() >= 5, "{invocations}");

    drop(child.stdin.take());
    assert!(child.wait().expect("its end").success());
    let client = hub.console();
    let preview = Request::get("ssm", "/quarterdeck/v1/targets/preview")
        .with_query("targets", json!([{ "Key": "tag:fleet", "Values": ["sim"] }]).to_string());
    loop {
        let answer = client.send(preview.clone()).await.expect("a preview");
        let counts: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(counts["total"], 10);
        if counts["online"] == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
