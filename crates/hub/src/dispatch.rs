//! One way in: decode, validate, authorise, run. The HTTP front and the embedded console both end here, so neither can skip a step.

use qd_model::validate::{self, Invalid};
use qd_model::{ApiError, Operation};
use serde_json::Value;

use crate::cx::{self, Cx, Principal};
use crate::ops;

/// Public operations that a node may call with the credentials the hub gave it (ssm-api 4; the AmazonSSMManagedInstanceCore set).
/// Where the input names a node it must be the caller itself, which the operation checks.
const NODE_OPERATIONS: &[Operation] = &[
    Operation::GetDocument,
    Operation::DescribeDocument,
    Operation::ListAssociations,
    Operation::DescribeAssociation,
    Operation::UpdateAssociationStatus,
    Operation::GetParameter,
    Operation::GetParameters,
    Operation::PutInventory,
    Operation::PutComplianceItems,
    Operation::GetDeployablePatchSnapshotForInstance,
];

/// Runs `operation` for the caller of `cx`.
pub async fn call(cx: &Cx, operation: Operation, input: Value) -> Result<Value, ApiError> {
    let input = if input.is_null() { Value::Object(Default::default()) } else { input };
    authorise(cx, operation)?;
    validate::check(operation.input(), &input).map_err(|refused| of_operation(operation, invalid(refused)))?;
    if let Some(instance_id) = input.get("InstanceId").and_then(Value::as_str) {
        cx.require_self(operation.name(), instance_id)?;
    }
    ops::run(cx, operation, input).await
}

/// What a failed check of the input answers (semantics 0.6, 0.9).
pub fn invalid(invalid: Invalid) -> ApiError {
    match invalid {
        Invalid::Serialization(message) => ApiError::new("SerializationException", message),
        constraints @ Invalid::Constraints(_) => ApiError::validation(constraints.to_string()),
    }
}

/// Members whose wrong values have an error of their own at AWS, as `(path, code)` (semantics 3.4.1, 13.2.2).
const OWN_ERRORS: &[(&str, &str)] = &[("permissionType", "InvalidPermissionType"), ("activationId", "InvalidActivationId")];

/// A failed constraint as the operation models it: its own error, when nothing but that member is wrong.
fn of_operation(operation: Operation, refused: ApiError) -> ApiError {
    let alone = |path: &str| {
        let text = &refused.message;
        let missing = text.ends_with("must not be null");
        let named = text.starts_with("1 validation error detected") && text.contains(&format!(" at '{path}' failed"));
        refused.is("ValidationException") && named && !missing
    };
    match OWN_ERRORS.iter().find(|(path, code)| operation.errors().contains(code) && alone(path)) {
        Some((_, code)) => ApiError::new(*code, refused.message),
        None => refused,
    }
}

fn authorise(cx: &Cx, operation: Operation) -> Result<(), ApiError> {
    match &cx.caller().principal {
        Principal::User { .. } => Ok(()),
        Principal::Node { .. } if NODE_OPERATIONS.contains(&operation) => Ok(()),
        Principal::Node { .. } | Principal::Anonymous => Err(cx::denied(&cx.caller_arn(), operation.name(), "*")),
    }
}
