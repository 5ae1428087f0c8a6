//! ListTagsForResource: the tags of one resource in order of key.

use qd_model::ApiError;
use qd_model::shapes::tags::{ListTagsForResourceInput, ListTagsForResourceOutput, Tag};
use qd_store::table::tags;

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, ApiError> {
    let tags = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            super::require(tx, input.resource_type, &input.resource_id)?;
            Ok(tags::of(tx, input.resource_type.as_str(), &input.resource_id)?)
        })
        .await?;
    let tags = tags.into_iter().map(|tag| Tag { key: tag.key, value: tag.value }).collect();
    Ok(ListTagsForResourceOutput { tag_list: Some(tags) })
}
