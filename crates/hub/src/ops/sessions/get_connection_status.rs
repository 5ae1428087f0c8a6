//! GetConnectionStatus: whether a session could be started on a node now (semantics 13.1.5).

use qd_model::ApiError;
use qd_model::shapes::sessions::{ConnectionStatus, GetConnectionStatusInput, GetConnectionStatusOutput};
use qd_store::table::connections;

use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: GetConnectionStatusInput) -> Result<GetConnectionStatusOutput, ApiError> {
    let target = input.target.clone();
    let connected = cx.store().read(move |tx| -> Result<_, Fault> { Ok(connections::get(tx, &target)?.is_some()) }).await?;
    let status = if connected { ConnectionStatus::Connected } else { ConnectionStatus::Notconnected };
    Ok(GetConnectionStatusOutput { target: Some(input.target), status: Some(status) })
}
