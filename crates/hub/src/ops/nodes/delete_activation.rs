//! DeleteActivation: no further machine registers by it; its nodes stay.

use qd_model::ApiError;
use qd_model::shapes::nodes::{DeleteActivationInput, DeleteActivationOutput};
use qd_store::table::activations;

use crate::cx::Cx;
use crate::fault::of_store;

pub async fn run(cx: &Cx, input: DeleteActivationInput) -> Result<DeleteActivationOutput, ApiError> {
    let id = input.activation_id.clone();
    let gone = cx.store().write(move |tx| activations::delete(tx, &id)).await.map_err(of_store)?;
    if gone {
        return Ok(DeleteActivationOutput {});
    }
    Err(ApiError::new("InvalidActivation", format!("The activation {} does not exist.", input.activation_id)))
}
