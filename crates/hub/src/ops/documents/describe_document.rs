//! DescribeDocument: everything about a version but its content.

use qd_model::ApiError;
use qd_model::shapes::documents::{DescribeDocumentInput, DescribeDocumentOutput};

use super::{description, find};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: DescribeDocumentInput) -> Result<DescribeDocumentOutput, ApiError> {
    let cx = cx.clone();
    let document = cx
        .store()
        .clone()
        .read(move |tx| -> Result<_, Fault> {
            let found = find(&cx, tx, &input.name, input.document_version.as_deref(), input.version_name.as_deref())?;
            description::describe(&cx, tx, &found)
        })
        .await?;
    Ok(DescribeDocumentOutput { document: Some(document) })
}
