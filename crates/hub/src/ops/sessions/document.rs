//! The document of a session: found, checked with its parameters, and written as nodes read it (session-protocol 5.1, 6.3).

use std::collections::BTreeMap;

use qd_model::ApiError;
use qd_model::document::interpolate;
use qd_model::document::parameters::Resolved;
use qd_model::document::session::{SessionDocument, SessionType};
use qd_model::shapes::documents::{DocumentFormat, DocumentType};
use qd_wire::payload::interactive_shell::{SessionContent, SessionDocument as Told, SessionInputs};
use serde_json::{Map, Value, json};

use crate::cx::Cx;
use crate::ops::commands;

/// The account's preferences, and the document of a session that names none. It need not be there.
pub const PREFERENCES: &str = "SSM-SessionManagerRunShell";
/// Minutes without activity after which a session ends when its document says nothing (semantics 15).
const IDLE_MINUTES: i64 = 20;
const MINUTE_MS: i64 = 60_000;

/// A session's document, filled in.
#[derive(Debug)]
pub struct Prepared {
    pub name: String,
    pub session_type: SessionType,
    pub idle_ms: i64,
    pub max_ms: Option<i64>,
    document: Told,
    parameters: Map<String, Value>,
}

/// Finds the document and checks what the caller gives it.
///
/// Errors: `InvalidDocument`, `ValidationException` for parameters.
pub async fn prepare(cx: &Cx, name: Option<&str>, given: &BTreeMap<String, Vec<String>>) -> Result<Prepared, ApiError> {
    let reference = name.unwrap_or(PREFERENCES);
    let (name, document) = match find(cx, reference).await {
        Ok(found) => found,
        Err(error) if reference == PREFERENCES && error.is("InvalidDocument") => (PREFERENCES.to_owned(), default_preferences()?),
        Err(error) => return Err(error),
    };
    fill(name, &document, given)
}

async fn find(cx: &Cx, reference: &str) -> Result<(String, SessionDocument), ApiError> {
    let found = commands::document::resolve(cx, reference, None).await?;
    if found.document_type != DocumentType::Session.as_str() {
        let text = format!("Document {} is of type {}; a session needs one of type Session.", found.name, found.document_type);
        return Err(ApiError::new("InvalidDocument", text));
    }
    let document = SessionDocument::parse(&found.content, DocumentFormat::Json)
        .map_err(|error| ApiError::new("InvalidDocument", format!("Document {}: {error}", found.name)))?;
    Ok((found.name, document))
}

/// What a session is like until somebody says otherwise.
fn default_preferences() -> Result<SessionDocument, ApiError> {
    let text = json!({ "schemaVersion": "1.0", "sessionType": "Standard_Stream" }).to_string();
    SessionDocument::parse(&text, DocumentFormat::Json).map_err(|error| ApiError::internal().with_source(error))
}

fn fill(name: String, document: &SessionDocument, given: &BTreeMap<String, Vec<String>>) -> Result<Prepared, ApiError> {
    let resolved = Resolved::resolve(&document.parameters, given).map_err(|error| ApiError::validation(error.to_string()))?;
    let parameters = resolved.to_map();
    if parameters.values().any(|value| value.as_str().is_some_and(|text| !interpolate::ssm_references(text).is_empty())) {
        return Err(ApiError::validation(
            "A parameter refers to Parameter Store ({{ssm:…}}), which is not built in this version of Quarterdeck. Give the value itself.",
        ));
    }
    let inputs: Map<String, Value> =
        document.inputs.iter().map(|(name, value)| (name.clone(), interpolate::plain(value, &resolved))).collect();
    let idle = minutes(&inputs, "idleSessionTimeout", 60)?.unwrap_or(IDLE_MINUTES);
    let most = minutes(&inputs, "maxSessionDuration", 1440)?;
    Ok(Prepared {
        name,
        session_type: document.session_type,
        idle_ms: idle * MINUTE_MS,
        max_ms: most.map(|minutes| minutes * MINUTE_MS),
        document: Told {
            schema_version: "1.0".to_owned(),
            description: document.description.clone().unwrap_or_default(),
            session_type: document.session_type.as_str().to_owned(),
            inputs: inputs_of(&inputs)?,
            parameters: document.declared.clone(),
            // With their placeholders: nodes fill them in, and what is filled in twice could be read twice.
            properties: document.properties.clone(),
        },
        parameters,
    })
}

/// A time of the document, filled in; empty is unset.
fn minutes(inputs: &Map<String, Value>, name: &str, most: i64) -> Result<Option<i64>, ApiError> {
    match inputs.get(name).and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse() {
            Ok(minutes) if (1..=most).contains(&minutes) => Ok(Some(minutes)),
            _ => Err(ApiError::validation(format!("{name} is not a number of minutes from 1 to {most}."))),
        },
    }
}

/// The inputs with the types that nodes insist on: where a word stands for true or false, the agent takes either, its JSON reader not.
fn inputs_of(inputs: &Map<String, Value>) -> Result<SessionInputs, ApiError> {
    const WORDS: [&str; 3] = ["s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "runAsEnabled"];
    let typed: Map<String, Value> = inputs
        .iter()
        .map(|(name, value)| {
            let value = match value.as_str() {
                Some(word) if WORDS.contains(&name.as_str()) => Value::Bool(word.eq_ignore_ascii_case("true")),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect();
    serde_json::from_value(Value::Object(typed))
        .map_err(|_| ApiError::new("InvalidDocument", "The inputs of the session document have types that no node reads."))
}

impl Prepared {
    /// What the node is told.
    pub fn content(self, session_id: &str, owner: &str) -> SessionContent {
        SessionContent {
            document_name: self.name,
            document_content: self.document,
            session_id: session_id.to_owned(),
            parameters: self.parameters,
            // Users have no tags here, which is where AWS takes a user's own name on nodes from; runAsDefaultUser stands in the document.
            run_as_user: String::new(),
            session_owner: owner.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(value: &Value) -> SessionDocument {
        SessionDocument::parse(&value.to_string(), DocumentFormat::Json).unwrap()
    }

    #[test]
    fn words_become_flags_and_times_are_taken_out() {
        let read = document(&json!({
            "schemaVersion": "1.0", "sessionType": "Standard_Stream",
            "parameters": { "who": { "type": "String", "default": "ops" }, "idle": { "type": "String", "default": "7" } },
            "inputs": { "runAsEnabled": "True", "runAsDefaultUser": "{{ who }}", "idleSessionTimeout": "{{ idle }}", "maxSessionDuration": "" },
        }));
        let prepared = fill("d".to_owned(), &read, &BTreeMap::new()).unwrap();
        assert_eq!((prepared.idle_ms, prepared.max_ms), (420_000, None));
        let content = prepared.content("s-1", "arn:x");
        assert!(content.document_content.inputs.run_as_enabled);
        assert_eq!(content.document_content.inputs.run_as_default_user, "ops");
        assert_eq!(content.parameters["who"], "ops");
    }

    #[test]
    fn parameters_are_checked_before_a_node_would_drop_them_silently() {
        let read = document(&json!({
            "schemaVersion": "1.0", "sessionType": "Port", "properties": { "portNumber": "{{ portNumber }}" },
            "parameters": { "portNumber": { "type": "String", "allowedPattern": "^[0-9]{1,5}$", "default": "22" } },
        }));
        let with = |name: &str, value: &str| fill("d".to_owned(), &read, &[(name.to_owned(), vec![value.to_owned()])].into());
        assert_eq!(with("portNumber", "8080").unwrap().parameters["portNumber"], "8080");
        for (name, value) in [("portNumber", "ssh"), ("port", "1"), ("portNumber", "{{ssm:x}}")] {
            assert_eq!(with(name, value).unwrap_err().code, "ValidationException", "{name}={value}");
        }
    }

    #[test]
    fn without_preferences_a_session_is_a_shell_of_twenty_idle_minutes() {
        let prepared = fill(PREFERENCES.to_owned(), &default_preferences().unwrap(), &BTreeMap::new()).unwrap();
        assert_eq!((prepared.session_type, prepared.idle_ms, prepared.max_ms), (SessionType::StandardStream, 1_200_000, None));
    }
}
