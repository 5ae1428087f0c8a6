//! DeregisterDefaultHostManagementConfiguration: puts the setting back. Without a configuration there is nothing to do, and that is fine.

use qd_model::ApiError;
use qd_model::shapes::nodes::{DeregisterDefaultHostManagementConfigurationInput, DeregisterDefaultHostManagementConfigurationOutput};
use qd_store::StoreError;
use qd_store::table::service_settings;

use crate::cx::Cx;
use crate::fault::of_store;
use crate::ops::settings::{self, DEFAULT_NODE_ROLE};

pub async fn run(
    cx: &Cx,
    _input: DeregisterDefaultHostManagementConfigurationInput,
) -> Result<DeregisterDefaultHostManagementConfigurationOutput, ApiError> {
    cx.store()
        .write(move |tx| {
            service_settings::remove(tx, DEFAULT_NODE_ROLE)?;
            tx.notify(settings::TOPIC);
            Ok::<_, StoreError>(())
        })
        .await
        .map_err(of_store)?;
    Ok(DeregisterDefaultHostManagementConfigurationOutput {})
}
