//! The texts of violations: constraints as sentences, values as the service prints them.

use super::Constraint;
use crate::shape::{Kind, Shape};
use serde_json::Value;
use std::fmt::Write;

/// Longest value that is echoed, in characters.
const MAX_ECHO: usize = 1024;

/// `DocumentName` → `documentName`.
pub fn lower_camel(name: &str, out: &mut String) {
    let mut chars = name.chars();
    out.extend(chars.next().map(|first| first.to_ascii_lowercase()));
    out.push_str(chars.as_str());
}

/// One constraint of a shape as a sentence.
pub fn constraint(shape: &Shape, constraint: Constraint) -> String {
    let quantity = match shape.kind {
        Kind::Integer | Kind::Long | Kind::Double => "value",
        _ => "length",
    };
    match constraint {
        Constraint::Max => format!("Member must have {quantity} less than or equal to {}", shape.max.unwrap_or_default()),
        Constraint::Min => format!("Member must have {quantity} greater than or equal to {}", shape.min.unwrap_or_default()),
        Constraint::Pattern => {
            format!("Member must satisfy regular expression pattern: {}", shape.pattern.map(|pattern| pattern.source).unwrap_or_default())
        }
        Constraint::Values => format!("Member must satisfy enum value set: [{}]", shape.values.join(", ")),
    }
}

/// Every constraint of an element, in brackets.
pub fn element(shape: &Shape) -> String {
    format!("Member must satisfy constraint: [{}]", all(shape))
}

pub fn keys(shape: &Shape) -> String {
    format!("Map keys must satisfy constraint: [{}]", all(shape))
}

pub fn values(shape: &Shape) -> String {
    format!("Map value must satisfy constraint: [{}]", all(shape))
}

fn all(shape: &Shape) -> String {
    let mut texts: Vec<String> = Constraint::ALL
        .into_iter()
        .filter(|constraint| match constraint {
            Constraint::Max => shape.max.is_some(),
            Constraint::Min => shape.min.is_some(),
            Constraint::Pattern => shape.pattern.is_some(),
            Constraint::Values => !shape.values.is_empty(),
        })
        .map(|one| constraint(shape, one))
        .collect();
    match &shape.kind {
        Kind::List(inner) if constrained(inner) => texts.push(element(inner)),
        Kind::Map { key, value } => {
            if constrained(key) {
                texts.push(keys(key));
            }
            if constrained(value) {
                texts.push(values(value));
            }
        }
        _ => {}
    }
    // A null inside is all that can be wrong where nothing else is asked for.
    if texts.is_empty() { "Member must not be null".to_owned() } else { texts.join(", ") }
}

fn constrained(shape: &Shape) -> bool {
    shape.min.is_some()
        || shape.max.is_some()
        || shape.pattern.is_some()
        || !shape.values.is_empty()
        || match &shape.kind {
            Kind::List(inner) => constrained(inner),
            Kind::Map { key, value } => constrained(key) || constrained(value),
            _ => false,
        }
}

/// Whether the value must not be echoed: it, or what a list or map of it holds, is sensitive.
pub fn is_secret(shape: &Shape) -> bool {
    shape.sensitive
        || match &shape.kind {
            Kind::List(inner) => is_secret(inner),
            Kind::Map { key, value } => is_secret(key) || is_secret(value),
            _ => false,
        }
}

/// The value as the service prints it: `[a, b]`, `{k=v}`, `Tag(key=a, value=b)`; cut at 1,024 characters.
pub fn value(shape: &Shape, value: &Value) -> String {
    let mut out = String::new();
    write_value(shape, value, &mut out);
    match out.char_indices().nth(MAX_ECHO) {
        Some((cut, _)) => {
            out.truncate(cut);
            out.push_str("...");
            out
        }
        None => out,
    }
}

fn write_value(shape: &Shape, value: &Value, out: &mut String) {
    if out.len() > MAX_ECHO * 4 {
        return;
    }
    if shape.sensitive {
        out.push_str("***");
        return;
    }
    match (&shape.kind, value) {
        (_, Value::String(text)) => out.extend(text.chars().take(MAX_ECHO + 1)),
        (Kind::List(inner), Value::Array(items)) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_value(inner, item, out);
            }
            out.push(']');
        }
        (Kind::Map { value: inner, .. }, Value::Object(object)) => {
            out.push('{');
            for (index, (key, item)) in object.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.extend(key.chars().take(MAX_ECHO));
                out.push('=');
                write_value(inner, item, out);
            }
            out.push('}');
        }
        (Kind::Structure { name, members }, Value::Object(object)) => {
            out.push_str(name);
            out.push('(');
            let present = members.iter().filter_map(|member| Some((member, object.get(member.name).filter(|value| !value.is_null())?)));
            for (index, (member, item)) in present.enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                lower_camel(member.name, out);
                out.push('=');
                write_value(member.shape, item, out);
            }
            out.push(')');
        }
        (_, other) => {
            let _ = write!(out, "{other}");
        }
    }
}

/// The text of a `SerializationException` for a JSON value of the wrong type.
pub fn wrong_type(shape: &Shape, value: &Value) -> String {
    let token = match value {
        Value::Object(_) => return "Start of structure or map found where not expected.".to_owned(),
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::String(_) => "STRING_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Null => "NULL_VALUE",
    };
    let wanted = match &shape.kind {
        Kind::Structure { .. } => return "Expected null".to_owned(),
        Kind::List(_) => return "Expected list or null".to_owned(),
        Kind::Map { .. } => return "Expected map or null".to_owned(),
        Kind::String => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Double => "a Double",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Timestamp",
        Kind::Blob => "a Blob",
    };
    format!("{token} can not be converted to {wanted}")
}
