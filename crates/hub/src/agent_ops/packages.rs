//! Distributor's half of an agent. There are no package manifests here; the error is the one on which agents turn to documents with
//! attachments (agent-protocol 3.4).

use qd_model::ApiError;
use qd_model::agent_operations::shapes::{GetManifestInput, GetManifestOutput, PutConfigurePackageResultOutput};

/// GetManifest: no such package.
pub(super) fn get_manifest(input: GetManifestInput) -> Result<GetManifestOutput, ApiError> {
    Err(ApiError::new("ResourceNotFoundException", format!("There is no manifest for the package {}.", input.package_name)))
}

/// PutConfigurePackageResult: results of packages that this hub does not serve are not kept. Agents ignore the failure.
pub(super) fn put_result() -> Result<PutConfigurePackageResultOutput, ApiError> {
    Err(ApiError::new("UnknownOperationException", "PutConfigurePackageResult is not built in this version of Quarterdeck."))
}
