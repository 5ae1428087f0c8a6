//! Plugins that exist in AWS and are not run by this agent, each with the right advice.

use super::other_platform;
use crate::document::outcome::StepResult;

/// Why a known plugin does not run here.
#[derive(Clone, Copy)]
pub enum Place {
    /// It is not built; the text is what to do instead.
    Instead(&'static str),
    /// It belongs to Windows; the text is what to do there.
    Windows(&'static str),
}

/// The answer for a step of such a plugin.
pub fn refuse(action: &str, lenient: bool, place: Place) -> StepResult {
    match place {
        Place::Windows(advice) if !cfg!(windows) => other_platform(action, lenient, "Windows", advice),
        Place::Windows(advice) | Place::Instead(advice) => {
            StepResult::failed(action, format!("{action} is not run by this agent: {advice}."))
        }
    }
}
