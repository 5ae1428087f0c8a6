//! A document that is being written: what the hub would say of it, and how it reads in the other format. Nothing is stored. The same rules
//! answer here as when it is created, so an editor that asks here neither takes what the hub refuses nor the other way round.

use qd_model::ApiError;
use qd_model::shapes::documents::{DocumentFormat, DocumentType};
use serde::Deserialize;
use serde_json::json;

use super::{Request, Response};
use crate::ops::documents::content;

/// What is being written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Draft {
    content: String,
    format: DocumentFormat,
    document_type: DocumentType,
}

/// Text that is wanted in another format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Conversion {
    content: String,
    from: DocumentFormat,
    to: DocumentFormat,
}

fn body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| ApiError::validation(format!("The body is not the JSON that is expected: {error}.")))
}

/// `POST documents/check`: `problem` is what CreateDocument would refuse the content with, null when it would take it.
pub fn check(request: &Request) -> Result<Response, ApiError> {
    let draft: Draft = body(request)?;
    match content::accept(draft.document_type, draft.format, &draft.content) {
        Ok(summary) => Response::json(&json!({
            "problem": null,
            "schemaVersion": summary.schema_version,
            "platformTypes": summary.platform_types,
            "parameters": summary.parameters.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>(),
        })),
        Err(problem) => Response::json(&json!({ "problem": { "code": problem.code, "message": problem.message } })),
    }
}

/// `POST documents/convert`: the content as JSON or YAML.
pub fn convert(request: &Request) -> Result<Response, ApiError> {
    let wanted: Conversion = body(request)?;
    let content = content::convert(&wanted.content, wanted.from, wanted.to)?;
    Response::json(&json!({ "content": content }))
}
