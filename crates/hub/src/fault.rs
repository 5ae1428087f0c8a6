//! The error of a store closure inside an operation: either the answer that the caller gets, or a failure of the store itself.
//!
//! The store knows no API errors and the model knows no store, so the one place where both meet is here:
//! `cx.store().write(move |tx| -> Result<_, Fault> { … }).await?` turns into an [`ApiError`] at the `?`.

use qd_model::ApiError;
use qd_store::{ErrorCode, StoreError};

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
        Self(of_store(error))
    }
}

/// What a failure of the store answers. A text that no engine can keep is the caller's to change.
pub fn of_store(error: StoreError) -> ApiError {
    match error.code {
        ErrorCode::Nul => ApiError::validation("A text in the request holds a NUL character. Leave it out."),
        _ => ApiError::internal().with_source(error),
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}
