//! From what a caller writes (a name or an ARN, a version or a version name) to one version of one document.

use qd_model::ApiError;
use qd_store::Tx;
use qd_store::table::document_versions::{self, DocumentVersion};
use qd_store::table::documents::{self, Document};

use crate::cx::Cx;
use crate::fault::Fault;
use crate::library::{self, LibraryDocument};

/// One version of a document that the caller may use.
#[derive(Clone, Debug)]
pub struct Found {
    pub document: Document,
    pub version: DocumentVersion,
    /// Set when it is a document of the library.
    library: Option<&'static LibraryDocument>,
}

impl Found {
    /// Owner as the API reports it: the account, or `Amazon`.
    pub fn owner(&self, cx: &Cx) -> String {
        if self.library.is_some() { library::OWNER.to_owned() } else { cx.account().to_owned() }
    }

    /// ARN; that of an AWS-owned document has no account (semantics 0.14).
    pub fn arn(&self, cx: &Cx) -> String {
        match self.library {
            Some(_) => format!("arn:aws:ssm:{}::document/{}", cx.region(), self.document.name),
            None => cx.arn(&format!("document/{}", self.document.name)),
        }
    }

    /// Whether it is AWS's own.
    pub fn is_amazon(&self) -> bool {
        self.library.is_some()
    }

    /// The content as it was sent, in [`DocumentVersion::format`].
    pub fn content(&self, tx: &mut Tx<'_>) -> Result<String, Fault> {
        match self.library {
            Some(library) => Ok(library.content.clone()),
            None => document_versions::content(tx, &self.document.name, self.version.version)?.ok_or_else(|| missing_version().into()),
        }
    }
}

impl From<&'static LibraryDocument> for Found {
    fn from(library: &'static LibraryDocument) -> Self {
        Self { document: library.document.clone(), version: library.version.clone(), library: Some(library) }
    }
}

impl From<(Document, DocumentVersion)> for Found {
    fn from((document, version): (Document, DocumentVersion)) -> Self {
        Self { document, version, library: None }
    }
}

/// `InvalidDocument`: there is none of that name, or none this caller may see.
pub fn missing(reference: &str) -> ApiError {
    ApiError::new("InvalidDocument", format!("Document with name {reference} does not exist."))
}

/// `InvalidDocumentVersion`: the document has no such version.
pub fn missing_version() -> ApiError {
    ApiError::new("InvalidDocumentVersion", "The document version is not valid or does not exist.")
}

/// The version a caller names by document (name or ARN) and by version or version name; the default version without either.
///
/// Errors: `InvalidDocument` when the document is not there or version and version name disagree (semantics 3.2.2),
/// `InvalidDocumentVersion` when the version is not there.
pub fn find(cx: &Cx, tx: &mut Tx<'_>, reference: &str, version: Option<&str>, version_name: Option<&str>) -> Result<Found, Fault> {
    let (name, own_only) = name_of(cx, reference)?;
    if let Some(library) = library::get(name).filter(|_| !own_only) {
        return match (number(version, &library.document)?, version_name) {
            (1, None) => Ok(library.into()),
            _ => Err(missing_version().into()),
        };
    }
    let document = documents::get(tx, name)?.ok_or_else(|| missing(reference))?;
    let found = match version_name {
        None => {
            let number = number(version, &document)?;
            document_versions::get(tx, name, number)?.ok_or_else(missing_version)?
        }
        Some(version_name) => {
            let found = document_versions::get_named(tx, name, version_name)?.ok_or_else(missing_version)?;
            if version.is_some() && number(version, &document)? != found.version {
                let text = format!("The document version and the version name {version_name} do not belong together.");
                return Err(ApiError::new("InvalidDocument", text).into());
            }
            found
        }
    };
    Ok((document, found).into())
}

/// The document of this account that `name` names, to be changed by `operation`.
pub fn own(cx: &Cx, tx: &mut Tx<'_>, operation: &str, name: &str) -> Result<Document, Fault> {
    if library::get(name).is_some() {
        return Err(super::amazon_owned(cx, operation, name).into());
    }
    Ok(documents::get(tx, name)?.ok_or_else(|| missing(name))?)
}

/// The number that `$DEFAULT`, `$LATEST`, digits or nothing stand for.
pub fn number(version: Option<&str>, document: &Document) -> Result<i64, ApiError> {
    match version {
        None | Some("$DEFAULT") => Ok(document.default_version),
        Some("$LATEST") => Ok(document.latest_version),
        Some(digits) => digits.parse().map_err(|_| missing_version()),
    }
}

/// The name within a name or an ARN, and whether it can only be a document of this account.
fn name_of<'a>(cx: &Cx, reference: &'a str) -> Result<(&'a str, bool), ApiError> {
    let Some(arn) = reference.strip_prefix("arn:") else {
        return Ok((reference, false));
    };
    let parts: Vec<&str> = arn.split(':').collect();
    let [_partition, "ssm", region, account, resource] = parts.as_slice() else {
        return Err(missing(reference));
    };
    let name = resource.strip_prefix("document/").filter(|name| !name.contains('/')).ok_or_else(|| missing(reference))?;
    // An ARN without an account is AWS's own document; another account's documents are not on this hub.
    let is_known = if account.is_empty() { library::get(name).is_some() } else { *account == cx.account() };
    if *region != cx.region() || !is_known {
        return Err(missing(reference));
    }
    Ok((name, !account.is_empty()))
}
