//! Whether a presented signature is the one the secret gives, now, for this request.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::presented::format_time;
use super::{AuthError, ContentSha256, Presented, RequestParts, Secret, SigningKey, UNSIGNED_PAYLOAD, canonical};

/// How far a signer's clock may be off, as on AWS.
pub const DEFAULT_MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);
/// A week, the longest a presigned URL may live.
pub const MAX_PRESIGNED_SECONDS: u32 = 604_800;

/// Verifies a request against the secret of `presented.access_key_id`. The caller has looked that up, and checks the session
/// token, region and service itself.
pub fn verify(
    presented: &Presented,
    parts: &RequestParts,
    secret: &Secret,
    now: Timestamp,
    max_skew: SignedDuration,
) -> Result<(), AuthError> {
    verify_with_key(presented, parts, &SigningKey::for_scope(secret, &presented.scope), now, max_skew)
}

/// As [`verify`], with a key derived earlier for exactly `presented.scope`.
pub fn verify_with_key(
    presented: &Presented,
    parts: &RequestParts,
    key: &SigningKey,
    now: Timestamp,
    max_skew: SignedDuration,
) -> Result<(), AuthError> {
    check_time(presented, now, max_skew)?;
    let hash = payload_hash(presented, parts)?;
    let text = canonical::string_to_sign(parts, &presented.signed_headers, &presented.amz_date, &presented.scope, &hash);
    let wanted = key.signature(&text);
    if bool::from(wanted.as_bytes().ct_eq(presented.signature.as_bytes())) { Ok(()) } else { Err(AuthError::Mismatch) }
}

/// The clock's part: signed neither too early nor too late, on the day of its scope, and a presigned URL not past its end.
pub fn check_time(presented: &Presented, now: Timestamp, max_skew: SignedDuration) -> Result<(), AuthError> {
    let minutes = max_skew.as_mins();
    let at = |shift: SignedDuration| now.checked_add(shift).unwrap_or(now);
    let signed = presented.amz_date.clone();
    let latest = at(max_skew);
    if presented.time > latest {
        return Err(AuthError::NotYetCurrent { signed, limit: format_time(latest), now: format_time(now), minutes });
    }
    match presented.expires {
        Some(seconds) => {
            let until = presented.time.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(presented.time);
            if now > until {
                return Err(AuthError::UrlExpired { until: format_time(until), now: format_time(now) });
            }
        }
        None => {
            let earliest = at(-max_skew);
            if presented.time < earliest {
                return Err(AuthError::Expired { signed, limit: format_time(earliest), now: format_time(now), minutes });
            }
        }
    }
    let day = &presented.amz_date[..8];
    if day != presented.scope.date {
        return Err(AuthError::Scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{}'.",
            presented.scope.date, presented.amz_date
        )));
    }
    Ok(())
}

/// The text that stands for the body in the canonical request, after checking that it fits the body when that is known. With
/// [`super::Body::Unread`] a stated hash is taken, and the caller compares it once it has read the body.
pub fn payload_hash(presented: &Presented, parts: &RequestParts) -> Result<String, AuthError> {
    let s3 = presented.scope.service == "s3";
    match &presented.content_sha256 {
        ContentSha256::Absent if s3 && presented.is_presigned() => Ok(UNSIGNED_PAYLOAD.into()),
        ContentSha256::Absent => {
            parts.body.hex().ok_or_else(|| AuthError::Incomplete("Missing required header for this request: x-amz-content-sha256".into()))
        }
        ContentSha256::Hex(stated) => match parts.body.hex() {
            Some(computed) if !computed.eq_ignore_ascii_case(stated) => Err(AuthError::ContentSha256),
            _ => Ok(stated.clone()),
        },
        // Only S3 lets a body go unsigned; anywhere else it would leave the operation's input open to change.
        other if !s3 => Err(AuthError::Scope(format!("'{}' is only accepted for S3.", other.as_str().unwrap_or_default()))),
        other => Ok(other.as_str().unwrap_or(UNSIGNED_PAYLOAD).into()),
    }
}
