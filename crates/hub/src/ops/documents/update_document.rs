//! UpdateDocument: adds a version on top of the latest one. The default version stays where it is (semantics 3.2.1).

use qd_model::ApiError;
use qd_model::document::digest;
use qd_model::shapes::documents::{
    DocumentDescription, DocumentFormat, DocumentStatus, DocumentType, UpdateDocumentInput, UpdateDocumentOutput,
};
use qd_store::Tx;
use qd_store::table::document_versions::{self, DocumentVersion};
use qd_store::table::documents;

use super::create_document::{default_format, first_review_status, refuse_attachments};
use super::find::{missing_version, number, own};
use super::{MAX_VERSIONS, author, content, description, find};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: UpdateDocumentInput) -> Result<UpdateDocumentOutput, ApiError> {
    refuse_attachments(input.attachments.as_deref())?;
    let cx = cx.clone();
    let description = cx
        .store()
        .clone()
        .write(move |tx| -> Result<_, Fault> {
            let version = insert(&cx, tx, &input)?;
            tx.notify(super::TOPIC);
            let found = find(&cx, tx, &input.name, Some(&version.to_string()), None)?;
            description::describe(&cx, tx, &found)
        })
        .await?;
    let description = DocumentDescription { status: Some(DocumentStatus::Updating), ..description };
    Ok(UpdateDocumentOutput { document_description: Some(description) })
}

/// Adds the version and returns its number.
fn insert(cx: &Cx, tx: &mut Tx<'_>, input: &UpdateDocumentInput) -> Result<i64, Fault> {
    let document = own(cx, tx, "UpdateDocument", &input.name)?;
    // The caller says which version the new one stands on; only the latest will do, and saying nothing will not.
    let base = input.document_version.as_deref().ok_or_else(missing_version)?;
    if base == "$DEFAULT" || number(Some(base), &document)? != document.latest_version {
        return Err(missing_version().into());
    }
    let latest = document_versions::get(tx, &document.name, document.latest_version)?.ok_or_else(missing_version)?;
    let document_type = DocumentType::from_wire(&document.document_type).unwrap_or(DocumentType::Command);
    let format = input.document_format.unwrap_or_else(|| default_format(document_type));
    let accepted = content::accept(document_type, format, &input.content)?;
    let version = DocumentVersion {
        document_name: document.name.clone(),
        version: document.next_version,
        version_name: input.version_name.clone(),
        display_name: input.display_name.clone().or(latest.display_name),
        format: format.as_str().to_owned(),
        schema_version: accepted.schema_version,
        description: accepted.description,
        platform_types: content::platform_list(&accepted.platform_types),
        target_type: input.target_type.clone().or(latest.target_type),
        requires: latest.requires,
        author: author(cx),
        created_at: cx.now_ms(),
        status: DocumentStatus::Active.as_str().to_owned(),
        status_information: None,
        review_status: first_review_status(document_type).map(|status| status.as_str().to_owned()),
        hash: accepted.hash,
        sha1: digest::sha1(&input.content),
    };
    check_room(tx, &version, format)?;
    document_versions::insert(tx, &version, &input.content)?;
    documents::set_latest(tx, &document.name, version.version, version.version + 1)?;
    Ok(version.version)
}

/// Refuses what a new version may not repeat, and one version too many.
fn check_room(tx: &mut Tx<'_>, version: &DocumentVersion, format: DocumentFormat) -> Result<(), Fault> {
    let name = &version.document_name;
    if document_versions::has_content(tx, name, &version.hash, version.target_type.as_deref())? {
        let text =
            format!("The {format} content is the same as that of another version of the document. Change the content and try again.");
        return Err(ApiError::new("DuplicateDocumentContent", text).into());
    }
    if let Some(version_name) = &version.version_name
        && document_versions::get_named(tx, name, version_name)?.is_some()
    {
        let text = format!("The version name {version_name} is in use by another version of the document. Choose another name.");
        return Err(ApiError::new("DuplicateDocumentVersionName", text).into());
    }
    if document_versions::count(tx, name)? >= MAX_VERSIONS {
        let text = format!("A document can have at most {MAX_VERSIONS} versions. Delete one that is not needed any more.");
        return Err(ApiError::new("DocumentVersionLimitExceeded", text).into());
    }
    Ok(())
}
