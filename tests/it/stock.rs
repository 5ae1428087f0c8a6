//! An unmodified stock agent on our hub. It is built beside the product, so this runs when it is asked for:
//! `QUARTERDECK_STOCK_AGENT=<folder of its programs> cargo nextest run --workspace --run-ignored only -E 'test(/^stock::/)'`, as root.

use qd_tests::{Engine, StockAgent, TestHub, wait_until};
use serde_json::{Value, json};

fn send(hub: &TestHub, script: &str, more: &Value) -> Value {
    let mut parameters = json!({ "commands": [script] });
    for (key, value) in more.as_object().into_iter().flatten() {
        parameters[key] = value.clone();
    }
    let targets = json!([{ "Key": "tag:role", "Values": ["stock"] }]);
    let sent =
        hub.aws().call("send-command", &json!({ "DocumentName": "AWS-RunShellScript", "Targets": targets, "Parameters": parameters }));
    sent["Command"]["CommandId"].clone()
}

fn invocation(hub: &TestHub, agent: &StockAgent, command: &Value) -> Value {
    hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": agent.instance_id }))
}

/// The invocation, once it is in one of these states.
fn reached(hub: &TestHub, agent: &StockAgent, command: &Value, states: &[&str]) -> Value {
    wait_until(&format!("one of {states:?}"), 150, || {
        let outcome = hub.aws().cli(&[
            "ssm",
            "get-command-invocation",
            "--cli-input-json",
            &json!({ "CommandId": command, "InstanceId": agent.instance_id }).to_string(),
        ]);
        let seen = outcome.json();
        states.iter().any(|state| seen["StatusDetails"] == *state).then_some(seen)
    })
}

const ENDS: &[&str] =
    &["Success", "Failed", "Cancelled", "Terminated", "ExecutionTimedOut", "DeliveryTimedOut", "TimedOut", "Undeliverable"];

fn the_stock_agent_runs_commands_to_every_end(engine: Engine) {
    let mut hub = TestHub::start(engine);
    let agent = StockAgent::start(&hub, &[("role", "stock")]);

    let good = send(&hub, "echo said; echo wrong >&2", &json!({}));
    let result = reached(&hub, &agent, &good, ENDS);
    assert_eq!((&result["Status"], &result["ResponseCode"]), (&json!("Success"), &json!(0)), "{result}");
    assert_eq!((&result["StandardOutputContent"], &result["StandardErrorContent"]), (&json!("said\n"), &json!("wrong\n")), "{result}");

    let bad = send(&hub, "echo before; exit 7", &json!({}));
    let result = reached(&hub, &agent, &bad, ENDS);
    assert_eq!((&result["Status"], &result["ResponseCode"]), (&json!("Failed"), &json!(7)), "{result}");

    let slow = send(&hub, "sleep 300", &json!({ "executionTimeout": ["5"] }));
    let result = reached(&hub, &agent, &slow, ENDS);
    assert_eq!(result["Status"], "TimedOut", "{result}");

    let endless = send(&hub, "sleep 300", &json!({}));
    reached(&hub, &agent, &endless, &["InProgress"]);
    hub.aws().call("cancel-command", &json!({ "CommandId": endless }));
    let result = reached(&hub, &agent, &endless, ENDS);
    assert_eq!(result["Status"], "Cancelled", "{result}");

    // What ended stays as it was, and what runs while the hub is away comes to its end.
    let results: Vec<_> = [&good, &bad, &slow, &endless].map(|command| invocation(&hub, &agent, command)).into();
    let over = send(&hub, "sleep 6; echo late", &json!({}));
    reached(&hub, &agent, &over, &["InProgress"]);
    hub.kill();
    hub.run();
    assert_eq!(results, [&good, &bad, &slow, &endless].map(|command| invocation(&hub, &agent, command)));
    let result = reached(&hub, &agent, &over, ENDS);
    assert_eq!((&result["Status"], &result["StandardOutputContent"]), (&json!("Success"), &json!("late\n")), "{result}");
}

#[test]
#[ignore = "needs the stock agent's programs, which are built beside the product"]
fn on_sqlite() {
    the_stock_agent_runs_commands_to_every_end(Engine::Sqlite);
}

#[test]
#[ignore = "needs the stock agent's programs, which are built beside the product"]
fn on_postgres() {
    the_stock_agent_runs_commands_to_every_end(Engine::Postgres);
}
