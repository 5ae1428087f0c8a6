//! DescribeInstanceProperties: the nodes with more of their properties, filtered with operators, in order of id.

use qd_model::shapes::nodes::{
    DescribeInstancePropertiesInput, DescribeInstancePropertiesOutput, InstanceProperty, PlatformType, SourceType,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::nodes::query::{self, Condition, Listed, Liveness, Query, Sort, Test};

use super::filter::{Of, condition, test};
use super::{MANAGED_INSTANCE, last_ping, ping_status, some};
use crate::cx::Cx;
use crate::fault::of_store;
use crate::page::Page;

const DEFAULT_PAGE: usize = 50;

pub async fn run(cx: &Cx, input: DescribeInstancePropertiesInput) -> Result<DescribeInstancePropertiesOutput, ApiError> {
    let legacy = input.instance_property_filter_list.unwrap_or_default();
    let current = input.filters_with_operator.unwrap_or_default();
    if !legacy.is_empty() && !current.is_empty() {
        return Err(ApiError::validation("FiltersWithOperator and InstancePropertyFilterList can not be used together."));
    }
    let operation = Operation::DescribeInstanceProperties;
    let bound = (&legacy, &current);
    let page = Page::open(cx, operation, &bound, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    let mut conditions: Vec<Condition> = Vec::with_capacity(legacy.len() + current.len());
    for filter in &legacy {
        conditions.push(condition(Of::Properties, filter.key.as_str(), Test::Equal, &filter.value_set)?);
    }
    for filter in &current {
        conditions.push(condition(Of::Properties, &filter.key, test(filter.operator), &filter.values)?);
    }
    let query = Query { conditions, search: String::new(), liveness: Liveness::at(cx.now_ms()) };
    let (after, limit) = (page.after.clone(), page.fetch());
    let listed = cx
        .store()
        .read(move |tx| query::list(tx, &query, Sort::InstanceId, false, after.as_deref(), limit))
        .await
        .map_err(of_store)?
        .ok_or_else(|| page.invalid())?;
    let (listed, next_token) = page.cut(listed, |listed| listed.key.clone());
    Ok(DescribeInstancePropertiesOutput { instance_properties: Some(listed.iter().map(view).collect()), next_token })
}

fn view(listed: &Listed) -> InstanceProperty {
    let node = &listed.node;
    let information = &node.information;
    InstanceProperty {
        name: some(&node.name),
        instance_id: Some(node.instance_id.clone()),
        ip_address: some(&information.ip_address).map(Into::into),
        ping_status: Some(ping_status(listed.online)),
        last_ping_date_time: last_ping(node.last_ping_at),
        agent_version: some(&information.agent_version),
        platform_type: PlatformType::from_wire(&information.platform_type),
        platform_name: some(&information.platform_name),
        platform_version: some(&information.platform_version),
        activation_id: some(&node.activation_id),
        iam_role: some(&node.iam_role),
        registration_date: Some(Timestamp::from_millis(node.registered_at)),
        resource_type: Some(MANAGED_INSTANCE.to_owned()),
        computer_name: some(&information.computer_name),
        source_id: Some(node.instance_id.clone()),
        source_type: Some(SourceType::AwsSsmManagedInstance),
        availability_zone: some(&information.availability_zone),
        ..InstanceProperty::default()
    }
}
