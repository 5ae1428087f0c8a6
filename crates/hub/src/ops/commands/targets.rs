//! Which nodes a list of targets means (semantics 1). Keys are ANDed, the values of one key ORed; matching is exact.

use std::collections::BTreeSet;

use qd_model::ApiError;
use qd_model::shapes::shared::Target;
use qd_store::table::{nodes, tags};
use qd_store::{StoreError, Tx};

/// Resource type under which nodes' tags are kept.
pub const NODE_TAGS: &str = "ManagedInstance";
/// Values of one key at most (the model's TargetValues).
const MAX_VALUES: usize = 50;

/// One target key, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    InstanceIds(Vec<String>),
    Tag { key: String, values: Vec<String> },
    TagKey(Vec<String>),
}

/// Reads targets, or says which key cannot be used here.
pub fn parse(targets: &[Target]) -> Result<Vec<Selector>, ApiError> {
    targets.iter().map(selector).collect()
}

fn selector(target: &Target) -> Result<Selector, ApiError> {
    let key = target.key.as_deref().unwrap_or_default();
    let values = target.values.clone().unwrap_or_default();
    if values.is_empty() || values.len() > MAX_VALUES {
        return Err(ApiError::validation(format!("Target {key:?} needs between 1 and {MAX_VALUES} values; it has {}.", values.len())));
    }
    if let Some(tag) = key.strip_prefix("tag:") {
        return if tag.is_empty() {
            Err(ApiError::validation("The target key \"tag:\" names no tag; write it as tag:<key>."))
        } else {
            Ok(Selector::Tag { key: tag.to_owned(), values })
        };
    }
    match key {
        "InstanceIds" | "instanceids" => Ok(Selector::InstanceIds(values)),
        "tag-key" => Ok(Selector::TagKey(values)),
        "resource-groups:Name" | "resource-groups:ResourceTypeFilters" => Err(ApiError::validation(format!(
            "Target key {key} needs resource groups, which are not built in this version of Quarterdeck. Use tag:<key> instead."
        ))),
        _ => Err(ApiError::validation(format!("Target key {key:?} is not one of InstanceIds, tag:<key>, tag-key, resource-groups:Name."))),
    }
}

/// The registered nodes that match every selector, in the order of their ids.
pub fn matching(tx: &mut Tx<'_>, selectors: &[Selector]) -> Result<Vec<String>, StoreError> {
    let mut found: Option<BTreeSet<String>> = None;
    for selector in selectors {
        let ids: BTreeSet<String> = match selector {
            Selector::InstanceIds(ids) => ids.iter().cloned().collect(),
            Selector::Tag { key, values } => tags::resource_ids_with(tx, NODE_TAGS, key, values)?.into_iter().collect(),
            Selector::TagKey(keys) => tags::resource_ids_with_key(tx, NODE_TAGS, keys)?.into_iter().collect(),
        };
        found = Some(match found {
            Some(before) => before.intersection(&ids).cloned().collect(),
            None => ids,
        });
    }
    let ids: Vec<String> = found.unwrap_or_default().into_iter().collect();
    nodes::registered(tx, &ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(key: &str, values: &[&str]) -> Target {
        Target { key: Some(key.to_owned()), values: Some(values.iter().map(|v| (*v).to_owned()).collect()) }
    }

    #[test]
    fn keys_are_understood_or_refused_with_advice() {
        assert_eq!(
            parse(&[target("tag:role", &["web"])]).unwrap(),
            [Selector::Tag { key: "role".to_owned(), values: vec!["web".to_owned()] }]
        );
        assert!(matches!(parse(&[target("instanceids", &["mi-1"])]).unwrap()[..], [Selector::InstanceIds(_)]));
        assert!(parse(&[target("resource-groups:Name", &["g"])]).unwrap_err().message.contains("not built"));
        assert!(parse(&[target("tag:", &["x"])]).is_err());
        assert!(parse(&[target("Names", &["x"])]).is_err());
        assert!(parse(&[target("tag:role", &[])]).is_err());
    }
}
