//! The one list of operations: every operation of the API has its arm here, built or not, so that none can be forgotten.
//!
//! `ops/<family>/<operation>.rs` holds one operation. What is not built answers a clear error and stands in
//! `tests/fixtures/unimplemented.txt`, which only shrinks.

use qd_model::{ApiError, Operation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cx::Cx;

pub mod commands;
pub mod documents;
pub mod nodes;
pub mod sessions;
pub mod settings;
pub mod tags;

macro_rules! operations {
    (built { $($op:ident => $($path:ident)::+;)* } unbuilt { $($un:ident)* }) => {
        /// Operations without an implementation.
        pub const UNBUILT: &[Operation] = &[$(Operation::$un),*];

        /// Runs `operation`; its input has passed validation.
        pub async fn run(cx: &Cx, operation: Operation, input: Value) -> Result<Value, ApiError> {
            match operation {
                // Boxed: one future of the size of the largest operation on every call would be waste.
                $(Operation::$op => Box::pin(async move { encode($($path)::+::run(cx, decode(input)?).await?) }).await,)*
                $(Operation::$un)|* => Err(not_built(operation)),
            }
        }
    };
}

operations! {
    built {
        SendCommand => commands::send_command;
        ListCommands => commands::list_commands;
        ListCommandInvocations => commands::list_command_invocations;
        GetCommandInvocation => commands::get_command_invocation;
        CancelCommand => commands::cancel_command;
        CreateDocument => documents::create_document;
        GetDocument => documents::get_document;
        DescribeDocument => documents::describe_document;
        ListDocuments => documents::list_documents;
        UpdateDocument => documents::update_document;
        DeleteDocument => documents::delete_document;
        UpdateDocumentDefaultVersion => documents::update_document_default_version;
        ListDocumentVersions => documents::list_document_versions;
        DescribeDocumentPermission => documents::describe_document_permission;
        ModifyDocumentPermission => documents::modify_document_permission;
        ListDocumentMetadataHistory => documents::list_document_metadata_history;
        UpdateDocumentMetadata => documents::update_document_metadata;
        CreateActivation => nodes::create_activation;
        DescribeActivations => nodes::describe_activations;
        DeleteActivation => nodes::delete_activation;
        DescribeInstanceInformation => nodes::describe_instance_information;
        DescribeInstanceProperties => nodes::describe_instance_properties;
        DeregisterManagedInstance => nodes::deregister_managed_instance;
        UpdateManagedInstanceRole => nodes::update_managed_instance_role;
        RegisterDefaultHostManagementConfiguration => nodes::register_default_host_management_configuration;
        DeregisterDefaultHostManagementConfiguration => nodes::deregister_default_host_management_configuration;
        StartSession => sessions::start_session;
        ResumeSession => sessions::resume_session;
        TerminateSession => sessions::terminate_session;
        DescribeSessions => sessions::describe_sessions;
        GetConnectionStatus => sessions::get_connection_status;
        AddTagsToResource => tags::add_tags_to_resource;
        ListTagsForResource => tags::list_tags_for_resource;
        RemoveTagsFromResource => tags::remove_tags_from_resource;
        GetServiceSetting => settings::get_service_setting;
        UpdateServiceSetting => settings::update_service_setting;
        ResetServiceSetting => settings::reset_service_setting;
    }
    unbuilt {
        AssociateOpsItemRelatedItem
        CancelMaintenanceWindowExecution
        CreateAssociation
        CreateAssociationBatch
        CreateCloudConnector
        CreateMaintenanceWindow
        CreateOpsItem
        CreateOpsMetadata
        CreatePatchBaseline
        CreateResourceDataSync
        DeleteAssociation
        DeleteCloudConnector
        DeleteInventory
        DeleteMaintenanceWindow
        DeleteOpsItem
        DeleteOpsMetadata
        DeleteParameter
        DeleteParameters
        DeletePatchBaseline
        DeleteResourceDataSync
        DeleteResourcePolicy
        DeregisterPatchBaselineForPatchGroup
        DeregisterTargetFromMaintenanceWindow
        DeregisterTaskFromMaintenanceWindow
        DescribeAssociation
        DescribeAssociationExecutionTargets
        DescribeAssociationExecutions
        DescribeAutomationExecutions
        DescribeAutomationStepExecutions
        DescribeAvailablePatches
        DescribeEffectiveInstanceAssociations
        DescribeEffectivePatchesForPatchBaseline
        DescribeInstanceAssociationsStatus
        DescribeInstancePatchStates
        DescribeInstancePatchStatesForPatchGroup
        DescribeInstancePatches
        DescribeInventoryDeletions
        DescribeMaintenanceWindowExecutionTaskInvocations
        DescribeMaintenanceWindowExecutionTasks
        DescribeMaintenanceWindowExecutions
        DescribeMaintenanceWindowSchedule
        DescribeMaintenanceWindowTargets
        DescribeMaintenanceWindowTasks
        DescribeMaintenanceWindows
        DescribeMaintenanceWindowsForTarget
        DescribeOpsItems
        DescribeParameters
        DescribePatchBaselines
        DescribePatchGroupState
        DescribePatchGroups
        DescribePatchProperties
        DisassociateOpsItemRelatedItem
        GetAccessToken
        GetAutomationExecution
        GetCalendarState
        GetCloudConnector
        GetDefaultPatchBaseline
        GetDeployablePatchSnapshotForInstance
        GetExecutionPreview
        GetInventory
        GetInventorySchema
        GetMaintenanceWindow
        GetMaintenanceWindowExecution
        GetMaintenanceWindowExecutionTask
        GetMaintenanceWindowExecutionTaskInvocation
        GetMaintenanceWindowTask
        GetOpsItem
        GetOpsMetadata
        GetOpsSummary
        GetParameter
        GetParameterHistory
        GetParameters
        GetParametersByPath
        GetPatchBaseline
        GetPatchBaselineForPatchGroup
        GetResourcePolicies
        LabelParameterVersion
        ListAssociationVersions
        ListAssociations
        ListCloudConnectors
        ListComplianceItems
        ListComplianceSummaries
        ListInventoryEntries
        ListNodes
        ListNodesSummary
        ListOpsItemEvents
        ListOpsItemRelatedItems
        ListOpsMetadata
        ListResourceComplianceSummaries
        ListResourceDataSync
        PutComplianceItems
        PutInventory
        PutParameter
        PutResourcePolicy
        RegisterDefaultPatchBaseline
        RegisterPatchBaselineForPatchGroup
        RegisterTargetWithMaintenanceWindow
        RegisterTaskWithMaintenanceWindow
        SendAutomationSignal
        StartAccessRequest
        StartAssociationsOnce
        StartAutomationExecution
        StartChangeRequestExecution
        StartExecutionPreview
        StopAutomationExecution
        UnlabelParameterVersion
        UpdateAssociation
        UpdateAssociationStatus
        UpdateCloudConnector
        UpdateMaintenanceWindow
        UpdateMaintenanceWindowTarget
        UpdateMaintenanceWindowTask
        UpdateOpsItem
        UpdateOpsMetadata
        UpdatePatchBaseline
        UpdateResourceDataSync
        ValidateCloudConnector
    }
}

fn decode<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    serde_json::from_value(input).map_err(|e| ApiError::new("SerializationException", e.to_string()))
}

fn encode<T: Serialize>(output: T) -> Result<Value, ApiError> {
    serde_json::to_value(output).map_err(|e| ApiError::internal().with_source(e))
}

fn not_built(operation: Operation) -> ApiError {
    ApiError::new(
        "UnknownOperationException",
        format!(
            "{} is part of the API but not built in this version of Quarterdeck. The operations that are not built yet are listed in the user guide.",
            operation.name()
        ),
    )
}
