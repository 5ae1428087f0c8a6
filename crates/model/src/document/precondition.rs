//! Preconditions of steps: only `StringEquals` with two operands, one of them `platformType` or a parameter (semantics 3.7.2,
//! agent-protocol 6.3).

use super::interpolate::placeholder;
use super::{DocumentError, Resolved};
use crate::shapes::shared::PlatformType;
use serde_json::Value;
use std::fmt;

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// The node's platform.
    PlatformType,
    /// `{{ name }}`
    Parameter(String),
    Literal(String),
}

/// `StringEquals: [left, right]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition {
    pub left: Operand,
    pub right: Operand,
}

/// What a precondition says on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Met,
    /// The step is skipped.
    NotMet,
}

impl Precondition {
    /// Reads the `precondition` of a step. `place` names the step in messages.
    pub(super) fn parse(value: &Value, place: &str) -> Result<Option<Self>, DocumentError> {
        let bad = |what: &str| DocumentError::content(format!("The precondition of {place} {what}"));
        let Some(object) = value.as_object() else {
            return Err(bad("must be a map."));
        };
        let mut operators = object.iter();
        let Some((operator, operands)) = operators.next() else {
            return Ok(None);
        };
        if operators.next().is_some() {
            return Err(bad("may have one operator only."));
        }
        if operator != "StringEquals" {
            return Err(bad("has an unknown operator; only StringEquals is supported."));
        }
        let sides: Vec<&str> = operands.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let ([left, right], Some(2)) = (sides.as_slice(), operands.as_array().map(Vec::len)) else {
            return Err(bad("needs exactly two strings to compare."));
        };
        let precondition = Self { left: Operand::parse(left, &bad)?, right: Operand::parse(right, &bad)? };
        match (&precondition.left, &precondition.right) {
            (Operand::Literal(_), Operand::Literal(_)) => Err(bad("compares two constants; one side must be platformType or a parameter.")),
            (Operand::PlatformType, Operand::Literal(platform)) | (Operand::Literal(platform), Operand::PlatformType)
                if platform_of(platform).is_none() =>
            {
                Err(bad("names an unknown platform; known are Windows, Linux and MacOS."))
            }
            _ => Ok(Some(precondition)),
        }
    }

    /// Compares on a node of the given platform. Platform names are compared in any letter case, all else exactly.
    pub fn evaluate(&self, platform: PlatformType, parameters: &Resolved) -> Outcome {
        let left = self.left.value(platform, parameters);
        let right = self.right.value(platform, parameters);
        let about_platform = self.left == Operand::PlatformType || self.right == Operand::PlatformType;
        let equal = if about_platform { left.eq_ignore_ascii_case(&right) } else { left == right };
        if equal { Outcome::Met } else { Outcome::NotMet }
    }

    /// The platform this precondition asks for, when it asks for one by name.
    pub fn platform(&self) -> Option<PlatformType> {
        match (&self.left, &self.right) {
            (Operand::PlatformType, Operand::Literal(platform)) | (Operand::Literal(platform), Operand::PlatformType) => {
                platform_of(platform)
            }
            _ => None,
        }
    }

    /// Names of the parameters it compares.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        [&self.left, &self.right].into_iter().filter_map(|operand| match operand {
            Operand::Parameter(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl fmt::Display for Precondition {
    /// `"StringEquals": [platformType, Windows]`, as a skipped step's output shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"StringEquals\": [{}, {}]", self.left, self.right)
    }
}

impl Operand {
    fn parse(text: &str, bad: &impl Fn(&str) -> DocumentError) -> Result<Self, DocumentError> {
        if text == "platformType" {
            return Ok(Self::PlatformType);
        }
        match placeholder(text) {
            Some(name) if name.starts_with("ssm") && name.contains(':') => Err(bad("may not refer to Parameter Store.")),
            Some(name) => Ok(Self::Parameter(name.to_owned())),
            None => Ok(Self::Literal(text.to_owned())),
        }
    }

    fn value(&self, platform: PlatformType, parameters: &Resolved) -> String {
        match self {
            Self::PlatformType => platform.as_str().to_owned(),
            Self::Parameter(name) => parameters.text(name).unwrap_or_default(),
            Self::Literal(text) => text.clone(),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlatformType => f.write_str("platformType"),
            Self::Parameter(name) => write!(f, "{{{{ {name} }}}}"),
            Self::Literal(text) => f.write_str(text),
        }
    }
}

fn platform_of(name: &str) -> Option<PlatformType> {
    PlatformType::ALL.iter().copied().find(|platform| platform.as_str().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> Result<Option<Precondition>, DocumentError> {
        Precondition::parse(&value, "step `a`")
    }

    #[test]
    fn compares_platforms_and_parameters() {
        let windows = parse(json!({"StringEquals": ["platformType", "windows"]})).unwrap().unwrap();
        assert_eq!(windows.platform(), Some(PlatformType::Windows));
        assert_eq!(windows.evaluate(PlatformType::Windows, &Resolved::default()), Outcome::Met);
        assert_eq!(windows.evaluate(PlatformType::Linux, &Resolved::default()), Outcome::NotMet);
        assert_eq!(windows.to_string(), "\"StringEquals\": [platformType, windows]");

        let action = parse(json!({"StringEquals": ["{{ action }}", "Install"]})).unwrap().unwrap();
        let given = Resolved::from_iter([("action".to_owned(), json!("Install"))]);
        assert_eq!(action.evaluate(PlatformType::Linux, &given), Outcome::Met);
        assert_eq!(action.evaluate(PlatformType::Linux, &Resolved::default()), Outcome::NotMet);
        assert_eq!(action.parameters().collect::<Vec<_>>(), ["action"]);
        assert_eq!(parse(json!({})), Ok(None));
    }

    #[test]
    fn refuses_other_forms() {
        for bad in [
            json!([]),
            json!({"StringLike": ["platformType", "Linux"]}),
            json!({"StringEquals": ["platformType"]}),
            json!({"StringEquals": ["platformType", "Linux", "MacOS"]}),
            json!({"StringEquals": ["platformType", 5]}),
            json!({"StringEquals": "platformType"}),
            json!({"StringEquals": ["a", "b"]}),
            json!({"StringEquals": ["platformType", "Plan9"]}),
            json!({"StringEquals": ["{{ ssm:x }}", "b"]}),
            json!({"StringEquals": ["platformType", "Linux"], "StringLike": []}),
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
