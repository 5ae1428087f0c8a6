//! Parameters of a document: what it declares, and what a caller gives (semantics 3.6). Messages name parameters and rules, never
//! values: a parameter may be a secret.

mod declare;

pub(super) use declare::{Scope, declared};

use crate::pattern::Matcher;
use crate::sensitive::Sensitive;
use crate::shapes::documents::{DocumentParameter, DocumentParameterType};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    String,
    StringList,
    Integer,
    Boolean,
    StringMap,
    MapList,
    /// A resource type of a runbook, such as `AWS::EC2::Instance::Id`; a string on the wire.
    Resource(String),
    /// `List<AWS::EC2::Instance::Id>`; a list of strings on the wire.
    ResourceList(String),
}

impl ParameterKind {
    pub fn as_str(&self) -> &str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::Integer => "Integer",
            Self::Boolean => "Boolean",
            Self::StringMap => "StringMap",
            Self::MapList => "MapList",
            Self::Resource(name) | Self::ResourceList(name) => name,
        }
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::StringList | Self::ResourceList(_) | Self::MapList)
    }
}

/// How a parameter gets into a script (semantics 3.6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// Its text is inserted.
    #[default]
    Text,
    /// It is exported as `SSM_<name>` and a reference to that is inserted.
    EnvVar,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub description: Option<String>,
    /// Typed; absent means the caller must give it.
    pub default: Option<Value>,
    /// Compared as text; empty when anything goes.
    pub allowed_values: Vec<String>,
    pub allowed_pattern: Option<String>,
    /// `textfield` or `textarea`.
    pub display_type: Option<String>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub min_chars: Option<u64>,
    pub max_chars: Option<u64>,
    pub interpolation: Interpolation,
}

impl Parameter {
    pub fn is_required(&self) -> bool {
        self.default.is_none()
    }

    /// As DescribeDocument shows it: String or StringList alone, the default as text, lists as JSON (semantics 3.6.5).
    pub fn describe(&self) -> DocumentParameter {
        DocumentParameter {
            name: Some(self.name.clone()),
            r#type: Some(if self.kind.is_list() { DocumentParameterType::StringList } else { DocumentParameterType::String }),
            description: self.description.clone(),
            default_value: self.default.as_ref().map(text),
        }
    }

    /// What is wrong with a typed value; none if it may be used.
    fn problems(&self, value: &Value, out: &mut Vec<String>) {
        let name = &self.name;
        let items: Vec<String> = match value {
            Value::Array(items) => {
                let count = items.len() as u64;
                if self.min_items.is_some_and(|min| count < min) {
                    out.push(format!("Parameter `{name}` needs at least {} items.", self.min_items.unwrap_or_default()));
                }
                if self.max_items.is_some_and(|max| count > max) {
                    out.push(format!("Parameter `{name}` takes at most {} items.", self.max_items.unwrap_or_default()));
                }
                items.iter().map(text).collect()
            }
            other => vec![text(other)],
        };
        let length = |item: &String| item.encode_utf16().count() as u64;
        if let Some(min) = self.min_chars.filter(|min| items.iter().any(|item| length(item) < *min)) {
            out.push(format!("Parameter `{name}` needs at least {min} characters."));
        }
        if let Some(max) = self.max_chars.filter(|max| items.iter().any(|item| length(item) > *max)) {
            out.push(format!("Parameter `{name}` takes at most {max} characters."));
        }
        if !self.allowed_values.is_empty() && !items.iter().all(|item| self.allowed_values.contains(item)) {
            out.push(format!("Parameter `{name}` must be one of: {}.", self.allowed_values.join(", ")));
        }
        if let Some(pattern) = &self.allowed_pattern {
            match Matcher::kept(pattern) {
                Ok(matcher) if items.iter().all(|item| matcher.matches(item)) => {}
                Ok(_) => out.push(format!("Parameter `{name}` must match the pattern {pattern}")),
                Err(error) => out.push(format!("Parameter `{name}` has a pattern that does not compile: {error}")),
            }
        }
    }
}

/// Why given parameters do not fit a document; each a sentence. The caller makes `InvalidParameters` of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidParameters(pub Vec<String>);

impl fmt::Display for InvalidParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl std::error::Error for InvalidParameters {}

impl From<InvalidParameters> for crate::ApiError {
    fn from(error: InvalidParameters) -> Self {
        crate::ApiError::new("InvalidParameters", error.to_string())
    }
}

/// Most sentences in one answer.
const MAX_PROBLEMS: usize = 20;

/// Typed values of all parameters of a document. `Debug` shows names alone.
#[derive(Clone, PartialEq, Default)]
pub struct Resolved {
    values: BTreeMap<String, Sensitive<Value>>,
    environment: BTreeSet<String>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Resolved {
    /// Checks what the API gives, where every value is a list of strings, against the declaration and fills in defaults.
    ///
    /// # Errors
    /// An unknown name, a missing value, a value of another type or one that breaks a rule of its parameter.
    pub fn resolve(declared: &[Parameter], given: &BTreeMap<String, Vec<String>>) -> Result<Self, InvalidParameters> {
        let mut problems: Vec<String> = given
            .keys()
            .filter(|name| !declared.iter().any(|parameter| parameter.name == **name))
            .map(|name| format!("Parameter {} is not defined in the document.", super::parse::shown(name)))
            .collect();
        let resolved =
            Self::fill(declared, &mut problems, |parameter| given.get(&parameter.name).map(|values| from_strings(&parameter.kind, values)));
        finish(resolved, problems)
    }

    /// Checks typed values, as a job carries them to an agent. Values without a declaration are dropped (agent-protocol 6.2).
    ///
    /// # Errors
    /// A missing value, a value of another type or one that breaks a rule of its parameter.
    pub fn resolve_typed(declared: &[Parameter], given: &Map<String, Value>) -> Result<Self, InvalidParameters> {
        let mut problems = Vec::new();
        let resolved = Self::fill(declared, &mut problems, |parameter| {
            given.get(&parameter.name).filter(|value| !value.is_null()).map(|value| from_value(&parameter.kind, value))
        });
        finish(resolved, problems)
    }

    fn fill(declared: &[Parameter], problems: &mut Vec<String>, given: impl Fn(&Parameter) -> Option<Result<Value, &'static str>>) -> Self {
        let mut resolved = Self::default();
        for parameter in declared {
            let name = &parameter.name;
            let value = match (given(parameter), &parameter.default) {
                (Some(Ok(value)), _) => value,
                (Some(Err(wanted)), _) => {
                    problems.push(format!("Parameter `{name}` of type {} needs {wanted}.", parameter.kind.as_str()));
                    continue;
                }
                (None, Some(default)) => default.clone(),
                (None, None) => {
                    problems.push(format!("Parameter `{name}` is required."));
                    continue;
                }
            };
            parameter.problems(&value, problems);
            if parameter.interpolation == Interpolation::EnvVar {
                resolved.environment.insert(name.clone());
            }
            resolved.values.insert(name.clone(), Sensitive::new(value));
        }
        resolved
    }

    /// The typed value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(Sensitive::expose)
    }

    /// The value as text: a string as it is, everything else as JSON.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(text)
    }

    pub fn is_environment(&self, name: &str) -> bool {
        self.environment.contains(name)
    }

    /// Variables of ENV_VAR parameters: `SSM_<name>` and the value as text.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment.iter().filter_map(|name| Some((format!("SSM_{name}"), self.text(name)?))).collect()
    }

    /// All values, as the `Parameters` of a job carry them (agent-protocol 4.6).
    pub fn to_map(&self) -> Map<String, Value> {
        self.values.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect()
    }

    /// Marks parameters as environment variables; for values that were resolved elsewhere.
    #[must_use]
    pub fn with_environment<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.environment.extend(names.into_iter().filter(|name| self.values.contains_key(*name)).map(str::to_owned));
        self
    }
}

impl FromIterator<(String, Value)> for Resolved {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, Sensitive::new(value))).collect();
        Self { values, environment: BTreeSet::new() }
    }
}

fn finish(resolved: Resolved, mut problems: Vec<String>) -> Result<Resolved, InvalidParameters> {
    if problems.is_empty() {
        return Ok(resolved);
    }
    problems.truncate(MAX_PROBLEMS);
    Err(InvalidParameters(problems))
}

/// A value as text: a string as it is, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const ONE: &str = "exactly one value";
const INTEGER: &str = "a whole number";
const BOOLEAN: &str = "true or false";
const MAP: &str = "a JSON object";
const MAPS: &str = "a JSON list of objects";
const STRINGS: &str = "a list of strings";

/// A value as the API gives it: always a list of strings.
fn from_strings(kind: &ParameterKind, values: &[String]) -> Result<Value, &'static str> {
    match kind {
        ParameterKind::StringList | ParameterKind::ResourceList(_) => Ok(values.iter().map(String::as_str).collect()),
        ParameterKind::MapList => maps(values),
        _ => match values {
            [one] => from_text(kind, one),
            _ => Err(ONE),
        },
    }
}

/// A typed value, as a document or a job carries it. Where a list of one stands for its element, as in associations, it is taken so.
fn from_value(kind: &ParameterKind, value: &Value) -> Result<Value, &'static str> {
    match (kind, value) {
        (_, Value::String(text)) => from_text(kind, text),
        (ParameterKind::StringList | ParameterKind::ResourceList(_), Value::Array(items)) => {
            items.iter().map(scalar).collect::<Option<Vec<_>>>().map(Value::from).ok_or(STRINGS)
        }
        (ParameterKind::MapList, Value::Array(items)) if items.iter().all(Value::is_object) => Ok(value.clone()),
        (ParameterKind::MapList, Value::Array(items)) => {
            maps(&items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        }
        (_, Value::Array(items)) => match items.as_slice() {
            [one] if !one.is_array() => from_value(kind, one),
            _ => Err(ONE),
        },
        (ParameterKind::StringMap, Value::Object(_)) => Ok(value.clone()),
        (ParameterKind::Integer, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (ParameterKind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (ParameterKind::String | ParameterKind::Resource(_), _) => scalar(value).map(Value::String).ok_or("a string"),
        (ParameterKind::StringList | ParameterKind::ResourceList(_), _) => scalar(value).map(|one| vec![one].into()).ok_or(STRINGS),
        (ParameterKind::Integer, _) => Err(INTEGER),
        (ParameterKind::Boolean, _) => Err(BOOLEAN),
        (ParameterKind::StringMap, _) => Err(MAP),
        (ParameterKind::MapList, _) => Err(MAPS),
    }
}

fn from_text(kind: &ParameterKind, text: &str) -> Result<Value, &'static str> {
    match kind {
        ParameterKind::String | ParameterKind::Resource(_) => Ok(text.into()),
        ParameterKind::StringList | ParameterKind::ResourceList(_) => Ok(vec![text].into()),
        ParameterKind::Integer => text.parse::<i64>().map(Value::from).map_err(|_| INTEGER),
        ParameterKind::Boolean => match text {
            "true" | "True" => Ok(true.into()),
            "false" | "False" => Ok(false.into()),
            _ => Err(BOOLEAN),
        },
        ParameterKind::StringMap => json(text).filter(Value::is_object).ok_or(MAP),
        ParameterKind::MapList => maps(&[text.to_owned()]),
    }
}

/// Either one text that is a JSON list, or one text per object.
fn maps(values: &[String]) -> Result<Value, &'static str> {
    let whole = match values {
        [one] => json(one).filter(Value::is_array),
        _ => None,
    };
    let list = whole.or_else(|| values.iter().map(|value| json(value)).collect::<Option<Vec<_>>>().map(Value::from));
    list.filter(|list| list.as_array().is_some_and(|items| items.iter().all(Value::is_object))).ok_or(MAPS)
}

fn json(text: &str) -> Option<Value> {
    super::tree::read(text, crate::shapes::documents::DocumentFormat::Json).ok()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
