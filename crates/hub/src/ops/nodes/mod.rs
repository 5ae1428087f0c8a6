//! Activations and managed nodes (semantics 13.2, 13.3).

pub mod create_activation;
pub mod delete_activation;
pub mod deregister_default_host_management_configuration;
pub mod deregister_managed_instance;
pub mod describe_activations;
pub mod describe_instance_information;
pub mod describe_instance_properties;
pub mod register_default_host_management_configuration;
pub mod update_managed_instance_role;

mod filter;

use qd_model::shapes::nodes::{InstanceInformation, PingStatus, PlatformType, ResourceType, SourceType};
use qd_model::{ApiError, Timestamp};
use qd_store::table::nodes::query::Listed;

use crate::sealed::MasterKey;

pub use filter::information_conditions;

/// ResourceType of every node here, and the kind under which its tags stand.
pub const MANAGED_INSTANCE: &str = "ManagedInstance";

/// Name that Quarterdeck's own agent gives itself; it is of the same release as the hub, or behind.
pub const OUR_AGENT: &str = "quarterdeck-agent";

/// What is kept of an activation code: only a holder of the master key can make it, so a copy of the database yields no codes.
pub fn code_hash(key: &MasterKey, activation_id: &str, code: &str) -> [u8; 32] {
    *key.derive("activation code", format!("{activation_id}\n{code}").as_bytes())
}

/// Roles are kept as CreateActivation got them: a name, with its path (semantics 13.2.1). The role of a service itself is no node's.
fn check_role(role: &str) -> Result<(), ApiError> {
    if role.trim().is_empty() {
        return Err(ApiError::validation("IamRole is the name of the role that the nodes get; it must not be blank."));
    }
    if role.to_ascii_lowercase().contains("aws-service-role") {
        return Err(ApiError::validation(format!("The role {role} is a service-linked role; nodes need a role of their own.")));
    }
    Ok(())
}

/// InvalidInstanceId in the words for one node.
pub fn unknown_node(instance_id: &str) -> ApiError {
    ApiError::new("InvalidInstanceId", format!("The managed node {instance_id} is not registered."))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn ping_status(online: bool) -> PingStatus {
    if online { PingStatus::Online } else { PingStatus::ConnectionLost }
}

fn last_ping(ms: i64) -> Option<Timestamp> {
    (ms > 0).then(|| Timestamp::from_millis(ms))
}

/// A node as DescribeInstanceInformation shows it; also what the console's list shows.
pub fn instance_information(listed: &Listed) -> InstanceInformation {
    let node = &listed.node;
    let information = &node.information;
    InstanceInformation {
        instance_id: Some(node.instance_id.clone()),
        ping_status: Some(ping_status(listed.online)),
        last_ping_date_time: last_ping(node.last_ping_at),
        agent_version: some(&information.agent_version),
        // Of the stock agent nobody here knows which version is the latest.
        is_latest_version: (information.agent_name == OUR_AGENT).then(|| information.agent_version == env!("CARGO_PKG_VERSION")),
        platform_type: PlatformType::from_wire(&information.platform_type),
        platform_name: some(&information.platform_name),
        platform_version: some(&information.platform_version),
        activation_id: some(&node.activation_id),
        iam_role: some(&node.iam_role),
        registration_date: Some(Timestamp::from_millis(node.registered_at)),
        resource_type: Some(ResourceType::ManagedInstance),
        name: some(&node.name),
        ip_address: some(&information.ip_address).map(Into::into),
        computer_name: some(&information.computer_name),
        source_id: Some(node.instance_id.clone()),
        source_type: Some(SourceType::AwsSsmManagedInstance),
        ..InstanceInformation::default()
    }
}
