//! SSM documents: reading, checking, filling in parameters. One module for hub and agent, so that what the hub accepts is what the
//! agent runs (semantics 3, agent-protocol 6).
//!
//! A document is text by somebody else: size, depth, number of nodes and alias expansion are bounded before anything is looked at.

pub mod convert;
pub mod digest;
pub mod interpolate;
pub mod kinds;
pub mod parameters;
pub mod parse;
pub mod platforms;
pub mod plugins;
pub mod precondition;
pub mod session;
pub mod timeout;
mod tree;

pub use kinds::{Summary, check};
pub use parameters::{Interpolation, Parameter, ParameterKind, Resolved};
pub use parse::{Document, Flow, SchemaVersion, Step};
pub use precondition::{Operand, Outcome, Precondition};
pub use session::{SessionDocument, SessionType};

use crate::error::ApiError;
use std::fmt;

/// Longest document an author may hand in, in bytes (semantics 3.1.3).
pub const MAX_BYTES: usize = 64 * 1024;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `InvalidDocumentContent`
    Content,
    /// `InvalidDocumentSchemaVersion`
    SchemaVersion,
    /// `MaxDocumentSizeExceeded`
    Size,
}

/// Why a document is refused. The message names places in the document, never parameter values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    pub fault: Fault,
    pub message: String,
}

impl DocumentError {
    pub(crate) fn content(message: impl Into<String>) -> Self {
        Self { fault: Fault::Content, message: message.into() }
    }

    pub(crate) fn schema_version(message: impl Into<String>) -> Self {
        Self { fault: Fault::SchemaVersion, message: message.into() }
    }

    pub(crate) fn too_large() -> Self {
        Self { fault: Fault::Size, message: format!("The document is larger than {} KB.", MAX_BYTES / 1024) }
    }

    /// The exception's name.
    pub const fn code(&self) -> &'static str {
        match self.fault {
            Fault::Content => "InvalidDocumentContent",
            Fault::SchemaVersion => "InvalidDocumentSchemaVersion",
            Fault::Size => "MaxDocumentSizeExceeded",
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DocumentError {}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        ApiError::new(error.code(), error.message)
    }
}
