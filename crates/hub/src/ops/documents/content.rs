//! What CreateDocument and UpdateDocument accept beyond what a document must be in itself, and its two spellings, JSON and YAML (semantics 3.1).
//!
//! Content is checked once, when it is accepted: what is stored can be run, and what cannot be run is refused with the reason.

use qd_model::ApiError;
use qd_model::document::{self, Summary};
use qd_model::shapes::documents::{DocumentFormat, DocumentType, PlatformType};
use serde_json::Value;

/// `InvalidDocumentContent` with the reason.
fn invalid(reason: impl Into<String>) -> ApiError {
    ApiError::new("InvalidDocumentContent", reason)
}

/// Checks content of a type in a format.
///
/// Errors: `MaxDocumentSizeExceeded`, `InvalidDocumentContent`, `InvalidDocumentSchemaVersion`.
pub fn accept(document_type: DocumentType, format: DocumentFormat, content: &str) -> Result<Summary, ApiError> {
    let summary = document::check(document_type, format, content)?;
    if content.contains('\0') {
        return Err(invalid("The content for the document is not valid: it holds a NUL character."));
    }
    if format == DocumentFormat::Text {
        accept_text(document_type, content)?;
        return Ok(summary);
    }
    let reason = match document_type {
        DocumentType::Session => session_times(&value(content, format)?),
        DocumentType::Package => {
            Some("The files of the package are not attached: attachments need object storage, which this hub does not have.".to_owned())
        }
        DocumentType::CloudFormation if !value(content, format)?.get("Resources").is_some_and(Value::is_object) => {
            Some("A template needs Resources.".to_owned())
        }
        _ => None,
    };
    reason.map_or(Ok(summary), |reason| Err(invalid(reason)))
}

/// Types that may be free text.
fn accept_text(document_type: DocumentType, content: &str) -> Result<(), ApiError> {
    match document_type {
        DocumentType::ChangeCalendar => check_calendar(content).map_err(invalid),
        DocumentType::ApplicationConfiguration | DocumentType::ManualApprovalPolicy | DocumentType::AutoApprovalPolicy => Ok(()),
        _ => Err(invalid(format!("A document of type {document_type} is JSON or YAML, not TEXT."))),
    }
}

/// What is wrong with the times of a session document, which are minutes in strings (semantics 13.1.6).
fn session_times(root: &Value) -> Option<String> {
    for (input, most) in [("idleSessionTimeout", 60_u32), ("maxSessionDuration", 1440)] {
        let Some(value) = root.get("inputs").and_then(|inputs| inputs.get(input)) else { continue };
        // Empty means unset; a reference to a parameter is filled in when a session starts.
        let is_time = |text: &str| text.is_empty() || text.contains("{{") || text.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
        if !value.as_str().is_some_and(is_time) {
            return Some(format!("{input} is not a string with a number of minutes from 1 to {most}."));
        }
    }
    None
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

/// The content as a value, whatever its spelling; `InvalidDocumentContent` when it cannot be read.
pub fn value(content: &str, format: DocumentFormat) -> Result<Value, ApiError> {
    let json = match format {
        DocumentFormat::Json => return parse(content),
        DocumentFormat::Yaml => convert(content, format, DocumentFormat::Json)?,
        DocumentFormat::Text => return Ok(Value::String(content.to_owned())),
    };
    parse(&json)
}

fn parse(json: &str) -> Result<Value, ApiError> {
    serde_json::from_str(json).map_err(|error| invalid(format!("The content for the document is not valid JSON: {error}")))
}

/// Writes content of one format in another. What already has the format stays as it is, byte by byte; TEXT is what was stored.
pub fn convert(content: &str, from: DocumentFormat, to: DocumentFormat) -> Result<String, ApiError> {
    if to == DocumentFormat::Text {
        return Ok(content.to_owned());
    }
    Ok(document::convert::convert(content, from, to)?)
}

/// Stored content as JSON text; `format` is the stored word. Agents read nothing else (agent-protocol 3.4, 4.6).
pub fn as_json(content: &str, format: &str) -> Result<String, ApiError> {
    convert(content, DocumentFormat::from_wire(format).unwrap_or(DocumentFormat::Json), DocumentFormat::Json)
}

/// Platforms as they are stored: names with commas between.
pub fn platform_list(platforms: &[PlatformType]) -> String {
    platforms.iter().map(|platform| platform.as_str()).collect::<Vec<_>>().join(",")
}

/// The platforms of a stored list.
pub fn platforms_of(stored: &str) -> Vec<PlatformType> {
    stored.split(',').filter_map(PlatformType::from_wire).collect()
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
