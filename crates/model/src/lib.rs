//! AWS vocabulary: the operation table, shapes with their constraints, errors, ids and documents.
//!
//! This crate exists so that hub, agent, client and desktop speak of the same things in AWS's words. It is pure: no IO, no clock,
//! no randomness, no runtime. Everything under `shapes/` and `operations/table.rs` is written by `cargo xtask codegen`.

pub mod agent_operations;
pub mod blob;
pub mod document;
pub mod error;
pub mod id;
pub mod operations;
pub mod pattern;
pub mod sensitive;
pub mod shape;
pub mod shapes;
pub mod time;
pub mod validate;
mod wire_enum;

pub use agent_operations::AgentOperation;
pub use blob::Blob;
pub use error::ApiError;
pub use operations::{Family, Operation};
pub use sensitive::Sensitive;
pub use shape::Shape;
pub use time::Timestamp;
pub use validate::Invalid;
pub use wire_enum::UnknownValue;
