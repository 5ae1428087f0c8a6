//! ResetServiceSetting: puts a setting back to its default.

use qd_model::ApiError;
use qd_model::shapes::settings::{ResetServiceSettingInput, ResetServiceSettingOutput};
use qd_store::table::service_settings;

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: ResetServiceSettingInput) -> Result<ResetServiceSettingOutput, ApiError> {
    let own_cx = cx.clone();
    let setting = cx
        .store()
        .write(move |tx| -> Result<_, Fault> {
            let (id, setting) = super::named(&own_cx, &input.setting_id)?;
            service_settings::remove(tx, id)?;
            tx.notify(super::TOPIC);
            Ok(super::read(&own_cx, tx, id, setting)?)
        })
        .await?;
    Ok(ResetServiceSettingOutput { service_setting: Some(setting) })
}
