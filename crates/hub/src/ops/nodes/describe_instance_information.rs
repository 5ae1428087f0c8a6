//! DescribeInstanceInformation: the nodes, filtered in the store, in order of id.

use qd_model::shapes::nodes::{DescribeInstanceInformationInput, DescribeInstanceInformationOutput};
use qd_model::{ApiError, Operation};
use qd_store::table::nodes::query::{self, Liveness, Query, Sort};

use super::{information_conditions, instance_information};
use crate::cx::Cx;
use crate::fault::of_store;
use crate::page::Page;

const DEFAULT_PAGE: usize = 50;
/// Values in all filters together.
const MAX_VALUES: usize = 1_000;

pub async fn run(cx: &Cx, input: DescribeInstanceInformationInput) -> Result<DescribeInstanceInformationOutput, ApiError> {
    let legacy = input.instance_information_filter_list.unwrap_or_default();
    let current = input.filters.unwrap_or_default();
    if !legacy.is_empty() && !current.is_empty() {
        return Err(ApiError::validation("Filters and InstanceInformationFilterList can not be used together; use Filters."));
    }
    let filters: Vec<(String, Vec<String>)> = match current.is_empty() {
        true => legacy.into_iter().map(|filter| (filter.key.as_str().to_owned(), filter.value_set)).collect(),
        false => current.into_iter().map(|filter| (filter.key, filter.values)).collect(),
    };
    // Each value is one parameter of a statement, and engines have their bounds.
    let values: usize = filters.iter().map(|(_, values)| values.len()).sum();
    if values > MAX_VALUES {
        return Err(ApiError::validation(format!("The filters hold {values} values; {MAX_VALUES} are allowed.")));
    }
    let operation = Operation::DescribeInstanceInformation;
    let page = Page::open(cx, operation, &filters, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    let query = Query { conditions: information_conditions(&filters)?, search: String::new(), liveness: Liveness::at(cx.now_ms()) };
    let (after, limit) = (page.after.clone(), page.fetch());
    let listed = cx
        .store()
        .read(move |tx| query::list(tx, &query, Sort::InstanceId, false, after.as_deref(), limit))
        .await
        .map_err(of_store)?
        .ok_or_else(|| page.invalid())?;
    let (listed, next_token) = page.cut(listed, |listed| listed.key.clone());
    let list = listed.iter().map(instance_information).collect();
    Ok(DescribeInstanceInformationOutput { instance_information_list: Some(list), next_token })
}
