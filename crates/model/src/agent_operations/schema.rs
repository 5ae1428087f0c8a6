//! Constraints of the private operations' bodies. Texts are bounded generously: the agents that send them are of many versions.

use crate::shape::{self, Member, Pattern, Shape};
use crate::shapes::schema::{associations, shared};
use crate::shapes::shared::PlatformType;

static UUID_PATTERN: Pattern = Pattern::new(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");
static UUID: Shape = Shape::string().pattern(&UUID_PATTERN);
static NODE_PATTERN: Pattern = Pattern::new(r"(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)");
static NODE: Shape = Shape::string().pattern(&NODE_PATTERN);
static CODE: Shape = Shape::string().min(20).max(250).sensitive();
static PUBLIC_KEY: Shape = Shape::string().min(1).max(4096);
static KEY_TYPE: Shape = Shape::string().max(64);
static SHORT: Shape = Shape::string().max(255);
static LONG_TEXT: Shape = Shape::string().max(2048);
static ADDRESS: Shape = Shape::string().max(46).sensitive();
static NAME: Shape = Shape::string().min(1).max(2048);
static TOKEN: Shape = Shape::string().max(8192);
static PAGE: Shape = Shape::integer().min(1).max(50);
static PLATFORM: Shape = Shape::string().values(PlatformType::VALUES);

pub static REGISTER_MANAGED_INSTANCE_INPUT: Shape = Shape::structure(
    "RegisterManagedInstanceInput",
    &[
        Member::required("ActivationCode", &CODE),
        Member::required("ActivationId", &UUID),
        Member::required("Fingerprint", &UUID),
        Member::required("PublicKey", &PUBLIC_KEY),
        Member::optional("PublicKeyType", &KEY_TYPE),
        Member::optional("IamRole", &SHORT),
        Member::optional("Tags", &shared::TAG_LIST),
    ],
);

pub static REQUEST_MANAGED_INSTANCE_ROLE_TOKEN_INPUT: Shape =
    Shape::structure("RequestManagedInstanceRoleTokenInput", &[Member::required("Fingerprint", &UUID)]);

pub static UPDATE_MANAGED_INSTANCE_PUBLIC_KEY_INPUT: Shape = Shape::structure(
    "UpdateManagedInstancePublicKeyInput",
    &[Member::required("NewPublicKey", &PUBLIC_KEY), Member::optional("NewPublicKeyType", &KEY_TYPE)],
);

pub static UPDATE_INSTANCE_INFORMATION_INPUT: Shape = Shape::structure(
    "UpdateInstanceInformationInput",
    &[
        Member::required("InstanceId", &NODE),
        Member::optional("AgentName", &SHORT),
        Member::optional("AgentVersion", &SHORT),
        Member::optional("AgentStatus", &SHORT),
        Member::optional("PlatformType", &PLATFORM),
        Member::optional("PlatformName", &SHORT),
        Member::optional("PlatformVersion", &SHORT),
        Member::optional("IPAddress", &ADDRESS),
        Member::optional("ComputerName", &SHORT),
        Member::optional("AvailabilityZone", &SHORT),
        Member::optional("AvailabilityZoneId", &SHORT),
        Member::optional("SSMConnectionChannel", &SHORT),
    ],
);

pub static LIST_INSTANCE_ASSOCIATIONS_INPUT: Shape = Shape::structure(
    "ListInstanceAssociationsInput",
    &[Member::required("InstanceId", &NODE), Member::optional("MaxResults", &PAGE), Member::optional("NextToken", &TOKEN)],
);

static EXECUTION_RESULT: Shape = Shape::structure(
    "InstanceAssociationExecutionResult",
    &[
        Member::required("Status", &SHORT),
        Member::required("ExecutionDate", &shape::TIMESTAMP),
        Member::optional("ErrorCode", &SHORT),
        Member::optional("ExecutionSummary", &LONG_TEXT),
        Member::optional("OutputUrl", &associations::INSTANCE_ASSOCIATION_OUTPUT_URL),
    ],
);

pub static UPDATE_INSTANCE_ASSOCIATION_STATUS_INPUT: Shape = Shape::structure(
    "UpdateInstanceAssociationStatusInput",
    &[
        Member::required("AssociationId", &UUID),
        Member::required("InstanceId", &NODE),
        Member::required("ExecutionResult", &EXECUTION_RESULT),
    ],
);

pub static GET_MANIFEST_INPUT: Shape =
    Shape::structure("GetManifestInput", &[Member::required("PackageName", &NAME), Member::optional("PackageVersion", &SHORT)]);

static ATTRIBUTES: Shape = Shape::map(&SHORT, &LONG_TEXT).max(64);
static STEP: Shape = Shape::structure(
    "ConfigurePackageResultStep",
    &[Member::optional("Action", &SHORT), Member::optional("Result", &shape::LONG), Member::optional("Timing", &shape::LONG)],
);
static STEPS: Shape = Shape::list(&STEP).max(1000);

pub static PUT_CONFIGURE_PACKAGE_RESULT_INPUT: Shape = Shape::structure(
    "PutConfigurePackageResultInput",
    &[
        Member::required("PackageName", &NAME),
        Member::optional("PackageVersion", &SHORT),
        Member::optional("PreviousPackageVersion", &SHORT),
        Member::optional("Operation", &SHORT),
        Member::optional("OverallTiming", &shape::LONG),
        Member::optional("Result", &shape::LONG),
        Member::optional("Attributes", &ATTRIBUTES),
        Member::optional("Steps", &STEPS),
    ],
);
