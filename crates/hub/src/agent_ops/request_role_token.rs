//! RequestManagedInstanceRoleToken: a node that signed with its key gets credentials for an hour (agent-protocol 2.6).

use qd_model::agent_operations::shapes::{RequestManagedInstanceRoleTokenInput, RequestManagedInstanceRoleTokenOutput};
use qd_model::{ApiError, Timestamp};
use qd_store::table::nodes;
use subtle::ConstantTimeEq;

use super::gone;
use crate::cx::Cx;
use crate::sts::session;

pub(super) async fn run(
    cx: &Cx,
    instance_id: &str,
    input: RequestManagedInstanceRoleTokenInput,
) -> Result<RequestManagedInstanceRoleTokenOutput, ApiError> {
    let id = instance_id.to_owned();
    let node = cx.store().read(move |tx| nodes::get(tx, &id)).await.map_err(|e| ApiError::internal().with_source(e))?;
    let node = node.ok_or_else(gone)?;
    if !bool::from(node.fingerprint.as_bytes().ct_eq(input.fingerprint.as_bytes())) {
        return Err(ApiError::new(
            "MachineFingerprintDoesNotMatch",
            "The machine's fingerprint is not the one it registered with. If this machine is a copy, register it anew.",
        ));
    }
    let issued = session::issue(&cx.shared().master_key, instance_id, cx.now_ms()).map_err(|e| ApiError::internal().with_source(e))?;
    Ok(RequestManagedInstanceRoleTokenOutput {
        access_key_id: issued.access_key_id,
        secret_access_key: issued.secret_access_key.expose().into(),
        session_token: issued.session_token.expose().into(),
        token_expiration_date: Timestamp::from_millis(issued.expires_at),
        update_key_pair: node.rotation_requested,
    })
}
