//! CreateActivation: an id and a code by which machines register. The code is told once and never kept (semantics 13.2.1).

use qd_model::shapes::nodes::{CreateActivationInput, CreateActivationOutput};
use qd_model::shapes::tags;
use qd_model::{ApiError, Timestamp};
use qd_store::table::activations::{self, ActivationRow};
use uuid::Uuid;

use super::{check_role, code_hash};
use crate::cx::Cx;
use crate::fault::of_store;
use crate::ops::tags::check;
use crate::sealed;

const DAY_MS: i64 = 86_400_000;
const CODE_LENGTH: usize = 20;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub async fn run(cx: &Cx, input: CreateActivationInput) -> Result<CreateActivationOutput, ApiError> {
    check_role(&input.iam_role)?;
    let expires_at = expiration(input.expiration_date, cx.now_ms())?;
    let given = input.tags.unwrap_or_default();
    let checked: Vec<tags::Tag> = given.iter().map(|tag| tags::Tag { key: tag.key.clone(), value: tag.value.clone() }).collect();
    check(&checked)?;
    if input.registration_metadata.is_some_and(|items| !items.is_empty()) {
        return Err(ApiError::new("InvalidParameters", "RegistrationMetadata is reserved for use by AWS; leave it out."));
    }
    let internal = |e: sealed::SealError| ApiError::internal().with_source(e);
    let activation_id = Uuid::new_v4().to_string();
    let code = sealed::random_text(ALPHABET, CODE_LENGTH).map_err(internal)?;
    let row = ActivationRow {
        code_hash: code_hash(&cx.shared().master_key, &activation_id, &code).to_vec(),
        activation_id: activation_id.clone(),
        description: input.description,
        default_instance_name: input.default_instance_name,
        iam_role: input.iam_role,
        registration_limit: input.registration_limit.unwrap_or(1).into(),
        registrations_count: 0,
        expires_at,
        created_at: cx.now_ms(),
        tags: serde_json::to_string(&given).map_err(|e| ApiError::internal().with_source(e))?,
    };
    cx.store().write(move |tx| activations::insert(tx, &row)).await.map_err(of_store)?;
    Ok(CreateActivationOutput { activation_id: Some(activation_id), activation_code: Some(code) })
}

/// In a day unless asked otherwise; not in the past and at most thirty days ahead.
fn expiration(asked: Option<Timestamp>, now: i64) -> Result<i64, ApiError> {
    let Some(asked) = asked.map(Timestamp::as_millis) else { return Ok(now + DAY_MS) };
    if asked <= now {
        return Err(ApiError::new("InvalidParameters", "ExpirationDate must be in the future."));
    }
    if asked > now + 30 * DAY_MS {
        return Err(ApiError::new("InvalidParameters", "ExpirationDate must be at most 30 days ahead."));
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiration_has_its_bounds() {
        let at = |ms| Some(Timestamp::from_millis(ms));
        assert_eq!(expiration(None, 1_000).unwrap(), 1_000 + DAY_MS);
        assert_eq!(expiration(at(1_001), 1_000).unwrap(), 1_001);
        assert_eq!(expiration(at(1_000 + 30 * DAY_MS), 1_000).unwrap(), 1_000 + 30 * DAY_MS);
        assert!(expiration(at(1_000), 1_000).is_err());
        assert!(expiration(at(1_001 + 30 * DAY_MS), 1_000).is_err());
    }
}
