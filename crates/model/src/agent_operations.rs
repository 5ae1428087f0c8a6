//! The private operations of the `ssm` endpoint that an agent calls and no public SDK knows (agent-protocol 2 and 3).
//!
//! They are written by hand, because the public service model does not have them.

pub mod schema;
pub mod shapes;

use crate::shape::Shape;
use crate::wire_enum::{UnknownValue, WordVisitor};
use std::fmt;
use std::str::FromStr;

/// A private operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AgentOperation {
    GetManifest,
    ListInstanceAssociations,
    PutConfigurePackageResult,
    RegisterManagedInstance,
    RequestManagedInstanceRoleToken,
    UpdateInstanceAssociationStatus,
    UpdateInstanceInformation,
    UpdateManagedInstancePublicKey,
}

/// Who may call a private operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// No signature; the activation code in the body is the proof.
    ActivationCode,
    /// Signed with the node's own RSA key.
    NodeKey,
    /// Signed with the credentials the hub gave the node.
    Credentials,
}

impl AgentOperation {
    /// Every private operation, in name order.
    pub const ALL: &'static [AgentOperation] = &[
        AgentOperation::GetManifest,
        AgentOperation::ListInstanceAssociations,
        AgentOperation::PutConfigurePackageResult,
        AgentOperation::RegisterManagedInstance,
        AgentOperation::RequestManagedInstanceRoleToken,
        AgentOperation::UpdateInstanceAssociationStatus,
        AgentOperation::UpdateInstanceInformation,
        AgentOperation::UpdateManagedInstancePublicKey,
    ];

    /// What follows `AmazonSSM.` in `X-Amz-Target`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetManifest => "GetManifest",
            Self::ListInstanceAssociations => "ListInstanceAssociations",
            Self::PutConfigurePackageResult => "PutConfigurePackageResult",
            Self::RegisterManagedInstance => "RegisterManagedInstance",
            Self::RequestManagedInstanceRoleToken => "RequestManagedInstanceRoleToken",
            Self::UpdateInstanceAssociationStatus => "UpdateInstanceAssociationStatus",
            Self::UpdateInstanceInformation => "UpdateInstanceInformation",
            Self::UpdateManagedInstancePublicKey => "UpdateManagedInstancePublicKey",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// Constraints of the request body.
    pub fn input(self) -> &'static Shape {
        match self {
            Self::GetManifest => &schema::GET_MANIFEST_INPUT,
            Self::ListInstanceAssociations => &schema::LIST_INSTANCE_ASSOCIATIONS_INPUT,
            Self::PutConfigurePackageResult => &schema::PUT_CONFIGURE_PACKAGE_RESULT_INPUT,
            Self::RegisterManagedInstance => &schema::REGISTER_MANAGED_INSTANCE_INPUT,
            Self::RequestManagedInstanceRoleToken => &schema::REQUEST_MANAGED_INSTANCE_ROLE_TOKEN_INPUT,
            Self::UpdateInstanceAssociationStatus => &schema::UPDATE_INSTANCE_ASSOCIATION_STATUS_INPUT,
            Self::UpdateInstanceInformation => &schema::UPDATE_INSTANCE_INFORMATION_INPUT,
            Self::UpdateManagedInstancePublicKey => &schema::UPDATE_MANAGED_INSTANCE_PUBLIC_KEY_INPUT,
        }
    }

    /// Error codes the agent knows, besides those common to all operations.
    pub const fn errors(self) -> &'static [&'static str] {
        match self {
            Self::GetManifest => &["ResourceNotFoundException", "InternalServerError"],
            Self::ListInstanceAssociations => &["InvalidInstanceId", "InvalidNextToken", "InternalServerError"],
            Self::PutConfigurePackageResult => &["InternalServerError"],
            Self::RegisterManagedInstance => &[
                "ActivationExpired",
                "InvalidActivation",
                "InvalidActivationId",
                "InstanceAlreadyRegistered",
                "InvalidPublicKey",
                "PublicKeyAlreadyRegistered",
                "MachineFingerprintDoesNotMatch",
                "TooManyUpdates",
                "InternalServerError",
            ],
            Self::RequestManagedInstanceRoleToken => {
                &["InvalidInstanceId", "MachineFingerprintDoesNotMatch", "TooManyUpdates", "InternalServerError"]
            }
            Self::UpdateInstanceAssociationStatus => {
                &["AssociationDoesNotExist", "InvalidInstanceId", "StatusUnchanged", "TooManyUpdates", "InternalServerError"]
            }
            Self::UpdateInstanceInformation => &["InvalidInstanceId", "InternalServerError"],
            Self::UpdateManagedInstancePublicKey => &[
                "InvalidPublicKey",
                "PublicKeyAlreadyRegistered",
                "MachineFingerprintDoesNotMatch",
                "TooManyUpdates",
                "InternalServerError",
            ],
        }
    }

    pub const fn proof(self) -> Proof {
        match self {
            Self::RegisterManagedInstance => Proof::ActivationCode,
            Self::RequestManagedInstanceRoleToken | Self::UpdateManagedInstancePublicKey => Proof::NodeKey,
            _ => Proof::Credentials,
        }
    }
}

impl fmt::Display for AgentOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AgentOperation {
    type Err = UnknownValue;

    fn from_str(name: &str) -> Result<Self, UnknownValue> {
        Self::from_name(name).ok_or_else(|| UnknownValue::new("AgentOperation", name))
    }
}

impl serde::Serialize for AgentOperation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for AgentOperation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor { of: "AgentOperation", find: Self::from_name })
    }
}

#[cfg(test)]
mod tests {
    use super::shapes::*;
    use super::*;
    use crate::Operation;
    use crate::validate::check;
    use serde_json::json;

    #[test]
    fn names_are_private_and_round_trip() {
        for operation in AgentOperation::ALL {
            assert_eq!(AgentOperation::from_name(operation.name()), Some(*operation));
            assert_eq!(Operation::from_name(operation.name()), None);
            assert!(!operation.input().members().is_empty());
        }
        assert!(AgentOperation::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
    }

    #[test]
    fn bodies_of_the_stock_agent_pass() {
        let node = "mi-0123456789abcdef0";
        let uuid = "6f3bd912-a4f9-487c-98c7-bae4db329857";
        for (operation, body) in [
            (
                AgentOperation::RegisterManagedInstance,
                json!({"ActivationCode": "x".repeat(20), "ActivationId": uuid, "Fingerprint": uuid, "PublicKey": "MII", "PublicKeyType": "Rsa"}),
            ),
            (AgentOperation::RequestManagedInstanceRoleToken, json!({"Fingerprint": uuid})),
            (AgentOperation::UpdateManagedInstancePublicKey, json!({"NewPublicKey": "MII", "NewPublicKeyType": "Rsa"})),
            (
                AgentOperation::UpdateInstanceInformation,
                json!({"AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.0.0", "InstanceId": node, "PlatformType": "Linux"}),
            ),
            (
                AgentOperation::UpdateInstanceInformation,
                json!({"AgentName": "amazon-ssm-agent", "AgentStatus": "Active", "AgentVersion": "3.3.0.0", "AvailabilityZone": "",
                    "AvailabilityZoneId": "", "ComputerName": "host", "IPAddress": "10.0.0.5", "InstanceId": node,
                    "PlatformName": "Debian GNU/Linux", "PlatformType": "Linux", "PlatformVersion": "12", "SSMConnectionChannel": ""}),
            ),
            (AgentOperation::ListInstanceAssociations, json!({"InstanceId": node, "MaxResults": 20})),
            (
                AgentOperation::UpdateInstanceAssociationStatus,
                json!({"AssociationId": uuid, "InstanceId": node, "ExecutionResult": {"Status": "InProgress", "ErrorCode": "",
                    "ExecutionDate": 1795343637.0, "ExecutionSummary": "x", "OutputUrl": {"S3OutputUrl": {"OutputUrl": ""}}}}),
            ),
            (AgentOperation::GetManifest, json!({"PackageName": "p", "PackageVersion": "latest"})),
        ] {
            assert_eq!(check(operation.input(), &body), Ok(()), "{operation}");
        }
        assert!(check(AgentOperation::RegisterManagedInstance.input(), &json!({})).is_err());
        assert!(check(AgentOperation::UpdateInstanceInformation.input(), &json!({"InstanceId": "no"})).is_err());
    }

    #[test]
    fn wire_names_are_the_agents() {
        let information: UpdateInstanceInformationInput = serde_json::from_value(
            json!({"InstanceId": "mi-0123456789abcdef0", "IPAddress": "10.0.0.5", "SSMConnectionChannel": "ssmmessages"}),
        )
        .unwrap();
        assert_eq!(information.ip_address.as_ref().unwrap().expose(), "10.0.0.5");
        assert_eq!(information.ssm_connection_channel.as_deref(), Some("ssmmessages"));
        let token = RequestManagedInstanceRoleTokenOutput {
            access_key_id: "ASIA".into(),
            secret_access_key: "s".into(),
            session_token: "t".into(),
            token_expiration_date: crate::Timestamp::from_millis(1_795_343_617_500),
            update_key_pair: false,
        };
        assert_eq!(
            serde_json::to_value(&token).unwrap(),
            json!({"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "TokenExpirationDate": 1795343617.5, "UpdateKeyPair": false})
        );
        assert!(!format!("{token:?}").contains("\"s\""));
    }
}
