//! Named steps at which a test ends the hub as a power cut would, to prove that what was accepted comes to its right end wherever that happens.
//!
//! Only programs built with debug assertions have them. In a release [`reached`] is empty and no environment is read.

/// Every step; `tests/it/crash.rs` dies at each of them.
pub const STEPS: &[&str] = &[
    "registration-committed",
    "channel-committed",
    "command-checked",
    "command-committed",
    "dispatch-committed",
    "job-queued",
    "ack-received",
    "ack-committed",
    "output-committed",
    "reply-received",
    "reply-committed",
    "answered",
    "cancel-committed",
];

/// The variable that names the step to die at.
pub const VARIABLE: &str = "QUARTERDECK_CRASH_AT";

/// Ends the process at once, without any cleaning up, if a test asks for it at this step.
#[cfg(debug_assertions)]
pub fn reached(step: &'static str) {
    debug_assert!(STEPS.contains(&step), "{step} is not in the list");
    if std::env::var_os(VARIABLE).is_some_and(|wanted| wanted == step) {
        eprintln!("ending at {step}, as {VARIABLE} asks");
        std::process::abort();
    }
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reached(_step: &'static str) {}
