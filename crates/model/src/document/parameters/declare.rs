//! Reads the `parameters` of a document.

use super::{Interpolation, Parameter, ParameterKind, from_value, text};
use crate::document::DocumentError;
use crate::document::interpolate::is_parameter_name;
use crate::document::parse::{shown, text_of};
use crate::pattern::Matcher;
use serde_json::{Map, Value};

/// Parameters of a document at most.
const MAX_PARAMETERS: usize = 200;

/// What kind of document declares: runbooks and sessions know more names and types than Command documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Command,
    Session,
    Automation,
}

/// The declared parameters, in the order of the document.
pub fn declared(value: Option<&Value>, scope: Scope) -> Result<Vec<Parameter>, DocumentError> {
    let parameters = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Err(DocumentError::content("parameters must be a map.")),
    };
    if parameters.len() > MAX_PARAMETERS {
        return Err(DocumentError::content(format!("A document has at most {MAX_PARAMETERS} parameters.")));
    }
    parameters.iter().map(|(name, body)| parameter(name, body, scope)).collect()
}

fn parameter(name: &str, body: &Value, scope: Scope) -> Result<Parameter, DocumentError> {
    let place = format!("Parameter {}", shown(name));
    let bad = |what: &str| DocumentError::content(format!("{place} {what}"));
    let legal = match scope {
        Scope::Command => is_parameter_name(name),
        Scope::Session | Scope::Automation => !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
    };
    if !legal {
        return Err(bad("needs a name of letters and digits alone."));
    }
    let Some(body) = body.as_object() else {
        return Err(bad("must be a map."));
    };
    let kind = match text_of(body, "type")? {
        Some(kind) => kind_of(&kind, scope).ok_or_else(|| bad(&format!("has the unknown type {}.", shown(&kind))))?,
        None => return Err(bad("has no type.")),
    };
    let default = match body.get("default") {
        None | Some(Value::Null) => None,
        Some(value) => Some(default_of(&kind, value).map_err(|wanted| bad(&format!("has a default that is not {wanted}.")))?),
    };
    let allowed_pattern = text_of(body, "allowedPattern")?;
    if let Some(Err(error)) = allowed_pattern.as_deref().map(Matcher::compile) {
        return Err(bad(&format!("has an allowedPattern that does not compile: {error}")));
    }
    let allowed_values = match body.get("allowedValues") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().map(text).collect(),
        Some(_) => return Err(bad("has allowedValues that are not a list.")),
    };
    let display_type = text_of(body, "displayType")?;
    if display_type.as_deref().is_some_and(|display| !["textfield", "textarea"].contains(&display)) {
        return Err(bad("has a displayType that is neither textfield nor textarea."));
    }
    let interpolation = match text_of(body, "interpolationType")?.as_deref() {
        None => Interpolation::Text,
        Some("ENV_VAR") if kind == ParameterKind::String => Interpolation::EnvVar,
        Some("ENV_VAR") => return Err(bad("has interpolationType ENV_VAR, which takes type String.")),
        Some(_) => return Err(bad("has an unknown interpolationType; only ENV_VAR is known.")),
    };
    let count = |rule: &str| count(body, rule).map_err(|()| bad(&format!("has {rule} that is no whole number.")));
    let parameter = Parameter {
        name: name.to_owned(),
        kind,
        description: text_of(body, "description")?,
        default,
        allowed_values,
        allowed_pattern,
        display_type,
        min_items: count("minItems")?,
        max_items: count("maxItems")?,
        min_chars: count("minChars")?,
        max_chars: count("maxChars")?,
        interpolation,
    };
    let crossed = |min: Option<u64>, max: Option<u64>| min.zip(max).is_some_and(|(min, max)| min > max);
    if crossed(parameter.min_items, parameter.max_items) || crossed(parameter.min_chars, parameter.max_chars) {
        return Err(bad("has a minimum above its maximum."));
    }
    Ok(parameter)
}

fn kind_of(name: &str, scope: Scope) -> Option<ParameterKind> {
    Some(match name {
        "String" => ParameterKind::String,
        "StringList" => ParameterKind::StringList,
        "Integer" => ParameterKind::Integer,
        "Boolean" => ParameterKind::Boolean,
        "StringMap" => ParameterKind::StringMap,
        "MapList" => ParameterKind::MapList,
        resource if scope == Scope::Automation && resource.starts_with("AWS::") => ParameterKind::Resource(resource.to_owned()),
        resource if scope == Scope::Automation && resource.starts_with("List<AWS::") && resource.ends_with('>') => {
            ParameterKind::ResourceList(resource.to_owned())
        }
        _ => return None,
    })
}

/// A default must be of its type as it stands: `"true"` is no Boolean and `"3"` no Integer (semantics 3.6.3).
fn default_of(kind: &ParameterKind, value: &Value) -> Result<Value, &'static str> {
    match (kind, value) {
        (ParameterKind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (ParameterKind::Boolean, _) => Err("true or false"),
        (ParameterKind::Integer, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (ParameterKind::Integer, _) => Err("a whole number"),
        (ParameterKind::String | ParameterKind::Resource(_), Value::Array(_)) => Err("a string"),
        // A map may be written as text, and an empty text is an empty map.
        (ParameterKind::StringMap, Value::String(text)) if text.is_empty() => Ok(Value::Object(Map::new())),
        (ParameterKind::MapList, Value::String(text)) if text.is_empty() => Ok(Value::Array(Vec::new())),
        (ParameterKind::StringList | ParameterKind::ResourceList(_), Value::Object(_)) => Err("a list of strings"),
        _ => from_value(kind, value),
    }
}

/// A bound, written as a number or, by some authors, as text.
fn count(body: &Map<String, Value>, rule: &str) -> Result<Option<u64>, ()> {
    match body.get(rule) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_u64().map(Some).ok_or(()),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| ()),
        Some(_) => Err(()),
    }
}
