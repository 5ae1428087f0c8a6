//! The node agent: registers a machine with a hub, holds one outbound connection, runs what it is sent, and loses nothing.
//!
//! It speaks the wire of `amazon-ssm-agent` (agent-protocol) and stays small: one current-thread runtime, no polling while idle,
//! no buffer that grows with what a peer sends. A script never runs inside the agent, see [`process`].

pub mod agent;
pub mod cli;
pub mod config;
pub mod digest;
pub mod document;
pub mod download;
pub mod home;
pub mod link;
pub mod log;
pub mod module;
pub mod platform;
pub mod plugin;
pub mod process;
pub mod registration;
pub mod service;
pub mod session;
pub mod simulated;
pub mod supervisor;
