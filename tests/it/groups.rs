//! What the console compares and searches: results grouped by what they say, text found in all outputs, and why a node is offline.

use qd_client::{Client, Request};
use qd_tests::node::HandNode;
use qd_tests::{Engine, TestAgent, TestHub, wait_until};
use serde_json::{Value, json};

fn request(path: &str, query: &[(&str, &str)]) -> Request {
    query.iter().fold(Request::get("ssm", path), |request, (name, value)| request.with_query(name, *value))
}

async fn get(client: &Client, path: &str, query: &[(&str, &str)]) -> Value {
    let answer = client.send(request(path, query)).await.expect("an answer");
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// The code of a request that must be refused.
async fn refused(client: &Client, path: &str, query: &[(&str, &str)]) -> String {
    client.send(request(path, query)).await.expect_err("a refusal").code().to_owned()
}

/// A command that says the same on two nodes and something else on the third.
async fn compare(engine: Engine) {
    let hub = TestHub::start(engine);
    let agents: Vec<TestAgent> = (0..3).map(|_| TestAgent::start(&hub, &[("role", "web")])).collect();
    let odd = &agents[2];
    let script =
        format!("case $AWS_SSM_INSTANCE_ID in {}) echo only here: Needle; exit 3 ;; *) seq 20000; echo warn >&2 ;; esac", odd.instance_id);
    let input = json!({ "DocumentName": "AWS-RunShellScript", "Targets": [{ "Key": "tag:role", "Values": ["web"] }], "Parameters": { "commands": [script] } });
    let command = hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned();
    wait_until("the command to end", 240, || {
        let got = hub.aws().call("list-commands", &json!({ "CommandId": command }));
        (!["Pending", "InProgress"].contains(&got["Commands"][0]["Status"].as_str().expect("a status"))).then_some(())
    });
    let client = hub.console();
    let path = format!("/quarterdeck/v1/commands/{command}/groups");
    let all = get(&client, &path, &[]).await;
    assert_eq!((&all["complete"], &all["total"], &all["steps"]), (&json!(true), &json!(2), &json!(["aws:runShellScript"])), "{all}");
    let [same, differs] = all["groups"].as_array().expect("groups").as_slice() else { panic!("{all}") };
    assert_eq!((&same["count"], &same["status"], &same["exitCode"]), (&json!(2), &json!("Success"), &json!(0)));
    assert_eq!((&differs["count"], &differs["status"], &differs["exitCode"]), (&json!(1), &json!("Failed"), &json!(3)));
    assert_eq!(differs["nodes"][0]["id"], odd.instance_id.as_str());
    assert!(differs["stdout"]["sample"].as_str().expect("text").starts_with("only here: Needle\n"));
    assert_eq!((&same["stdout"]["truncated"], &same["stderr"]["sample"]), (&json!(true), &json!("warn\n")));
    let numbers: usize = (1..=20_000).map(|n: u32| n.to_string().len() + 1).sum();
    assert_eq!(same["stdout"]["bytes"], numbers);
    // The same again from the digests that were kept.
    assert_eq!(get(&client, &path, &[("step", "aws:runShellScript")]).await, all);
    assert_eq!(get(&client, &path, &[("status", "Failed")]).await["groups"].as_array().expect("groups").len(), 1);
    assert_eq!(refused(&client, &path, &[("step", "none")]).await, "ValidationException");

    let members = format!("{path}/{}/nodes", same["id"].as_str().expect("an id"));
    let first = get(&client, &members, &[("max", "1")]).await;
    let rest = get(&client, &members, &[("max", "1"), ("after", first["next"].as_str().expect("more"))]).await;
    let mut found = [first["nodes"][0]["id"].clone(), rest["nodes"][0]["id"].clone()];
    let mut wanted = [json!(agents[0].instance_id), json!(agents[1].instance_id)];
    found.sort_by_key(Value::to_string);
    wanted.sort_by_key(Value::to_string);
    assert_eq!(found, wanted);
    assert!(rest.get("next").is_none());

    let search = format!("/quarterdeck/v1/commands/{command}/search");
    let hit = get(&client, &search, &[("q", "nEEDLE")]).await;
    let [one] = hit["matches"].as_array().expect("matches").as_slice() else { panic!("{hit}") };
    assert_eq!((&one["instanceId"], &one["line"], &one["stream"]), (&json!(odd.instance_id), &json!(1), &json!("stdout")));
    assert_eq!(one["text"], "only here: Needle");
    // Page by page, each match once and in its place.
    let (mut lines, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("q", "999"), ("max", "7")];
        if let Some(after) = &after {
            query.push(("after", after));
        }
        let page = get(&client, &search, &query).await;
        for one in page["matches"].as_array().expect("matches") {
            assert_eq!(one["line"].to_string(), one["text"].as_str().expect("text"), "line n says n");
            lines.push((one["instanceId"].clone(), one["line"].as_u64()));
        }
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    let expected = (1..=20_000).filter(|n: &u32| n.to_string().contains("999")).count() * 2;
    assert_eq!(lines.len(), expected);
    lines.sort_by_key(|line| format!("{line:?}"));
    lines.dedup();
    assert_eq!(lines.len(), expected);
    assert_eq!(refused(&client, "/quarterdeck/v1/commands/nothing/search", &[("q", "x")]).await, "InvalidCommandId");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_compared_and_searched_on_sqlite() {
    compare(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_compared_and_searched_on_postgres() {
    compare(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_diagnosis_says_why_a_node_is_offline() {
    let hub = TestHub::start(Engine::Sqlite);
    let client = hub.console();
    let activation = hub.aws().call("create-activation", &json!({ "IamRole": "node" }));
    let node = HandNode::register_by(&hub, &activation).await;
    let path = format!("/quarterdeck/v1/nodes/{}/diagnosis", node.instance_id);
    let state = |diagnosis: &Value, id: &str| {
        let checks = diagnosis["checks"].as_array().expect("checks").clone();
        checks.into_iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id} in {diagnosis}"))
    };
    let before = get(&client, &path, &[]).await;
    assert_eq!((&before["online"], &state(&before, "channel")["state"]), (&json!(false), &json!("fail")));
    assert_eq!(state(&before, "credentials")["state"], "unknown");

    // Somebody who does not have the node's key asks in its name.
    assert!(node.impostor().role_token(&node.fingerprint).await.is_err());
    let turned_away = get(&client, &path, &[]).await;
    let credentials = state(&turned_away, "credentials");
    assert_eq!(
        (&credentials["state"], &credentials["evidence"]["code"]),
        (&json!("fail"), &json!("InvalidSignatureException")),
        "{turned_away}"
    );
    assert_eq!(credentials["evidence"]["source"], "127.0.0.1");
    assert!(credentials["fix"]["linux"].as_str().expect("a fix").contains("register"));
    assert_eq!(state(&turned_away, "process")["state"], "ok", "something of its name asks");

    let channel = node.connect().await;
    wait_until("the channel to open", 60, || {
        let got = hub.aws().call("describe-instance-information", &json!({}));
        (got["InstanceInformationList"][0]["PingStatus"] == "Online").then_some(())
    });
    let open = get(&client, &path, &[]).await;
    assert_eq!((&open["online"], &state(&open, "credentials")["state"]), (&json!(true), &json!("ok")), "{open}");
    drop(channel);
    assert_eq!(refused(&client, "/quarterdeck/v1/nodes/mi-0000000000000000f/diagnosis", &[]).await, "InvalidInstanceId");
}
