//! The error of a store closure inside an operation: either the answer that the caller gets, or a failure of the store itself.
//!
//! The store knows no API errors and the model knows no store, so the one place where both meet is here:
//! `cx.store().write(move |tx| -> Result<_, Fault> { … }).await?` turns into an [`ApiError`] at the `?`.

use qd_model::ApiError;
use qd_store::StoreError;

/// Why a store closure of an operation ended without a result.
#[derive(Debug)]
pub struct Fault(pub ApiError);

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(ApiError::internal().with_source(error))
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}
