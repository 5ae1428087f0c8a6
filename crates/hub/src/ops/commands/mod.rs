//! Run Command: a document on nodes, with rate control, time-outs and cancellation (semantics 2).

pub mod advance;
pub mod cancel_command;
pub mod deliver;
pub mod document;
pub mod get_command_invocation;
pub mod list_command_invocations;
pub mod list_commands;
pub mod moves;
pub mod parameters;
pub mod resolve;
pub mod send_command;
pub mod status;
pub mod targets;
pub mod text;
pub mod view;
