//! `aws ssm start-session` with an unmodified session-manager-plugin, against an unmodified amazon-ssm-agent and against our own. Plugin and stock
//! agent are built beside the product, so these run when they are asked for, as root:
//! `QUARTERDECK_SESSION_PLUGIN=<its folder> QUARTERDECK_STOCK_AGENT=<its folder> cargo nextest run --workspace --run-ignored only -E
//! 'test(/^session_tools::/)'`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use qd_tests::plugin::PluginClient;
use qd_tests::{Engine, StockAgent, TestAgent, TestHub, wait_until};
use serde_json::{Value, json};

/// A hub, and the node's id.
fn session(hub: &TestHub, id: &str) -> Value {
    for state in ["Active", "History"] {
        let input = json!({ "State": state, "Filters": [{ "key": "SessionId", "value": id }] });
        if let Some(found) = hub.aws().call("describe-sessions", &input)["Sessions"].get(0) {
            return found.clone();
        }
    }
    Value::Null
}

fn reached(hub: &TestHub, id: &str, status: &str) {
    wait_until(&format!("the session to be {status}"), 40, || (session(hub, id)["Status"] == status).then_some(()));
}

fn a_shell(hub: &mut TestHub, node: &str) {
    let mut client = PluginClient::start(hub, &["--target", node]);
    let id = client.session_id();
    reached(hub, &id, "Connected");
    client.type_in("echo $((40+2))answer\r");
    client.wait_for("42answer");
    // The hub dies and comes back; both ends find each other again, and nothing typed is lost.
    hub.kill();
    hub.run();
    client.type_in("echo $((50+3))restart\r");
    client.wait_for("53restart");
    reached(hub, &id, "Connected");
    client.type_in("exit\r");
    client.wait_for("Exiting session");
    assert!(client.wait_end());
    reached(hub, &id, "Terminated");
}

fn terminated_from_outside(hub: &TestHub, node: &str) {
    let mut client = PluginClient::start(hub, &["--target", node]);
    let id = client.session_id();
    reached(hub, &id, "Connected");
    client.type_in("echo $((1+1))there\r");
    client.wait_for("2there");
    hub.aws().call("terminate-session", &json!({ "SessionId": id }));
    client.wait_for("xiting session");
    assert!(client.wait_end());
}

fn one_command_on_a_terminal(hub: &TestHub, node: &str) {
    let parameters = json!({ "command": ["echo it is $((3*7)); stty size"] }).to_string();
    let mut client =
        PluginClient::start(hub, &["--target", node, "--document-name", "AWS-StartInteractiveCommand", "--parameters", &parameters]);
    client.wait_for("it is 21");
    client.wait_for("Exiting session");
    assert!(client.wait_end());
}

fn one_command_without_a_terminal(hub: &TestHub, node: &str) {
    let parameters = json!({ "command": ["ls / /nowhere-at-all"], "separateOutputStream": ["true"], "stdErrSeparatorPrefix": ["ERR:"] });
    let parameters = parameters.to_string();
    let mut client =
        PluginClient::start(hub, &["--target", node, "--document-name", "AWS-StartNonInteractiveCommand", "--parameters", &parameters]);
    client.wait_for("EXIT_CODE: 2");
    assert!(client.wait_end());
    let said = client.said();
    assert!(said.contains("usr") && said.contains("ERR:") && said.contains("nowhere-at-all"), "{said}");
}

/// Answers every connection with what it sends, until it ends.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut buffer = [0; 65_536];
                while let Ok(n @ 1..) = socket.read(&mut buffer) {
                    if socket.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

fn round_trip(port: u16, bytes: usize) {
    let sent: Vec<u8> = (0..bytes).map(|n| (n * 31 % 251) as u8).collect();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the forwarded port");
    let mut writer = socket.try_clone().expect("the same socket");
    let out = sent.clone();
    let writing = std::thread::spawn(move || writer.write_all(&out).expect("written"));
    let mut seen = vec![0; bytes];
    socket.read_exact(&mut seen).expect("all comes back");
    writing.join().expect("written");
    assert!(seen == sent, "what came back is not what was sent");
}

fn a_port(hub: &TestHub, node: &str, document: &str, more: &Value) {
    let mut parameters = json!({ "portNumber": [echo().to_string()] });
    for (key, value) in more.as_object().into_iter().flatten() {
        parameters[key] = value.clone();
    }
    let parameters = parameters.to_string();
    let client = PluginClient::start(hub, &["--target", node, "--document-name", document, "--parameters", &parameters]);
    client.wait_for("Waiting for connections");
    let said = client.said();
    let local = said.split_once("Port ").and_then(|(_, rest)| rest.split_whitespace().next()).and_then(|port| port.parse().ok());
    let local: u16 = local.unwrap_or_else(|| panic!("no port in {said:?}"));
    round_trip(local, 10);
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(move || round_trip(local, 300_000))).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("a round trip"));
    let id = client.session_id();
    hub.aws().call("terminate-session", &json!({ "SessionId": id }));
}

fn everything(hub: &mut TestHub, node: &str) {
    one_command_on_a_terminal(hub, node);
    one_command_without_a_terminal(hub, node);
    a_port(hub, node, "AWS-StartPortForwardingSession", &json!({}));
    a_port(hub, node, "AWS-StartPortForwardingSessionToRemoteHost", &json!({ "host": ["127.0.0.1"] }));
    terminated_from_outside(hub, node);
    a_shell(hub, node);
}

#[test]
#[ignore = "needs the stock agent and the plugin, which are built beside the product"]
fn plugin_and_stock_agent_on_sqlite() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let agent = StockAgent::start(&hub, &[]);
    everything(&mut hub, &agent.instance_id);
}

#[test]
#[ignore = "needs the stock agent and the plugin, which are built beside the product"]
fn plugin_and_stock_agent_on_postgres() {
    let mut hub = TestHub::start(Engine::Postgres);
    let agent = StockAgent::start(&hub, &[]);
    everything(&mut hub, &agent.instance_id);
}

#[test]
#[ignore = "needs the plugin, which is built beside the product"]
fn plugin_and_our_agent() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    everything(&mut hub, &agent.instance_id);
}
