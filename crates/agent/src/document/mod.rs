//! Documents: from the frame that brings a command to the reply that ends it.
//!
//! [`inbox`] takes a job and makes it durable before it is acknowledged, [`plan`] reads it, [`runner`] runs its steps, [`outcome`]
//! puts results into AWS's shape, [`place`] finds room for a step, [`reboot`] restarts the machine for one, [`replies`] and [`streams`] keep results and output until the hub has them, [`seen`] makes a
//! repeated delivery harmless.

pub mod inbox;
pub mod outcome;
pub mod place;
pub mod plan;
pub mod reboot;
pub mod replies;
pub mod runner;
pub mod seen;
pub mod state;
pub mod streams;
