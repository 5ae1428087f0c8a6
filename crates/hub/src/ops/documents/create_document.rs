//! CreateDocument: stores version 1 of a document, which is its default and latest one.

use qd_model::document::digest;
use qd_model::shapes::documents::{
    AttachmentsSource, CreateDocumentInput, CreateDocumentOutput, DocumentFormat, DocumentStatus, DocumentType, ReviewStatus,
};
use qd_model::{ApiError, Timestamp};
use qd_store::Tx;
use qd_store::table::document_versions::{self, DocumentVersion};
use qd_store::table::{documents, tags as tag_table};

use super::{MAX_DOCUMENTS, author, content, description, find};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::tags;

/// Beginnings of names that belong to AWS, whatever their case (semantics 3.1.3).
const RESERVED: &[&str] = &["aws", "amazon", "amzn"];

pub async fn run(cx: &Cx, input: CreateDocumentInput) -> Result<CreateDocumentOutput, ApiError> {
    let name = input.name.to_ascii_lowercase();
    if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
        return Err(ApiError::validation(format!("Invalid document name {}", input.name)));
    }
    refuse_attachments(input.attachments.as_deref())?;
    tags::check(input.tags.as_deref().unwrap_or_default())?;
    let document_type = input.document_type.unwrap_or(DocumentType::Command);
    let format = input.document_format.unwrap_or_else(|| default_format(document_type));
    let accepted = content::accept(document_type, format, &input.content)?;
    let now = cx.now_ms();
    let version = DocumentVersion {
        document_name: input.name.clone(),
        version: 1,
        version_name: input.version_name.clone(),
        display_name: input.display_name.clone(),
        format: format.as_str().to_owned(),
        schema_version: accepted.schema_version,
        description: accepted.description,
        platform_types: content::platform_list(&accepted.platform_types),
        target_type: input.target_type.clone(),
        requires: input.requires.as_ref().map(serde_json::to_string).transpose().map_err(|e| ApiError::internal().with_source(e))?,
        author: author(cx),
        created_at: now,
        status: DocumentStatus::Active.as_str().to_owned(),
        status_information: None,
        review_status: first_review_status(document_type).map(|status| status.as_str().to_owned()),
        hash: accepted.hash,
        sha1: digest::sha1(&input.content),
    };
    let cx = cx.clone();
    let description = cx
        .store()
        .clone()
        .write(move |tx| -> Result<_, Fault> {
            insert(tx, &input, document_type, &version)?;
            tx.notify(super::TOPIC);
            let found = find(&cx, tx, &input.name, None, None)?;
            description::describe(&cx, tx, &found)
        })
        .await?;
    // It is Active already; callers of AWS expect to hear that it is on its way (semantics 3.1.5).
    let description = qd_model::shapes::documents::DocumentDescription {
        status: Some(DocumentStatus::Creating),
        created_date: Some(Timestamp::from_millis(now)),
        ..description
    };
    Ok(CreateDocumentOutput { document_description: Some(description) })
}

fn insert(tx: &mut Tx<'_>, input: &CreateDocumentInput, document_type: DocumentType, version: &DocumentVersion) -> Result<(), Fault> {
    // The name first: to create an existing document again is that error even when the account is full.
    if documents::get(tx, &input.name)?.is_some() {
        return Err(ApiError::new("DocumentAlreadyExists", "The specified document already exists.").into());
    }
    if documents::count(tx)? >= MAX_DOCUMENTS {
        let text = format!("An account can have at most {MAX_DOCUMENTS} documents in a Region. Delete one that is not needed any more.");
        return Err(ApiError::new("DocumentLimitExceeded", text).into());
    }
    documents::insert(tx, &input.name, document_type.as_str(), version.created_at)?;
    document_versions::insert(tx, version, &input.content)?;
    for tag in input.tags.iter().flatten() {
        tag_table::put(tx, super::TAGGED, &input.name, &tag.key, &tag.value)?;
    }
    Ok(())
}

/// The format of content that comes without one: JSON, except for what can only be text.
pub(super) fn default_format(document_type: DocumentType) -> DocumentFormat {
    match document_type {
        DocumentType::ChangeCalendar => DocumentFormat::Text,
        _ => DocumentFormat::Json,
    }
}

/// Where the review of a new version stands: change templates are for use once somebody approved them.
pub(super) fn first_review_status(document_type: DocumentType) -> Option<ReviewStatus> {
    (document_type == DocumentType::AutomationChangeTemplate).then_some(ReviewStatus::NotReviewed)
}

/// Attachments are files in object storage, whichever key names them.
pub(super) fn refuse_attachments(attachments: Option<&[AttachmentsSource]>) -> Result<(), ApiError> {
    let Some(first) = attachments.and_then(<[_]>::first) else {
        return Ok(());
    };
    let key = first.key.map_or("Attachments", |key| key.as_str());
    Err(ApiError::validation(format!(
        "{key} cannot be used: attachments need object storage, which this hub does not have. Send the document without Attachments."
    )))
}
