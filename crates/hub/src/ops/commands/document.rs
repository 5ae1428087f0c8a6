//! The document that a command runs, as Run Command needs it.

use qd_model::ApiError;

use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::documents;

/// One version of a document, ready to be sent.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Name as the command shows it.
    pub name: String,
    /// The content as JSON text, whatever it was written in: agents read JSON (agent-protocol 4.6).
    pub content: String,
    pub document_type: String,
    pub platform_types: Vec<String>,
    pub sha256: String,
    pub sha1: String,
}

/// The version that `reference` (a name or an ARN) and `version` mean to this caller.
pub async fn resolve(cx: &Cx, reference: &str, version: Option<&str>) -> Result<Resolved, ApiError> {
    let (cx_of_read, reference, version) = (cx.clone(), reference.to_owned(), version.map(str::to_owned));
    let (found, text) = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let found = documents::find(&cx_of_read, tx, &reference, version.as_deref(), None)?;
            let text = found.content(tx)?;
            Ok((found, text))
        })
        .await?;
    let platform_types = found.version.platform_types.split(',').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    let content = documents::content::as_json(&text, &found.version.format)?;
    Ok(Resolved {
        name: found.document.name.clone(),
        content,
        document_type: found.document.document_type.clone(),
        platform_types,
        sha256: found.version.hash.clone(),
        sha1: found.version.sha1.clone(),
    })
}
