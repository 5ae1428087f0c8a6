//! RemoveTagsFromResource: removes tags by key; a key that is not there is fine.

use qd_model::ApiError;
use qd_model::shapes::tags::{RemoveTagsFromResourceInput, RemoveTagsFromResourceOutput};
use qd_store::table::tags;

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: RemoveTagsFromResourceInput) -> Result<RemoveTagsFromResourceOutput, ApiError> {
    for key in &input.tag_keys {
        super::check_key(key)?;
    }
    cx.store()
        .write(move |tx| -> Result<_, Fault> {
            super::require(tx, input.resource_type, &input.resource_id)?;
            for key in &input.tag_keys {
                tags::remove(tx, input.resource_type.as_str(), &input.resource_id, key)?;
            }
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(RemoveTagsFromResourceOutput {})
}
