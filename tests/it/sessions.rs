//! Sessions between ends made by hand: what the hub lets in, passes on, replays, ends and keeps. Real ends stand in `session_tools.rs`.

use qd_client::Request;
use qd_tests::node::{HandChannel, HandNode};
use qd_tests::session::{HandEnd, task_complete};
use qd_tests::{Engine, TestHub, block_on, on_both_engines, wait_until};
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{Acknowledge, ChannelClosed, DocumentStatus, InteractiveShell, Payload, SessionContent};
use qd_wire::{AgentMessage, MessageType};
use serde_json::{Value, json};

fn start(hub: &TestHub, node: &HandNode) -> Value {
    hub.call("StartSession", &json!({ "Target": node.instance_id, "Reason": "a look" }))
}

fn id(started: &Value) -> String {
    started["SessionId"].as_str().expect("an id").to_owned()
}

fn session(hub: &TestHub, id: &str) -> Value {
    for state in ["Active", "History"] {
        let input = json!({ "State": state, "Filters": [{ "key": "SessionId", "value": id }] });
        if let Some(found) = hub.call("DescribeSessions", &input)["Sessions"].get(0) {
            return found.clone();
        }
    }
    Value::Null
}

fn reached(hub: &TestHub, id: &str, status: &str) -> Value {
    wait_until(&format!("session {id} to be {status}"), 40, || Some(session(hub, id)).filter(|s| s["Status"] == status))
}

async fn told(channel: &mut HandChannel) -> SessionContent {
    loop {
        let message = channel.receive().await.expect("a session");
        if message.message_type == MessageType::InteractiveShell {
            return InteractiveShell::decode(&message.payload).and_then(|shell| shell.session()).expect("readable");
        }
    }
}

async fn ended(channel: &mut HandChannel, session: &str) {
    loop {
        let message = channel.receive().await.expect("the end of the session");
        if message.message_type == MessageType::ChannelClosed {
            assert_eq!(ChannelClosed::decode(&message.payload).expect("readable").session_id, session);
            return;
        }
    }
}

/// What the client is shown when the session ends.
async fn farewell(end: &mut HandEnd) -> String {
    let closed = end.expect(MessageType::ChannelClosed).await;
    ChannelClosed::decode(&closed.payload).expect("readable").output.expect("a text")
}

fn a_session_goes_from_its_start_to_its_end(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let node = HandNode::register(&hub, &[]).await;
        assert_eq!(hub.refused("StartSession", &json!({ "Target": node.instance_id })), "TargetNotConnected");
        assert_eq!(hub.call("GetConnectionStatus", &json!({ "Target": node.instance_id }))["Status"], "notconnected");
        let mut channel = node.connect().await;
        wait_until("the node to be connected", 10, || {
            let status = hub.call("GetConnectionStatus", &json!({ "Target": node.instance_id }));
            (status["Status"] == "connected").then_some(())
        });
        let started = start(&hub, &node);
        let id = id(&started);
        assert!(id.starts_with("administrator-"), "{id}");
        let expected = format!("{}/v1/data-channel/{id}?role=publish_subscribe", hub.url().replacen("https", "wss", 1));
        assert_eq!(started["StreamUrl"], expected);
        let content = told(&mut channel).await;
        assert_eq!((content.session_id.as_str(), content.document_content.session_type.as_str()), (id.as_str(), "Standard_Stream"));
        let seen = session(&hub, &id);
        assert_eq!((&seen["Status"], &seen["Reason"], &seen["Target"]), (&json!("Connecting"), &json!("a look"), &json!(node.instance_id)));

        let mut agent = node.attend(&id).await;
        let prompt = agent.say(PayloadType::Output, b"$ ").await;
        let mut client = HandEnd::client(&hub, &started).await;
        let seen = client.expect(MessageType::OutputStreamData).await;
        assert_eq!(seen, prompt, "a frame passes as it came");
        client.acknowledge(&seen).await;
        let ack = agent.expect(MessageType::Acknowledge).await;
        assert_eq!(Acknowledge::decode(&ack.payload).expect("readable"), Acknowledge::of(&prompt));
        reached(&hub, &id, "Connected");
        let typed = client.say(PayloadType::Output, b"exit\r").await;
        let seen = agent.expect(MessageType::InputStreamData).await;
        assert_eq!(seen, typed);
        agent.acknowledge(&seen).await;
        client.expect(MessageType::Acknowledge).await;

        // The node ends it: all it said comes first.
        let last = agent.say(PayloadType::Output, b"logout\r\n").await;
        agent.state(&id, "Terminating").await;
        assert_eq!(client.expect(MessageType::OutputStreamData).await, last);
        assert_eq!(farewell(&mut client).await, "");
        assert!(client.is_closed().await);
        channel.send(task_complete(&node.instance_id, &id, DocumentStatus::Success, "")).await;
        let seen = reached(&hub, &id, "Terminated");
        assert!(
            seen["EndDate"].is_number() && seen["Owner"].as_str().is_some_and(|owner| owner.ends_with(":user/administrator")),
            "{seen}"
        );
        let active = hub.call("DescribeSessions", &json!({ "State": "Active" }));
        assert_eq!(active["Sessions"], json!([]));
        // Over is over, for both ends.
        let resumed = hub.call("ResumeSession", &json!({ "SessionId": id }));
        assert!(resumed["TokenValue"].as_str().is_none_or(str::is_empty), "{resumed}");
        let refused = node.create_data_channel(&id).await.expect_err("over");
        assert!(refused.to_string().contains("Session is already terminated"), "{refused}");
        assert_eq!(hub.refused("ResumeSession", &json!({ "SessionId": "nobody-0" })), "DoesNotExistException");
    });
}

fn tokens_open_one_end_of_one_session_once(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let (node, other) = (HandNode::register(&hub, &[]).await, HandNode::register(&hub, &[]).await);
        let (_one, _two) = (node.connect().await, other.connect().await);
        let (first, second) = (start(&hub, &node), start(&hub, &node));
        let (url, token) = (first["StreamUrl"].as_str().expect("a URL"), first["TokenValue"].as_str().expect("a token"));
        assert!(token.len() <= 300);
        // Another session's token, none, garbage: hung up on.
        for foreign in [second["TokenValue"].as_str().expect("a token"), "", "1.2.3", &token[..token.len() - 1]] {
            let mut end = HandEnd::client_with(&hub, url, foreign).await.expect("the upgrade");
            assert!(end.is_closed().await, "{foreign:?} opened a session");
        }
        // No such session: not even an upgrade.
        let nowhere = url.replacen(&id(&first), "administrator-00000000000000000", 1);
        assert!(HandEnd::client_with(&hub, &nowhere, token).await.is_err());
        // Once, and not again.
        let mut agent = node.attend(&id(&first)).await;
        let mut client = HandEnd::client(&hub, &first).await;
        let said = agent.say(PayloadType::Output, b"x").await;
        assert_eq!(client.expect(MessageType::OutputStreamData).await, said);
        let mut again = HandEnd::client(&hub, &first).await;
        assert!(again.is_closed().await, "a token opened two connections");
        // A node is not a client, another node is not the session's node, and neither is an administrator.
        assert_eq!(other.create_data_channel(&id(&first)).await.expect_err("refused").code(), "AccessDeniedException");
        let mine = node.create_data_channel(&id(&first)).await.expect("its own token");
        let mut wrong = node.open_data_channel(&id(&second), &mine).await.expect("the upgrade");
        assert!(wrong.is_closed().await, "a node's token opened another session");
        let mut wrong = node.open_data_channel(&id(&first), token).await.expect("the upgrade");
        assert!(wrong.is_closed().await, "a client's token opened the node's end");
        let mut wrong = HandEnd::client_with(&hub, url, &mine).await.expect("the upgrade");
        assert!(wrong.is_closed().await, "a node's token opened the client's end");
        assert_eq!(
            node.call("StartSession", &json!({ "Target": other.instance_id })).await.expect_err("refused").code(),
            "AccessDeniedException"
        );
        assert_eq!(
            node.call("TerminateSession", &json!({ "SessionId": id(&first) })).await.expect_err("refused").code(),
            "AccessDeniedException"
        );
        drop(client);
    });
}

fn a_client_that_comes_back_takes_the_place_of_the_one_before(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let node = HandNode::register(&hub, &[]).await;
        let _channel = node.connect().await;
        let started = start(&hub, &node);
        let id = id(&started);
        let mut agent = node.attend(&id).await;
        let mut client = HandEnd::client(&hub, &started).await;
        agent.expect(MessageType::StartPublication).await;
        client.say(PayloadType::Output, b"a").await;
        let seen = agent.expect(MessageType::InputStreamData).await;
        agent.acknowledge(&seen).await;
        client.expect(MessageType::Acknowledge).await;
        let next = client.cut();
        agent.expect(MessageType::PausePublication).await;
        reached(&hub, &id, "Disconnected");
        // What the node says meanwhile waits for the client.
        let waiting = agent.say(PayloadType::Output, b"meanwhile").await;
        let resumed = hub.call("ResumeSession", &json!({ "SessionId": id }));
        let mut client = HandEnd::client(&hub, &resumed).await.from(next);
        agent.expect(MessageType::StartPublication).await;
        assert_eq!(client.expect(MessageType::OutputStreamData).await, waiting);
        reached(&hub, &id, "Connected");
        // A newer token replaces the older one, used or not, and its connection the older connection.
        let (older, newer) =
            (hub.call("ResumeSession", &json!({ "SessionId": id })), hub.call("ResumeSession", &json!({ "SessionId": id })));
        assert!(HandEnd::client(&hub, &older).await.is_closed().await);
        let mut second = HandEnd::client(&hub, &newer).await.from(client.next());
        assert!(client.is_closed().await, "two clients are in one session");
        second.say(PayloadType::Output, b"b").await;
        assert_eq!(&agent.expect(MessageType::InputStreamData).await.payload[..], b"b");
        // The node's end comes back too, and nothing is lost that waited for it.
        let next_output = agent.cut();
        second.say(PayloadType::Output, b"c").await;
        let mut agent = node.attend(&id).await.from(next_output);
        agent.expect(MessageType::StartPublication).await;
        // What was on its way to the connection that broke may be lost; its sender sends it again.
        let again = second.frame(2, PayloadType::Output, b"c");
        second.send(again.encode()).await;
        assert_eq!(&agent.expect(MessageType::InputStreamData).await.payload[..], b"c");
        agent.say(PayloadType::Output, b"back").await;
        assert_eq!(&second.expect(MessageType::OutputStreamData).await.payload[..], b"back");
    });
}

fn a_session_goes_on_over_a_restart_of_the_hub(engine: Engine) {
    block_on(async {
        let mut hub = TestHub::start(engine);
        let node = HandNode::register(&hub, &[]).await;
        let channel = node.connect().await;
        let started = start(&hub, &node);
        let id = id(&started);
        let mut agent = node.attend(&id).await;
        let mut client = HandEnd::client(&hub, &started).await;
        agent.say(PayloadType::Output, b"before").await;
        let seen = client.expect(MessageType::OutputStreamData).await;
        client.acknowledge(&seen).await;
        agent.expect(MessageType::Acknowledge).await;
        hub.kill();
        hub.run();
        let (client_next, agent_next) = (client.cut(), agent.cut());
        drop(channel);
        let _channel = node.connect().await;
        let seen = session(&hub, &id);
        assert_eq!(seen["SessionId"], id, "the session goes on");
        // Whether a hub on a shared store is gone is known after half a minute.
        assert!(engine == Engine::Postgres || seen["Status"] == "Disconnected", "{seen}");
        let mut agent = node.attend(&id).await.from(agent_next);
        let resumed = hub.call("ResumeSession", &json!({ "SessionId": id }));
        let mut client = HandEnd::client(&hub, &resumed).await.from(client_next);
        let said = agent.say(PayloadType::Output, b"after").await;
        assert_eq!(client.expect(MessageType::OutputStreamData).await, said);
        client.acknowledge(&said).await;
        agent.expect(MessageType::Acknowledge).await;
        reached(&hub, &id, "Connected");
        // A token of before does not open it again.
        let mut old = HandEnd::client(&hub, &started).await;
        assert!(old.is_closed().await);
    });
}

fn terminating_reaches_both_ends_and_nobody_comes_back(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let started = start(&hub, &node);
        let id = id(&started);
        let mut agent = node.attend(&id).await;
        let mut client = HandEnd::client(&hub, &started).await;
        agent.expect(MessageType::StartPublication).await;
        assert_eq!(hub.call("TerminateSession", &json!({ "SessionId": id }))["SessionId"], id);
        farewell(&mut client).await;
        agent.expect(MessageType::ChannelClosed).await;
        ended(&mut channel, &id).await;
        assert!(client.is_closed().await && agent.is_closed().await);
        assert_eq!(session(&hub, &id)["Status"], "Terminated");
        // Again, and of what never was: the same answer.
        assert_eq!(hub.call("TerminateSession", &json!({ "SessionId": id }))["SessionId"], id);
        assert_eq!(hub.call("TerminateSession", &json!({ "SessionId": "nobody-0" }))["SessionId"], "nobody-0");
        assert!(node.create_data_channel(&id).await.is_err());
        // A late word of the node changes nothing.
        channel.send(task_complete(&node.instance_id, &id, DocumentStatus::Failed, "late")).await;
        channel.receive().await;
        assert_eq!(session(&hub, &id)["Status"], "Terminated");
    });
}

/// What the node's own words say of sessions that are not its own changes nothing; of its own, the reason is kept.
fn a_failure_is_told_with_its_reason(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let (node, other) = (HandNode::register(&hub, &[]).await, HandNode::register(&hub, &[]).await);
        let (mut channel, mut foreign) = (node.connect().await, other.connect().await);
        let started = start(&hub, &node);
        let id = id(&started);
        told(&mut channel).await;
        foreign.send(task_complete(&other.instance_id, &id, DocumentStatus::Failed, "not mine")).await;
        foreign.receive().await;
        assert_eq!(session(&hub, &id)["Status"], "Connecting");
        channel.send(task_complete(&node.instance_id, &id, DocumentStatus::Failed, "please set the RunAs default user")).await;
        let seen = reached(&hub, &id, "Failed");
        assert_eq!((&seen["Status"], &seen["Details"]), (&json!("Failed"), &json!("please set the RunAs default user")));
        // A node that says nothing is told again, and given up in time.
        let silent = start(&hub, &node);
        // Of the first it may be told again until it is heard that it failed.
        while told(&mut channel).await.session_id != silent["SessionId"].as_str().expect("an id") {}
        while wait_for_session(&mut channel).await.session_id != silent["SessionId"].as_str().expect("an id") {}
        let seen = reached(&hub, silent["SessionId"].as_str().expect("an id"), "Failed");
        assert_eq!(seen["Details"], "The node did not answer in time.");
    });
}

fn a_node_that_is_deregistered_is_out_of_its_sessions(engine: Engine) {
    block_on(async {
        let mut pair = pair(engine).await;
        pair.hub.call("DeregisterManagedInstance", &json!({ "InstanceId": pair.node.instance_id }));
        assert_eq!(farewell(&mut pair.client).await, "The node was deregistered.");
        assert!(pair.agent.is_closed().await);
        assert!(pair.node.create_data_channel(&pair.id).await.is_err());
        assert_eq!(session(&pair.hub, &pair.id)["Status"], "Terminated");
    });
}

async fn wait_for_session(channel: &mut HandChannel) -> SessionContent {
    for _ in 0..4 {
        if let Some(message) = channel.receive().await.filter(|m| m.message_type == MessageType::InteractiveShell) {
            return InteractiveShell::decode(&message.payload).and_then(|shell| shell.session()).expect("readable");
        }
    }
    panic!("the node was not told again");
}

on_both_engines!(
    a_session_goes_from_its_start_to_its_end,
    tokens_open_one_end_of_one_session_once,
    a_client_that_comes_back_takes_the_place_of_the_one_before,
    a_session_goes_on_over_a_restart_of_the_hub,
    terminating_reaches_both_ends_and_nobody_comes_back,
    a_failure_is_told_with_its_reason,
    a_node_that_is_deregistered_is_out_of_its_sessions,
    lists_are_filtered_and_paged,
    what_was_on_the_terminal_is_kept_and_found,
);

struct Pair {
    hub: TestHub,
    node: HandNode,
    _channel: HandChannel,
    agent: HandEnd,
    client: HandEnd,
    id: String,
}

async fn pair(engine: Engine) -> Pair {
    let hub = TestHub::start(engine);
    let node = HandNode::register(&hub, &[]).await;
    let channel = node.connect().await;
    let started = start(&hub, &node);
    let agent = node.attend(&id(&started)).await;
    let mut client = HandEnd::client(&hub, &started).await;
    // Both ends are attached when a frame has passed.
    let mut agent = agent;
    agent.say(PayloadType::Output, b"0").await;
    let seen = client.expect(MessageType::OutputStreamData).await;
    client.acknowledge(&seen).await;
    agent.expect(MessageType::Acknowledge).await;
    Pair { hub, node, _channel: channel, agent, client, id: id(&started) }
}

#[test]
fn a_missed_acknowledgement_is_replayed_and_the_duplicate_kept_back() {
    block_on(async {
        let mut pair = pair(Engine::Sqlite).await;
        let said = pair.agent.say(PayloadType::Output, b"once").await;
        let seen = pair.client.expect(MessageType::OutputStreamData).await;
        pair.client.acknowledge(&seen).await;
        pair.agent.expect(MessageType::Acknowledge).await;
        // The agent missed it (session-protocol 3.5): a stock client would never acknowledge again.
        pair.agent.send(said.encode()).await;
        let replayed = pair.agent.expect(MessageType::Acknowledge).await;
        let replayed = Acknowledge::decode(&replayed.payload).expect("readable");
        assert_eq!(
            (replayed.acknowledged_message_sequence_number, replayed.acknowledged_message_id),
            (said.sequence_number, said.message_id)
        );
        let next = pair.agent.say(PayloadType::Output, b"next").await;
        assert_eq!(pair.client.expect(MessageType::OutputStreamData).await, next, "the duplicate was passed on");
        // What was not acknowledged is passed again, and what came before its turn keeps its place in the order of arrival.
        pair.agent.send(next.encode()).await;
        assert_eq!(pair.client.expect(MessageType::OutputStreamData).await, next);
        for number in [9, 8, 7] {
            let frame = pair.agent.frame(number, PayloadType::Output, b"x");
            pair.agent.send(frame.encode()).await;
            assert_eq!(pair.client.expect(MessageType::OutputStreamData).await.sequence_number, number);
        }
    });
}

#[test]
fn frames_that_lie_are_not_passed_on() {
    block_on(async {
        let mut pair = pair(Engine::Sqlite).await;
        let good = pair.agent.frame(1, PayloadType::Output, b"payload").encode();
        let mut broken = Vec::new();
        for end in 0..good.len() {
            broken.push(good[..end].to_vec());
        }
        for (at, value) in [(3, 0xff), (0, 0x7f), (80, 1), (116, 1), (119, 0xff), (121, 1)] {
            let mut frame = good.to_vec();
            frame[at] ^= value;
            broken.push(frame);
        }
        let mut undated = good.to_vec();
        undated[40..48].fill(0);
        broken.push(undated);
        for number in [-1, i64::MIN, i64::MAX, 2_000_000] {
            broken.push(pair.agent.frame(number, PayloadType::Output, b"x").encode().to_vec());
        }
        // Types that are not a node's to send.
        for message_type in [MessageType::InputStreamData, MessageType::ChannelClosed, MessageType::StartPublication, MessageType::AgentJob]
        {
            broken.push(AgentMessage::new(message_type, uuid::Uuid::new_v4(), 1, b"{}".to_vec().into()).encode().to_vec());
        }
        // Acknowledgements of what was never sent, and such that are none.
        let future = pair.client.frame(77, PayloadType::Output, b"x");
        broken.push(Acknowledge::of(&future).into_message(uuid::Uuid::new_v4(), 1).encode().to_vec());
        broken.push(AgentMessage::new(MessageType::Acknowledge, uuid::Uuid::new_v4(), 1, b"[]".to_vec().into()).encode().to_vec());
        for frame in broken {
            pair.agent.send(frame).await;
        }
        let next = pair.agent.say(PayloadType::Output, b"still here").await;
        let passed = pair.client.receive().await.expect("the next frame");
        assert_eq!(passed, next, "something that lies was passed on");
        // The other way: acknowledgements of the future change nothing.
        let future = pair.agent.frame(2, PayloadType::Output, b"later");
        pair.client.acknowledge(&future).await;
        let later = pair.agent.say(PayloadType::Output, b"later").await;
        assert_eq!(pair.client.expect(MessageType::OutputStreamData).await, later, "it counted as acknowledged before it was sent");
        let forged = AgentMessage::new(
            MessageType::AgentSessionState,
            uuid::Uuid::new_v4(),
            1,
            br#"{"SessionState":"Terminating"}"#.to_vec().into(),
        );
        pair.client.send(forged.encode()).await;
        pair.client.say(PayloadType::Output, b"typed").await;
        assert_eq!(&pair.agent.expect(MessageType::InputStreamData).await.payload[..], b"typed");
        assert_eq!(session(&pair.hub, &pair.id)["Status"], "Connected");
    });
}

#[test]
fn a_flood_of_what_is_no_frame_ends_the_connection_alone() {
    block_on(async {
        let mut pair = pair(Engine::Sqlite).await;
        for _ in 0..1_001 {
            pair.client.send(vec![0_u8; 10]).await;
        }
        assert!(pair.client.is_closed().await);
        let resumed = pair.hub.call("ResumeSession", &json!({ "SessionId": pair.id }));
        let mut client = HandEnd::client(&pair.hub, &resumed).await;
        pair.agent.say(PayloadType::Output, b"on").await;
        assert_eq!(&client.expect(MessageType::OutputStreamData).await.payload[..], b"on");
    });
}

/// A client that does not read holds up nothing but its own session, and the hub keeps no more than it may.
#[test]
fn a_client_that_never_reads_costs_a_bounded_amount_of_memory() {
    block_on(async {
        let mut pair = pair(Engine::Sqlite).await;
        let before = resident(&pair.hub);
        let payload = vec![b'y'; 64 * 1024];
        // 256 MiB, which no buffer on the way holds. The agent is asked to pause and goes on all the same.
        let sending = async {
            for _ in 0..4_096 {
                pair.agent.say(PayloadType::Error, &payload).await;
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(8), sending).await;
        let grown = resident(&pair.hub).saturating_sub(before);
        assert!(grown < 64 * 1024, "the hub grew by {grown} KiB");
        assert_eq!(pair.hub.call("GetConnectionStatus", &json!({ "Target": "mi-0" }))["Status"], "notconnected");
        drop(pair.client);
    });
}

fn resident(hub: &TestHub) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid())).expect("the hub runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn nothing_follows_the_end_of_a_ports_handshake_for_a_moment() {
    block_on(async {
        let hub = TestHub::start(Engine::Sqlite);
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let input = json!({
            "Target": node.instance_id, "DocumentName": "AWS-StartPortForwardingSession", "Parameters": { "portNumber": ["8080"] },
        });
        let started = hub.call("StartSession", &input);
        let content = told(&mut channel).await;
        assert_eq!(content.parameters["portNumber"], "8080");
        assert_eq!(content.parameters["localPortNumber"], "0");
        assert_eq!(content.document_content.properties["portNumber"], "{{ portNumber }}");
        let mut agent = node.attend(&id(&started)).await;
        let mut client = HandEnd::client(&hub, &started).await;
        agent.say(PayloadType::HandshakeRequest, b"{}").await;
        client.expect(MessageType::OutputStreamData).await;
        client.say(PayloadType::HandshakeResponse, b"{}").await;
        let response = agent.expect(MessageType::InputStreamData).await;
        agent.say(PayloadType::HandshakeComplete, b"{}").await;
        agent.acknowledge(&response).await;
        let complete = client.expect(MessageType::OutputStreamData).await;
        assert_eq!(complete.payload_type, PayloadType::HandshakeComplete as u32);
        let begun = std::time::Instant::now();
        client.expect(MessageType::Acknowledge).await;
        assert!(begun.elapsed() >= std::time::Duration::from_millis(100), "an acknowledgement met a client that was not ready");
        // Wrong parameters have a reason, and reach no node.
        for (parameters, code) in [
            (json!({ "portNumber": ["ssh"] }), "ValidationException"),
            (json!({ "port": ["1"] }), "ValidationException"),
            (json!({ "portNumber": ["1", "2"] }), "ValidationException"),
        ] {
            let input = json!({ "Target": node.instance_id, "DocumentName": "AWS-StartPortForwardingSession", "Parameters": parameters });
            assert_eq!(hub.refused("StartSession", &input), code);
        }
        for name in ["AWS-RunShellScript", "AWS-Nothing"] {
            assert_eq!(hub.refused("StartSession", &json!({ "Target": node.instance_id, "DocumentName": name })), "InvalidDocument");
        }
    });
}

#[test]
fn preferences_are_a_document_that_people_write() {
    block_on(async {
        let hub = TestHub::start(Engine::Sqlite);
        let node = HandNode::register(&hub, &[]).await;
        let mut channel = node.connect().await;
        let content = json!({
            "schemaVersion": "1.0", "description": "How sessions are here", "sessionType": "Standard_Stream",
            "inputs": {
                "runAsEnabled": "true", "runAsDefaultUser": "ops", "idleSessionTimeout": "1", "maxSessionDuration": "30",
                "shellProfile": { "linux": "exec bash -l", "windows": "" },
            },
        });
        let create =
            |content: &Value| json!({ "Name": "SSM-SessionManagerRunShell", "DocumentType": "Session", "Content": content.to_string() });
        let mut wrong = content.clone();
        wrong["inputs"]["cloudWatchStreamingEnabled"] = "true".into();
        assert_eq!(hub.refused("CreateDocument", &create(&wrong)), "InvalidDocumentContent");
        hub.call("CreateDocument", &create(&content));
        let started = start(&hub, &node);
        let told = told(&mut channel).await;
        let inputs = &told.document_content.inputs;
        assert!(inputs.run_as_enabled && inputs.run_as_default_user == "ops" && inputs.shell_profile.linux == "exec bash -l");
        assert_eq!(session(&hub, &id(&started))["MaxSessionDuration"], "30");
    });
}

fn lists_are_filtered_and_paged(engine: Engine) {
    block_on(async {
        let hub = TestHub::start(engine);
        let (one, two) = (HandNode::register(&hub, &[]).await, HandNode::register(&hub, &[]).await);
        let (_a, _b) = (one.connect().await, two.connect().await);
        let mut ids: Vec<String> = (0..3).map(|_| id(&start(&hub, &one))).collect();
        ids.push(id(&start(&hub, &two)));
        hub.call("TerminateSession", &json!({ "SessionId": ids[0] }));
        let list = |state: &str, filters: Value| {
            let found = hub.call("DescribeSessions", &json!({ "State": state, "Filters": filters }));
            found["Sessions"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|s| s["SessionId"].as_str().expect("an id").to_owned())
                .collect::<Vec<_>>()
        };
        let filter = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
        assert_eq!(list("History", filter("Target", &one.instance_id)), [ids[0].clone()]);
        let mut active = list("Active", filter("Target", &one.instance_id));
        active.sort();
        let mut expected = ids[1..3].to_vec();
        expected.sort();
        assert_eq!(active, expected);
        assert_eq!(list("Active", filter("SessionId", &ids[3])), [ids[3].clone()]);
        assert_eq!(list("Active", filter("Status", "Connected")), Vec::<String>::new());
        assert_eq!(list("Active", filter("AccessType", "JustInTime")), Vec::<String>::new());
        assert_eq!(list("Active", filter("InvokedAfter", "2020-01-01T00:00:00Z")).len(), 3);
        assert_eq!(list("Active", filter("InvokedBefore", "2020-01-01T00:00:00Z")).len(), 0);
        for (key, value) in [("Status", "Sleeping"), ("InvokedAfter", "yesterday")] {
            let input = json!({ "State": "Active", "Filters": filter(key, value) });
            assert_eq!(hub.refused("DescribeSessions", &input), "InvalidFilterKey");
        }
        let twice = json!([{ "key": "Target", "value": "a" }, { "key": "Target", "value": "b" }]);
        assert_eq!(hub.refused("DescribeSessions", &json!({ "State": "Active", "Filters": twice })), "InvalidFilterKey");
        // Page by page, newest first, each once.
        let (mut token, mut paged) = (Value::Null, Vec::new());
        loop {
            let mut input = json!({ "State": "Active", "MaxResults": 2 });
            if !token.is_null() {
                input["NextToken"] = token;
            }
            let page = hub.console().call("ssm", "AmazonSSM.DescribeSessions", &input).await.expect("a page");
            paged.extend(page["Sessions"].as_array().expect("a list").iter().map(|s| s["SessionId"].as_str().expect("an id").to_owned()));
            token = page["NextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        let mut once = paged.clone();
        once.sort();
        once.dedup();
        assert_eq!((paged.len(), once.len()), (3, 3));
    });
}

async fn extension(hub: &TestHub, path: &str, query: &[(&str, &str)]) -> (Vec<u8>, Value) {
    let mut request = Request::get("ssm", path);
    for (name, value) in query {
        request = request.with_query(name, *value);
    }
    let answer = hub.console().send(request).await.expect("an answer");
    let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.body.to_vec(), value)
}

fn what_was_on_the_terminal_is_kept_and_found(engine: Engine) {
    block_on(async {
        let mut pair = pair(engine).await;
        pair.client.say(PayloadType::Size, br#"{"cols":120,"rows":40}"#).await;
        pair.client.say(PayloadType::Output, b"never kept\r").await;
        let said: [&[u8]; 4] = [b"\x1b[1mNeedle", "in 한".as_bytes(), &"글".as_bytes()[..2], &"글".as_bytes()[2..]];
        for part in said {
            pair.agent.say(PayloadType::Output, part).await;
            let seen = pair.client.expect(MessageType::OutputStreamData).await;
            pair.client.acknowledge(&seen).await;
        }
        pair.hub.call("TerminateSession", &json!({ "SessionId": pair.id }));
        farewell(&mut pair.client).await;
        drop((pair.client, pair.agent));
        let path = format!("/quarterdeck/v1/sessions/{}/recording", pair.id);
        let (mut cast, mut after) = (String::new(), "0".to_owned());
        loop {
            let request = Request::get("ssm", &path).with_query("wait", "20").with_query("after", &after);
            let mut answer = pair.hub.console().stream(request).await.expect("an answer");
            while let Some(chunk) = answer.next_chunk().await.expect("the rest") {
                cast.push_str(std::str::from_utf8(&chunk).expect("text"));
            }
            after = answer.header("x-quarterdeck-next").expect("where to go on").to_owned();
            if answer.header("x-quarterdeck-complete") == Some("true") {
                break;
            }
        }
        let mut lines = cast.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let header = lines.next().expect("a header");
        assert_eq!((&header["version"], header["timestamp"].is_number()), (&json!(2), true));
        let events: Vec<Value> = lines.collect();
        let of = |code: &str| events.iter().filter(|e| e[1] == code).map(|e| e[2].as_str().expect("text")).collect::<String>();
        assert_eq!((of("o").as_str(), of("r").as_str(), of("i").as_str()), ("0\u{1b}[1mNeedlein 한글", "120x40", ""));
        let times: Vec<f64> = events.iter().map(|e| e[0].as_f64().expect("a time")).collect();
        assert!(times.is_sorted(), "{times:?}");
        let (_, found) = extension(&pair.hub, "/quarterdeck/v1/recordings/search", &[("q", "needlein 한글")]).await;
        assert_eq!((&found["hits"][0]["sessionId"], &found["hits"][0]["text"]), (&json!(pair.id), &json!("0Needlein 한글")), "{found}");
        let (_, nothing) = extension(&pair.hub, "/quarterdeck/v1/recordings/search", &[("q", "100%")]).await;
        assert_eq!(nothing["hits"], json!([]));
        let (_, listed) = extension(&pair.hub, "/quarterdeck/v1/sessions", &[("state", "history")]).await;
        let recording = &listed["sessions"][0]["Recording"];
        assert_eq!((&listed["sessions"][0]["SessionId"], &recording["complete"]), (&json!(pair.id), &json!(true)), "{listed}");
    });
}
