//! The person's rules for what is told and how loudly, as the console's pages store them (`ui/src/features/notifications/rules.ts`): read from
//! the top, the first that fits decides. The pages keep the list behind the bell by them, the app its notifications of the desktop.

use serde::Deserialize;
use serde_json::Value;

/// Most rules that are read.
const MOST: usize = 50;

/// A rule that is damaged in one member is as if it did not have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    about: About,
    only: Only,
    /// Name of a document in which `*` stands for anything; empty for every one.
    document: String,
    /// `key=value` or a key alone; empty for any.
    tag: String,
    /// Name of the connection; empty for every one.
    connection: String,
    /// Only when more nodes than so many failed.
    more_than: i64,
    act: Act,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum About {
    #[default]
    All,
    Commands,
    Nodes,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Only {
    #[default]
    All,
    Failed,
}

/// What is done about what fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    #[default]
    Notify,
    /// In the list of the pages alone.
    List,
    Ignore,
}

/// What of a command that ended the rules look at.
#[derive(Debug, Clone, Default)]
pub struct Happening {
    pub failed: bool,
    pub document: String,
    /// The tags that the command was aimed at.
    pub tags: Vec<(String, String)>,
    pub connection: String,
    /// Nodes that failed.
    pub count: i64,
}

/// The rules in what the pages stored; those that cannot be read are passed over.
pub fn read(stored: Option<Value>) -> Vec<Rule> {
    let Some(Value::Array(rules)) = stored else { return Vec::new() };
    rules.into_iter().take(MOST).filter_map(|rule| serde_json::from_value(rule).ok()).collect()
}

/// What is done about a command that ended; none where no rule fits.
pub fn decide(rules: &[Rule], happening: &Happening) -> Option<Act> {
    rules.iter().find(|rule| rule.fits(happening)).map(|rule| rule.act)
}

impl Rule {
    /// Whether tags or counts decide, which the event does not carry.
    pub fn looks_closer(&self) -> bool {
        !self.tag.trim().is_empty() || self.more_than > 0
    }

    fn fits(&self, happening: &Happening) -> bool {
        let document = self.document.trim();
        let connection = self.connection.trim();
        self.about != About::Nodes
            && (self.only == Only::All || happening.failed)
            && (document.is_empty() || fits_pattern(document, &happening.document))
            && (self.tag.trim().is_empty() || happening.tags.iter().any(|tag| self.fits_tag(tag)))
            && (connection.is_empty() || connection == happening.connection)
            && (self.more_than <= 0 || happening.count > self.more_than)
    }

    fn fits_tag(&self, (key, value): &(String, String)) -> bool {
        match self.tag.split_once('=') {
            Some((wanted, text)) => wanted.trim() == key && text.trim() == value,
            None => self.tag.trim() == key,
        }
    }
}

/// Whether `name` is written as `pattern` says, whatever the case. Each star takes as little as it can, so no pattern takes long.
fn fits_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed() -> Happening {
        Happening {
            failed: true,
            document: "AWS-RunShellScript".to_owned(),
            tags: vec![("role".to_owned(), "web".to_owned())],
            connection: String::new(),
            count: 3,
        }
    }

    #[test]
    fn every_member_of_a_rule_has_to_fit() {
        for (rule, fits) in [
            (json!({}), true),
            (json!({"about": "nodes"}), false),
            (json!({"about": "commands", "only": "failed"}), true),
            (json!({"document": "aws-run*"}), true),
            (json!({"document": "AWS-Run"}), false),
            (json!({"document": "*Shell*"}), true),
            (json!({"document": "*.*"}), false),
            (json!({"tag": "role"}), true),
            (json!({"tag": "role=web"}), true),
            (json!({"tag": "role=db"}), false),
            (json!({"connection": "production"}), false),
            (json!({"moreThan": 2}), true),
            (json!({"moreThan": 3}), false),
        ] {
            let rules = read(Some(json!([rule])));
            assert_eq!(decide(&rules, &failed()).is_some(), fits, "{rule}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = read(Some(json!([
            {"id": "1", "document": "Noise-*", "act": "ignore"}, {"id": "2", "only": "failed", "act": "notify"}, {"id": "3", "act": "list"}
        ])));
        assert_eq!(decide(&rules, &failed()), Some(Act::Notify));
        assert_eq!(decide(&rules, &Happening { failed: false, ..failed() }), Some(Act::List));
        assert_eq!(decide(&rules, &Happening { document: "Noise-1".to_owned(), ..failed() }), Some(Act::Ignore));
        assert_eq!(decide(&[], &failed()), None);
    }

    #[test]
    fn rules_that_cannot_be_read_are_passed_over() {
        assert!(read(None).is_empty());
        assert!(read(Some(json!("all"))).is_empty());
        assert_eq!(read(Some(json!([7, {"about": "moon"}, {"act": "list"}]))).len(), 1);
        assert!(read(Some(json!(vec![json!({}); 500]))).len() <= MOST);
    }
}
