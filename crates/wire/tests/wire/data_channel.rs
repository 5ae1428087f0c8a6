//! Both ends of a data channel against each other and against hand-made stock peers, over a way that loses, doubles and reorders.

use std::time::{Duration, Instant};

use bytes::Bytes;
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::data_channel::{DataChannel, Event, Role, Settings, Window};
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{
    Acknowledge, ChannelClosed, HandshakeComplete, HandshakeRequest, HandshakeResponse, Payload, SessionState, TerminalSize,
};
use serde_json::{Value, json};
use uuid::Uuid;

const EPOCH: u64 = 1_795_343_638_616;

fn channel(role: Role, fast: bool, start: Instant) -> DataChannel {
    let window = Window { bytes: 64 * 1024, messages: 512 };
    DataChannel::new(Settings { role, window, capacity: 64 * 1024, first_id: Uuid::from_u128(7), start: (start, EPOCH), fast })
}

fn frames(channel: &mut DataChannel, now: Instant) -> Vec<Bytes> {
    std::iter::from_fn(|| channel.next_frame(now)).collect()
}

fn decoded(frames: &[Bytes]) -> Vec<AgentMessage> {
    frames.iter().map(|frame| AgentMessage::decode(frame).unwrap()).collect()
}

/// Moves everything both ways until nothing is left.
fn settle(a: &mut DataChannel, b: &mut DataChannel, now: Instant) {
    loop {
        let (from_a, from_b) = (frames(a, now), frames(b, now));
        if from_a.is_empty() && from_b.is_empty() {
            return;
        }
        from_a.iter().for_each(|frame| b.receive(frame, now).unwrap());
        from_b.iter().for_each(|frame| a.receive(frame, now).unwrap());
    }
}

fn pair(fast: (bool, bool)) -> (DataChannel, DataChannel, Instant) {
    let now = Instant::now();
    let (mut client, mut agent) = (channel(Role::Client, fast.0, now), channel(Role::Agent, fast.1, now));
    client.resize(TerminalSize { cols: 100, rows: 30 }, now);
    agent.begin("Standard_Stream", Value::Null, 2, now);
    settle(&mut client, &mut agent, now);
    (client, agent, now)
}

fn data(event: Event) -> (PayloadType, Bytes) {
    match event {
        Event::Data { kind, payload } => (kind, payload),
        other => panic!("{other:?} is no data"),
    }
}

fn stream(kind: MessageType, sequence: i64, payload_type: PayloadType, payload: &[u8]) -> Bytes {
    let mut message = AgentMessage::new(kind, Uuid::from_u128(900 + sequence.unsigned_abs() as u128), EPOCH, payload.to_vec().into());
    message.sequence_number = sequence;
    message.payload_type = payload_type as u32;
    message.encode()
}

#[test]
fn our_two_ends_agree_on_the_fast_path_and_the_size() {
    let (mut client, mut agent, _) = pair((true, true));
    assert!(client.is_fast() && agent.is_fast());
    let Some(Event::Ready { session_type, mux, .. }) = client.take() else { panic!("not ready") };
    assert_eq!((session_type.as_str(), mux), ("Standard_Stream", 2));
    let Some(Event::Agreed(Ok(peer))) = agent.take() else { panic!("not agreed") };
    assert_eq!((peer.size, peer.mux), (Some(TerminalSize { cols: 100, rows: 30 }), 2));
    let (kind, size) = data(agent.take().unwrap());
    assert_eq!((kind, &size[..]), (PayloadType::Size, &br#"{"cols":100,"rows":30}"#[..]));
    assert!(client.is_drained() && agent.is_drained());
}

#[test]
fn where_one_end_is_not_ours_nothing_of_the_extension_is_seen() {
    for fast in [(false, true), (true, false), (false, false)] {
        let (client, agent, _) = pair(fast);
        assert!(!client.is_fast() && !agent.is_fast());
    }
    let now = Instant::now();
    let mut agent = channel(Role::Agent, false, now);
    agent.begin("Port", json!({"portNumber": "22"}), 1, now);
    let request = decoded(&frames(&mut agent, now)).remove(0);
    assert_eq!((request.sequence_number, request.flags, request.payload_type), (0, 1, 5));
    assert_eq!(
        &request.payload[..],
        br#"{"AgentVersion":"3.3.1000.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"22"}}}]}"#
    );
}

#[test]
fn one_acknowledgement_stands_for_a_burst_and_a_slow_consumer_stops_its_producer() {
    let (mut client, mut agent, now) = pair((true, true));
    client.take();
    let mut pushed = 0;
    while agent.can_send() {
        agent.send(PayloadType::Output, vec![b'y'; 4096].into(), now);
        pushed += 1;
    }
    let burst = frames(&mut agent, now);
    assert!(burst.len() >= 14, "{}", burst.len());
    burst.iter().for_each(|frame| client.receive(frame, now).unwrap());
    assert!(client.wants_frames(), "the other direction's acknowledgements are never held up");
    let acks = decoded(&frames(&mut client, now));
    assert_eq!(acks.len(), 1);
    agent.receive(&acks[0].encode(), now).unwrap();
    while agent.can_send() {
        agent.send(PayloadType::Output, vec![b'y'; 4096].into(), now);
        pushed += 1;
    }
    settle(&mut client, &mut agent, now);
    assert!(pushed * 4096 < 64 * 1024 * 3, "nothing grows while the consumer sleeps: {pushed}");
    // It wakes, and is told the rest.
    let mut taken = 0;
    while taken < pushed {
        while let Some(event) = client.take() {
            assert_eq!(data(event).1.len(), 4096);
            taken += 1;
        }
        settle(&mut client, &mut agent, now);
    }
    assert!(agent.is_drained());
}

#[test]
fn word_of_new_room_that_is_lost_is_given_again() {
    let (mut client, mut agent, now) = pair((true, true));
    client.take();
    for _ in 0..2 {
        while agent.can_send() {
            agent.send(PayloadType::Output, vec![b'y'; 4096].into(), now);
        }
        settle(&mut client, &mut agent, now);
    }
    while client.take().is_some() {}
    let lost = frames(&mut client, now);
    assert_eq!(lost.len(), 1);
    let due = client.due_at().expect("it is told again");
    let again = frames(&mut client, due);
    assert_eq!(again.len(), 1);
    agent.receive(&again[0], due).unwrap();
    assert!(agent.next_frame(due).is_some());
}

#[test]
fn everything_arrives_once_and_in_order_over_a_bad_way() {
    for fast in [(true, true), (false, true), (true, false)] {
        let (mut client, mut agent, mut now) = pair(fast);
        client.take();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut chance = |one_in: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random.is_multiple_of(one_in)
        };
        let (mut next, mut seen, mut rounds) = (0u32, 0u32, 0);
        while seen < 500 {
            rounds += 1;
            assert!(rounds < 100_000, "stuck at {seen} of {next}, fast {fast:?}");
            while next < 500 && agent.can_send() && !chance(3) {
                agent.send(PayloadType::Output, next.to_be_bytes().repeat(100).into(), now);
                next += 1;
            }
            now += Duration::from_millis(20);
            let mut wire = frames(&mut agent, now);
            if chance(2) {
                wire.reverse();
            }
            for frame in wire {
                if chance(4) {
                    continue;
                }
                client.receive(&frame, now).unwrap();
                if chance(5) {
                    client.receive(&frame, now).unwrap();
                }
            }
            for frame in frames(&mut client, now) {
                if !chance(4) {
                    agent.receive(&frame, now).unwrap();
                }
            }
            if chance(50) {
                agent.reconnected();
                client.reconnected();
            }
            while let Some(event) = client.take() {
                let (_, payload) = data(event);
                assert_eq!(&payload[..4], seen.to_be_bytes());
                seen += 1;
            }
        }
    }
}

#[test]
fn a_stock_shell_begins_without_a_handshake() {
    let now = Instant::now();
    let mut client = channel(Role::Client, true, now);
    client.resize(TerminalSize { cols: 80, rows: 24 }, now);
    assert!(!client.can_send() && frames(&mut client, now).is_empty(), "a stock agent throws away what comes too early");
    client.receive(&stream(MessageType::OutputStreamData, 0, PayloadType::Output, b"$ "), now).unwrap();
    assert!(matches!(client.take(), Some(Event::Ready { session_type, .. }) if session_type == "Standard_Stream"));
    assert_eq!(&data(client.take().unwrap()).1[..], b"$ ");
    assert!(client.can_send() && !client.is_fast());
    let out = decoded(&frames(&mut client, now));
    assert_eq!(out[0].message_type, MessageType::Acknowledge);
    let ack = Acknowledge::decode(&out[0].payload).unwrap();
    assert_eq!((ack.acknowledged_message_sequence_number, ack.quarterdeck), (0, None));
    assert_eq!((out[1].payload_type, out[1].sequence_number, out[1].flags), (PayloadType::Size as u32, 0, 0));
    // Again, and it is acknowledged again: a stock agent that missed the first would repeat it for ever.
    client.receive(&stream(MessageType::OutputStreamData, 0, PayloadType::Output, b"$ "), now).unwrap();
    assert_eq!(frames(&mut client, now).len(), 1);
    assert!(client.take().is_none());
}

#[test]
fn a_stock_client_is_answered_before_the_handshake_ends_and_then_left_alone() {
    let now = Instant::now();
    let mut agent = channel(Role::Agent, true, now);
    agent.begin("Port", json!({"portNumber": "22", "type": "LocalPortForwarding"}), 2, now);
    let request = decoded(&frames(&mut agent, now)).remove(0);
    assert!(HandshakeRequest::from_payload(&request.payload).unwrap().quarterdeck.is_some());
    agent.receive(&Acknowledge::of(&request).into_message(Uuid::nil(), 1).encode(), now).unwrap();
    let response = br#"{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;
    agent.receive(&stream(MessageType::InputStreamData, 0, PayloadType::HandshakeResponse, response), now).unwrap();
    let out = decoded(&frames(&mut agent, now));
    assert_eq!(out.iter().map(|m| m.message_type.clone()).collect::<Vec<_>>(), [MessageType::Acknowledge, MessageType::OutputStreamData]);
    assert!(HandshakeComplete::from_payload(&out[1].payload).is_ok());
    assert!(matches!(agent.take(), Some(Event::Agreed(Ok(peer))) if peer.version == "1.2.650.0" && peer.mux == 1 && peer.size.is_none()));
    assert!(frames(&mut agent, now + Duration::from_secs(2)).is_empty(), "nothing follows, not even the same once more");
    // A second answer changes nothing.
    agent.receive(&stream(MessageType::InputStreamData, 1, PayloadType::HandshakeResponse, response), now).unwrap();
    assert_eq!(frames(&mut agent, now).len(), 1);
    assert!(agent.take().is_none());
}

#[test]
fn a_client_that_does_not_answer_the_handshake_is_noticed_once() {
    let now = Instant::now();
    let mut agent = channel(Role::Agent, true, now);
    agent.begin("Standard_Stream", Value::Null, 1, now);
    let request = decoded(&frames(&mut agent, now)).remove(0);
    let later = now + Duration::from_secs(60);
    frames(&mut agent, later);
    assert!(agent.take().is_none(), "nobody has the request yet");
    agent.receive(&Acknowledge::of(&request).into_message(Uuid::nil(), 1).encode(), later).unwrap();
    assert_eq!(agent.due_at(), Some(later + Duration::from_secs(3)));
    frames(&mut agent, later + Duration::from_secs(3));
    assert_eq!(agent.take(), Some(Event::Unanswered));
    assert_eq!(agent.due_at(), None);
    frames(&mut agent, later + Duration::from_secs(9));
    assert!(agent.take().is_none());
}

#[test]
fn a_key_of_kms_is_refused_with_the_reason_on_both_ends() {
    let now = Instant::now();
    let (mut client, mut agent) = (channel(Role::Client, true, now), channel(Role::Agent, true, now));
    let request = br#"{"AgentVersion":"3.3.987.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Standard_Stream"}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k","Challenge":"AAAA"}},{"ActionType":"New"}]}"#;
    client.receive(&stream(MessageType::OutputStreamData, 0, PayloadType::HandshakeRequest, request), now).unwrap();
    let out = decoded(&frames(&mut client, now));
    let response = HandshakeResponse::from_payload(&out[1].payload).unwrap();
    let status: Vec<u32> = response.processed_client_actions.iter().map(|action| action.action_status).collect();
    assert_eq!(status, [1, 2, 3]);
    agent.begin("Standard_Stream", Value::Null, 1, now);
    agent.receive(&stream(MessageType::InputStreamData, 0, PayloadType::HandshakeResponse, &out[1].payload), now).unwrap();
    let Some(Event::Agreed(Err(reason))) = agent.take() else { panic!("not refused") };
    assert!(reason.contains("KMS"), "{reason}");
}

#[test]
fn a_paused_agent_is_silent_until_the_client_is_heard_of() {
    let (mut client, mut agent, now) = pair((false, true));
    while agent.take().is_some() {}
    client.take();
    let pause = AgentMessage::new(MessageType::PausePublication, Uuid::nil(), 1, "{}".into());
    agent.receive(&pause.encode(), now).unwrap();
    assert_eq!(agent.take(), Some(Event::Paused(true)));
    agent.send(PayloadType::Output, "x".into(), now);
    assert!(agent.next_frame(now).is_none() && agent.due_at().is_none());
    let start = AgentMessage { message_type: MessageType::StartPublication, ..pause.clone() };
    agent.receive(&start.encode(), now).unwrap();
    assert_eq!(agent.take(), Some(Event::Paused(false)));
    assert!(agent.next_frame(now).is_some());
    agent.receive(&pause.encode(), now).unwrap();
    client.send(PayloadType::Output, "k".into(), now);
    agent.receive(&client.next_frame(now).unwrap(), now).unwrap();
    assert_eq!(data(agent.take().unwrap()).0, PayloadType::Output, "a pause that was taken back at once is no news");
    for _ in 0..1000 {
        agent.receive(&pause.encode(), now).unwrap();
        agent.receive(&start.encode(), now).unwrap();
    }
    assert_eq!(std::iter::from_fn(|| agent.take()).count(), 0);
}

#[test]
fn the_end_comes_after_what_came_before_it() {
    let (mut client, mut agent, now) = pair((true, true));
    client.take();
    agent.send(PayloadType::Output, "last words".into(), now);
    client.receive(&agent.next_frame(now).map_or_else(Bytes::new, |first| agent.next_frame(now).unwrap_or(first)), now).unwrap();
    let mut closed = ChannelClosed::new(Uuid::nil(), "mi-1", "s", EPOCH);
    closed.output = Some("idle for 20 minutes".into());
    let frame = AgentMessage::carrying(&closed, Uuid::nil(), 1).encode();
    client.receive(&frame, now).unwrap();
    client.receive(&frame, now).unwrap();
    assert_eq!(&data(client.take().unwrap()).1[..], b"last words");
    assert_eq!(client.take(), Some(Event::Closed { output: "idle for 20 minutes".into() }));
    assert!(client.take().is_none() && !client.can_send());
}

#[test]
fn a_client_of_ours_is_told_that_the_end_is_near() {
    let now = Instant::now();
    let name = MessageType::from_name("quarterdeck_notice").unwrap();
    let frame = AgentMessage::new(name, Uuid::nil(), 1, r#"{"Kind":"Idle","Seconds":60}"#.into()).encode();
    let (mut client, mut agent) = (channel(Role::Client, true, now), channel(Role::Agent, true, now));
    for _ in 0..1000 {
        client.receive(&frame, now).unwrap();
        agent.receive(&frame, now).unwrap();
    }
    assert!(matches!(client.take(), Some(Event::EndsSoon(notice)) if notice.kind == "Idle" && notice.seconds == 60));
    assert!(client.take().is_none() && agent.take().is_none());
}

#[test]
fn a_state_is_for_the_hub_and_has_no_number() {
    let now = Instant::now();
    let mut agent = channel(Role::Agent, true, now);
    agent.send_state("s-1", SessionState::Connected, now);
    let state = decoded(&frames(&mut agent, now)).remove(0);
    assert_eq!((state.message_type, state.sequence_number, state.flags), (MessageType::AgentSessionState, 0, 3));
}

#[test]
fn no_frame_whatever_is_in_it_breaks_an_end() {
    let now = Instant::now();
    let mut golden = vec![
        stream(
            MessageType::OutputStreamData,
            0,
            PayloadType::HandshakeRequest,
            &HandshakeRequest::new("1", "Port", Value::Null, None).to_bytes(),
        ),
        stream(MessageType::OutputStreamData, 0, PayloadType::Output, b"text"),
        stream(MessageType::InputStreamData, 0, PayloadType::Size, br#"{"cols":80,"rows":24}"#),
        stream(MessageType::InputStreamData, 0, PayloadType::HandshakeResponse, br#"{"ProcessedClientActions":null,"Errors":null}"#),
        AgentMessage::carrying(&ChannelClosed::new(Uuid::nil(), "mi-1", "s", 1), Uuid::nil(), 1).encode(),
    ];
    golden.extend(frames(&mut pair((true, true)).0, now));
    for frame in &golden {
        for role in [Role::Client, Role::Agent] {
            let mut channel = channel(role, true, now);
            channel.begin("Port", Value::Null, 2, now);
            for end in 0..frame.len() {
                assert!(channel.receive(&frame[..end], now).is_err(), "a part is not a frame");
            }
            for bit in 0..frame.len() * 8 {
                let mut bytes = frame.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let _ = channel.receive(&bytes, now);
                let _ = (channel.next_frame(now), channel.due_at(), channel.take());
            }
        }
    }
}

#[test]
fn acknowledgements_from_the_future_and_of_other_things_are_passed_over() {
    let (mut client, mut agent, now) = pair((true, true));
    client.take();
    agent.send(PayloadType::Output, "x".into(), now);
    let sent = AgentMessage::decode(agent.next_frame(now).unwrap()).unwrap();
    for (sequence, through) in [(i64::MAX, None), (-5, Some(-1)), (77, Some(-9))] {
        let mut ack = Acknowledge::of(&sent);
        ack.acknowledged_message_sequence_number = sequence;
        ack.quarterdeck = through.map(|through| qd_wire::payload::Window { through, limit: 0 });
        agent.receive(&ack.into_message(Uuid::nil(), 1).encode(), now).unwrap();
        assert!(!agent.is_drained());
    }
    agent.receive(&Acknowledge::of(&sent).into_message(Uuid::nil(), 1).encode(), now).unwrap();
    assert!(agent.is_drained());
}

#[test]
fn the_reference_frame_is_the_one_this_build_reads() {
    // session-protocol 13.
    let hex = "00000074696e7075745f73747265616d5f646174612020202020202020202020\
               20202020000000010000015e0baa788400000000000000020000000000000000\
               a508b5f073f31b16dd01e56bff48483ed53ca1ea7dce87c11432052a8550ed26\
               15cf715ca843c89710ed83325b691cba00000003000000157b22636f6c73223a\
               38302c22726f7773223a32347d";
    let bytes = hex::decode(hex.replace(char::is_whitespace, "")).unwrap();
    let message = AgentMessage::decode(&bytes).unwrap();
    assert_eq!((message.sequence_number, message.payload_type), (2, PayloadType::Size as u32));
    assert_eq!(TerminalSize::from_payload(&message.payload).unwrap(), TerminalSize { cols: 80, rows: 24 });
    assert_eq!(message.encode(), bytes);
}
