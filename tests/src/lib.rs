//! The harness of the cross-crate tests: a real hub process, real agent processes, and the AWS tools that real users have.
//!
//! Nothing here stands in for a part of the product; the oracle is someone else's client (house habit 6).

mod agent;
mod aws;
mod hub;
pub mod node;
mod program;

pub use agent::TestAgent;
pub use aws::{Aws, Outcome};
pub use hub::{Engine, TestHub};
pub use program::{program, wait_until};
