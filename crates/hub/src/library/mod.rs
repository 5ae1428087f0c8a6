//! The AWS-owned Command and Session documents, written by us with AWS's names and parameters (semantics 3.8), so that what people know by heart works here.
//!
//! They come with the program, are owned by `Amazon`, cannot be changed, and are seen by every caller. They are written as YAML and served as
//! JSON, because that is what the stock agent reads. Adding one is a file here and a line in [`SOURCES`].

use std::sync::LazyLock;

use qd_store::table::document_versions::DocumentVersion;
use qd_store::table::documents::Document;

use crate::ops::documents::content;
use qd_model::document::digest;
use qd_model::shapes::documents::{DocumentFormat, DocumentType};

/// Owner of these documents, as the API reports it.
pub const OWNER: &str = "Amazon";

/// 2026-11-22, the day the first of them was written, in epoch milliseconds.
const CREATED_AT: i64 = 1_795_305_600_000;

/// Name and YAML of every document.
const SOURCES: &[(&str, &str)] = &[
    ("AWS-ApplyAnsiblePlaybooks", include_str!("AWS-ApplyAnsiblePlaybooks.yaml")),
    ("AWS-ConfigureAWSPackage", include_str!("AWS-ConfigureAWSPackage.yaml")),
    ("AWS-ConfigureDocker", include_str!("AWS-ConfigureDocker.yaml")),
    ("AWS-DownloadContent", include_str!("AWS-DownloadContent.yaml")),
    ("AWS-InstallApplication", include_str!("AWS-InstallApplication.yaml")),
    ("AWS-InstallPowerShellModule", include_str!("AWS-InstallPowerShellModule.yaml")),
    ("AWS-RefreshAssociation", include_str!("AWS-RefreshAssociation.yaml")),
    ("AWS-RunAnsiblePlaybook", include_str!("AWS-RunAnsiblePlaybook.yaml")),
    ("AWS-RunDocument", include_str!("AWS-RunDocument.yaml")),
    ("AWS-RunDockerAction", include_str!("AWS-RunDockerAction.yaml")),
    ("AWS-RunInspecChecks", include_str!("AWS-RunInspecChecks.yaml")),
    ("AWS-RunPowerShellScript", include_str!("AWS-RunPowerShellScript.yaml")),
    ("AWS-RunRemoteScript", include_str!("AWS-RunRemoteScript.yaml")),
    ("AWS-RunSaltState", include_str!("AWS-RunSaltState.yaml")),
    ("AWS-RunShellScript", include_str!("AWS-RunShellScript.yaml")),
    ("AWS-StartInteractiveCommand", include_str!("AWS-StartInteractiveCommand.yaml")),
    ("AWS-StartNonInteractiveCommand", include_str!("AWS-StartNonInteractiveCommand.yaml")),
    ("AWS-StartPortForwardingSession", include_str!("AWS-StartPortForwardingSession.yaml")),
    ("AWS-StartPortForwardingSessionToRemoteHost", include_str!("AWS-StartPortForwardingSessionToRemoteHost.yaml")),
    ("AWS-StartPortForwardingSessionToSocket", include_str!("AWS-StartPortForwardingSessionToSocket.yaml")),
    ("AWS-StartSSHSession", include_str!("AWS-StartSSHSession.yaml")),
    ("AWS-UpdateSSMAgent", include_str!("AWS-UpdateSSMAgent.yaml")),
    ("AmazonCloudWatch-ManageAgent", include_str!("AmazonCloudWatch-ManageAgent.yaml")),
];

/// A document of the library, in the form the store has for a person's own.
#[derive(Clone, Debug)]
pub struct LibraryDocument {
    pub document: Document,
    pub version: DocumentVersion,
    /// JSON text.
    pub content: String,
}

static LIBRARY: LazyLock<Vec<LibraryDocument>> = LazyLock::new(|| {
    let mut documents: Vec<_> = SOURCES
        .iter()
        .filter_map(|(name, yaml)| {
            // The tests read every one; should one be broken all the same, the others still serve.
            read(name, yaml).inspect_err(|error| tracing::error!(%name, %error, "a document of the library cannot be read")).ok()
        })
        .collect();
    documents.sort_by(|a, b| a.document.name.cmp(&b.document.name));
    documents
});

/// Every document of the library in order of name.
pub fn all() -> &'static [LibraryDocument] {
    &LIBRARY
}

/// The document of that name.
pub fn get(name: &str) -> Option<&'static LibraryDocument> {
    let all = all();
    all.binary_search_by(|d| d.document.name.as_str().cmp(name)).ok().map(|index| &all[index])
}

fn read(name: &str, yaml: &str) -> Result<LibraryDocument, qd_model::ApiError> {
    let content = content::convert(yaml, DocumentFormat::Yaml, DocumentFormat::Json)?;
    // No other documents have that version.
    let is_session = content::value(&content, DocumentFormat::Json)?.get("schemaVersion").is_some_and(|version| version == "1.0");
    let document_type = if is_session { DocumentType::Session } else { DocumentType::Command };
    let accepted = content::accept(document_type, DocumentFormat::Json, &content)?;
    let document = Document {
        name: name.to_owned(),
        document_type: document_type.as_str().to_owned(),
        created_at: CREATED_AT,
        default_version: 1,
        latest_version: 1,
        next_version: 2,
    };
    let version = DocumentVersion {
        document_name: name.to_owned(),
        version: 1,
        version_name: None,
        display_name: None,
        format: DocumentFormat::Json.as_str().to_owned(),
        schema_version: accepted.schema_version,
        description: accepted.description,
        platform_types: content::platform_list(&accepted.platform_types),
        target_type: None,
        requires: None,
        author: OWNER.to_owned(),
        created_at: CREATED_AT,
        status: "Active".to_owned(),
        status_information: None,
        review_status: None,
        hash: accepted.hash,
        sha1: digest::sha1(&content),
    };
    Ok(LibraryDocument { document, version, content })
}
