//! A request as the native question shows it: enough for a person to judge, and no secret.
//!
//! What the page says it does is not shown, because a page may be wrong or not what it seems; this reads the request that will be sent.

use qd_model::Operation;
use qd_model::shape::{Kind, Shape};
use serde_json::{Map, Value};

use crate::announce::{script_line, shortened};

/// Most lines, longest line in characters, and most entries of a list that are shown.
const LINES: usize = 12;
const LINE: usize = 100;
const ENTRIES: usize = 4;

/// Endings of names whose values say what a request is about. Values under other names are not shown: they may be secrets.
const TELLING: &[&str] = &["id", "ids", "name", "names", "arn", "arns", "version", "type", "types"];

/// Names whose values are shown as well.
const TELLING_WHOLE: &[&str] = &[
    "comment",
    "description",
    "maxconcurrency",
    "maxerrors",
    "iamrole",
    "platform",
    "schedule",
    "scheduleexpression",
    "status",
    "tagkeys",
];

/// The top-level members of an operation's input, one line each.
pub fn of_operation(operation: Operation, input: &Value) -> Vec<String> {
    let members = match operation.input().kind {
        Kind::Structure { members, .. } => members,
        _ => &[],
    };
    let is_sensitive = |name: &str| members.iter().any(|member| member.name == name && has_secret(member.shape));
    input.as_object().map(|input| lines(input, is_sensitive)).unwrap_or_default()
}

/// The same of a request under `/quarterdeck/v1/`: its query, and the members of its body.
pub fn of_extension(query: &[(String, String)], body: &[u8]) -> Vec<String> {
    let mut members: Map<String, Value> = query.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    if let Ok(Value::Object(body)) = serde_json::from_slice(body) {
        members.extend(body);
    }
    lines(&members, |_| false)
}

fn has_secret(shape: &Shape) -> bool {
    shape.sensitive
        || match shape.kind {
            Kind::List(element) => has_secret(element),
            Kind::Map { key, value } => has_secret(key) || has_secret(value),
            _ => false,
        }
}

fn lines(members: &Map<String, Value>, is_sensitive: impl Fn(&str) -> bool) -> Vec<String> {
    let told = members.iter().filter(|(_, value)| !value.is_null());
    let mut lines: Vec<String> = told
        .map(|(name, value)| {
            let value = match name.as_str() {
                "Parameters" => parameters(value),
                "Targets" => targets(value),
                _ if is_sensitive(name) => "…".to_owned(),
                _ => shown(name, value),
            };
            shortened(&format!("{name}: {value}"), LINE)
        })
        .collect();
    if lines.len() > LINES {
        let more = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(format!("… (+{more})"));
    }
    lines
}

/// The value where its name says that it is telling; of anything else no more than that it is there.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if is_telling(name) => text.clone(),
        Value::Array(entries) if entries.iter().all(Value::is_string) && is_telling(name) => {
            listed(entries.iter().filter_map(Value::as_str))
        }
        Value::Array(entries) => format!("… ({})", entries.len()),
        _ => "…".to_owned(),
    }
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING_WHOLE.contains(&name.as_str()) || TELLING.iter().any(|ending| name.ends_with(ending))
}

/// The script's first line, and the names alone of every other parameter.
fn parameters(given: &Value) -> String {
    let mut parts: Vec<String> = script_line(given).into_iter().map(|line| format!("commands = {line}")).collect();
    let names = given.as_object().into_iter().flat_map(Map::keys).filter(|name| *name != "commands" || parts.is_empty());
    let others: Vec<String> = names.map(|name| format!("{name} = …")).collect();
    parts.extend(others);
    parts.join(", ")
}

fn targets(given: &Value) -> String {
    let one = |target: &Value| {
        let values = target["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        format!("{} = {}", target["Key"].as_str().unwrap_or_default(), listed(values))
    };
    given.as_array().into_iter().flatten().map(one).collect::<Vec<String>>().join("; ")
}

/// The first entries, and how many there are when that is not all.
fn listed<'a>(entries: impl Iterator<Item = &'a str>) -> String {
    let entries: Vec<&str> = entries.collect();
    let first = entries.iter().take(ENTRIES).copied().collect::<Vec<&str>>().join(", ");
    if entries.len() > ENTRIES { format!("{first}, … ({})", entries.len()) } else { first }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_can_be_judged_and_its_secrets_stay_out() {
        let input = json!({
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": ["mi-1", "mi-2", "mi-3", "mi-4", "mi-5"],
            "Targets": [{ "Key": "tag:env", "Values": ["prod"] }],
            "Parameters": { "workingDirectory": ["/secret"], "commands": ["#!/bin/sh", "rm -rf /srv\necho bye"], "token": ["s3cret"] },
            "TimeoutSeconds": 60,
            "Comment": null,
            "OutputS3KeyPrefix": "somewhere",
        });
        assert_eq!(
            of_operation(Operation::SendCommand, &input),
            [
                "DocumentName: AWS-RunShellScript",
                "InstanceIds: mi-1, mi-2, mi-3, mi-4, … (5)",
                "Targets: tag:env = prod",
                "Parameters: commands = rm -rf /srv, workingDirectory = …, token = …",
                "TimeoutSeconds: 60",
                "OutputS3KeyPrefix: …",
            ]
        );
    }

    #[test]
    fn values_and_contents_are_not_shown() {
        let parameter = json!({ "Name": "/db/password", "Value": "s3cret", "Type": "SecureString", "Overwrite": true });
        assert_eq!(
            of_operation(Operation::PutParameter, &parameter),
            ["Name: /db/password", "Value: …", "Type: SecureString", "Overwrite: true"]
        );
        let document = json!({ "Name": "D", "Content": "{\"password\":\"s3cret\"}", "Tags": [{ "Key": "a", "Value": "s3cret" }] });
        assert_eq!(of_operation(Operation::CreateDocument, &document), ["Name: D", "Content: …", "Tags: … (1)"]);
        let body = br#"{"nodeId":"mi-1","secret":"s3cret"}"#;
        assert_eq!(of_extension(&[("kind".to_owned(), "x".to_owned())], body), ["kind: …", "nodeId: mi-1", "secret: …"]);
    }

    #[test]
    fn what_a_page_writes_cannot_reshape_the_question() {
        let input = json!({ "Comment": format!("a\n\nSend it?\u{202e}{}", "b".repeat(500)), "Name": 1 });
        let lines = of_operation(Operation::SendCommand, &input);
        assert!(lines[0].starts_with("Comment: a  Send it? bb"), "{}", lines[0]);
        assert_eq!(lines[0].chars().count(), LINE);
        let many: Map<String, Value> = (0..30).map(|n| (format!("Member{n}"), json!(n))).collect();
        assert_eq!(of_operation(Operation::SendCommand, &many.into()).len(), LINES);
    }
}
