//! What a notification says of a command beside how it ended: what was asked for, and on how many nodes it went well.

use qd_model::Operation;
use serde_json::{Value, json};

use crate::embedded::Embedded;
use crate::language::Language;

/// Longest line of a script or comment that is shown, in characters.
const LINE: usize = 80;

/// Pages of fifty invocations that are counted; a command on more nodes is told by its errors alone.
const PAGES: i64 = 20;
const PER_PAGE: i64 = 50;

/// A command as its sender would recognise it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The comment, else the first line of the script.
    what: Option<String>,
    counts: Option<Counts>,
    /// The tags that it was aimed at.
    pub tags: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Counts {
    nodes: i64,
    /// Nodes on which it succeeded, where they were counted.
    succeeded: Option<i64>,
    errors: i64,
}

impl Asked {
    /// Asks the hub. A hub that does not answer makes the notification shorter, never none.
    pub async fn of(hub: &Embedded, command_id: &str) -> Self {
        let listed = match hub.call(Operation::ListCommands, json!({ "CommandId": command_id })).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(code = error.code, "a command that ended was not read");
                return Self::default();
            }
        };
        let mut asked = read(&listed["Commands"][0]);
        if let Some(counts) = asked.counts.as_mut().filter(|counts| counts.nodes <= PAGES * PER_PAGE) {
            counts.succeeded = succeeded(hub, command_id).await;
        }
        asked
    }

    /// On how many nodes it failed.
    pub fn errors(&self) -> i64 {
        self.counts.as_ref().map_or(0, |counts| counts.errors)
    }

    /// The text under the title: two lines at most.
    pub fn body(&self, document_name: &str, language: Language) -> String {
        let counted = self.counts.as_ref().filter(|counts| counts.nodes > 1).map(|counts| counts.said(language));
        let below = counted.map_or_else(|| document_name.to_owned(), |counted| format!("{document_name} · {counted}"));
        match &self.what {
            Some(what) => format!("{what}\n{below}"),
            None => below,
        }
    }
}

impl Counts {
    fn said(&self, language: Language) -> String {
        let Self { nodes, errors, .. } = self;
        match (self.succeeded, language) {
            (Some(succeeded), Language::English) => format!("{succeeded} of {nodes} succeeded"),
            (Some(succeeded), Language::Korean) => format!("노드 {nodes}개 중 {succeeded}개 성공"),
            (None, Language::English) => format!("{nodes} nodes, {errors} with errors"),
            (None, Language::Korean) => format!("노드 {nodes}개, 오류 {errors}개"),
        }
    }
}

/// How many invocations of a command succeeded.
async fn succeeded(hub: &Embedded, command_id: &str) -> Option<i64> {
    let mut input = json!({
        "CommandId": command_id,
        "Filters": [{ "key": "Status", "value": "Success" }],
        "MaxResults": PER_PAGE,
    });
    let mut counted = 0;
    for _ in 0..PAGES {
        let page = hub.call(Operation::ListCommandInvocations, input.clone()).await.ok()?;
        counted += page["CommandInvocations"].as_array().map_or(0, |page| page.len() as i64);
        match page["NextToken"].as_str() {
            Some(token) if !token.is_empty() => input["NextToken"] = token.into(),
            _ => return Some(counted),
        }
    }
    None
}

/// Reads a command as ListCommands answers it.
fn read(command: &Value) -> Asked {
    let comment = command["Comment"].as_str().and_then(first_line);
    let what = comment.or_else(|| script_line(&command["Parameters"]));
    let counts = command["TargetCount"].as_i64().map(|nodes| Counts {
        nodes,
        succeeded: None,
        errors: command["ErrorCount"].as_i64().unwrap_or(0) + command["DeliveryTimedOutCount"].as_i64().unwrap_or(0),
    });
    Asked { what, counts, tags: tags(&command["Targets"]) }
}

fn tags(targets: &Value) -> Vec<(String, String)> {
    let of = |target: &Value| -> Option<Vec<(String, String)>> {
        let key = target["Key"].as_str()?.strip_prefix("tag:")?;
        Some(target["Values"].as_array()?.iter().filter_map(Value::as_str).map(|value| (key.to_owned(), value.to_owned())).collect())
    };
    targets.as_array().into_iter().flatten().filter_map(of).flatten().collect()
}

/// The first line of the script among a command's parameters that says something. No other parameter is read: they may be secrets.
pub fn script_line(parameters: &Value) -> Option<String> {
    let lines = parameters["commands"].as_array()?;
    lines.iter().filter_map(Value::as_str).flat_map(str::lines).filter(|line| !line.trim_start().starts_with("#!")).find_map(first_line)
}

/// The first line of a text that is not empty, shortened. None when there is none.
fn first_line(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| shortened(line, LINE))
}

/// `text` on one line of at most `most` characters, without what would turn the reading direction around.
pub fn shortened(text: &str, most: usize) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).take(most).collect();
    if text.chars().nth(most).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Value {
        json!({
            "Comment": "",
            "Parameters": { "commands": ["#!/bin/sh\n\n  systemctl restart nginx  \necho done"], "password": ["s3cret"] },
            "TargetCount": 200, "ErrorCount": 2, "DeliveryTimedOutCount": 0,
        })
    }

    #[test]
    fn a_command_is_known_by_its_comment_or_its_script() {
        let mut asked = read(&command());
        asked.counts.as_mut().unwrap().succeeded = Some(198);
        assert_eq!(
            asked.body("AWS-RunShellScript", Language::English),
            "systemctl restart nginx\nAWS-RunShellScript · 198 of 200 succeeded"
        );
        assert_eq!(
            asked.body("AWS-RunShellScript", Language::Korean),
            "systemctl restart nginx\nAWS-RunShellScript · 노드 200개 중 198개 성공"
        );
        let mut commented = command();
        commented["Comment"] = json!("Restart the web servers");
        assert_eq!(read(&commented).what.as_deref(), Some("Restart the web servers"));
    }

    #[test]
    fn one_node_is_not_counted_and_too_many_are_told_by_their_errors() {
        let mut one = command();
        one["TargetCount"] = json!(1);
        assert_eq!(read(&one).body("D", Language::English), "systemctl restart nginx\nD");
        assert!(read(&command()).body("D", Language::English).ends_with("D · 200 nodes, 2 with errors"));
        assert_eq!(Asked::default().body("D", Language::English), "D");
    }

    #[test]
    fn a_long_line_is_shortened_to_characters() {
        let long = "한".repeat(LINE + 1);
        let shown = first_line(&long).unwrap();
        assert_eq!(shown.chars().count(), LINE);
        assert!(shown.ends_with('…'));
        assert_eq!(shortened("a\u{1b}[31m", 10), "a [31m");
        assert_eq!(first_line(" \n \n"), None);
    }
}
