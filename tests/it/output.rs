//! The whole output of a command, live and afterwards; AWS callers get AWS's sizes.

use qd_client::{Client, Request};
use qd_tests::{Engine, TestAgent, TestHub, wait_until};
use serde_json::{Value, json};

/// Reads a step's output as the console does, from `offset` on; what came, the known total, and whether more will come.
async fn read(client: &Client, path: &str, stream: &str, offset: usize, wait: u32) -> (Vec<u8>, usize, bool) {
    let request = Request::get("ssm", path)
        .with_query("stream", stream)
        .with_query("offset", offset.to_string())
        .with_query("max", "4194304")
        .with_query("wait", wait.to_string());
    let mut answer = client.stream(request).await.expect("output");
    let total = answer.header("x-quarterdeck-total").and_then(|v| v.parse().ok()).expect("a number");
    let complete = answer.header("x-quarterdeck-complete") == Some("true");
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.next_chunk().await.expect("output") {
        bytes.extend_from_slice(&chunk);
    }
    (bytes, total, complete)
}

fn send(hub: &TestHub, agent: &TestAgent, script: &str) -> (String, String) {
    let input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [agent.instance_id], "Parameters": { "commands": [script] } });
    let command = hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned();
    let path = format!("/quarterdeck/v1/commands/{command}/invocations/{}/steps/aws%3ArunShellScript/output", agent.instance_id);
    (command, path)
}

fn ended(hub: &TestHub, command: &str, agent: &TestAgent) -> Value {
    wait_until("the command to end", 240, || {
        let got = hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": agent.instance_id }));
        (!["Pending", "InProgress", "Delayed"].contains(&got["Status"].as_str().expect("a status"))).then_some(got)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn output_shows_while_the_script_runs() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let client = hub.console();
    let gate = agent.data_dir().join("gate");
    let (command, path) =
        send(&hub, &agent, &format!("echo first; echo warn >&2; while [ ! -e {} ]; do sleep 0.1; done; echo second", gate.display()));
    let (live, _, complete) = read(&client, &path, "stdout", 0, 20).await;
    assert_eq!(live, b"first\n", "the script waits for the gate, so this came while it ran");
    assert!(!complete);
    assert_eq!(read(&client, &path, "stderr", 0, 20).await.0, b"warn\n");
    std::fs::write(&gate, "").expect("the gate opens");
    assert_eq!(read(&client, &path, "stdout", 6, 20).await.0, b"second\n");
    assert_eq!(ended(&hub, &command, &agent)["Status"], "Success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_kept_whole_and_aws_gets_its_prefix() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let client = hub.console();
    // 104,857,600 bytes of numbered lines, every one different.
    let (command, path) = send(&hub, &agent, "awk 'BEGIN { for (i = 0; i < 6553600; i++) printf \"%015d\\n\", i }'");
    let result = ended(&hub, &command, &agent);
    assert_eq!(result["Status"], "Success");
    let prefix = result["StandardOutputContent"].as_str().expect("text");
    assert_eq!(prefix.len(), 24_000);
    assert!(prefix.starts_with("000000000000000\n") && prefix.ends_with("--output truncated--"));
    let mut offset = 0;
    let mut line = 0_u64;
    loop {
        let (bytes, total, complete) = read(&client, &path, "stdout", offset, 25).await;
        assert!(offset % 16 == 0 && bytes.len() % 16 == 0 || !complete);
        for number in bytes.chunks_exact(16) {
            assert_eq!(number, format!("{line:015}\n").as_bytes(), "at byte {offset}");
            line += 1;
        }
        offset += bytes.len() / 16 * 16;
        if complete && offset == total {
            break;
        }
    }
    assert_eq!(offset, 104_857_600);
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_output_is_kept_as_it_is_and_shown_as_text() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let client = hub.console();
    let (command, path) = send(&hub, &agent, r"printf 'a\000b\377\376c\303\050d'");
    let result = ended(&hub, &command, &agent);
    let mut whole = read(&client, &path, "stdout", 0, 20).await;
    while !whole.2 {
        whole = read(&client, &path, "stdout", 0, 20).await;
    }
    assert_eq!(whole.0, b"a\0b\xff\xfec\xc3(d");
    let text = result["StandardOutputContent"].as_str().expect("text");
    assert!(text.starts_with('a') && text.ends_with('d') && !text.contains('\0'), "{text:?}");
}
