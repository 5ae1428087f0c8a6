//! State Manager's half of an agent. There are no associations in this version, so none are listed; answering the list keeps stock agents
//! from falling back to the older calls (agent-protocol 3.3).

use qd_model::ApiError;
use qd_model::agent_operations::shapes::{
    ListInstanceAssociationsOutput, UpdateInstanceAssociationStatusInput, UpdateInstanceAssociationStatusOutput,
};

/// ListInstanceAssociations: none.
pub(super) fn list() -> ListInstanceAssociationsOutput {
    ListInstanceAssociationsOutput::default()
}

/// UpdateInstanceAssociationStatus: no association can have that id.
pub(super) fn update_status(input: UpdateInstanceAssociationStatusInput) -> Result<UpdateInstanceAssociationStatusOutput, ApiError> {
    Err(ApiError::new("AssociationDoesNotExist", format!("The association {} does not exist.", input.association_id)))
}
