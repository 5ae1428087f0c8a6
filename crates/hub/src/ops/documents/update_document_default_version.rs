//! UpdateDocumentDefaultVersion: moves `$DEFAULT` to a version given by its number.

use qd_model::ApiError;
use qd_model::shapes::documents::{
    DocumentDefaultVersionDescription, UpdateDocumentDefaultVersionInput, UpdateDocumentDefaultVersionOutput,
};
use qd_store::table::{document_versions, documents};

use super::find::{missing_version, number, own};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: UpdateDocumentDefaultVersionInput) -> Result<UpdateDocumentDefaultVersionOutput, ApiError> {
    let cx = cx.clone();
    let version = cx
        .store()
        .clone()
        .write(move |tx| -> Result<_, Fault> {
            let document = own(&cx, tx, "UpdateDocumentDefaultVersion", &input.name)?;
            let number = number(Some(&input.document_version), &document)?;
            let version = document_versions::get(tx, &document.name, number)?.ok_or_else(missing_version)?;
            documents::set_default(tx, &document.name, number)?;
            tx.notify(super::TOPIC);
            Ok(version)
        })
        .await?;
    Ok(UpdateDocumentDefaultVersionOutput {
        description: Some(DocumentDefaultVersionDescription {
            name: Some(version.document_name),
            default_version: Some(version.version.to_string()),
            default_version_name: version.version_name,
        }),
    })
}
