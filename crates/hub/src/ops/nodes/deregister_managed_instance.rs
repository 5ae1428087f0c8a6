//! DeregisterManagedInstance: the node is gone, with its tags; its credentials are refused from now on and its channel is closed.

use qd_model::ApiError;
use qd_model::shapes::nodes::{DeregisterManagedInstanceInput, DeregisterManagedInstanceOutput};
use qd_store::table::{connections, nodes, tags};
use serde_json::json;

use super::{MANAGED_INSTANCE, unknown_node};
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: DeregisterManagedInstanceInput) -> Result<DeregisterManagedInstanceOutput, ApiError> {
    let (id, now, arn) = (input.instance_id.clone(), cx.now_ms(), cx.shared().node_arn(&input.instance_id));
    cx.store()
        .write(move |tx| -> Result<(), Fault> {
            // Also announced to the other hubs, which forget its keys and close its channel.
            if !nodes::delete(tx, &id)? {
                return Err(unknown_node(&id).into());
            }
            tags::remove_all(tx, MANAGED_INSTANCE, &id)?;
            if let Some(channel) = connections::get(tx, &id)? {
                connections::remove(tx, &id, &channel.connection_id)?;
            }
            let detail = json!({ "instance-id": id });
            events::emit(tx, now, events::AWS, "SSM Managed Instance Deregistration", std::slice::from_ref(&arn), &detail)?;
            Ok(())
        })
        .await
        .map_err(ApiError::from)?;
    cx.shared().front.forget_node(&input.instance_id);
    cx.shared().registry.close(&input.instance_id);
    Ok(DeregisterManagedInstanceOutput {})
}
