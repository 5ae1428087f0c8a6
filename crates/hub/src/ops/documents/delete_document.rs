//! DeleteDocument: the whole document, or one version that is not the default (semantics 3.3).

use qd_model::ApiError;
use qd_model::shapes::documents::{DeleteDocumentInput, DeleteDocumentOutput, DocumentType};
use qd_store::Tx;
use qd_store::table::documents::Document;
use qd_store::table::{document_reviews, document_shares, document_versions, documents, tags};

use super::find::own;
use super::{TAGGED, find};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: DeleteDocumentInput) -> Result<DeleteDocumentOutput, ApiError> {
    let cx = cx.clone();
    cx.store()
        .clone()
        .write(move |tx| -> Result<_, Fault> {
            let document = own(&cx, tx, "DeleteDocument", &input.name)?;
            if input.document_version.is_none() && input.version_name.is_none() {
                delete_all(tx, &document, input.force.unwrap_or_default())?;
            } else {
                let found = find(&cx, tx, &input.name, input.document_version.as_deref(), input.version_name.as_deref())?;
                delete_version(tx, &document, found.version.version)?;
            }
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(DeleteDocumentOutput {})
}

fn refused(text: &str) -> Fault {
    ApiError::new("InvalidDocumentOperation", text).into()
}

fn delete_all(tx: &mut Tx<'_>, document: &Document, force: bool) -> Result<(), Fault> {
    let name = &document.name;
    if document_shares::count(tx, name)? > 0 {
        return Err(refused("Must unshare document first before delete"));
    }
    if document.document_type == DocumentType::ApplicationConfigurationSchema.as_str() && !force {
        return Err(refused(
            "A document of type ApplicationConfigurationSchema is deleted only with Force, because configurations may depend on it.",
        ));
    }
    document_versions::delete_all(tx, name)?;
    document_reviews::delete_all(tx, name)?;
    tags::remove_all(tx, TAGGED, name)?;
    documents::delete(tx, name)?;
    Ok(())
}

fn delete_version(tx: &mut Tx<'_>, document: &Document, version: i64) -> Result<(), Fault> {
    if version == document.default_version {
        return Err(refused("Default version of the document can't be deleted."));
    }
    document_versions::delete(tx, &document.name, version)?;
    document_reviews::delete(tx, &document.name, version)?;
    // The default version is still there, so there is a latest one.
    let latest = document_versions::latest(tx, &document.name)?.unwrap_or(document.default_version);
    documents::set_latest(tx, &document.name, latest, document.next_version)?;
    Ok(())
}
