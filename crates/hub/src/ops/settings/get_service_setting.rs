//! GetServiceSetting: how a setting stands, by id or ARN.

use qd_model::ApiError;
use qd_model::shapes::settings::{GetServiceSettingInput, GetServiceSettingOutput};

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: GetServiceSettingInput) -> Result<GetServiceSettingOutput, ApiError> {
    let own_cx = cx.clone();
    let setting = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let (id, setting) = super::named(&own_cx, &input.setting_id)?;
            Ok(super::read(&own_cx, tx, id, setting)?)
        })
        .await?;
    Ok(GetServiceSettingOutput { service_setting: Some(setting) })
}
