//! Tags of resources (semantics 10.4): one rule for every kind, and which resources there are to be tagged.

pub mod add_tags_to_resource;
pub mod list_tags_for_resource;
pub mod remove_tags_from_resource;

use std::collections::BTreeSet;

use qd_model::ApiError;
use qd_model::shapes::tags::{ResourceTypeForTagging, Tag};
use qd_store::table::{documents, nodes};
use qd_store::{StoreError, Tx};

use crate::fault::Fault;

/// Tags of one resource (semantics 10.4).
pub const MAX_TAGS: usize = 50;
/// Topic of the store under which every change of tags is announced.
pub const TOPIC: &str = "tags";

/// Refuses tags that no resource may have: keys that begin with `aws:`, a key twice, more than [`MAX_TAGS`].
/// The shape has checked lengths and characters. Also for operations that tag what they create.
pub fn check(tags: &[Tag]) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    for tag in tags {
        check_key(&tag.key)?;
        if !seen.insert(&tag.key) {
            return Err(ApiError::validation(format!("The tag key {} is given twice.", tag.key)));
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(too_many());
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), ApiError> {
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(ApiError::validation(format!("The tag key {key} is not valid: keys that begin with aws: are reserved.")));
    }
    Ok(())
}

fn too_many() -> ApiError {
    ApiError::new("TooManyTagsError", format!("A resource can have at most {MAX_TAGS} tags."))
}

/// `InvalidResourceId`, unless the resource is there.
fn require(tx: &mut Tx<'_>, resource_type: ResourceTypeForTagging, id: &str) -> Result<(), Fault> {
    if exists(tx, resource_type, id)? {
        return Ok(());
    }
    let text = format!("There is no {resource_type} with the id {id} that can have tags.");
    Err(ApiError::new("InvalidResourceId", text).into())
}

/// Whether this resource is there to be tagged. The documents of the library are not: they are AWS's own.
fn exists(tx: &mut Tx<'_>, resource_type: ResourceTypeForTagging, id: &str) -> Result<bool, StoreError> {
    match resource_type {
        ResourceTypeForTagging::Document => Ok(documents::get(tx, id)?.is_some()),
        // AWS tags its own virtual machines in EC2; here every node is tagged in one place.
        ResourceTypeForTagging::ManagedInstance => nodes::exists(tx, id),
        // Families that are not built yet have no resources.
        ResourceTypeForTagging::MaintenanceWindow
        | ResourceTypeForTagging::Parameter
        | ResourceTypeForTagging::PatchBaseline
        | ResourceTypeForTagging::OpsItem
        | ResourceTypeForTagging::OpsMetadata
        | ResourceTypeForTagging::Automation
        | ResourceTypeForTagging::Association
        | ResourceTypeForTagging::CloudConnector => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> Tag {
        Tag { key: key.to_owned(), value: "v".to_owned() }
    }

    #[test]
    fn tags_are_checked() {
        assert!(check(&[tag("role"), tag("Role"), tag("aws"), tag("한글")]).is_ok());
        assert_eq!(check(&[tag("aws:x")]).unwrap_err().code, "ValidationException");
        assert_eq!(check(&[tag("AWS:x")]).unwrap_err().code, "ValidationException");
        assert_eq!(check(&[tag("a"), tag("a")]).unwrap_err().code, "ValidationException");
        let many: Vec<Tag> = (0..=MAX_TAGS).map(|n| tag(&n.to_string())).collect();
        assert_eq!(check(&many).unwrap_err().code, "TooManyTagsError");
        assert!(check(&many[1..]).is_ok());
    }
}
