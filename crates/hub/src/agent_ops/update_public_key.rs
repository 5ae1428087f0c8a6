//! UpdateManagedInstancePublicKey: a node announces, signed with its old key, the key it rotates to. The old one stays good until the
//! first request that the new one signed (agent-protocol 2.6): an answer that is lost on its way must not lock the node out.

use qd_model::ApiError;
use qd_model::agent_operations::shapes::{UpdateManagedInstancePublicKeyInput, UpdateManagedInstancePublicKeyOutput};
use qd_store::table::nodes;
use serde_json::json;

use super::check_public_key;
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;

pub(super) async fn run(
    cx: &Cx,
    instance_id: &str,
    input: UpdateManagedInstancePublicKeyInput,
) -> Result<UpdateManagedInstancePublicKeyOutput, ApiError> {
    check_public_key(&input.new_public_key, input.new_public_key_type.as_deref())?;
    let (id, key, now, arn) = (instance_id.to_owned(), input.new_public_key, cx.now_ms(), cx.shared().node_arn(instance_id));
    cx.store()
        .write(move |tx| -> Result<(), Fault> {
            match nodes::by_public_key(tx, &key)? {
                // Said again, because the answer was lost: done already.
                Some(owner) if owner == id => return Ok(()),
                Some(_) => {
                    let text = "A managed node with this public key is registered already.";
                    return Err(ApiError::new("PublicKeyAlreadyRegistered", text).into());
                }
                None => {}
            }
            nodes::set_next_public_key(tx, &id, &key)?;
            let detail = json!({ "instance-id": id });
            events::emit(tx, now, events::AWS, "SSM Managed Instance Public Key Update", std::slice::from_ref(&arn), &detail)?;
            Ok(())
        })
        .await
        .map_err(ApiError::from)?;
    cx.shared().front.keys.forget_node(instance_id);
    Ok(UpdateManagedInstancePublicKeyOutput {})
}
