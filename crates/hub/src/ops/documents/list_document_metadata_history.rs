//! ListDocumentMetadataHistory: what was said in the review of a version, newest first.

use qd_model::shapes::documents::{
    DocumentMetadataResponseInfo, DocumentReviewCommentSource, DocumentReviewCommentType, DocumentReviewerResponseSource,
    ListDocumentMetadataHistoryInput, ListDocumentMetadataHistoryOutput, ReviewStatus,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::document_reviews::{self, DocumentReview};

use super::find;
use super::update_document_metadata::REVIEWED_VERSION;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::page::Page;

pub async fn run(cx: &Cx, input: ListDocumentMetadataHistoryInput) -> Result<ListDocumentMetadataHistoryOutput, ApiError> {
    let filters = (&input.name, &input.document_version, &input.metadata);
    let page = Page::open(cx, Operation::ListDocumentMetadataHistory, &filters, input.next_token.as_deref(), input.max_results, 50)?;
    // The first page fixes the version, so that `$LATEST` means the same on the pages after it.
    let (pinned, before) = match page.after.as_deref() {
        None => (None, None),
        Some([version, number]) => (Some(version.clone()), Some(number.parse::<i64>().map_err(|_| page.invalid())?)),
        Some(_) => return Err(page.invalid()),
    };
    let fetch = page.fetch() as i64;
    let own_cx = cx.clone();
    let (version, rows) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let version = pinned.as_deref().or(input.document_version.as_deref()).unwrap_or(REVIEWED_VERSION);
            let found = find(&own_cx, tx, &input.name, Some(version), None)?;
            let rows = document_reviews::list(tx, &found.document.name, found.version.version, before, fetch)?;
            Ok((found.version, rows))
        })
        .await?;
    let number = version.version.to_string();
    let (rows, next_token) = page.cut(rows, |review| vec![number.clone(), review.number.to_string()]);
    Ok(ListDocumentMetadataHistoryOutput {
        name: Some(version.document_name),
        document_version: Some(number),
        author: Some(version.author),
        metadata: Some(DocumentMetadataResponseInfo { reviewer_response: Some(rows.into_iter().map(response).collect()) }),
        next_token,
    })
}

fn response(review: DocumentReview) -> DocumentReviewerResponseSource {
    let comment =
        |content: String| DocumentReviewCommentSource { r#type: Some(DocumentReviewCommentType::Comment), content: Some(content) };
    DocumentReviewerResponseSource {
        create_time: Some(Timestamp::from_millis(review.created_at)),
        updated_time: Some(Timestamp::from_millis(review.updated_at)),
        review_status: ReviewStatus::from_wire(&review.status),
        comment: review.comment.map(|content| vec![comment(content)]),
        reviewer: Some(review.reviewer),
    }
}
