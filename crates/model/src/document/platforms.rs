//! The platforms a document can run on, derived from its steps (semantics 3.1.6).

use super::parse::{Document, Step};
use crate::shapes::shared::PlatformType;

/// Platforms in AWS's order: Windows, Linux, MacOS.
pub fn of(document: &Document) -> Vec<PlatformType> {
    PlatformType::ALL.iter().copied().filter(|platform| document.steps.iter().any(|step| runs_on(document, step, *platform))).collect()
}

fn runs_on(document: &Document, step: &Step, platform: PlatformType) -> bool {
    step.plugin.platforms_in(document.schema_version).contains(&platform)
        && step.precondition.as_ref().and_then(super::Precondition::platform).is_none_or(|wanted| wanted == platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse::tests::document;
    use serde_json::json;

    #[test]
    fn platforms_follow_plugins_and_preconditions() {
        let step = |action: &str, precondition: Option<&str>| {
            let mut step = json!({"action": action, "name": format!("s{}", action.len()), "inputs": {}});
            if let Some(platform) = precondition {
                step["precondition"] = json!({"StringEquals": ["platformType", platform]});
            }
            step
        };
        let two = |steps: Vec<serde_json::Value>| of(&document(json!({"schemaVersion": "2.2", "mainSteps": steps})));
        use PlatformType::*;
        assert_eq!(two(vec![step("aws:runShellScript", None)]), [Linux, MacOS]);
        assert_eq!(two(vec![step("aws:runPowerShellScript", None)]), [Windows, Linux, MacOS]);
        assert_eq!(
            two(vec![step("aws:runShellScript", Some("Linux")), step("aws:runPowerShellScript", Some("Windows"))]),
            [Windows, Linux]
        );
        assert_eq!(two(vec![step("aws:psModule", None)]), [Windows]);
        let old = json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runPowerShellScript": {"properties": {"runCommand": "x"}}}});
        assert_eq!(of(&document(old)), [Windows]);
    }
}
