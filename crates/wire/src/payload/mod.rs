//! One file per message (agent-protocol 4): names on the wire exactly as AWS's agent writes them, unknown members ignored, null
//! where Go writes a nil map or string taken as empty.
//!
//! A message that travels in a frame implements [`Payload`]; put it in a frame with [`crate::AgentMessage::carrying`].

pub mod acknowledge;
pub mod agent_job;
pub mod agent_job_ack;
pub mod agent_job_reply;
pub mod agent_job_reply_ack;
pub mod agent_session_state;
pub mod agent_task_acknowledge;
pub mod agent_task_complete;
pub mod channel_closed;
pub mod create_control_channel;
pub mod handshake;
pub mod interactive_shell;
pub mod job_id;
pub mod open_control_channel;
pub mod open_data_channel;
pub mod output_ack;
pub mod output_chunk;
pub mod session_notice;
pub mod stream_data;
pub mod telemetry;
pub mod terminal_size;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::agent_message::{MAX_PAYLOAD_BYTES, MessageType};

pub use acknowledge::{Acknowledge, Window};
pub use agent_job::{AgentJob, CancelCommandContent, JobTopic, SendCommandContent};
pub use agent_job_ack::{AckStatus, AgentJobAck};
pub use agent_job_reply::{AgentJobReply, DocumentStatus, PluginResult, ReplyContent};
pub use agent_job_reply_ack::AgentJobReplyAck;
pub use agent_session_state::{AgentSessionState, SessionState};
pub use agent_task_acknowledge::AgentTaskAcknowledge;
pub use agent_task_complete::AgentTaskComplete;
pub use channel_closed::ChannelClosed;
pub use create_control_channel::{CreateControlChannelAnswer, CreateControlChannelRequest};
pub use handshake::{EncryptionChallenge, FastPath, HandshakeComplete, HandshakeRequest, HandshakeResponse};
pub use interactive_shell::{InteractiveShell, SessionContent};
pub use job_id::JobId;
pub use open_control_channel::OpenControlChannel;
pub use open_data_channel::OpenDataChannel;
pub use output_ack::OutputAck;
pub use output_chunk::{OutputChunk, OutputStream};
pub use session_notice::SessionNotice;
pub use telemetry::AgentTelemetry;
pub use terminal_size::TerminalSize;

/// Why a payload cannot be read. Carries no content, so that it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("the payload has {0} bytes, more than allowed")]
    TooLong(usize),
    #[error("the payload is not the expected JSON ({category} error at line {line} column {column})")]
    Json { category: &'static str, line: usize, column: usize },
    #[error("the payload is malformed: {0}")]
    Malformed(&'static str),
}

/// A message that travels in a frame.
pub trait Payload: Sized {
    const MESSAGE_TYPE: MessageType;

    fn encode(&self) -> Bytes;

    fn decode(payload: &[u8]) -> Result<Self, PayloadError>;
}

/// JSON of a payload type. Serialising cannot fail: their maps have string keys and none of them refuses to serialise.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// As [`to_json`], for JSON that is carried as text inside JSON.
pub(crate) fn to_json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads bounded JSON; the error names the place but never the content.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadError> {
    if bytes.len() > MAX_PAYLOAD_BYTES {
        return Err(PayloadError::TooLong(bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|error| PayloadError::Json {
        category: match error.classify() {
            serde_json::error::Category::Io => "read",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "shape",
            serde_json::error::Category::Eof => "end of input",
        },
        line: error.line(),
        column: error.column(),
    })
}

/// Takes null for the type's default: Go writes nil maps, slices and pointers as null.
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Epoch milliseconds as AWS's agent writes them in JSON: `2026-11-22T10:33:58.616Z`. Out of range becomes the epoch.
pub fn iso8601_ms(epoch_ms: u64) -> String {
    let stamp = i64::try_from(epoch_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    format!("{stamp:.3}")
}

macro_rules! json_payload {
    ($name:ty, $message_type:ident) => {
        impl crate::payload::Payload for $name {
            const MESSAGE_TYPE: crate::agent_message::MessageType = crate::agent_message::MessageType::$message_type;

            fn encode(&self) -> bytes::Bytes {
                crate::payload::to_json(self).into()
            }

            fn decode(payload: &[u8]) -> Result<Self, crate::payload::PayloadError> {
                crate::payload::from_json(payload)
            }
        }
    };
}
pub(crate) use json_payload;

/// A closed set of wire words that keeps a word it does not know.
macro_rules! wire_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A word of a newer peer.
            Other(String),
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::from(word.as_ref()))
            }
        }
    };
}
pub(crate) use wire_words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(iso8601_ms(1_795_343_638_616), "2026-11-22T10:33:58.616Z");
        assert_eq!(iso8601_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso8601_ms(u64::MAX), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_error_never_carries_content() {
        let error = from_json::<AgentJobReplyAck>(br#"{"jobId":"secret-text"}"#).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
