//! Parameters of a command: sealed at rest, checked when the command is accepted, typed when it is sent (semantics 2.1.3, 3.6).

use std::collections::BTreeMap;

use qd_model::ApiError;
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

/// Opens sealed values; empty when the store was moved away from its master key, which the log says.
pub fn open(key: &MasterKey, command_id: &str, sealed: &[u8]) -> Given {
    if sealed.is_empty() {
        return Given::new();
    }
    match key.unseal(&belongs_to(command_id), sealed) {
        Ok(plain) => serde_json::from_slice(&plain).unwrap_or_default(),
        Err(error) => {
            tracing::error!(%error, command_id, "the parameters of a command cannot be opened with this hub's master key");
            Given::new()
        }
    }
}
