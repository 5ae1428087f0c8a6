//! ListDocumentVersions: the versions of a document, newest first.

use qd_model::shapes::documents::{
    DocumentStatus, DocumentVersionInfo, ListDocumentVersionsInput, ListDocumentVersionsOutput, ReviewStatus,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::document_versions::{self, DocumentVersion};

use super::{description, find};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::page::Page;

pub async fn run(cx: &Cx, input: ListDocumentVersionsInput) -> Result<ListDocumentVersionsOutput, ApiError> {
    let page = Page::open(cx, Operation::ListDocumentVersions, &input.name, input.next_token.as_deref(), input.max_results, 50)?;
    let before = match page.after.as_deref() {
        None => None,
        Some([number]) => Some(number.parse::<i64>().map_err(|_| page.invalid())?),
        Some(_) => return Err(page.invalid()),
    };
    let fetch = page.fetch() as i64;
    let (name, own_cx) = (input.name.clone(), cx.clone());
    let (default, rows) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let found = find(&own_cx, tx, &name, None, None)?;
            let rows = if found.is_amazon() {
                if before.is_some_and(|number| number <= 1) { Vec::new() } else { vec![found.version] }
            } else {
                document_versions::list(tx, &found.document.name, before, fetch)?
            };
            Ok((found.document.default_version, rows))
        })
        .await?;
    let (rows, next_token) = page.cut(rows, |version| vec![version.version.to_string()]);
    let versions = rows.into_iter().map(|version| info(version, default)).collect();
    Ok(ListDocumentVersionsOutput { document_versions: Some(versions), next_token })
}

fn info(version: DocumentVersion, default: i64) -> DocumentVersionInfo {
    DocumentVersionInfo {
        name: Some(version.document_name),
        display_name: version.display_name,
        document_version: Some(version.version.to_string()),
        version_name: version.version_name,
        created_date: Some(Timestamp::from_millis(version.created_at)),
        is_default_version: Some(version.version == default),
        document_format: Some(description::format(&version.format)),
        status: DocumentStatus::from_wire(&version.status),
        status_information: version.status_information,
        review_status: version.review_status.as_deref().and_then(ReviewStatus::from_wire),
    }
}
