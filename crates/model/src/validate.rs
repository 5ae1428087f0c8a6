//! Checks a request body against the constraint tables and answers in AWS's words, so that a caller sees from a hub what it sees from
//! AWS (semantics 0.6). A good body is walked without an allocation.
//!
//! Structures are descended into (`targets.1.member.key`); a list or map of plain values is reported as a whole, with all
//! constraints of its element (`Member must satisfy constraint: [...]`), as AWS does.

mod render;

use crate::error::ApiError;
use crate::pattern::Matcher;
use crate::shape::{Kind, Shape};
use serde_json::Value;
use std::fmt::{self, Write};

/// Violations that are collected before the walk stops.
pub const MAX_VIOLATIONS: usize = 50;

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// A JSON value of the wrong type: `SerializationException`.
    Serialization(String),
    /// Broken constraints, one sentence each: `ValidationException`.
    Constraints(Vec<String>),
}

impl fmt::Display for Invalid {
    /// The message of the exception.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Serialization(message) => f.write_str(message),
            Invalid::Constraints(violations) => {
                let plural = if violations.len() == 1 { "" } else { "s" };
                write!(f, "{} validation error{plural} detected: {}", violations.len(), violations.join("; "))
            }
        }
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Serialization(message) => ApiError::serialization(message),
            constraints @ Invalid::Constraints(_) => ApiError::validation(constraints.to_string()),
        }
    }
}

/// Checks `value` against `shape`. Unknown members are ignored; `null` counts as absent.
///
/// # Errors
/// The first wrong JSON type, or else every broken constraint (at most [`MAX_VIOLATIONS`]).
pub fn check(shape: &Shape, value: &Value) -> Result<(), Invalid> {
    check_type(shape, value).map_err(Invalid::Serialization)?;
    let mut violations = Vec::new();
    walk(shape, value, &Path::Root, &mut violations);
    if violations.is_empty() { Ok(()) } else { Err(Invalid::Constraints(violations)) }
}

/// Where the walk stands; lives on the stack, written out only for a message.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
    Entry(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        let parent = match self {
            Path::Root => return,
            Path::Member(parent, _) | Path::Element(parent, _) | Path::Entry(parent, _) => parent,
        };
        parent.write(out);
        if !out.is_empty() {
            out.push('.');
        }
        match self {
            Path::Root => {}
            Path::Member(_, name) => render::lower_camel(name, out),
            Path::Element(_, index) => {
                let _ = write!(out, "{}.member", index + 1);
            }
            Path::Entry(_, key) => {
                out.extend(key.chars().take(128));
                out.push_str(".member");
            }
        }
    }
}

/// The JSON type check: what a decoder would refuse before any constraint is looked at.
fn check_type(shape: &Shape, value: &Value) -> Result<(), String> {
    match (&shape.kind, value) {
        (_, Value::Null) => Ok(()),
        (Kind::Structure { members, .. }, Value::Object(object)) => {
            for member in *members {
                if let Some(value) = object.get(member.name) {
                    check_type(member.shape, value)?;
                }
            }
            Ok(())
        }
        (Kind::List(element), Value::Array(items)) => items.iter().try_for_each(|item| check_type(element, item)),
        (Kind::Map { value: of, .. }, Value::Object(object)) => object.values().try_for_each(|value| check_type(of, value)),
        (Kind::String, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) | (Kind::Double, Value::Number(_)) => Ok(()),
        (Kind::Integer, Value::Number(number)) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => Ok(()),
        (Kind::Long, Value::Number(number)) if number.is_i64() => Ok(()),
        (Kind::Timestamp, Value::Number(number)) if number.as_f64().and_then(crate::Timestamp::from_epoch_seconds).is_some() => Ok(()),
        (Kind::Timestamp, Value::String(text)) if text.parse::<crate::Timestamp>().is_ok() => Ok(()),
        (Kind::Blob, Value::String(text)) if crate::Blob::from_base64(text).is_some() => Ok(()),
        _ => Err(render::wrong_type(shape, value)),
    }
}

fn walk(shape: &Shape, value: &Value, path: &Path, out: &mut Vec<String>) {
    if out.len() >= MAX_VIOLATIONS {
        return;
    }
    match (&shape.kind, value) {
        (Kind::Structure { members, .. }, Value::Object(object)) => {
            for member in *members {
                let path = Path::Member(path, member.name);
                match object.get(member.name).filter(|value| !value.is_null()) {
                    Some(value) => walk(member.shape, value, &path, out),
                    None if member.required => report_null(&path, out),
                    None => {}
                }
            }
        }
        (Kind::List(element), Value::Array(items)) => {
            report_own(shape, value, path, out);
            if descends(element) {
                for (index, item) in items.iter().enumerate() {
                    walk_or_null(element, item, &Path::Element(path, index), out);
                }
            } else {
                for (index, _) in items.iter().enumerate().filter(|(_, item)| item.is_null()) {
                    report_null(&Path::Element(path, index), out);
                }
                if !items.iter().all(|item| holds(element, item)) {
                    report(shape, value, path, &render::element(element), out);
                }
            }
        }
        (Kind::Map { key, value: of }, Value::Object(object)) => {
            report_own(shape, value, path, out);
            if !object.keys().all(|name| word_holds(key, name)) {
                report(shape, value, path, &render::keys(key), out);
            }
            if descends(of) {
                for (name, item) in object {
                    walk_or_null(of, item, &Path::Entry(path, name), out);
                }
            } else {
                for (name, _) in object.iter().filter(|(_, item)| item.is_null()) {
                    report_null(&Path::Entry(path, name), out);
                }
                if !object.values().all(|item| holds(of, item)) {
                    report(shape, value, path, &render::values(of), out);
                }
            }
        }
        _ => report_own(shape, value, path, out),
    }
}

fn walk_or_null(shape: &Shape, value: &Value, path: &Path, out: &mut Vec<String>) {
    if value.is_null() { report_null(path, out) } else { walk(shape, value, path, out) }
}

/// Whether a path leads on into this shape, because a structure lies in it.
fn descends(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::Structure { .. } => true,
        Kind::List(element) => descends(element),
        Kind::Map { value, .. } => descends(value),
        _ => false,
    }
}

/// Whether a value without structures in it keeps all constraints, its own and those of what it holds. Nulls are reported elsewhere.
fn holds(shape: &Shape, value: &Value) -> bool {
    if value.is_null() {
        return true;
    }
    broken(shape, value).next().is_none()
        && match (&shape.kind, value) {
            (Kind::List(element), Value::Array(items)) => items.iter().all(|item| !item.is_null() && holds(element, item)),
            (Kind::Map { key, value: of }, Value::Object(object)) => {
                object.iter().all(|(name, item)| word_holds(key, name) && !item.is_null() && holds(of, item))
            }
            _ => true,
        }
}

fn word_holds(shape: &Shape, word: &str) -> bool {
    broken_word(shape, word).next().is_none()
}

/// One constraint of a shape.
#[derive(Clone, Copy, PartialEq)]
enum Constraint {
    Max,
    Min,
    Pattern,
    Values,
}

impl Constraint {
    const ALL: [Constraint; 4] = [Constraint::Max, Constraint::Min, Constraint::Pattern, Constraint::Values];
}

/// The constraints of the shape itself that `value` breaks.
fn broken<'a>(shape: &'a Shape, value: &'a Value) -> impl Iterator<Item = Constraint> + 'a {
    let size = match (&shape.kind, value) {
        (Kind::String, Value::String(text)) => length(shape, text),
        (Kind::Blob, Value::String(text)) => decoded_length(text),
        (Kind::List(_), Value::Array(items)) => items.len() as f64,
        (Kind::Map { .. }, Value::Object(object)) => object.len() as f64,
        (Kind::Integer | Kind::Long | Kind::Double, Value::Number(number)) => number.as_f64().unwrap_or(0.0),
        _ => f64::NAN,
    };
    let word = value.as_str().filter(|_| matches!(shape.kind, Kind::String));
    Constraint::ALL.into_iter().filter(move |constraint| breaks(*constraint, shape, size, word))
}

fn broken_word<'a>(shape: &'a Shape, word: &'a str) -> impl Iterator<Item = Constraint> + 'a {
    let size = length(shape, word);
    Constraint::ALL.into_iter().filter(move |constraint| breaks(*constraint, shape, size, Some(word)))
}

fn breaks(constraint: Constraint, shape: &Shape, size: f64, word: Option<&str>) -> bool {
    match constraint {
        Constraint::Max => shape.max.is_some_and(|max| size > max as f64),
        Constraint::Min => shape.min.is_some_and(|min| size < min as f64),
        Constraint::Pattern => shape
            .pattern
            .zip(word)
            .is_some_and(|(pattern, word)| !pattern.compiled.get_or_init(|| Matcher::compile_or_never(pattern.source)).matches(word)),
        Constraint::Values => !shape.values.is_empty() && word.is_some_and(|word| !shape.values.contains(&word)),
    }
}

/// Length as the service counts it: UTF-16 units. Not counted where no constraint asks for it.
fn length(shape: &Shape, text: &str) -> f64 {
    if shape.min.is_none() && shape.max.is_none() {
        return f64::NAN;
    }
    if text.is_ascii() { text.len() as f64 } else { text.encode_utf16().count() as f64 }
}

fn decoded_length(base64: &str) -> f64 {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding) as f64
}

fn report_own(shape: &Shape, value: &Value, path: &Path, out: &mut Vec<String>) {
    for constraint in broken(shape, value) {
        report(shape, value, path, &render::constraint(shape, constraint), out);
    }
}

fn report(shape: &Shape, value: &Value, path: &Path, text: &str, out: &mut Vec<String>) {
    if out.len() >= MAX_VIOLATIONS {
        return;
    }
    let mut place = String::new();
    path.write(&mut place);
    out.push(if render::is_secret(shape) {
        format!("Value at '{place}' failed to satisfy constraint: {text}")
    } else {
        format!("Value '{}' at '{place}' failed to satisfy constraint: {text}", render::value(shape, value))
    });
}

fn report_null(path: &Path, out: &mut Vec<String>) {
    if out.len() >= MAX_VIOLATIONS {
        return;
    }
    let mut place = String::new();
    path.write(&mut place);
    out.push(format!("Value null at '{place}' failed to satisfy constraint: Member must not be null"));
}

#[cfg(test)]
mod tests;
