//! Tests over several modules of `qd-wire`: golden values, hostile input, other people's signatures.

mod agent_message;
mod data_channel;
mod rsa_token;
mod sigv4;
