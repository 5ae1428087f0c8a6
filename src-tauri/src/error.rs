//! What a page gets when a command of the app fails: a code to act on and a text to show.

use qd_model::ApiError;
use serde::Serialize;

use crate::local::LocalError;

/// An AWS error code (or one of the app's own, below), its text, and the request it belongs to where there is one.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CallError {
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl CallError {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), request_id: None }
    }

    /// The input of a command of the app is not of the shape it takes.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The hub is still opening, or could not be opened; the text says why.
    pub fn not_open(message: impl Into<String>) -> Self {
        Self::new("HubNotOpen", message)
    }

    /// The person answered no to a native question.
    pub fn declined(message: impl Into<String>) -> Self {
        Self::new("Declined", message)
    }

    /// The connection is marked read-only and the call would write.
    pub fn read_only(operation: &str) -> Self {
        Self::new("ReadOnlyConnection", format!("{operation} changes something, and this connection is marked read-only."))
    }

    /// The app's own machinery failed (local state, a worker thread); the text is for a bug report.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }
}

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self { code: error.code.to_string(), message: error.message.to_string(), request_id: None }
    }
}

impl From<LocalError> for CallError {
    fn from(error: LocalError) -> Self {
        Self::internal(error.to_string())
    }
}
