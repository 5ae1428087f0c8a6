//! The private operations that an agent calls and no SDK knows (agent-protocol 2, 3): registration, role tokens, key rotation, heartbeats,
//! associations. One file an operation, or a few that belong together; their table and shapes are `qd_model`'s.

mod associations;
pub mod heartbeat;
mod packages;
mod register_managed_instance;
mod request_role_token;
mod update_public_key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qd_model::agent_operations::{AgentOperation, Proof};
use qd_model::{ApiError, validate};
use qd_wire::rsa_token;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cx::{self, Cx};

/// Runs an operation for the caller of `cx`, who proved itself by `proof`.
pub async fn call(cx: &Cx, operation: AgentOperation, proof: Proof, input: Value) -> Result<Value, ApiError> {
    if operation == AgentOperation::RegisterManagedInstance {
        validate::check(operation.input(), &input)?;
        return encode(register_managed_instance::run(cx, decode(input)?).await?);
    }
    let node = cx.caller().node().filter(|_| proof == operation.proof());
    let Some(instance_id) = node else { return Err(cx::denied(&cx.caller_arn(), operation.name(), "*")) };
    validate::check(operation.input(), &input)?;
    if let Some(named) = input.get("InstanceId").and_then(Value::as_str) {
        cx.require_self(operation.name(), named)?;
    }
    match operation {
        // Answered above; said again, since the match must be whole.
        AgentOperation::RegisterManagedInstance => encode(register_managed_instance::run(cx, decode(input)?).await?),
        AgentOperation::RequestManagedInstanceRoleToken => encode(request_role_token::run(cx, instance_id, decode(input)?).await?),
        AgentOperation::UpdateManagedInstancePublicKey => encode(update_public_key::run(cx, instance_id, decode(input)?).await?),
        AgentOperation::UpdateInstanceInformation => encode(heartbeat::run(cx, decode(input)?).await?),
        AgentOperation::ListInstanceAssociations => encode(associations::list()),
        AgentOperation::UpdateInstanceAssociationStatus => encode(associations::update_status(decode(input)?)?),
        AgentOperation::GetManifest => encode(packages::get_manifest(decode(input)?)?),
        AgentOperation::PutConfigurePackageResult => encode(packages::put_result()?),
    }
}

fn decode<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    // The parser's own words could quote the input, which may be secret.
    serde_json::from_value(input)
        .map_err(|e| ApiError::serialization("The request body does not have the members of this operation.").with_source(e))
}

fn encode<T: Serialize>(output: T) -> Result<Value, ApiError> {
    serde_json::to_value(output).map_err(|e| ApiError::internal().with_source(e))
}

/// The DER SubjectPublicKeyInfo in a public key as agents send it: an RSA key of at least 2048 bits. `None` for anything else.
pub fn decode_public_key(text: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(text).ok()?;
    let key = rsa_token::pkcs1_of_spki(&der).ok()?;
    // PKCS#1 of a 2048-bit key has 268 bytes and more; what is shorter cannot be one.
    (key.len() >= 268).then_some(der)
}

/// Refuses a key that could never verify anything.
fn check_public_key(text: &str, kind: Option<&str>) -> Result<(), ApiError> {
    let is_rsa = kind.is_none_or(|kind| kind.is_empty() || kind.eq_ignore_ascii_case(RSA));
    if is_rsa && decode_public_key(text).is_some() {
        return Ok(());
    }
    Err(ApiError::new("InvalidPublicKey", "The public key is not an RSA key of at least 2048 bits in base64 SubjectPublicKeyInfo."))
}

/// The one type of key there is (agent-protocol 2.3).
const RSA: &str = "Rsa";

/// The answer to a node that was deregistered a moment ago.
fn gone() -> ApiError {
    ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rsa_keys_pass() {
        for bad in ["", "AAAA", "not base64!", &STANDARD.encode([0x30, 0x03, 0x02, 0x01, 0x05])] {
            assert!(decode_public_key(bad).is_none(), "{bad}");
            assert_eq!(check_public_key(bad, Some("Rsa")).unwrap_err().code, "InvalidPublicKey");
        }
    }
}
