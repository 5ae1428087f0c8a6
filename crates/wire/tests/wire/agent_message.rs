//! The frame against golden bytes, every truncation, mutation and garbage.

use bytes::Bytes;
use qd_wire::agent_message::{HEADER_BYTES, MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES, MIN_FRAME_BYTES, TypeName};
use qd_wire::payload::*;
use qd_wire::{AgentMessage, DecodeError, MessageType, Payload};
use uuid::Uuid;

fn sample() -> AgentMessage {
    AgentMessage {
        message_type: MessageType::AgentJob,
        schema_version: 1,
        created_date: 1_795_343_638_616,
        sequence_number: -2,
        flags: 3,
        message_id: Uuid::parse_str("00010203-0405-0607-0809-0a0b0c0d0e0f").unwrap(),
        payload_type: 11,
        payload: Bytes::from_static(b"hello"),
    }
}

/// Written out by hand from the table of agent-protocol 4.4.
const GOLDEN: &str = concat!(
    "00000074",
    "6167656e745f6a6f620000000000000000000000000000000000000000000000",
    "00000001",
    "000001a202d1e058",
    "fffffffffffffffe",
    "0000000000000003",
    "08090a0b0c0d0e0f",
    "0001020304050607",
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "0000000b",
    "00000005",
    "68656c6c6f"
);

fn golden() -> Vec<u8> {
    let mut bytes = hex(GOLDEN);
    for byte in &mut bytes[4..36] {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn golden_frame_both_ways() {
    assert_eq!(sample().encode(), golden());
    assert_eq!(AgentMessage::decode(golden()).unwrap(), sample());
    // Padded with NUL instead of spaces.
    assert_eq!(AgentMessage::decode(hex(GOLDEN)).unwrap(), sample());
}

#[test]
fn every_truncation_is_refused() {
    let bytes = golden();
    for end in 0..bytes.len() {
        assert!(AgentMessage::decode(&bytes[..end]).is_err(), "{end}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(AgentMessage::decode(longer), Err(DecodeError::PayloadLength { stated: 5, present: 6 }));
}

#[test]
fn a_longer_header_is_tolerated_a_shorter_one_is_not() {
    let mut bytes = golden();
    bytes.splice(HEADER_BYTES..HEADER_BYTES, [0xee; 9]);
    bytes[3] += 9;
    assert_eq!(AgentMessage::decode(&bytes).unwrap(), sample());
    for length in [0u32, 115, 126, 130, u32::MAX] {
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        assert!(AgentMessage::decode(&bytes).is_err(), "{length}");
    }
}

#[test]
fn lies_are_refused() {
    let refused = |at: usize, value: u8| {
        let mut bytes = golden();
        bytes[at] = value;
        AgentMessage::decode(&bytes).unwrap_err()
    };
    assert_eq!(refused(80, 0), DecodeError::Digest);
    assert_eq!(refused(124, b'x'), DecodeError::Digest);
    assert_eq!(refused(119, 4), DecodeError::PayloadLength { stated: 4, present: 5 });
    assert_eq!(refused(5, 0xff), DecodeError::MessageType);
    let mut undated = golden();
    undated[40..48].fill(0);
    assert_eq!(AgentMessage::decode(&undated), Err(DecodeError::CreatedDate));
    let mut untyped = golden();
    untyped[4..36].fill(b' ');
    assert_eq!(AgentMessage::decode(&untyped), Err(DecodeError::MessageType));
}

#[test]
fn the_size_limit_is_exact() {
    let mut message = sample();
    message.payload = vec![7; MAX_PAYLOAD_BYTES].into();
    assert!(message.fits());
    assert_eq!(AgentMessage::decode(message.encode()).unwrap(), message);
    message.payload = vec![7; MAX_PAYLOAD_BYTES + 1].into();
    assert!(!message.fits());
    assert_eq!(AgentMessage::decode(message.encode()), Err(DecodeError::TooLong(MAX_FRAME_BYTES + 1)));
}

#[test]
fn every_type_survives_also_unknown_ones() {
    let unknown = TypeName::new("a_type_of_exactly_32_characters_").map(MessageType::Other).unwrap();
    for message_type in MessageType::KNOWN.iter().chain([&unknown]) {
        let message = AgentMessage { message_type: message_type.clone(), ..sample() };
        assert_eq!(&AgentMessage::decode(message.encode()).unwrap().message_type, message_type);
    }
    assert_eq!(MessageType::from_name("agent_job"), Some(MessageType::AgentJob));
    for name in ["", " a", "a ", "tab\t", "ü", "a_type_that_is_33_characters_long"] {
        assert_eq!(MessageType::from_name(name), None, "{name}");
    }
}

#[test]
fn an_empty_payload_and_a_date_of_zero_are_written_legally() {
    let message = AgentMessage::new(MessageType::PausePublication, Uuid::nil(), 0, Bytes::new());
    let bytes = message.encode();
    assert_eq!(bytes.len(), MIN_FRAME_BYTES);
    assert_eq!(AgentMessage::decode(&bytes).unwrap(), message);
}

/// A small generator (SplitMix64), so that a failure repeats.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Runs every payload decoder: none may panic, whatever the bytes.
fn decode_all(bytes: &[u8]) {
    let _ = AgentJob::decode(bytes).map(|job| (job.send_command().is_ok(), job.cancel_command().is_ok()));
    let _ = AgentJobAck::decode(bytes);
    let _ = AgentJobReply::decode(bytes).map(|reply| reply.reply_content().is_ok());
    let _ = AgentJobReplyAck::decode(bytes);
    let _ = InteractiveShell::decode(bytes).map(|shell| shell.session().is_ok());
    let _ = ChannelClosed::decode(bytes);
    let _ = AgentTaskComplete::decode(bytes);
    let _ = AgentTaskAcknowledge::decode(bytes);
    let _ = AgentTelemetry::decode(bytes);
    let _ = Acknowledge::decode(bytes);
    let _ = OutputChunk::decode(bytes);
    let _ = OutputAck::decode(bytes);
    let _ = OpenControlChannel::from_text(bytes);
    let _ = CreateControlChannelRequest::from_body(bytes);
    let _ = CreateControlChannelAnswer::from_xml(bytes);
}

#[test]
fn garbage_is_refused_without_panic() {
    let mut dice = Dice(1);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..dice.below(300)).map(|_| dice.next() as u8).collect();
        assert!(AgentMessage::decode(&bytes).is_err());
        decode_all(&bytes);
    }
}

#[test]
fn mutated_frames_decode_to_what_they_encode_or_not_at_all() {
    let mut dice = Dice(2);
    let job = JobId::new("c-1", "mi-1").unwrap();
    let seeds = [
        golden(),
        AgentMessage::carrying(&AgentJob::cancel(job.clone(), job.clone()), Uuid::from_u128(9), 5).encode().to_vec(),
        AgentMessage::carrying(
            &OutputChunk {
                job_id: job,
                step: "s".into(),
                stream: OutputStream::Stdout,
                offset: 1,
                last: false,
                data: Bytes::from_static(b"\0\xff"),
            },
            Uuid::from_u128(10),
            6,
        )
        .encode()
        .to_vec(),
    ];
    let mut accepted = 0;
    for round in 0..30_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] ^= 1 << dice.below(8),
                1 => bytes[at] = dice.next() as u8,
                2 => bytes.truncate(at),
                _ => bytes.insert(at, dice.next() as u8),
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Ok(message) = AgentMessage::decode(&bytes) {
            accepted += 1;
            assert_eq!(AgentMessage::decode(message.encode()).unwrap(), message);
        }
        decode_all(bytes.get(MIN_FRAME_BYTES..).unwrap_or_default());
    }
    // Dates, flags and ids are not covered by the digest: some mutations are legal frames.
    assert!(accepted > 100, "{accepted}");
}
