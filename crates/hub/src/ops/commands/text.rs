//! Output in AWS's sizes (semantics 2.4). Text of nodes is hostile: it is bounded here whatever the agent did, cut between characters, and
//! freed of NUL, which PostgreSQL's TEXT cannot hold.

/// StandardOutputContent, in characters (semantics 2.4.1).
pub const MAX_STANDARD_OUTPUT: usize = 24_000;
/// StandardErrorContent, in characters (semantics 2.4.1).
pub const MAX_STANDARD_ERROR: usize = 8_000;
/// CommandPlugin.Output, in characters (semantics 2.4.2).
pub const MAX_PLUGIN_OUTPUT: usize = 2_500;
/// TraceOutput, in characters (the model's InvocationTraceOutput).
const MAX_TRACE: usize = 2_500;
/// How a cut text ends (semantics 2.4.1).
const TRUNCATED: &str = "--output truncated--";

/// At most `max` characters of `text`, without NUL.
pub fn clean(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// As [`clean`]; a cut text ends in AWS's mark and is still at most `max` characters long.
pub fn truncated(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return clean(text, max);
    }
    let mut kept = clean(text, max - TRUNCATED.len());
    kept.push_str(TRUNCATED);
    kept
}

/// The sentence that explains an end.
pub fn trace(text: &str) -> String {
    clean(text, MAX_TRACE)
}

/// Names of a document's steps as PluginName has them: the step's name for 2.x, the plugin's for 1.2 (semantics 2.4.4).
pub fn step_names(document: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(document) else { return Vec::new() };
    if let Some(steps) = document.get("mainSteps").and_then(|s| s.as_array()) {
        return steps.iter().filter_map(|s| s.get("name")?.as_str()).map(str::to_owned).collect();
    }
    document.get("runtimeConfig").and_then(|c| c.as_object()).map(|c| c.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_cut_to_its_size_and_says_so() {
        let cut = truncated(&"가".repeat(30_000), MAX_STANDARD_OUTPUT);
        assert_eq!(cut.chars().count(), MAX_STANDARD_OUTPUT);
        assert!(cut.ends_with("--output truncated--"));
        let whole = "가".repeat(MAX_STANDARD_OUTPUT);
        assert_eq!(truncated(&whole, MAX_STANDARD_OUTPUT), whole);
    }

    #[test]
    fn nul_does_not_reach_the_store() {
        assert_eq!(clean("a\0b", 10), "a\u{fffd}b");
    }

    #[test]
    fn steps_are_named_as_the_wire_names_them() {
        assert_eq!(step_names(r#"{"schemaVersion":"2.2","mainSteps":[{"name":"one"},{"name":"two"}]}"#), ["one", "two"]);
        assert_eq!(step_names(r#"{"schemaVersion":"1.2","runtimeConfig":{"aws:runShellScript":{}}}"#), ["aws:runShellScript"]);
    }
}
