//! RegisterManagedInstance: a machine that nobody knows proves an activation and becomes a node (agent-protocol 2.2, semantics 13.2).
//!
//! The same machine asking again with the same key, because the answer was lost, gets the same node. The same machine with another key
//! needs another activation; a key that another node uses is refused.

use qd_model::ApiError;
use qd_model::agent_operations::shapes::{RegisterManagedInstanceInput, RegisterManagedInstanceOutput};
use qd_model::shapes::nodes::Tag;
use qd_store::Tx;
use qd_store::table::activations::{self, ActivationRow, Registration};
use qd_store::table::nodes::{self, NewNode};
use qd_store::table::tags;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{RSA, check_public_key};
use crate::crash_point;
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;
use crate::ops::nodes::{MANAGED_INSTANCE, code_hash};
use crate::sealed;

/// What the transaction needs; it may run twice, so everything random is drawn before.
#[derive(Clone)]
struct Request {
    activation_id: String,
    code_hash: [u8; 32],
    fingerprint: String,
    public_key: String,
    instance_id: String,
    arn: String,
    now: i64,
}

pub(super) async fn run(cx: &Cx, input: RegisterManagedInstanceInput) -> Result<RegisterManagedInstanceOutput, ApiError> {
    check_public_key(&input.public_key, input.public_key_type.as_deref())?;
    let activation_id = input.activation_id.to_ascii_lowercase();
    let digits = sealed::random_text(b"0123456789abcdef", 17).map_err(|e| ApiError::internal().with_source(e))?;
    let instance_id = format!("mi-{digits}");
    let request = Request {
        code_hash: code_hash(&cx.shared().master_key, &activation_id, input.activation_code.expose()),
        activation_id,
        fingerprint: input.fingerprint,
        public_key: input.public_key,
        arn: cx.shared().node_arn(&instance_id),
        instance_id,
        now: cx.now_ms(),
    };
    // Anybody may ask. Who proves nothing costs a read, and keeps nobody from writing.
    let asked = request.clone();
    cx.store().read(move |tx| proved(tx, &asked).map(drop)).await.map_err(ApiError::from)?;
    let instance_id = cx.store().write(move |tx| register(tx, &request)).await.map_err(ApiError::from)?;
    crash_point::reached("registration-committed");
    tracing::info!(instance_id, source = cx.caller().source, "a node registered");
    Ok(RegisterManagedInstanceOutput { instance_id })
}

/// The activation that the request proves to have.
fn proved(tx: &mut Tx<'_>, request: &Request) -> Result<ActivationRow, Fault> {
    let activation = activations::get(tx, &request.activation_id)?;
    // Compared even when there is no such activation, so that the time tells nothing.
    let kept = activation.as_ref().map_or(&[0; 32][..], |a| &a.code_hash);
    let proved = bool::from(kept.ct_eq(&request.code_hash));
    activation.filter(|_| proved).ok_or_else(|| invalid("The activation ID or code is not valid.").into())
}

fn register(tx: &mut Tx<'_>, request: &Request) -> Result<String, Fault> {
    let activation = proved(tx, request)?;
    if let Some(before) = activations::registration(tx, &request.activation_id, &request.fingerprint)? {
        if before.public_key == request.public_key && nodes::exists(tx, &before.instance_id)? {
            return Ok(before.instance_id);
        }
        let text = "This machine has registered by this activation before. Create another activation for it.";
        return Err(ApiError::new("InstanceAlreadyRegistered", text).into());
    }
    if request.now >= activation.expires_at {
        return Err(invalid("The activation has expired.").into());
    }
    if nodes::by_public_key(tx, &request.public_key)?.is_some() {
        return Err(ApiError::new("PublicKeyAlreadyRegistered", "A managed node with this public key is registered already.").into());
    }
    let registration = Registration { instance_id: request.instance_id.clone(), public_key: request.public_key.clone() };
    if !activations::register(tx, &request.activation_id, &request.fingerprint, &registration)? {
        return Err(invalid("The activation's registration limit is reached.").into());
    }
    add_node(tx, request, &activation)?;
    Ok(request.instance_id.clone())
}

fn add_node(tx: &mut Tx<'_>, request: &Request, activation: &ActivationRow) -> Result<(), Fault> {
    nodes::insert(
        tx,
        &NewNode {
            instance_id: request.instance_id.clone(),
            activation_id: request.activation_id.clone(),
            name: activation.default_instance_name.clone().unwrap_or_default(),
            iam_role: activation.iam_role.clone(),
            registered_at: request.now,
            fingerprint: request.fingerprint.clone(),
            public_key: request.public_key.clone(),
            public_key_type: RSA.to_owned(),
        },
    )?;
    let copied: Vec<Tag> = serde_json::from_str(&activation.tags).map_err(|e| ApiError::internal().with_source(e))?;
    for tag in &copied {
        tags::put(tx, MANAGED_INSTANCE, &request.instance_id, &tag.key, &tag.value)?;
    }
    let detail = json!({ "instance-id": request.instance_id, "activation-id": request.activation_id });
    events::emit(tx, request.now, events::AWS, "SSM Managed Instance Registration", std::slice::from_ref(&request.arn), &detail)?;
    Ok(())
}

fn invalid(text: &str) -> ApiError {
    ApiError::new("InvalidActivation", text)
}
