//! UpdateManagedInstanceRole: the node's role from its next token on.

use qd_model::ApiError;
use qd_model::shapes::nodes::{UpdateManagedInstanceRoleInput, UpdateManagedInstanceRoleOutput};
use qd_store::table::nodes;

use super::{check_role, unknown_node};
use crate::cx::Cx;
use crate::fault::of_store;

pub async fn run(cx: &Cx, input: UpdateManagedInstanceRoleInput) -> Result<UpdateManagedInstanceRoleOutput, ApiError> {
    check_role(&input.iam_role)?;
    let (id, role) = (input.instance_id.clone(), input.iam_role);
    let known = cx.store().write(move |tx| nodes::set_iam_role(tx, &id, &role)).await.map_err(of_store)?;
    if known { Ok(UpdateManagedInstanceRoleOutput {}) } else { Err(unknown_node(&input.instance_id)) }
}
