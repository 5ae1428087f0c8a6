//! A frame of a data channel as the hub between its ends looks at it: read where it lies, checked before anybody else gets it. A frame that lies about its lengths ends a stock
//! reader for good, and one with a wrong digest is sent again for ever (session-protocol 3.1), so neither is passed on.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::agent_message::{HEADER_BYTES, MAX_FRAME_BYTES, MIN_FRAME_BYTES};
use crate::payload::stream_data::PayloadType;

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From the node to the client.
    Output,
    /// From the client to the node.
    Input,
    Acknowledge,
    /// From the node to the hub.
    SessionState,
    /// Anything else; none of it belongs on a data channel towards a hub.
    Other,
}

/// A frame that holds together.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub kind: Kind,
    pub sequence: i64,
    pub message_id: Uuid,
    payload_type: u32,
    pub payload: &'a [u8],
}

/// Why a frame is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    #[error("its size is not that of a frame")]
    Size,
    #[error("its header length is not 116")]
    HeaderLength,
    #[error("its payload length is not that of its payload")]
    PayloadLength,
    #[error("its payload does not match its digest")]
    Digest,
    #[error("its creation date is missing")]
    CreatedDate,
    #[error("its sequence number cannot be")]
    Sequence,
    #[error("its acknowledgement cannot be read or is of nothing that was sent")]
    Acknowledge,
    #[error("its type does not belong here")]
    Type,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Lie> {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).ok_or(Lie::Size)
}

/// Writers pad with spaces, some with NUL.
fn unpadded(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | 0] = name {
        name = rest;
    }
    name
}

impl<'a> Frame<'a> {
    /// Looks at one frame (session-protocol 3.1).
    pub fn look(bytes: &'a [u8]) -> Result<Self, Lie> {
        if !(MIN_FRAME_BYTES..=MAX_FRAME_BYTES).contains(&bytes.len()) {
            return Err(Lie::Size);
        }
        if u32::from_be_bytes(array(bytes, 0)?) as usize != HEADER_BYTES {
            return Err(Lie::HeaderLength);
        }
        let payload = bytes.get(MIN_FRAME_BYTES..).ok_or(Lie::Size)?;
        if u32::from_be_bytes(array(bytes, HEADER_BYTES)?) as usize != payload.len() {
            return Err(Lie::PayloadLength);
        }
        if u64::from_be_bytes(array(bytes, 40)?) == 0 {
            return Err(Lie::CreatedDate);
        }
        if Sha256::digest(payload)[..] != array::<32>(bytes, 80)? {
            return Err(Lie::Digest);
        }
        let name: [u8; 32] = array(bytes, 4)?;
        let mut id: [u8; 16] = array(bytes, 64)?;
        id.rotate_left(8);
        Ok(Self {
            kind: match unpadded(&name) {
                b"output_stream_data" => Kind::Output,
                b"input_stream_data" => Kind::Input,
                b"acknowledge" => Kind::Acknowledge,
                b"agent_session_state" => Kind::SessionState,
                _ => Kind::Other,
            },
            sequence: i64::from_be_bytes(array(bytes, 48)?),
            message_id: Uuid::from_bytes(id),
            payload_type: u32::from_be_bytes(array(bytes, 112)?),
            payload,
        })
    }

    /// What a stream message carries; `None` for kinds of a newer peer.
    pub fn carries(&self) -> Option<PayloadType> {
        PayloadType::from_u32(self.payload_type)
    }

    /// What an acknowledgement says.
    pub fn acknowledged(&self) -> Result<Acknowledged, Lie> {
        let said: Said = serde_json::from_slice(self.payload).map_err(|_| Lie::Acknowledge)?;
        let sequence = said.acknowledged_message_sequence_number;
        let through = said.quarterdeck.map(|window| window.through);
        // Our own ends also tell of room before anything came: then nothing is acknowledged.
        let least = if through.is_some() { -1 } else { 0 };
        if sequence < least || through.is_some_and(|through| through < -1) {
            return Err(Lie::Acknowledge);
        }
        Ok(Acknowledged { sequence, through })
    }
}

/// The message that arrived, and between our own ends the one up to which all did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub sequence: i64,
    pub through: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    acknowledged_message_sequence_number: i64,
    #[serde(default)]
    quarterdeck: Option<Window>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Window {
    through: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Acknowledge;
    use crate::{AgentMessage, MessageType};

    fn frame(message_type: MessageType, sequence: i64, payload: &'static [u8]) -> AgentMessage {
        let mut message = AgentMessage::new(message_type, Uuid::from_u128(0x0102_0304), 5, payload.into());
        message.sequence_number = sequence;
        message.payload_type = 1;
        message
    }

    #[test]
    fn what_the_codec_writes_is_read() {
        let message = frame(MessageType::OutputStreamData, 7, b"hello");
        let bytes = message.encode();
        let seen = Frame::look(&bytes).unwrap();
        assert_eq!((seen.kind, seen.sequence, seen.payload, seen.message_id), (Kind::Output, 7, &b"hello"[..], message.message_id));
        assert_eq!(seen.carries(), Some(PayloadType::Output));
        let ack = Acknowledge::of(&message).into_message(Uuid::from_u128(9), 5).encode();
        let seen = Frame::look(&ack).unwrap();
        assert_eq!((seen.kind, seen.acknowledged()), (Kind::Acknowledge, Ok(Acknowledged { sequence: 7, through: None })));
    }

    #[test]
    fn no_truncation_and_no_flipped_bit_of_what_is_checked_passes() {
        let bytes = frame(MessageType::InputStreamData, 1, b"some payload").encode();
        for end in 0..bytes.len() {
            assert!(Frame::look(&bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.to_vec();
            broken[bit / 8] ^= 1 << (bit % 8);
            let byte = bit / 8;
            let is_checked = byte < 4 || (80..112).contains(&byte) || byte >= 116;
            if is_checked {
                assert!(Frame::look(&broken).is_err(), "bit {bit}");
            }
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(Frame::look(&longer).unwrap_err(), Lie::PayloadLength);
    }

    #[test]
    fn names_padded_with_nul_are_the_same() {
        let mut bytes = frame(MessageType::OutputStreamData, 0, b"").encode().to_vec();
        bytes[4 + "output_stream_data".len()..36].fill(0);
        assert_eq!(Frame::look(&bytes).unwrap().kind, Kind::Output);
        bytes[4] = b'O';
        assert_eq!(Frame::look(&bytes).unwrap().kind, Kind::Other);
    }
}
