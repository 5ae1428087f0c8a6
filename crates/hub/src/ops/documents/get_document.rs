//! GetDocument: the content of a version, in the format asked for.

use qd_model::shapes::documents::{DocumentFormat, DocumentStatus, DocumentType, GetDocumentInput, GetDocumentOutput, ReviewStatus};
use qd_model::{ApiError, Timestamp};

use super::{content, description, find};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: GetDocumentInput) -> Result<GetDocumentOutput, ApiError> {
    // JSON is the default even for content kept as YAML: the stock agent reads nothing else (agent-protocol 3.4).
    let wanted = input.document_format.unwrap_or(DocumentFormat::Json);
    let cx = cx.clone();
    let (found, text) = cx
        .store()
        .clone()
        .read(move |tx| -> Result<_, Fault> {
            let found = find(&cx, tx, &input.name, input.document_version.as_deref(), input.version_name.as_deref())?;
            let text = found.content(tx)?;
            Ok((found, text))
        })
        .await?;
    let (document, version) = (found.document, found.version);
    let stored = description::format(&version.format);
    // Text has no other form; asking for text gives what was stored, whatever it is.
    let format = if stored == DocumentFormat::Text { stored } else { wanted };
    Ok(GetDocumentOutput {
        name: Some(document.name),
        created_date: Some(Timestamp::from_millis(version.created_at)),
        display_name: version.display_name,
        version_name: version.version_name,
        document_version: Some(version.version.to_string()),
        status: DocumentStatus::from_wire(&version.status),
        status_information: version.status_information,
        content: Some(content::convert(&text, stored, format)?),
        document_type: DocumentType::from_wire(&document.document_type),
        document_format: Some(format),
        requires: description::requires(version.requires.as_deref()),
        attachments_content: None,
        review_status: version.review_status.as_deref().and_then(ReviewStatus::from_wire),
    })
}
