//! RequestManagedInstanceRoleToken: a node that signed with its key gets credentials for an hour (agent-protocol 2.6).
//!
//! With them it is told to make a new key pair when somebody asked for that, or when the account lets keys grow only so old. It is told
//! again with every token until it signs with a new one, since a rotation may be cut off anywhere.

use qd_model::agent_operations::shapes::{RequestManagedInstanceRoleTokenInput, RequestManagedInstanceRoleTokenOutput};
use qd_model::{ApiError, Timestamp};
use qd_store::StoreError;
use qd_store::table::nodes;
use subtle::ConstantTimeEq;

use super::gone;
use crate::cx::Cx;
use crate::ops::settings;
use crate::sts::session;

pub(super) async fn run(
    cx: &Cx,
    instance_id: &str,
    input: RequestManagedInstanceRoleTokenInput,
) -> Result<RequestManagedInstanceRoleTokenOutput, ApiError> {
    let id = instance_id.to_owned();
    let read =
        cx.store().read(move |tx| Ok::<_, StoreError>((nodes::get(tx, &id)?, settings::value(tx, settings::KEY_ROTATION_DAYS)?))).await;
    let (node, days) = read.map_err(|e| ApiError::internal().with_source(e))?;
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
        update_key_pair: node.rotation_requested || is_old(cx.now_ms() - node.key_since, &days),
    })
}

/// Whether a key of this age, in milliseconds, is older than the account wants keys to be; 0 days are no limit.
fn is_old(age: i64, days: &str) -> bool {
    // The setting takes nothing but whole numbers.
    days.parse::<i64>().is_ok_and(|days| days > 0 && age >= days * DAY_MS)
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_grow_old_in_days() {
        assert!(!is_old(DAY_MS - 1, "1") && is_old(DAY_MS, "1"));
        assert!(!is_old(i64::MAX, "0") && !is_old(i64::MAX, ""));
        assert!(!is_old(-DAY_MS, "1"), "a clock that was set back");
    }
}
