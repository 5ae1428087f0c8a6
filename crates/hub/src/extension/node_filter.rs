//! The filter language of the console's list of nodes: tokens of a key, an operator and values, as a property filter writes them. All tokens
//! must hold; of a token's values one suffices. Docs: docs/extensions.md.

use qd_model::ApiError;
use qd_store::table::nodes::query::{Condition, Field, Moment, Test};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Tokens of one list; more than a person writes.
const MAX_TOKENS: usize = 50;
/// Values of one token.
const MAX_VALUES: usize = 100;
const MAX_VALUE_BYTES: usize = 512;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// `status`, `platform`, `platformName`, `platformVersion`, `agent`, `agentVersion`, `name`, `address`, `id`, `role`, `activation`,
    /// `tag`, `tag:<key>`, `registered` or `lastContact`.
    pub key: String,
    /// `=`, `!=`, `:` (contains), `!:`, `<`, `>`.
    pub op: String,
    /// Texts; times are epoch milliseconds.
    pub values: Vec<String>,
}

/// The conditions of all tokens.
pub fn conditions(tokens: &[Token]) -> Result<Vec<Condition>, ApiError> {
    if tokens.len() > MAX_TOKENS {
        return Err(ApiError::validation(format!("filters takes at most {MAX_TOKENS} filters.")));
    }
    tokens.iter().map(condition).collect()
}

/// The field of a key that is compared as text.
pub fn field(key: &str) -> Option<Field> {
    Some(match key {
        "platform" => Field::PlatformType,
        "platformName" => Field::PlatformName,
        "platformVersion" => Field::PlatformVersion,
        "agent" => Field::AgentName,
        "agentVersion" => Field::AgentVersion,
        "name" => Field::ShownName,
        "address" => Field::IpAddress,
        "id" => Field::InstanceId,
        "role" => Field::IamRole,
        "activation" => Field::ActivationId,
        _ => return None,
    })
}

fn condition(token: &Token) -> Result<Condition, ApiError> {
    let Token { key, op, values } = token;
    let bad = |value: &String| value.len() > MAX_VALUE_BYTES || value.contains('\0');
    if values.is_empty() || values.len() > MAX_VALUES || values.iter().any(bad) {
        return Err(ApiError::validation(format!(
            "The filter {} takes 1 to {MAX_VALUES} values of at most {MAX_VALUE_BYTES} bytes.",
            shown(key)
        )));
    }
    let (op, negated) = match op.as_str() {
        "!=" => ("=", true),
        "!:" => (":", true),
        op => (op, false),
    };
    let positive = positive(key, op, values)?;
    Ok(if negated { Condition::Not(Box::new(positive)) } else { positive })
}

fn positive(key: &str, op: &str, values: &[String]) -> Result<Condition, ApiError> {
    let refused = || ApiError::validation(format!("The filter {} does not take the operator {}.", shown(key), shown(op)));
    match (key, op) {
        ("status", "=") => status(values),
        ("registered", _) => moment(Moment::Registered, op, values).ok_or_else(refused)?,
        ("lastContact", _) => moment(Moment::LastPing, op, values).ok_or_else(refused)?,
        ("tag", "=") => Ok(Condition::HasTag(forms(values))),
        _ => match (key.strip_prefix("tag:").filter(|tag| !tag.is_empty()), field(key), op) {
            (Some(tag), _, "=") => Ok(Condition::Tag(tag.to_owned(), forms(values))),
            (Some(tag), _, ":") => Ok(Condition::TagContains(tag.to_owned(), forms(values))),
            (None, Some(field), "=") => Ok(Condition::Is(field, Test::Equal, forms(values))),
            (None, Some(field), ":") => Ok(Condition::Contains(field, forms(values))),
            (None, Some(field @ Field::AgentVersion), "<") => Ok(Condition::Is(field, Test::LessThan, values.to_vec())),
            (None, Some(field @ Field::AgentVersion), ">") => Ok(Condition::Is(field, Test::GreaterThan, values.to_vec())),
            (None, None, _) if !matches!(key, "status" | "tag") => {
                Err(ApiError::validation(format!("{} is not a filter of this list.", shown(key))))
            }
            _ => Err(refused()),
        },
    }
}

fn status(values: &[String]) -> Result<Condition, ApiError> {
    let has = |name: &str| values.iter().any(|value| value.eq_ignore_ascii_case(name));
    match (has("Online"), has("ConnectionLost")) {
        (true, true) => Ok(Condition::All),
        (true, false) => Ok(Condition::Online(true)),
        (false, true) => Ok(Condition::Online(false)),
        (false, false) => Err(ApiError::validation("The filter status takes Online or ConnectionLost.")),
    }
}

/// `None` for an operator that times do not have.
fn moment(moment: Moment, op: &str, values: &[String]) -> Option<Result<Condition, ApiError>> {
    let before = match op {
        "<" => true,
        ">" => false,
        _ => return None,
    };
    let [value] = values else { return Some(Err(ApiError::validation("A time is compared with one value."))) };
    let at = value.parse::<i64>().map_err(|_| ApiError::validation("A time is a number of milliseconds since 1970."));
    Some(at.map(|at| Condition::Before(moment, before, at)))
}

/// Texts as they may be stored: macOS sends Hangul and accents decomposed, everybody else composed.
fn forms(values: &[String]) -> Vec<String> {
    let mut forms = Vec::with_capacity(values.len());
    for value in values {
        for form in [value.clone(), value.nfc().collect(), value.nfd().collect()] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, op: &str, values: &[&str]) -> Result<Condition, String> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        condition(&Token { key: key.to_owned(), op: op.to_owned(), values }).map_err(|error| error.message)
    }

    #[test]
    fn tokens_become_conditions() {
        assert_eq!(one("status", "=", &["Online"]), Ok(Condition::Online(true)));
        assert_eq!(one("status", "!=", &["Online"]), Ok(Condition::Not(Box::new(Condition::Online(true)))));
        assert_eq!(one("tag:role", "=", &["web"]), Ok(Condition::Tag("role".into(), vec!["web".into()])));
        assert_eq!(one("lastContact", "<", &["5"]), Ok(Condition::Before(Moment::LastPing, true, 5)));
        assert_eq!(
            one("name", ":", &["\u{ac00}"]),
            Ok(Condition::Contains(Field::ShownName, vec!["\u{ac00}".into(), "\u{1100}\u{1161}".into()]))
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (key, op, values) in [
            ("colour", "=", &["red"][..]),
            ("tag:", "=", &["x"]),
            ("status", ":", &["On"]),
            ("status", "=", &["Awake"]),
            ("registered", "=", &["1"]),
            ("registered", "<", &["yesterday"]),
            ("registered", "<", &["1", "2"]),
            ("name", "<", &["a"]),
            ("name", "~", &["a"]),
            ("name", "=", &[]),
            ("name", "=", &["a\0"]),
        ] {
            assert!(one(key, op, values).is_err(), "{key} {op} {values:?}");
        }
    }
}
