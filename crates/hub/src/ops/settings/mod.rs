//! Service settings (semantics 10.3): the account's switches, each with a default until somebody changes it.

pub mod get_service_setting;
pub mod reset_service_setting;
pub mod update_service_setting;

use qd_model::shapes::settings::ServiceSetting;
use qd_model::{ApiError, Timestamp};
use qd_store::table::service_settings;
use qd_store::{StoreError, Tx};

use crate::cx::Cx;

/// Topic of the store under which every change of a setting is announced.
pub const TOPIC: &str = "service_settings";

/// Whether documents may be shared with everybody: Enable or Disable.
pub const PUBLIC_SHARING: &str = "/ssm/documents/console/public-sharing-permission";
/// Tier of the nodes that register by activation: standard or advanced.
pub const ACTIVATION_TIER: &str = "/ssm/managed-instance/activation-tier";
/// Role of nodes that have none of their own, or [`NONE`].
pub const DEFAULT_NODE_ROLE: &str = "/ssm/managed-instance/default-ec2-instance-management-role";
/// Age in days at which nodes are told to make a new key pair; 0 is never. Quarterdeck's own setting: AWS leaves it to the agent's
/// configuration (agent-protocol 2.6).
pub const KEY_ROTATION_DAYS: &str = "/quarterdeck/managed-instance/key-rotation-days";
/// What is recorded of sessions: Off, Output or OutputAndInput. Quarterdeck's own; AWS keeps logs in other services.
pub const SESSION_RECORDING: &str = "/quarterdeck/session/recording";
/// Days for which recordings are kept; 0 is until their room is needed.
pub const SESSION_RECORDING_DAYS: &str = "/quarterdeck/session/recording-retention-days";
/// What AWS reports for a setting that nobody has given a value.
pub const NONE: &str = "$None";

/// When defaults count as set: they came with the program, so one moment is as good as another as long as it stays the same. 2026-01-01.
const DEFAULTS_SET_AT: i64 = 1_767_225_600_000;

/// What a setting may be set to.
enum Values {
    OneOf(&'static [&'static str]),
    /// A whole number from 0 to this.
    UpTo(u32),
    /// Any text of the shape's length.
    Text,
}

struct Setting {
    id: &'static str,
    default: &'static str,
    values: Values,
}

const fn setting(id: &'static str, default: &'static str, values: Values) -> Setting {
    Setting { id, default, values }
}

/// Every setting by its id.
const SETTINGS: &[Setting] = &[
    setting("/ssm/parameter-store/default-parameter-tier", "Standard", Values::OneOf(&["Standard", "Advanced", "Intelligent-Tiering"])),
    setting("/ssm/parameter-store/high-throughput-enabled", "false", Values::OneOf(&["true", "false"])),
    setting(ACTIVATION_TIER, "standard", Values::OneOf(&["standard", "advanced"])),
    setting(DEFAULT_NODE_ROLE, NONE, Values::Text),
    setting(KEY_ROTATION_DAYS, "0", Values::UpTo(3_650)),
    setting(SESSION_RECORDING, "Output", Values::OneOf(&["Off", "Output", "OutputAndInput"])),
    setting(SESSION_RECORDING_DAYS, "30", Values::UpTo(3_650)),
    setting(PUBLIC_SHARING, "Enable", Values::OneOf(&["Enable", "Disable"])),
    setting("/ssm/automation/customer-script-log-destination", NONE, Values::OneOf(&["CloudWatch"])),
    setting("/ssm/automation/customer-script-log-group-name", "/aws/ssm/automation/executeScript", Values::Text),
    setting("/ssm/automation/enable-adaptive-concurrency", "False", Values::OneOf(&["True", "False"])),
    setting("/ssm/opsinsights/opscenter", "Disabled", Values::OneOf(&["Enabled", "Disabled"])),
    setting("/ssm/appmanager/appmanager-enabled", "False", Values::OneOf(&["True", "False"])),
];

/// Beginnings of ids that name a source of OpsItems or OpsData; each is switched on and off by itself.
const SOURCES: &[&str] = &["/ssm/opsitem/", "/ssm/opsdata/"];
const SOURCE: Setting = setting("", "Disabled", Values::OneOf(&["Enabled", "Disabled"]));

/// The setting that an id or an ARN names, with its id.
fn named<'a>(cx: &Cx, reference: &'a str) -> Result<(&'a str, &'static Setting), ApiError> {
    let missing = || ApiError::new("ServiceSettingNotFound", format!("The service setting {reference} does not exist."));
    let id = match reference.starts_with("arn:") {
        false => reference,
        true => id_of_arn(cx, reference).ok_or_else(missing)?,
    };
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.id == id) {
        return Ok((id, setting));
    }
    let is_name =
        |name: &str| (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let is_source = SOURCES.iter().any(|source| id.strip_prefix(source).is_some_and(is_name));
    if is_source { Ok((id, &SOURCE)) } else { Err(missing()) }
}

/// `arn:<p>:ssm:<region>:<account>:servicesetting/ssm/…` without what stands before the id's slash.
fn id_of_arn<'a>(cx: &Cx, arn: &'a str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let is_here = parts.next() == Some("ssm") && parts.next() == Some(cx.region()) && parts.next() == Some(cx.account());
    parts.next().filter(|_| is_here)?.strip_prefix("servicesetting").filter(|id| id.starts_with('/'))
}

/// Refuses a value the setting does not have.
fn check(id: &str, setting: &Setting, value: &str) -> Result<(), ApiError> {
    match setting.values {
        Values::OneOf(values) if !values.contains(&value) => {
            Err(ApiError::validation(format!("The service setting {id} has no value {value}. It is one of {}.", values.join(", "))))
        }
        Values::UpTo(most) if !is_number(value, most) => {
            Err(ApiError::validation(format!("The service setting {id} has no value {value}. It is a whole number from 0 to {most}.")))
        }
        _ if value.contains('\0') => Err(ApiError::validation(format!("The value of the service setting {id} holds a NUL character."))),
        _ => Ok(()),
    }
}

/// Whether this is a whole number up to `most` as it is usually written.
fn is_number(value: &str, most: u32) -> bool {
    value.parse::<u32>().is_ok_and(|number| number <= most && number.to_string() == value)
}

/// How the setting stands.
fn read(cx: &Cx, tx: &mut Tx<'_>, id: &str, setting: &Setting) -> Result<ServiceSetting, StoreError> {
    let stored = service_settings::get(tx, id)?;
    let arn = cx.arn(&format!("servicesetting{id}"));
    let setting = match stored {
        Some(stored) => ServiceSetting {
            setting_id: Some(id.to_owned()),
            setting_value: Some(stored.value),
            last_modified_date: Some(Timestamp::from_millis(stored.modified_at)),
            last_modified_user: Some(stored.modified_by),
            arn: Some(arn),
            status: Some("Customized".to_owned()),
        },
        None => ServiceSetting {
            setting_id: Some(id.to_owned()),
            setting_value: Some(setting.default.to_owned()),
            last_modified_date: Some(Timestamp::from_millis(DEFAULTS_SET_AT)),
            last_modified_user: Some("System".to_owned()),
            arn: Some(arn),
            status: Some("Default".to_owned()),
        },
    };
    Ok(setting)
}

/// Value of a setting, for the families that act on it. `id` is one of this module's constants or a row of the list above.
pub fn value(tx: &mut Tx<'_>, id: &str) -> Result<String, StoreError> {
    let default = SETTINGS.iter().find(|setting| setting.id == id).map_or(SOURCE.default, |setting| setting.default);
    Ok(service_settings::get(tx, id)?.map_or_else(|| default.to_owned(), |stored| stored.value))
}
