//! What DescribeDocument, CreateDocument and UpdateDocument tell about a version.

use qd_model::Timestamp;
use qd_model::document::{self, Parameter};
use qd_model::shapes::documents::{
    DocumentDescription, DocumentFormat, DocumentHashType, DocumentParameter, DocumentRequires, DocumentStatus, DocumentType,
    ReviewInformation, ReviewStatus, Tag,
};
use qd_store::Tx;
use qd_store::table::{document_reviews, document_versions, tags};

use super::content;
use super::find::Found;
use crate::cx::Cx;
use crate::fault::Fault;

/// Entries of the review that a description shows at most.
const REVIEWS: i64 = 50;

/// Describes a version as it is stored.
pub fn describe(cx: &Cx, tx: &mut Tx<'_>, found: &Found) -> Result<DocumentDescription, Fault> {
    let text = found.content(tx)?;
    let (document, version) = (&found.document, &found.version);
    let format = format(&version.format);
    let document_type = DocumentType::from_wire(&document.document_type);
    let mut description = DocumentDescription {
        sha1: Some(version.sha1.clone()),
        hash: Some(version.hash.clone()),
        hash_type: Some(DocumentHashType::Sha256),
        name: Some(document.name.clone()),
        display_name: version.display_name.clone(),
        version_name: version.version_name.clone(),
        owner: Some(found.owner(cx)),
        created_date: Some(Timestamp::from_millis(version.created_at)),
        status: DocumentStatus::from_wire(&version.status),
        status_information: version.status_information.clone(),
        document_version: Some(version.version.to_string()),
        description: version.description.clone(),
        parameters: parameters(document_type, format, &text),
        platform_types: Some(content::platforms_of(&version.platform_types)),
        document_type,
        schema_version: version.schema_version.clone(),
        latest_version: Some(document.latest_version.to_string()),
        default_version: Some(document.default_version.to_string()),
        document_format: Some(format),
        target_type: version.target_type.clone(),
        tags: Some(Vec::new()),
        requires: requires(version.requires.as_deref()),
        author: Some(version.author.clone()),
        review_status: version.review_status.as_deref().and_then(ReviewStatus::from_wire),
        ..DocumentDescription::default()
    };
    if !found.is_amazon() {
        description.tags = Some(shape(tags::of(tx, super::TAGGED, &document.name)?));
        add_review(tx, found, &mut description)?;
    }
    Ok(description)
}

fn add_review(tx: &mut Tx<'_>, found: &Found, description: &mut DocumentDescription) -> Result<(), Fault> {
    if found.version.review_status.is_none() {
        return Ok(());
    }
    let name = &found.document.name;
    let reviews = document_reviews::list(tx, name, found.version.version, None, REVIEWS)?;
    let shown: Vec<_> = reviews
        .into_iter()
        .map(|review| ReviewInformation {
            reviewed_time: Some(Timestamp::from_millis(review.updated_at)),
            status: ReviewStatus::from_wire(&review.status),
            reviewer: Some(review.reviewer),
        })
        .collect();
    description.review_information = Some(shown).filter(|shown| !shown.is_empty());
    let latest = |tx: &mut Tx<'_>, status: ReviewStatus| document_versions::latest_reviewed(tx, name, status.as_str());
    description.approved_version = latest(tx, ReviewStatus::Approved)?.map(|n| n.to_string());
    description.pending_review_version = latest(tx, ReviewStatus::Pending)?.map(|n| n.to_string());
    Ok(())
}

/// Tags as the API has them.
pub fn shape(tags: Vec<tags::Tag>) -> Vec<Tag> {
    tags.into_iter().map(|tag| Tag { key: tag.key, value: tag.value }).collect()
}

/// The stored format; JSON, the default, should the column hold anything else.
pub fn format(stored: &str) -> DocumentFormat {
    DocumentFormat::from_wire(stored).unwrap_or(DocumentFormat::Json)
}

/// The stored list of required documents.
pub fn requires(stored: Option<&str>) -> Option<Vec<DocumentRequires>> {
    stored.and_then(|text| serde_json::from_str(text).ok())
}

/// The declared parameters in the author's order; none for types that declare none.
fn parameters(document_type: Option<DocumentType>, format: DocumentFormat, content: &str) -> Option<Vec<DocumentParameter>> {
    let summary = document::check(document_type?, format, content).ok()?;
    let shown: Vec<_> = summary.parameters.iter().map(Parameter::describe).collect();
    Some(shown).filter(|shown| !shown.is_empty())
}
