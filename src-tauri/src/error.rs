//! What a page gets when a command of the app fails: a code to act on and a text to show.

use qd_model::ApiError;
use serde::Serialize;
use serde_json::Value;

use crate::local::LocalError;

/// An AWS error code (or one of the app's own, below), its text, and the request it belongs to where there is one. What few errors carry is
/// boxed, so that the results of all calls stay small.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CallError {
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What a page needs beside the text: both fingerprints of a certificate that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Value>>,
    /// What the endpoint answered to the same question earlier, when it is away now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_known: Option<Box<LastKnown>>,
}

/// An answer from before.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastKnown {
    /// When it was given, milliseconds since the epoch.
    pub at: i64,
    pub answer: Value,
}

impl CallError {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), request_id: None, details: None, last_known: None }
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

    /// The endpoint could not be asked, or not answer with sense: what was known of it earlier may stand in.
    pub fn is_away(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ConnectionFailed" | "ConnectionInterrupted" | "RequestTimeout" | "InvalidAnswer" | "HubNotOpen" | "CredentialsUnavailable"
        ) || self.code.starts_with("Http5")
    }

    /// The app's own machinery failed (local state, a worker thread); the text is for a bug report.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message)
    }
}

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self::new(error.code.as_ref(), error.message.to_string())
    }
}

impl From<LocalError> for CallError {
    fn from(error: LocalError) -> Self {
        Self::internal(error.to_string())
    }
}
