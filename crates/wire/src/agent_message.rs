//! The binary frame of the control and data channels (agent-protocol 4.4).
//!
//! Integers are big-endian. A frame is a header of 116 bytes, a length, and the payload; the message id is a UUID whose two
//! halves are swapped. A malformed frame wedges a stock agent's reader for good, so [`AgentMessage::encode`] is the only writer,
//! and [`AgentMessage::decode`] trusts no length and checks the digest.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::payload::Payload;
use crate::reader::{Reader, Truncated};

/// Header length every known peer writes; also the offset of the payload length.
pub const HEADER_BYTES: usize = 116;
/// Header plus payload length: the shortest frame there is.
pub const MIN_FRAME_BYTES: usize = HEADER_BYTES + 4;
/// The longest frame either side accepts. A stock reply carries at most 120,000 bytes of content (before it is escaped into its
/// envelope), a command at most 64 KiB of document and parameters, an output chunk 64 KiB.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// The longest payload that fits a frame.
pub const MAX_PAYLOAD_BYTES: usize = MAX_FRAME_BYTES - MIN_FRAME_BYTES;
/// Schema version every known peer writes.
pub const SCHEMA_VERSION: u32 = 1;
/// First message of a data-channel stream.
pub const FLAG_SYN: u64 = 1;
/// Last message of a data-channel stream.
pub const FLAG_FIN: u64 = 2;

const TYPE_BYTES: usize = 32;

/// The name of a message type this build does not know: 1 to 32 printable ASCII characters, no space at either end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TypeName(String);

impl TypeName {
    /// `None` unless the name fits the 32-byte field and reads back as itself.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=TYPE_BYTES).contains(&name.len());
        let clean = name.bytes().all(|b| (0x20..0x7f).contains(&b)) && name.trim() == name;
        (fits && clean).then(|| Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

macro_rules! message_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a frame carries (agent-protocol 4.5). An unknown type survives as [`MessageType::Other`] and is to be ignored.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum MessageType {
            $($(#[$doc])* $variant,)*
            /// A type of a newer peer.
            Other(TypeName),
        }

        impl MessageType {
            /// Every type this build knows.
            pub const KNOWN: &'static [MessageType] = &[$(MessageType::$variant),*];

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name.as_str(),
                }
            }

            /// `None` when the name cannot stand in a frame at all.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    other => TypeName::new(other).map(Self::Other),
                }
            }
        }
    };
}

message_types! {
    /// Hub to agent: run or cancel a command.
    AgentJob = "agent_job",
    /// Agent to hub: the job is on disk, or why not.
    AgentJobAck = "agent_job_ack",
    /// Agent to hub: progress or end of a job.
    AgentJobReply = "agent_job_reply",
    /// Hub to agent: the reply is durable.
    AgentJobReplyAck = "agent_job_reply_ack",
    /// Hub to agent: start a session.
    InteractiveShell = "interactive_shell",
    /// Hub to agent: end a session.
    ChannelClosed = "channel_closed",
    /// Agent to hub: a session has ended.
    AgentTaskComplete = "agent_task_complete",
    /// Hub to agent: its end is known.
    AgentTaskAcknowledge = "agent_task_acknowledge",
    /// Agent to hub: counters; may be dropped.
    AgentTelemetry = "agent_telemetry",
    /// Agent to hub: outcome of an update; may be dropped.
    AgentUpdateResult = "agent_update_result",
    /// Data channel, towards the node.
    InputStreamData = "input_stream_data",
    /// Data channel, from the node.
    OutputStreamData = "output_stream_data",
    /// Data channel, both ways.
    Acknowledge = "acknowledge",
    /// Data channel, from the node.
    AgentSessionState = "agent_session_state",
    /// Data channel, towards the node.
    PausePublication = "pause_publication",
    /// Data channel, towards the node.
    StartPublication = "start_publication",
    /// Our agent to our hub: output of a running step.
    QuarterdeckOutput = "quarterdeck_output",
    /// Our hub to our agent: output is durable up to here.
    QuarterdeckOutputAck = "quarterdeck_output_ack",
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentMessage {
    pub message_type: MessageType,
    pub schema_version: u32,
    /// Epoch milliseconds, never 0.
    pub created_date: u64,
    /// Data channel only, else 0.
    pub sequence_number: i64,
    /// [`FLAG_SYN`], [`FLAG_FIN`]; 0 on the control channel.
    pub flags: u64,
    pub message_id: Uuid,
    /// Data channel only, else 0.
    pub payload_type: u32,
    pub payload: Bytes,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the frame has {0} bytes, more than {MAX_FRAME_BYTES}")]
    TooLong(usize),
    #[error(transparent)]
    Truncated(#[from] Truncated),
    #[error("header length {0} is less than {HEADER_BYTES}")]
    HeaderLength(u32),
    #[error("the message type is empty or not printable ASCII")]
    MessageType,
    #[error("the creation date is missing")]
    CreatedDate,
    #[error("the payload length says {stated}, the frame holds {present}")]
    PayloadLength { stated: u32, present: usize },
    #[error("the payload does not match its digest")]
    Digest,
}

impl AgentMessage {
    /// A control-channel message. `created_date` is epoch milliseconds; 0 is lifted to 1, since receivers refuse it.
    pub fn new(message_type: MessageType, message_id: Uuid, created_date: u64, payload: Bytes) -> Self {
        Self {
            message_type,
            schema_version: SCHEMA_VERSION,
            created_date: created_date.max(1),
            sequence_number: 0,
            flags: 0,
            message_id,
            payload_type: 0,
            payload,
        }
    }

    /// A control-channel message that carries `payload`.
    pub fn carrying<P: Payload>(payload: &P, message_id: Uuid, created_date: u64) -> Self {
        Self::new(P::MESSAGE_TYPE, message_id, created_date, payload.encode())
    }

    /// Whether a peer will accept the frame. Senders of content they do not bound themselves ask before they encode.
    pub fn fits(&self) -> bool {
        self.payload.len() <= MAX_PAYLOAD_BYTES
    }

    /// The frame's bytes. A payload over [`MAX_PAYLOAD_BYTES`] is written faithfully, but every reader refuses it; see
    /// [`AgentMessage::fits`].
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(MIN_FRAME_BYTES + self.payload.len());
        out.put_u32(HEADER_BYTES as u32);
        let mut name = [b' '; TYPE_BYTES];
        let text = self.message_type.as_str().as_bytes();
        // Known names and `TypeName` are at most 32 bytes long.
        name[..text.len()].copy_from_slice(text);
        out.put_slice(&name);
        out.put_u32(self.schema_version);
        out.put_u64(self.created_date);
        out.put_i64(self.sequence_number);
        out.put_u64(self.flags);
        let id = self.message_id.as_bytes();
        out.put_slice(&id[8..]);
        out.put_slice(&id[..8]);
        out.put_slice(&Sha256::digest(&self.payload));
        out.put_u32(self.payload_type);
        out.put_u32(u32::try_from(self.payload.len()).unwrap_or(u32::MAX));
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// Reads one frame that fills `frame` exactly. A header longer than 116 bytes is tolerated: its extra bytes are skipped.
    /// Digest and payload length must agree with the payload.
    pub fn decode(frame: impl AsRef<[u8]>) -> Result<Self, DecodeError> {
        let frame = frame.as_ref();
        if frame.len() > MAX_FRAME_BYTES {
            return Err(DecodeError::TooLong(frame.len()));
        }
        let mut reader = Reader::new(frame);
        let header_length = reader.u32()?;
        let extra = (header_length as usize).checked_sub(HEADER_BYTES).ok_or(DecodeError::HeaderLength(header_length))?;
        let message_type = read_type(&reader.array()?)?;
        let schema_version = reader.u32()?;
        let created_date = reader.u64()?;
        let sequence_number = reader.i64()?;
        let flags = reader.u64()?;
        let swapped: [u8; 16] = reader.array()?;
        let digest: [u8; 32] = reader.array()?;
        let payload_type = reader.u32()?;
        reader.take(extra)?;
        let stated = reader.u32()?;
        let payload = reader.rest();
        if created_date == 0 {
            return Err(DecodeError::CreatedDate);
        }
        if stated as usize != payload.len() {
            return Err(DecodeError::PayloadLength { stated, present: payload.len() });
        }
        if Sha256::digest(payload)[..] != digest {
            return Err(DecodeError::Digest);
        }
        let mut id = [0; 16];
        id[..8].copy_from_slice(&swapped[8..]);
        id[8..].copy_from_slice(&swapped[..8]);
        Ok(Self {
            message_type,
            schema_version,
            created_date,
            sequence_number,
            flags,
            message_id: Uuid::from_bytes(id),
            payload_type,
            payload: Bytes::copy_from_slice(payload),
        })
    }
}

/// Peers pad with spaces; some pad with NUL.
fn read_type(field: &[u8; TYPE_BYTES]) -> Result<MessageType, DecodeError> {
    let name = std::str::from_utf8(field).map_err(|_| DecodeError::MessageType)?;
    MessageType::from_name(name.trim_matches(['\0', ' '])).ok_or(DecodeError::MessageType)
}
