//! DescribeActivations: activations with their use, newest first.

use qd_model::shapes::nodes::{
    Activation, DescribeActivationsFilter, DescribeActivationsFilterKeys as Key, DescribeActivationsInput, DescribeActivationsOutput, Tag,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::activations::{self, ActivationFilter, ActivationRow};

use super::some;
use crate::cx::Cx;
use crate::fault::of_store;
use crate::page::Page;

const DEFAULT_PAGE: usize = 50;
/// More values than the fifty activations of a page could need, and few enough for one statement.
const MAX_VALUES: usize = 100;

pub async fn run(cx: &Cx, input: DescribeActivationsInput) -> Result<DescribeActivationsOutput, ApiError> {
    let filters = input.filters.unwrap_or_default();
    let page = Page::open(cx, Operation::DescribeActivations, &filters, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    let filter = read_filters(filters)?;
    let after = match page.after.as_deref() {
        None => None,
        Some([created_at, id]) => Some((created_at.parse::<i64>().map_err(|_| page.invalid())?, id.clone())),
        Some(_) => return Err(page.invalid()),
    };
    let limit = page.fetch();
    let rows = cx
        .store()
        .read(move |tx| activations::list(tx, &filter, after.as_ref().map(|(at, id)| (*at, id.as_str())), limit))
        .await
        .map_err(of_store)?;
    let (rows, next_token) = page.cut(rows, |row| vec![row.created_at.to_string(), row.activation_id.clone()]);
    let activation_list = rows.into_iter().map(|row| view(row, cx.now_ms())).collect::<Result<_, _>>()?;
    Ok(DescribeActivationsOutput { activation_list: Some(activation_list), next_token })
}

fn read_filters(filters: Vec<DescribeActivationsFilter>) -> Result<ActivationFilter, ApiError> {
    let mut out = ActivationFilter::default();
    for filter in filters {
        let invalid = |text: &str| ApiError::new("InvalidFilter", text);
        let key = filter.filter_key.ok_or_else(|| invalid("Each filter needs a FilterKey."))?;
        let values = filter.filter_values.filter(|values| !values.is_empty()).ok_or_else(|| invalid("Each filter needs FilterValues."))?;
        let list = match key {
            Key::ActivationIds => &mut out.activation_ids,
            Key::DefaultInstanceName => &mut out.default_instance_names,
            Key::IamRole => &mut out.iam_roles,
        };
        if !list.is_empty() {
            return Err(invalid("A FilterKey may be used once."));
        }
        if values.len() > MAX_VALUES {
            return Err(invalid("A filter may have at most 100 values."));
        }
        *list = values;
    }
    Ok(out)
}

fn view(row: ActivationRow, now: i64) -> Result<Activation, ApiError> {
    let tags: Vec<Tag> = serde_json::from_str(&row.tags).map_err(|e| ApiError::internal().with_source(e))?;
    Ok(Activation {
        activation_id: Some(row.activation_id),
        description: row.description,
        default_instance_name: row.default_instance_name,
        iam_role: some(&row.iam_role),
        registration_limit: i32::try_from(row.registration_limit).ok(),
        registrations_count: i32::try_from(row.registrations_count).ok(),
        expiration_date: Some(Timestamp::from_millis(row.expires_at)),
        expired: Some(now >= row.expires_at),
        created_date: Some(Timestamp::from_millis(row.created_at)),
        tags: Some(tags),
    })
}
