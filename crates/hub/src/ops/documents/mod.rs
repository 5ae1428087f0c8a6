//! Documents (semantics 3): what nodes and automations run, in versions, shared and reviewed.
//!
//! A document is this account's own or comes from the library (owner `Amazon`). Its content is checked when it is accepted, so that what is
//! stored is Active at once; the answers of CreateDocument and UpdateDocument say Creating and Updating all the same, because callers wait for
//! Active by asking again, as they must with AWS.

pub mod content;
mod description;
mod find;
mod review;

pub mod create_document;
pub mod delete_document;
pub mod describe_document;
pub mod describe_document_permission;
pub mod get_document;
pub mod list_document_metadata_history;
pub mod list_document_versions;
pub mod list_documents;
pub mod modify_document_permission;
pub mod update_document;
pub mod update_document_default_version;
pub mod update_document_metadata;

pub use find::{Found, find};

use qd_model::ApiError;

use crate::cx::{Cx, Principal};

/// ResourceType of the tags of documents.
pub(crate) const TAGGED: &str = "Document";
/// Topic of the store under which every change of a document is announced.
pub const TOPIC: &str = "documents";

/// Documents of one account (semantics 15).
const MAX_DOCUMENTS: i64 = 500;
/// Versions of one document (semantics 3.2.3).
const MAX_VERSIONS: i64 = 1000;
/// Accounts a document may be shared with, and documents that may be public (semantics 3.4.2).
const MAX_SHARES: i64 = 1000;
const MAX_PUBLIC: usize = 5;

/// Who writes, as Author and Reviewer report it: a name of at most 50 of the characters a Reviewer may have.
fn author(cx: &Cx) -> String {
    let name = match &cx.caller().principal {
        Principal::User { name, .. } => name.as_str(),
        Principal::Node { instance_id } => instance_id.as_str(),
        Principal::Anonymous => "anonymous",
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().take(50).map(|c| if allowed(c) { c } else { '-' }).collect()
}

/// The answer to attempts to change a document of the library.
fn amazon_owned(cx: &Cx, operation: &str, name: &str) -> ApiError {
    ApiError::new(
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: ssm:{operation} on resource: arn:aws:ssm:{}::document/{name} because the document is owned by Amazon",
            cx.caller_arn(),
            cx.region()
        ),
    )
}
