//! How long a document may run: what is added to TimeoutSeconds to make a command's ExpiresAfter (semantics 2.2.2).

use super::interpolate;
use super::parameters::Resolved;
use super::parse::{Document, Step};
use serde_json::Value;

/// Seconds a step may take when it does not say, or says something out of range.
pub const DEFAULT_STEP_SECONDS: u32 = 3600;
/// What the agent accepts (agent-protocol 6.5).
pub const STEP_SECONDS: std::ops::RangeInclusive<u32> = 5..=172_800;

/// Seconds one step may take: its `timeoutSeconds`, a number or a string, once parameters are filled in.
pub fn step_seconds(step: &Step, parameters: &Resolved) -> u32 {
    let given = step.inputs.iter().find(|(name, _)| name.eq_ignore_ascii_case("timeoutSeconds")).map(|(_, value)| value);
    seconds(given.map(|value| interpolate::plain(value, parameters)).as_ref())
}

/// A `timeoutSeconds` as the agent reads it: a number or a string; anything out of range is the default.
pub fn seconds(value: Option<&Value>) -> u32 {
    let given = match value {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    given
        .filter(|seconds| seconds.fract() == 0.0 && *seconds >= 0.0 && *seconds <= f64::from(u32::MAX))
        .map(|seconds| seconds as u32)
        .filter(|seconds| STEP_SECONDS.contains(seconds))
        .unwrap_or(DEFAULT_STEP_SECONDS)
}

/// Seconds the whole document may take: the sum over the steps that take a timeout, or the default where none does.
pub fn document_seconds(document: &Document, parameters: &Resolved) -> u32 {
    let sum: u64 = document.steps.iter().filter(|step| step.plugin.timed).map(|step| u64::from(step_seconds(step, parameters))).sum();
    if sum == 0 { DEFAULT_STEP_SECONDS } else { u32::try_from(sum).unwrap_or(u32::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse::tests::document;
    use serde_json::json;

    #[test]
    fn timeouts_are_numbers_or_strings_within_the_agents_range() {
        for (value, expected) in [
            (json!(60), 60),
            (json!("60"), 60),
            (json!(60.0), 60),
            (json!(5), 5),
            (json!(172_800), 172_800),
            (json!(4), 3600),
            (json!(172_801), 3600),
            (json!("soon"), 3600),
            (json!(-1), 3600),
            (json!(60.5), 3600),
            (json!("1e999"), 3600),
            (json!([]), 3600),
        ] {
            assert_eq!(seconds(Some(&value)), expected, "{value}");
        }
        assert_eq!(seconds(None), 3600);
    }

    #[test]
    fn a_document_sums_its_timed_steps() {
        let given = Resolved::from_iter([("executionTimeout".to_owned(), json!("600"))]);
        let steps = document(json!({"schemaVersion": "2.2", "parameters": {"executionTimeout": {"type": "String"}}, "mainSteps": [
            {"action": "aws:downloadContent", "name": "a", "inputs": {}},
            {"action": "aws:runShellScript", "name": "b", "inputs": {"runCommand": ["x"], "timeoutSeconds": "{{ executionTimeout }}"}},
            {"action": "aws:runShellScript", "name": "c", "inputs": {"runCommand": ["x"], "timeoutSeconds": 30}},
        ]}));
        assert_eq!(document_seconds(&steps, &given), 630);
        let download =
            document(json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:downloadContent", "name": "a", "inputs": {}}]}));
        assert_eq!(document_seconds(&download, &given), 3600);
    }
}
