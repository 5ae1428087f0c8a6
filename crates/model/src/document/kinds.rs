//! What CreateDocument and UpdateDocument look at, by document type (semantics 3.1): each type has its schema, and content that is
//! not of it is refused before it is stored.

mod runbook;

use super::parameters::Parameter;
use super::parse::{Document, SchemaVersion, schema_version, shown, text_of};
use super::session::SessionDocument;
use super::{DocumentError, MAX_BYTES, digest, tree};
use crate::shapes::documents::{DocumentFormat, DocumentType};
use crate::shapes::shared::PlatformType;
use serde_json::{Map, Value};

/// What a document says of itself, as DescribeDocument shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Absent for types that have none.
    pub schema_version: Option<String>,
    pub description: Option<String>,
    pub parameters: Vec<Parameter>,
    /// In AWS's order: Windows, Linux, MacOS.
    pub platform_types: Vec<PlatformType>,
    /// SHA-256 of the text, in hex.
    pub hash: String,
}

/// Checks a document's text against its type.
///
/// # Errors
/// `InvalidDocumentContent`, `InvalidDocumentSchemaVersion` or `MaxDocumentSizeExceeded`, with what is wrong.
pub fn check(kind: DocumentType, format: DocumentFormat, text: &str) -> Result<Summary, DocumentError> {
    if text.len() > MAX_BYTES {
        return Err(DocumentError::too_large());
    }
    if text.trim().is_empty() {
        return Err(DocumentError::content("The document is empty."));
    }
    let mut summary = match kind {
        DocumentType::Command | DocumentType::Policy => command(kind, format, text)?,
        DocumentType::Automation | DocumentType::AutomationChangeTemplate => runbook::check(&map(text, format)?)?,
        DocumentType::Session => session(&map(text, format)?)?,
        DocumentType::Package => package(&map(text, format)?)?,
        DocumentType::ChangeCalendar => calendar(format, text)?,
        _ => free(format, text)?,
    };
    summary.hash = digest::sha256(text);
    Ok(summary)
}

fn bare() -> Summary {
    Summary { schema_version: None, description: None, parameters: Vec::new(), platform_types: Vec::new(), hash: String::new() }
}

fn map(text: &str, format: DocumentFormat) -> Result<Map<String, Value>, DocumentError> {
    match tree::read(text, format)? {
        Value::Object(map) => Ok(map),
        _ => Err(DocumentError::content("A document must be a map with schemaVersion at its top.")),
    }
}

fn version(root: &Map<String, Value>, kind: &str, legal: &str) -> Result<String, DocumentError> {
    let version = schema_version(root)?;
    if version == legal {
        return Ok(version);
    }
    Err(DocumentError::schema_version(format!("The schema version {} is not supported for {kind}; use {legal}.", shown(&version))))
}

fn command(kind: DocumentType, format: DocumentFormat, text: &str) -> Result<Summary, DocumentError> {
    let document = Document::parse(text, format)?;
    if kind == DocumentType::Policy && document.schema_version < SchemaVersion::V2_0 {
        return Err(DocumentError::schema_version("A Policy document needs schema version 2.0 or later."));
    }
    let platform_types = document.platform_types();
    if platform_types.is_empty() {
        return Err(DocumentError::content("No step of the document can run on any platform."));
    }
    Ok(Summary {
        schema_version: Some(document.schema_version.to_string()),
        description: document.description,
        parameters: document.parameters,
        platform_types,
        hash: String::new(),
    })
}

fn session(root: &Map<String, Value>) -> Result<Summary, DocumentError> {
    let document = SessionDocument::from_map(root)?;
    Ok(Summary {
        schema_version: Some("1.0".to_owned()),
        description: document.description,
        parameters: document.parameters,
        platform_types: PlatformType::ALL.to_vec(),
        hash: String::new(),
    })
}

/// A Distributor manifest: platforms to versions to architectures to files, and the files' checksums.
fn package(root: &Map<String, Value>) -> Result<Summary, DocumentError> {
    let schema_version = version(root, "a Package document", "2.0")?;
    let part = |name: &str| {
        root.get(name)
            .and_then(Value::as_object)
            .filter(|map| !map.is_empty())
            .ok_or_else(|| DocumentError::content(format!("A package manifest needs {name}.")))
    };
    let files = part("files")?;
    for (platform, versions) in part("packages")? {
        let architectures =
            versions.as_object().into_iter().flat_map(Map::values).flat_map(|version| version.as_object()).flat_map(Map::values);
        let mut any = false;
        for target in architectures {
            any = true;
            let file = target.get("file").and_then(Value::as_str);
            if !file.is_some_and(|file| files.contains_key(file)) {
                return Err(DocumentError::content(format!("The package for {} names a file that is not among files.", shown(platform))));
            }
        }
        if !any {
            return Err(DocumentError::content(format!("The package for {} names no file.", shown(platform))));
        }
    }
    Ok(Summary {
        schema_version: Some(schema_version),
        description: text_of(root, "description")?,
        platform_types: PlatformType::ALL.to_vec(),
        ..bare()
    })
}

/// iCalendar text; there is no schema version.
fn calendar(format: DocumentFormat, text: &str) -> Result<Summary, DocumentError> {
    if format != DocumentFormat::Text {
        return Err(DocumentError::content("A change calendar is a document in TEXT format."));
    }
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let first = lines.next().is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCALENDAR"));
    let last = lines.next_back().is_some_and(|line| line.eq_ignore_ascii_case("END:VCALENDAR"));
    if !first || !last {
        return Err(DocumentError::content("A change calendar begins with BEGIN:VCALENDAR and ends with END:VCALENDAR."));
    }
    Ok(bare())
}

/// Types whose content is the business of another service: it must be of its format, and that is all.
fn free(format: DocumentFormat, text: &str) -> Result<Summary, DocumentError> {
    if format == DocumentFormat::Text {
        return Ok(bare());
    }
    let value = tree::read(text, format)?;
    let schema_version = match value.get("schemaVersion") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    Ok(Summary { schema_version, description: value.get("description").and_then(Value::as_str).map(str::to_owned), ..bare() })
}

#[cfg(test)]
mod tests;
