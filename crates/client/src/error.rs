//! What can go wrong with a call: the service said no, the way there failed, or there was nothing to sign with.

use qd_wire::json11::ReceivedError;
use serde_json::{Map, Value};

use crate::credentials::CredentialError;

/// A failure as the service told it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// AWS's error code, such as `InvalidDocument`; `UnknownError` when the answer named none.
    pub code: String,
    pub message: String,
    /// `x-amzn-RequestId`, to find the call in the service's log.
    pub request_id: Option<String>,
    /// Other members of the exception.
    pub members: Map<String, Value>,
}

impl ServiceError {
    pub(crate) fn new(status: u16, request_id: Option<String>, error: ReceivedError) -> Self {
        let mut message = error.message;
        if message.is_empty() {
            message = format!("the service answered with status {status} and no message");
        }
        Self { status, code: error.code, message, request_id, members: error.members }
    }
}

/// How far a request got that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// No connection: nothing was sent.
    Connect,
    /// No complete answer in time; the service may have acted.
    Timeout,
    /// The connection broke; the service may have acted.
    Interrupted,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Service(Box<ServiceError>),
    /// `message` names causes, never the request's content.
    #[error("{message}")]
    Transport { kind: TransportKind, message: String },
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// Answered with success, but not with what was asked for.
    #[error("the answer cannot be used: {0}")]
    Answer(&'static str),
    /// Nothing was sent: the request cannot be made.
    #[error("the request cannot be made: {0}")]
    Request(&'static str),
}

impl From<ServiceError> for CallError {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl CallError {
    /// A code to match on, also for failures that never reached a service.
    pub fn code(&self) -> &str {
        match self {
            Self::Service(error) => &error.code,
            Self::Transport { kind: TransportKind::Connect, .. } => "ConnectionFailed",
            Self::Transport { kind: TransportKind::Timeout, .. } => "RequestTimeout",
            Self::Transport { kind: TransportKind::Interrupted, .. } => "ConnectionInterrupted",
            Self::Credentials(error) => error.code(),
            Self::Answer(_) => "InvalidAnswer",
            Self::Request(_) => "InvalidRequest",
        }
    }

    pub fn request_id(&self) -> Option<&str> {
        self.service().and_then(|error| error.request_id.as_deref())
    }

    pub fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error.as_ref()),
            _ => None,
        }
    }

    /// Takes the causes of an HTTP failure, without the address, whose query may hold a signature.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let kind = if error.is_connect() {
            TransportKind::Connect
        } else if error.is_timeout() {
            TransportKind::Timeout
        } else if error.is_builder() {
            return Self::Request("the address or a header is not valid");
        } else {
            TransportKind::Interrupted
        };
        let error = error.without_url();
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self::Transport { kind, message }
    }
}
