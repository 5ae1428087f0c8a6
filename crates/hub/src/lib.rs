//! The control plane: one library that answers the AWS Systems Manager API, holds the nodes' control channels and drives what was asked.
//!
//! The desktop app opens it in process, `quarterdeck-hub` opens it headless; both end in [`Hub::call`].

pub mod agent_ops;
pub mod channel;
pub mod clock;
pub mod crash_point;
pub mod cx;
pub mod dispatch;
pub mod events;
pub mod extension;
pub mod fault;
pub mod http;
pub mod library;
pub mod ops;
pub mod page;
pub mod sealed;
pub mod sts;
pub mod task;

mod hub;

pub use cx::{Caller, Cx, Principal};
pub use hub::{Hub, HubConfig, HubError, Shared};
