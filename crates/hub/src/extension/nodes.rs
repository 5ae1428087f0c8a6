//! Nodes beyond what AWS's operations do. The console's list of nodes: as DescribeInstanceInformation, with tags, searched and sorted in the store.

use std::collections::BTreeMap;

use qd_model::shapes::nodes::InstanceInformationStringFilter;
use qd_model::{ApiError, Operation};
use qd_store::StoreError;
use qd_store::table::nodes::facets::{self, Facet};
use qd_store::table::nodes::{
    self as table,
    query::{self, Liveness, Query, Sort},
};
use qd_store::table::tags;
use serde_json::{Value, json};

use super::node_filter::{self, Token};
use super::{Request, Response};
use crate::cx::Cx;
use crate::ops::nodes::{MANAGED_INSTANCE, information_conditions, instance_information, unknown_node};
use crate::page::Page;

/// Filters of one list; more than the console's page can make.
const MAX_FILTERS: usize = 20;
/// Values of one filter, as DescribeInstanceInformation has it.
const MAX_VALUES: usize = 100;
const MAX_SEARCH: usize = 256;

/// Values that an answer of facets names.
const FACETS: i64 = 50;

/// `GET nodes?filters=<JSON>&filter=<JSON>&search=&sort=&order=&max=&token=`.
pub async fn list(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    let filters: Vec<InstanceInformationStringFilter> = request.json("filter")?.unwrap_or_default();
    let filters: Vec<(String, Vec<String>)> = filters.into_iter().map(|filter| (filter.key, filter.values)).collect();
    if filters.len() > MAX_FILTERS || filters.iter().any(|(_, values)| values.is_empty() || values.len() > MAX_VALUES) {
        return Err(ApiError::validation(format!("filter takes at most {MAX_FILTERS} filters of 1 to {MAX_VALUES} values each.")));
    }
    let tokens: Vec<Token> = request.json("filters")?.unwrap_or_default();
    let search = request.query("search").unwrap_or_default().to_owned();
    if search.len() > MAX_SEARCH || search.contains('\0') {
        return Err(ApiError::validation(format!("search takes at most {MAX_SEARCH} bytes of text.")));
    }
    let sort_name = request.query("sort").unwrap_or("name").to_owned();
    let sort = sort(&sort_name)?;
    let order = request.query("order").unwrap_or("asc").to_owned();
    let descending = match order.as_str() {
        "asc" => false,
        "desc" => true,
        _ => return Err(ApiError::validation("order must be asc or desc.")),
    };
    let max = i32::try_from(request.number("max", 50, 1..=200)?).ok();
    // Bound to the list's order as well, and so never taken for a token of the operation itself.
    let bound = ("console", &filters, &tokens, &search, &sort_name, &order);
    let page = Page::open(cx, Operation::DescribeInstanceInformation, &bound, request.query("token"), max, 50)?;
    let mut conditions = information_conditions(&filters)?;
    conditions.extend(node_filter::conditions(&tokens)?);
    let query = Query { conditions, search, liveness: Liveness::at(cx.now_ms()) };
    let (after, fetch) = (page.after.clone(), page.fetch());
    let (listed, total, mut tags) = cx
        .store()
        .read(move |tx| {
            let Some(listed) = query::list(tx, &query, sort, descending, after.as_deref(), fetch)? else { return Ok(None) };
            let ids: Vec<&str> = listed.iter().map(|one| one.node.instance_id.as_str()).collect();
            let tags = tags::of_many(tx, MANAGED_INSTANCE, &ids)?;
            Ok::<_, StoreError>(Some((listed, query::count(tx, &query)?, tags)))
        })
        .await
        .map_err(|e| ApiError::internal().with_source(e))?
        .ok_or_else(|| page.invalid())?;
    let (listed, next) = page.cut(listed, |one| one.key.clone());
    let mut nodes = Vec::with_capacity(listed.len());
    for one in &listed {
        let mut value = serde_json::to_value(instance_information(one)).map_err(|e| ApiError::internal().with_source(e))?;
        let tags: BTreeMap<String, String> =
            tags.remove(&one.node.instance_id).unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        if let Value::Object(members) = &mut value {
            members.insert("Tags".to_owned(), json!(tags));
            members.insert("AgentName".to_owned(), json!(one.node.information.agent_name));
        }
        nodes.push(value);
    }
    let mut answer = json!({ "nodes": nodes, "total": total });
    if let Some(token) = next {
        answer["nextToken"] = token.into();
    }
    Response::json(&answer)
}

/// `GET nodes/facets?key=&part=&max=`: what a filter of that key can be set to, with how many nodes have it.
pub async fn facets(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    let key = request.query("key").unwrap_or_default().to_owned();
    let part = request.query("part").unwrap_or_default().to_owned();
    if key.len() > MAX_SEARCH || part.len() > MAX_SEARCH || key.contains('\0') || part.contains('\0') {
        return Err(ApiError::validation(format!("key and part take at most {MAX_SEARCH} bytes of text.")));
    }
    let max = usize::try_from(request.number("max", FACETS, 1..=500)?).unwrap_or_default();
    let liveness = Liveness::at(cx.now_ms());
    let of_field = node_filter::field(&key);
    if of_field.is_none() && !matches!(key.as_str(), "status" | "tag") && !key.starts_with("tag:") {
        return Err(ApiError::validation("key must be one of the filters of the list of nodes."));
    }
    let asked = key.clone();
    let found = cx
        .store()
        .read(move |tx| match (asked.as_str(), of_field) {
            ("status", _) => {
                let (total, online) = query::count_by_status(tx, liveness)?;
                let one = |value: &str, count| Facet { value: value.to_owned(), count };
                Ok(vec![one("Online", online), one("ConnectionLost", total - online)])
            }
            ("tag", _) => facets::of_tag_keys(tx, &part, max),
            (_, Some(field)) => facets::of_field(tx, field, &part, max),
            (key, None) => facets::of_tag(tx, key.trim_start_matches("tag:"), &part, max),
        })
        .await
        .map_err(|e: StoreError| ApiError::internal().with_source(e))?;
    let values: Vec<Value> = found.iter().map(|facet| json!({ "value": facet.value, "count": facet.count })).collect();
    Response::json(&json!({ "key": key, "values": values }))
}

/// `POST nodes/<node>/rotate-key`: with its next role token, within the hour, the node is told to make a new key pair.
pub async fn rotate_key(cx: &Cx, instance_id: &str) -> Result<Response, ApiError> {
    let id = instance_id.to_owned();
    let known =
        cx.store().write(move |tx| table::request_rotation(tx, &id, true)).await.map_err(|e| ApiError::internal().with_source(e))?;
    if known { Response::json(&json!({})) } else { Err(unknown_node(instance_id)) }
}

fn sort(name: &str) -> Result<Sort, ApiError> {
    Ok(match name {
        "name" => Sort::Name,
        "instance-id" => Sort::InstanceId,
        "status" => Sort::Status,
        "platform" => Sort::Platform,
        "agent-version" => Sort::AgentVersion,
        "last-ping" => Sort::LastPing,
        "ip" => Sort::IpAddress,
        _ => return Err(ApiError::validation("sort must be one of name, instance-id, status, platform, agent-version, last-ping, ip.")),
    })
}
