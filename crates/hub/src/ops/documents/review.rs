//! The review of a version: who submitted it, who said what, and which step may follow which (semantics ssm-api Documents, Change Manager).

use qd_model::ApiError;
use qd_model::shapes::documents::{DocumentReviewAction, DocumentType, ReviewStatus};
use qd_store::Tx;
use qd_store::table::document_reviews::{self, DocumentReview};
use qd_store::table::document_versions::{self, DocumentVersion};

use crate::fault::Fault;

/// What one caller does to the review of a version.
pub struct Step<'a> {
    pub action: DocumentReviewAction,
    pub reviewer: &'a str,
    pub comment: Option<&'a str>,
    /// Epoch milliseconds.
    pub now: i64,
}

fn refused(text: impl Into<String>) -> Fault {
    ApiError::new("InvalidDocumentOperation", text).into()
}

/// Whether documents of this type are reviewed: change templates and the runbooks they run.
pub fn is_reviewed(document_type: &str) -> bool {
    let reviewed = [DocumentType::AutomationChangeTemplate, DocumentType::Automation];
    reviewed.iter().any(|reviewed| reviewed.as_str() == document_type)
}

/// Takes a step, or answers `InvalidDocumentOperation` where it may not follow on what was.
pub fn step(tx: &mut Tx<'_>, version: &DocumentVersion, step: &Step<'_>) -> Result<(), Fault> {
    let name = &version.document_name;
    let pending = version.review_status.as_deref() == Some(ReviewStatus::Pending.as_str());
    match step.action {
        DocumentReviewAction::SendForReview => {
            if pending {
                return Err(refused("The version is under review already. Use UpdateReview to add a comment."));
            }
            if version.review_status.as_deref() == Some(ReviewStatus::Approved.as_str()) {
                return Err(refused("The version is approved already."));
            }
            if let Some(other) = document_versions::latest_reviewed(tx, name, ReviewStatus::Pending.as_str())? {
                return Err(refused(format!("Version {other} of the document is under review. One version is reviewed at a time.")));
            }
            add(tx, version, step, ReviewStatus::Pending)
        }
        _ if !pending => Err(refused("The version is not under review. Use SendForReview first.")),
        DocumentReviewAction::UpdateReview => {
            if step.comment.is_none() {
                return Err(refused("UpdateReview needs a comment."));
            }
            let newest = document_reviews::list(tx, name, version.version, None, 1)?;
            // One's own newest entry is changed, somebody else's is answered.
            match newest.into_iter().find(|review| review.reviewer == step.reviewer) {
                Some(review) => {
                    let comment = step.comment.map(str::to_owned);
                    let review = DocumentReview { comment, updated_at: step.now, ..review };
                    Ok(document_reviews::put(tx, name, version.version, &review)?)
                }
                None => add(tx, version, step, ReviewStatus::Pending),
            }
        }
        DocumentReviewAction::Approve => add(tx, version, step, ReviewStatus::Approved),
        DocumentReviewAction::Reject => add(tx, version, step, ReviewStatus::Rejected),
    }
}

/// Number of the newest entry; 0 when there is none.
fn last(tx: &mut Tx<'_>, version: &DocumentVersion) -> Result<i64, Fault> {
    let newest = document_reviews::list(tx, &version.document_name, version.version, None, 1)?;
    Ok(newest.first().map_or(0, |review| review.number))
}

/// Adds an entry; the version stands where the entry says.
fn add(tx: &mut Tx<'_>, version: &DocumentVersion, step: &Step<'_>, status: ReviewStatus) -> Result<(), Fault> {
    let review = DocumentReview {
        number: last(tx, version)? + 1,
        reviewer: step.reviewer.to_owned(),
        status: status.as_str().to_owned(),
        comment: step.comment.map(str::to_owned),
        created_at: step.now,
        updated_at: step.now,
    };
    document_reviews::put(tx, &version.document_name, version.version, &review)?;
    document_versions::set_review_status(tx, &version.document_name, version.version, status.as_str())?;
    Ok(())
}
