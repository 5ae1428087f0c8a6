//! Parameters of a command: sealed at rest, checked when the command is accepted, typed when it is sent (semantics 2.1.3, 3.6).

use std::collections::BTreeMap;

use qd_model::ApiError;
use qd_model::document::Document;
use qd_model::document::interpolate;
use qd_model::document::parameters::Resolved;
use qd_model::shapes::documents::DocumentFormat;
use serde_json::{Map, Value};

use crate::sealed::MasterKey;

/// Values by parameter name, as SendCommand carries them: lists of text whatever the declared type.
pub type Given = BTreeMap<String, Vec<String>>;

fn belongs_to(command_id: &str) -> String {
    format!("commands/{command_id}/parameters")
}

/// Seals the values for the store.
pub fn seal(key: &MasterKey, command_id: &str, given: &Given) -> Result<Vec<u8>, ApiError> {
    let plain = serde_json::to_vec(given).map_err(|e| ApiError::internal().with_source(e))?;
    key.seal(&belongs_to(command_id), &plain).map_err(|e| ApiError::internal().with_source(e))
}

/// Opens sealed values; `None` when they are damaged or the store was moved away from its master key, which the log says.
pub fn open(key: &MasterKey, command_id: &str, sealed: &[u8]) -> Option<Given> {
    if sealed.is_empty() {
        return Some(Given::new());
    }
    let opened = key.unseal(&belongs_to(command_id), sealed).map_err(|error| error.to_string());
    match opened.and_then(|plain| serde_json::from_slice(&plain).map_err(|error| error.to_string())) {
        Ok(given) => Some(given),
        Err(error) => {
            tracing::error!(error, command_id, "the parameters of a command cannot be opened with this hub's master key");
            None
        }
    }
}

/// The document, which was checked when it was stored.
fn document(content: &str) -> Result<Document, ApiError> {
    Document::parse(content, DocumentFormat::Json).map_err(|e| ApiError::new("InvalidDocument", e.to_string()))
}

/// Values that fit a document.
pub struct Checked {
    /// Typed as declared, defaults filled in: as agents get them (agent-protocol 4.6).
    pub typed: Map<String, Value>,
    /// Seconds the document may run, to be added to TimeoutSeconds (semantics 2.2.2).
    pub execution_timeout: u32,
}

/// Checks values against the document's declarations.
///
/// Errors: `InvalidParameters` with every reason at once.
pub fn check(content: &str, given: &Given) -> Result<Checked, ApiError> {
    let document = document(content)?;
    let resolved = Resolved::resolve(&document.parameters, given).map_err(|e| ApiError::new("InvalidParameters", e.to_string()))?;
    let typed = resolved.to_map();
    if typed.values().any(mentions_parameter_store) {
        return Err(ApiError::new(
            "InvalidParameters",
            "A parameter refers to Parameter Store ({{ssm:…}}), which is not built in this version of Quarterdeck. Give the value itself.",
        ));
    }
    Ok(Checked { execution_timeout: document.timeout_seconds(&resolved), typed })
}

fn mentions_parameter_store(value: &Value) -> bool {
    match value {
        Value::String(text) => !interpolate::ssm_references(text).is_empty(),
        Value::Array(items) => items.iter().any(mentions_parameter_store),
        _ => false,
    }
}

/// Values as agents get them: typed as declared, defaults filled in (agent-protocol 4.6). `None` when they no longer fit the document.
pub fn for_agents(content: &str, given: &Given) -> Option<Map<String, Value>> {
    let resolved = document(content).ok().and_then(|d| Resolved::resolve(&d.parameters, given).ok());
    resolved.map(|r| r.to_map())
}
