//! AddTagsToResource: sets tags; a key that is there already gets the new value.

use qd_model::ApiError;
use qd_model::shapes::tags::{AddTagsToResourceInput, AddTagsToResourceOutput};
use qd_store::table::tags;

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: AddTagsToResourceInput) -> Result<AddTagsToResourceOutput, ApiError> {
    super::check(&input.tags)?;
    cx.store()
        .write(move |tx| -> Result<_, Fault> {
            super::require(tx, input.resource_type, &input.resource_id)?;
            let resource_type = input.resource_type.as_str();
            for tag in &input.tags {
                tags::put(tx, resource_type, &input.resource_id, &tag.key, &tag.value)?;
            }
            // Counted afterwards, because new values of old keys add nothing; an error takes all of it back.
            if tags::of(tx, resource_type, &input.resource_id)?.len() > super::MAX_TAGS {
                return Err(super::too_many().into());
            }
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(AddTagsToResourceOutput {})
}
