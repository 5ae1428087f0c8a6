//! UpdateServiceSetting: gives a setting a value of its own.

use qd_model::ApiError;
use qd_model::shapes::settings::{UpdateServiceSettingInput, UpdateServiceSettingOutput};
use qd_store::table::service_settings::{self, ServiceSetting};

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: UpdateServiceSettingInput) -> Result<UpdateServiceSettingOutput, ApiError> {
    let own_cx = cx.clone();
    cx.store()
        .write(move |tx| -> Result<_, Fault> {
            let (id, setting) = super::named(&own_cx, &input.setting_id)?;
            super::check(id, setting, &input.setting_value)?;
            let stored =
                ServiceSetting { value: input.setting_value.clone(), modified_at: own_cx.now_ms(), modified_by: own_cx.caller_arn() };
            service_settings::put(tx, id, &stored)?;
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(UpdateServiceSettingOutput {})
}
