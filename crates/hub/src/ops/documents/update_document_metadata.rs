//! UpdateDocumentMetadata: submits a version for review, comments on the review, approves or rejects.

use qd_model::ApiError;
use qd_model::shapes::documents::{UpdateDocumentMetadataInput, UpdateDocumentMetadataOutput};

use super::find::own;
use super::review::{self, Step};
use super::{author, find};
use crate::cx::Cx;
use crate::fault::Fault;

/// The version a review is about when the caller does not say: the newest is the one still to be approved.
pub(super) const REVIEWED_VERSION: &str = "$LATEST";

pub async fn run(cx: &Cx, input: UpdateDocumentMetadataInput) -> Result<UpdateDocumentMetadataOutput, ApiError> {
    let cx = cx.clone();
    cx.store()
        .clone()
        .write(move |tx| -> Result<_, Fault> {
            let document = own(&cx, tx, "UpdateDocumentMetadata", &input.name)?;
            if !review::is_reviewed(&document.document_type) {
                let text = format!("Documents of type {} are not reviewed; change templates and runbooks are.", document.document_type);
                return Err(ApiError::new("InvalidDocumentOperation", text).into());
            }
            let version = input.document_version.as_deref().unwrap_or(REVIEWED_VERSION);
            let found = find(&cx, tx, &input.name, Some(version), None)?;
            let comment = input.document_reviews.comment.iter().flatten().find_map(|comment| comment.content.as_deref());
            let reviewer = author(&cx);
            let step = Step { action: input.document_reviews.action, reviewer: &reviewer, comment, now: cx.now_ms() };
            review::step(tx, &found.version, &step)?;
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(UpdateDocumentMetadataOutput {})
}
