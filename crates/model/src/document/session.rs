//! Session documents, schema 1.0 (semantics 13.1.6, session-protocol 5.1 and 8). A node that cannot read one drops it without a word, so
//! every type is checked here, where a reason can be given.

use super::parameters::{self, Parameter, Scope};
use super::parse::{schema_version, shown, text_of};
use super::{DocumentError, interpolate, tree};
use crate::shapes::documents::DocumentFormat;
use serde_json::{Map, Value};

/// What a session is: the document's sessionType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionType {
    /// A shell on a terminal.
    StandardStream,
    /// One command on a terminal.
    InteractiveCommands,
    /// One command without a terminal.
    NonInteractiveCommands,
    /// A port of the node, or of a host it reaches.
    Port,
}

impl SessionType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::StandardStream, Self::InteractiveCommands, Self::NonInteractiveCommands, Self::Port];

    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardStream => "Standard_Stream",
            Self::InteractiveCommands => "InteractiveCommands",
            Self::NonInteractiveCommands => "NonInteractiveCommands",
            Self::Port => "Port",
        }
    }

    /// The type of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A Session document that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionDocument {
    pub description: Option<String>,
    pub session_type: SessionType,
    pub parameters: Vec<Parameter>,
    /// As they stand, placeholders and all.
    pub inputs: Map<String, Value>,
    pub properties: Value,
    /// `parameters` as they stand, which nodes read themselves.
    pub declared: Map<String, Value>,
}

/// Inputs that are text.
const TEXTS: [&str; 7] =
    ["s3BucketName", "s3KeyPrefix", "cloudWatchLogGroupName", "kmsKeyId", "runAsDefaultUser", "idleSessionTimeout", "maxSessionDuration"];
/// Inputs that are true or false; nodes also take the words.
const FLAGS: [&str; 3] = ["s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "runAsEnabled"];
/// Platforms that a command may be given for.
const PLATFORMS: [&str; 3] = ["linux", "macos", "windows"];

impl SessionDocument {
    /// Reads a document's text.
    ///
    /// # Errors
    /// `InvalidDocumentContent` or `InvalidDocumentSchemaVersion`, with what is wrong.
    pub fn parse(text: &str, format: DocumentFormat) -> Result<Self, DocumentError> {
        match tree::read(text, format)? {
            Value::Object(root) => Self::from_map(&root),
            _ => Err(DocumentError::content("A document must be a map with schemaVersion at its top.")),
        }
    }

    pub(super) fn from_map(root: &Map<String, Value>) -> Result<Self, DocumentError> {
        let version = schema_version(root)?;
        if version != "1.0" {
            let text = format!("The schema version {} is not supported for a Session document; use 1.0.", shown(&version));
            return Err(DocumentError::schema_version(text));
        }
        let session_type = text_of(root, "sessionType")?.as_deref().and_then(SessionType::parse).ok_or_else(|| {
            let legal: Vec<_> = SessionType::ALL.iter().map(|kind| kind.as_str()).collect();
            DocumentError::content(format!("sessionType must be one of {}.", legal.join(", ")))
        })?;
        let inputs = map(root, "inputs")?;
        check_inputs(&inputs)?;
        let properties = map(root, "properties")?;
        match session_type {
            SessionType::StandardStream => {}
            SessionType::Port => check_port(&properties)?,
            SessionType::InteractiveCommands | SessionType::NonInteractiveCommands => check_commands(&properties)?,
        }
        Ok(Self {
            description: text_of(root, "description")?,
            session_type,
            parameters: parameters::declared(root.get("parameters"), Scope::Session)?,
            inputs,
            properties: if properties.is_empty() { Value::Null } else { Value::Object(properties) },
            declared: map(root, "parameters")?,
        })
    }
}

fn map(root: &Map<String, Value>, part: &str) -> Result<Map<String, Value>, DocumentError> {
    match root.get(part) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(_) => Err(DocumentError::content(format!("{part} must be a map."))),
    }
}

fn bad(place: &str, wanted: &str) -> DocumentError {
    DocumentError::content(format!("{place} must be {wanted}."))
}

fn check_inputs(inputs: &Map<String, Value>) -> Result<(), DocumentError> {
    for (name, value) in inputs.iter().filter(|(_, value)| !value.is_null()) {
        // Only members that are known here are told of, so the name is as harmless as it looks.
        let place = format!("inputs.{name}");
        match name.as_str() {
            text if TEXTS.contains(&text) && !value.is_string() => return Err(bad(&place, "a string")),
            flag if FLAGS.contains(&flag) && !is_flag(value) => return Err(bad(&place, "true or false")),
            // Nodes drop the whole document when this is a string.
            "cloudWatchStreamingEnabled" if !value.is_boolean() => return Err(bad(&place, "true or false, without quotes")),
            "shellProfile" => {
                let profile = value.as_object().ok_or_else(|| bad(&place, "a map of linux and windows"))?;
                for (platform, line) in profile {
                    if !PLATFORMS.contains(&platform.as_str()) || !(line.is_string() || line.is_null()) {
                        let platform: String = platform.chars().take(64).collect();
                        return Err(bad(&format!("{place}.{platform}"), "linux or windows with a string"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// True, false, their words, or what a parameter fills in.
fn is_flag(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::String(text) => {
            text.is_empty() || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") || is_filled_in(text)
        }
        _ => false,
    }
}

fn is_filled_in(text: &str) -> bool {
    interpolate::placeholder(text).is_some()
}

fn check_port(properties: &Map<String, Value>) -> Result<(), DocumentError> {
    for (name, value) in properties {
        if !value.is_string() && !value.is_null() {
            return Err(bad(&format!("properties.{}", shown(name)), "a string"));
        }
    }
    let text = |name: &str| properties.get(name).and_then(Value::as_str);
    if text("portNumber").is_none_or(|port| port.trim().is_empty()) {
        return Err(DocumentError::content("properties.portNumber is missing: the port on the node, as a string."));
    }
    match text("type") {
        None | Some("" | "LocalPortForwarding") => Ok(()),
        Some(other) if is_filled_in(other) => Ok(()),
        Some(_) => Err(bad("properties.type", "LocalPortForwarding, or absent")),
    }
}

fn check_commands(properties: &Map<String, Value>) -> Result<(), DocumentError> {
    let mut any = false;
    for (platform, body) in properties.iter().filter(|(_, body)| !body.is_null()) {
        let place = format!("properties.{}", shown(platform));
        if !PLATFORMS.contains(&platform.as_str()) {
            return Err(bad(&place, "one of linux, macos, windows"));
        }
        let body = body.as_object().ok_or_else(|| bad(&place, "a map with commands"))?;
        let commands = body.get("commands").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        commands.ok_or_else(|| bad(&format!("{place}.commands"), "a string that is not blank"))?;
        any = true;
        // Nodes refuse words here.
        if body.get("runAsElevated").is_some_and(|value| !value.is_boolean() && !value.is_null()) {
            return Err(bad(&format!("{place}.runAsElevated"), "true or false, without quotes"));
        }
        if body.get("separateOutputStream").is_some_and(|value| !value.is_null() && !is_flag(value)) {
            return Err(bad(&format!("{place}.separateOutputStream"), "true or false"));
        }
        for prefix in ["stdOutSeparatorPrefix", "stdErrSeparatorPrefix"] {
            if body.get(prefix).is_some_and(|value| !value.is_null() && !value.is_string()) {
                return Err(bad(&format!("{place}.{prefix}"), "a string"));
            }
        }
    }
    if any { Ok(()) } else { Err(DocumentError::content("properties names no command: linux, macos or windows with commands is needed.")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<SessionDocument, String> {
        SessionDocument::parse(&value.to_string(), DocumentFormat::Json).map_err(|e| e.to_string())
    }

    #[test]
    fn a_shell_needs_no_more_than_its_type() {
        let read = read(&json!({ "schemaVersion": "1.0", "sessionType": "Standard_Stream" })).unwrap();
        assert_eq!(read.session_type, SessionType::StandardStream);
        assert!(read.inputs.is_empty() && read.properties.is_null());
    }

    #[test]
    fn wrong_types_are_told() {
        let with =
            |inputs: Value| read(&json!({ "schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs })).unwrap_err();
        assert!(with(json!({ "cloudWatchStreamingEnabled": "true" })).contains("without quotes"));
        assert!(with(json!({ "runAsEnabled": 1 })).contains("inputs.runAsEnabled"));
        assert!(with(json!({ "s3BucketName": ["b"] })).contains("inputs.s3BucketName"));
        assert!(with(json!({ "shellProfile": "bash" })).contains("shellProfile"));
        assert!(with(json!({ "shellProfile": { "linux": 1 } })).contains("shellProfile.linux"));
        let command = |body: Value| {
            read(&json!({ "schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": { "linux": body } })).unwrap_err()
        };
        assert!(command(json!({ "commands": " " })).contains("not blank"));
        assert!(command(json!({ "commands": "top", "runAsElevated": "false" })).contains("runAsElevated"));
        assert!(read(&json!({ "schemaVersion": "1.0", "sessionType": "InteractiveCommands" })).unwrap_err().contains("no command"));
        let port = |body: Value| read(&json!({ "schemaVersion": "1.0", "sessionType": "Port", "properties": body })).unwrap_err();
        assert!(port(json!({ "portNumber": 22 })).contains("portNumber"));
        assert!(port(json!({})).contains("portNumber is missing"));
        assert!(port(json!({ "portNumber": "22", "type": "Other" })).contains("type"));
    }
}
