//! Bytes that cross a process: agent frames and their payloads, AWS signatures, JSON 1.1 and query envelopes.
//!
//! This crate exists so that hub, agent and client read and write the very same bytes, and so that this can be tested without a
//! socket: everything here is bytes in, bytes out. There is no IO, no runtime and no clock; where time matters it is a
//! `jiff::Timestamp` argument. Every read is bounded, and what a newer peer adds (unknown message types, unknown JSON members,
//! longer frame headers) survives.
//!
//! | Module | For | Source |
//! |---|---|---|
//! | [`agent_message`] | the binary frame of control and data channels | agent-protocol 4.4 |
//! | [`relayed`] | the same frame without copying it, for the hub between a session's two ends | session-protocol 3, 4.4 |
//! | [`payload`] | one file per message carried in a frame, and the texts around a channel's opening | agent-protocol 4.1–4.13 |
//! | [`data_channel`] | both ends of a session, as a state machine | session-protocol 2–4 |
//! | [`sigv4`] | signing and verifying requests, presigned URLs, signed chunked bodies | agent-protocol 2.6, 2.7, 4.1, 4.2 |
//! | [`rsa_token`] | the RSA-PSS flavour a node uses before it has credentials | agent-protocol 2.6 |
//! | [`json11`], [`query`] | the envelopes of the SSM and STS APIs | ssm-semantics 0 |
//!
//! To add a message: one file `payload/<name>.rs` with a golden test, one line in `payload/mod.rs`, and, where it travels in a
//! frame, one row in the table of [`agent_message::MessageType`].

pub mod agent_message;
pub mod data_channel;
pub mod json11;
pub mod payload;
pub mod query;
pub mod reader;
pub mod relayed;
pub mod rsa_token;
pub mod sigv4;
pub mod smux;
pub mod xml;

pub use agent_message::{AgentMessage, DecodeError, MessageType};
pub use data_channel::DataChannel;
pub use payload::{Payload, PayloadError};
