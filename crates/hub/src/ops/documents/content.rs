//! What may stand in a document of each type, and its two spellings, JSON and YAML (semantics 3.1).
//!
//! Content is checked once, when it is accepted: what is stored can be run, and what cannot be run is refused with the reason.

use qd_model::ApiError;
use qd_model::document::{Document, Format};
use qd_model::shapes::documents::{DocumentFormat, DocumentType, PlatformType};
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::runbook;

/// Bytes of a document's content (semantics 3.1.3).
pub const MAX_CONTENT: usize = 64 * 1024;

/// What was learned from content that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `None` for types whose content has none.
    pub schema_version: Option<String>,
    pub description: Option<String>,
    /// Where it can run; empty for types that do not run on nodes.
    pub platform_types: Vec<PlatformType>,
}

/// `InvalidDocumentContent` with the reason.
pub fn invalid(reason: impl AsRef<str>) -> ApiError {
    ApiError::new("InvalidDocumentContent", format!("The content for the document is not valid. {}", reason.as_ref()))
}

/// Checks content of a type in a format.
///
/// Errors: `MaxDocumentSizeExceeded`, `InvalidDocumentContent`, `InvalidDocumentSchemaVersion`.
pub fn accept(document_type: DocumentType, format: DocumentFormat, content: &str) -> Result<Accepted, ApiError> {
    if content.len() > MAX_CONTENT {
        let text = format!("The content has {} bytes. A document can have at most {MAX_CONTENT} (64 KB).", content.len());
        return Err(ApiError::new("MaxDocumentSizeExceeded", text));
    }
    if content.contains('\0') {
        return Err(invalid("It holds a NUL character."));
    }
    if format == DocumentFormat::Text {
        return accept_text(document_type, content);
    }
    match document_type {
        DocumentType::Command | DocumentType::Policy => accept_command(document_type, format, content),
        DocumentType::ChangeCalendar => Err(invalid("A change calendar is iCalendar text: send it with DocumentFormat TEXT.")),
        _ => accept_value(document_type, &value(content, format)?),
    }
}

fn accept_command(document_type: DocumentType, format: DocumentFormat, content: &str) -> Result<Accepted, ApiError> {
    let root = value(content, format)?;
    let allowed: &[&str] = if document_type == DocumentType::Policy { &["2.0", "2.2"] } else { &["1.2", "2.0", "2.2"] };
    let schema_version = schema_version(document_type, object(&root)?, allowed)?;
    let format = if format == DocumentFormat::Yaml { Format::Yaml } else { Format::Json };
    let document = Document::parse(content, format).map_err(|error| invalid(error.to_string()))?;
    let platform_types = document.platforms().into_iter().collect();
    Ok(Accepted { schema_version: Some(schema_version), description: description(&root), platform_types })
}

fn accept_value(document_type: DocumentType, root: &Value) -> Result<Accepted, ApiError> {
    let every = PlatformType::ALL.to_vec();
    let mut accepted = Accepted { schema_version: None, description: description(root), platform_types: Vec::new() };
    match document_type {
        DocumentType::Automation | DocumentType::AutomationChangeTemplate => {
            accepted.schema_version = Some(schema_version(document_type, object(root)?, &["0.3"])?);
            accepted.platform_types = every;
            runbook::check(object(root)?).map_err(invalid)?;
        }
        DocumentType::Session => {
            accepted.schema_version = Some(schema_version(document_type, object(root)?, &["1.0"])?);
            accepted.platform_types = every;
            check_session(object(root)?).map_err(invalid)?;
        }
        DocumentType::Package => {
            accepted.schema_version = Some(schema_version(document_type, object(root)?, &["2.0"])?);
            check_package(object(root)?).map_err(invalid)?;
        }
        DocumentType::CloudFormation => {
            object(root)?.get("Resources").and_then(Value::as_object).ok_or_else(|| invalid("A template needs Resources."))?;
        }
        // Configuration may be any value; its own schema document says more.
        DocumentType::ApplicationConfiguration => {}
        _ => {
            accepted.schema_version = object(root)?.get("schemaVersion").and_then(Value::as_str).map(str::to_owned);
        }
    }
    Ok(accepted)
}

fn accept_text(document_type: DocumentType, content: &str) -> Result<Accepted, ApiError> {
    match document_type {
        DocumentType::ChangeCalendar => check_calendar(content).map_err(invalid)?,
        DocumentType::ApplicationConfiguration | DocumentType::ManualApprovalPolicy | DocumentType::AutoApprovalPolicy => {}
        _ => return Err(invalid(format!("A document of type {document_type} is JSON or YAML, not TEXT."))),
    }
    Ok(Accepted { schema_version: None, description: None, platform_types: Vec::new() })
}

/// The content as a value, whatever its spelling; `InvalidDocumentContent` when it cannot be read.
pub fn value(content: &str, format: DocumentFormat) -> Result<Value, ApiError> {
    match format {
        DocumentFormat::Json => serde_json::from_str(content).map_err(|error| invalid(format!("It is not JSON: {error}."))),
        DocumentFormat::Yaml => qd_model::document::from_yaml(content).map_err(|error| invalid(format!("It is not YAML: {error}."))),
        DocumentFormat::Text => Ok(Value::String(content.to_owned())),
    }
}

/// Writes content of one format in another. What already has the format stays as it is, byte by byte; TEXT is what was stored.
pub fn convert(content: &str, from: DocumentFormat, to: DocumentFormat) -> Result<String, ApiError> {
    match to {
        to if to == from => Ok(content.to_owned()),
        DocumentFormat::Text => Ok(content.to_owned()),
        DocumentFormat::Json => {
            serde_json::to_string_pretty(&value(content, from)?).map_err(|error| ApiError::internal().with_source(error))
        }
        DocumentFormat::Yaml => {
            qd_model::document::to_yaml(&value(content, from)?).map_err(|error| ApiError::internal().with_source(error))
        }
    }
}

fn object(root: &Value) -> Result<&Map<String, Value>, ApiError> {
    root.as_object().ok_or_else(|| invalid("It is not an object."))
}

fn description(root: &Value) -> Option<String> {
    root.get("description").and_then(Value::as_str).map(str::to_owned)
}

fn schema_version(document_type: DocumentType, root: &Map<String, Value>, allowed: &[&str]) -> Result<String, ApiError> {
    let given = match root.get("schemaVersion") {
        Some(Value::String(given)) => given.as_str(),
        Some(_) => return Err(invalid("schemaVersion is not a string.")),
        None => return Err(invalid("schemaVersion is missing.")),
    };
    if allowed.contains(&given) {
        return Ok(given.to_owned());
    }
    let text = format!("Schema version {given} cannot be used in a document of type {document_type}. Use {}.", allowed.join(", "));
    Err(ApiError::new("InvalidDocumentSchemaVersion", text))
}

/// Session preferences and session documents (semantics 13.1.6).
fn check_session(root: &Map<String, Value>) -> Result<(), String> {
    const TYPES: &[&str] = &["Standard_Stream", "Port", "InteractiveCommands", "NonInteractiveCommands"];
    let session_type = root.get("sessionType").and_then(Value::as_str).ok_or("sessionType is missing.")?;
    if !TYPES.contains(&session_type) {
        return Err(format!("sessionType {session_type} is not one of {}.", TYPES.join(", ")));
    }
    for part in ["inputs", "parameters", "properties"] {
        if root.get(part).is_some_and(|value| !value.is_object()) {
            return Err(format!("{part} is not an object."));
        }
    }
    for (input, most) in [("idleSessionTimeout", 60_u32), ("maxSessionDuration", 1440)] {
        let Some(value) = root.get("inputs").and_then(|inputs| inputs.get(input)) else { continue };
        let minutes = value.as_str().ok_or_else(|| format!("{input} is not a string."))?;
        // Empty means unset; a reference to a parameter is filled in when a session starts.
        let is_number = minutes.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
        if !(is_number || minutes.is_empty() || minutes.contains("{{")) {
            return Err(format!("{input} is not a number of minutes from 1 to {most}."));
        }
    }
    Ok(())
}

/// A package's manifest names files, and files are attachments.
fn check_package(root: &Map<String, Value>) -> Result<(), String> {
    root.get("packages").and_then(Value::as_object).ok_or("packages is missing.")?;
    let files = root.get("files").and_then(Value::as_object).ok_or("files is missing.")?;
    match files.keys().next() {
        Some(file) => {
            Err(format!("The file {file} of the package is not attached: attachments need object storage, which this hub does not have."))
        }
        None => Err("files is empty.".to_owned()),
    }
}

/// An iCalendar that says what it means outside of its events (semantics 12.11).
fn check_calendar(content: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut is_typed = false;
    let lines: Vec<&str> = content.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.first().is_none_or(|line| !line.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err("It does not begin with BEGIN:VCALENDAR.".to_owned());
    }
    for (index, line) in lines.iter().enumerate() {
        let Some((property, value)) = line.split_once(':') else { continue };
        match property.to_ascii_uppercase().as_str() {
            "BEGIN" if index > 0 && open.is_empty() => return Err("Something follows END:VCALENDAR.".to_owned()),
            "BEGIN" => open.push(value.to_ascii_uppercase()),
            "END" if open.pop() != Some(value.to_ascii_uppercase()) => return Err(format!("END:{value} has no BEGIN.")),
            "X-CALENDAR-TYPE" => match value {
                "DEFAULT_OPEN" | "DEFAULT_CLOSED" => is_typed = true,
                _ => return Err("X-CALENDAR-TYPE is neither DEFAULT_OPEN nor DEFAULT_CLOSED.".to_owned()),
            },
            _ => {}
        }
    }
    match (open.pop(), is_typed) {
        (Some(part), _) => Err(format!("BEGIN:{part} has no END.")),
        (None, false) => Err("X-CALENDAR-TYPE is missing: DEFAULT_OPEN or DEFAULT_CLOSED.".to_owned()),
        (None, true) => Ok(()),
    }
}

/// Platforms as they are stored: a JSON list.
pub fn platform_list(platforms: &[PlatformType]) -> String {
    Value::from(platforms.iter().map(|platform| platform.as_str()).collect::<Vec<_>>()).to_string()
}

/// The platforms of a stored list.
pub fn platforms_of(stored: &str) -> Vec<PlatformType> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// SHA-256 as lower-case hex: the Hash of a document.
pub fn sha256(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

/// SHA-1 as lower-case hex, which old callers still compare.
pub fn sha1(content: &str) -> String {
    hex::encode(Sha1::digest(content.as_bytes()))
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
