//! RegisterDefaultHostManagementConfiguration: the account's role for machines without one of their own. It is the same thing as the
//! service setting [`DEFAULT_NODE_ROLE`], so it is kept there (semantics 13.3.5).

use qd_model::ApiError;
use qd_model::shapes::nodes::{
    DHMCPermissionModel, RegisterDefaultHostManagementConfigurationInput, RegisterDefaultHostManagementConfigurationOutput,
};
use qd_store::table::service_settings::{self, ServiceSetting};

use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::settings::{self, DEFAULT_NODE_ROLE};

/// The role that AWS keeps for this purpose.
const SERVICE_MANAGED_ROLE: &str = "service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole";

pub async fn run(
    cx: &Cx,
    input: RegisterDefaultHostManagementConfigurationInput,
) -> Result<RegisterDefaultHostManagementConfigurationOutput, ApiError> {
    let role_arn = match (input.permission_model, input.role_arn) {
        (DHMCPermissionModel::SelfManaged, Some(arn)) => arn,
        (DHMCPermissionModel::ServiceManaged, None) => format!("arn:aws:iam::{}:role/{SERVICE_MANAGED_ROLE}", cx.account()),
        (DHMCPermissionModel::SelfManaged, None) => {
            return Err(ApiError::validation("RoleArn is required with the permission model SELF_MANAGED."));
        }
        (DHMCPermissionModel::ServiceManaged, Some(_)) => {
            return Err(ApiError::validation("RoleArn must not be given with the permission model SERVICE_MANAGED."));
        }
    };
    let overwrite = input.overwrite.unwrap_or(false);
    let value = role_arn.split_once(":role/").map_or(role_arn.as_str(), |(_, name)| name).to_owned();
    let setting = ServiceSetting { value, modified_at: cx.now_ms(), modified_by: cx.caller_arn() };
    cx.store()
        .write(move |tx| -> Result<(), Fault> {
            if let Some(before) = service_settings::get(tx, DEFAULT_NODE_ROLE)?
                && before.value != setting.value
                && !overwrite
            {
                let text = "A default host management configuration is registered already; set Overwrite to replace it.";
                return Err(ApiError::validation(text).into());
            }
            service_settings::put(tx, DEFAULT_NODE_ROLE, &setting)?;
            tx.notify(settings::TOPIC);
            Ok(())
        })
        .await
        .map_err(ApiError::from)?;
    Ok(RegisterDefaultHostManagementConfigurationOutput { role_arn: Some(role_arn) })
}
