//! Signing what we send.

use std::convert::Infallible;

use jiff::Timestamp;

use super::canonical::{percent_encode, string_to_sign};
use super::presented::format_time;
use super::{ALGORITHM, Credentials, RequestParts, Scope, Secret, SigningKey, UNSIGNED_PAYLOAD};

/// Headers a proxy or the HTTP stack may change; signing them would only break the request.
const NOT_SIGNED: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
    "x-amz-date",
    "x-amz-security-token",
];

/// The headers to add to a request, `authorization` last. Every header in `parts` is signed except those the HTTP stack owns;
/// `host` must be among them. An unread body is signed as `UNSIGNED-PAYLOAD`, which only S3 accepts.
pub fn sign(parts: &RequestParts, credentials: &Credentials, region: &str, service: &str, now: Timestamp) -> Vec<(String, String)> {
    let scope = Scope::new(now, region, service);
    let key = SigningKey::for_scope(&credentials.secret_access_key, &scope);
    let signed = sign_parts(parts, &credentials.access_key_id, credentials.session_token.as_ref(), &scope, now, |text| {
        Ok::<_, Infallible>(key.signature(text))
    });
    match signed {
        Ok(headers) => headers,
        Err(never) => match never {},
    }
}

/// What all flavours share: the headers to add, with a signature made by `seal` from the string to sign.
pub(crate) fn sign_parts<E>(
    parts: &RequestParts,
    key_id: &str,
    session_token: Option<&Secret>,
    scope: &Scope,
    now: Timestamp,
    seal: impl FnOnce(&str) -> Result<String, E>,
) -> Result<Vec<(String, String)>, E> {
    let amz_date = format_time(now);
    let hash = parts.body.hex().unwrap_or_else(|| UNSIGNED_PAYLOAD.into());
    let mut added = vec![("x-amz-date".to_owned(), amz_date.clone())];
    if let Some(token) = session_token {
        added.push(("x-amz-security-token".into(), token.expose().into()));
    }
    if scope.service == "s3" && parts.header("x-amz-content-sha256").is_none() {
        added.push(("x-amz-content-sha256".into(), hash.clone()));
    }
    let headers = with_added(parts, &added);
    let signed = signed_names(&headers);
    let text = string_to_sign(&RequestParts { headers: &headers, ..*parts }, &signed, &amz_date, scope, &hash);
    let signature = seal(&text)?;
    let authorization = format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={}, Signature={signature}", signed.join(";"));
    added.push(("authorization".into(), authorization));
    Ok(added)
}

/// The query of a presigned URL: that of `parts` with the signature's members after it. Only `host` and the headers in `parts`
/// are signed; `expires` is in seconds, at most a week. For S3 the body stays unsigned.
pub fn presign(parts: &RequestParts, credentials: &Credentials, region: &str, service: &str, now: Timestamp, expires: u32) -> String {
    let amz_date = format_time(now);
    let scope = Scope::new(now, region, service);
    let headers = with_added(parts, &[]);
    let signed = signed_names(&headers);
    let mut members = vec![
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", credentials.access_key_id)),
        ("X-Amz-Date", amz_date.clone()),
        ("X-Amz-Expires", expires.clamp(1, super::MAX_PRESIGNED_SECONDS).to_string()),
        ("X-Amz-SignedHeaders", signed.join(";")),
    ];
    if let Some(token) = &credentials.session_token {
        members.push(("X-Amz-Security-Token", token.expose().to_owned()));
    }
    let mut query = parts.query.to_owned();
    for (name, value) in members {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&percent_encode(value.as_bytes(), false));
    }
    let hash = if service == "s3" { None } else { parts.body.hex() }.unwrap_or_else(|| UNSIGNED_PAYLOAD.into());
    let text = string_to_sign(&RequestParts { headers: &headers, query: &query, ..*parts }, &signed, &amz_date, &scope, &hash);
    let signature = SigningKey::for_scope(&credentials.secret_access_key, &scope).signature(&text);
    query.push_str("&X-Amz-Signature=");
    query.push_str(&signature);
    query
}

/// The headers to sign: the request's own, without what is not signed or is replaced, then the added ones.
fn with_added<'a>(parts: &RequestParts<'a>, added: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    let own = parts.headers.iter().copied().filter(|(name, _)| !NOT_SIGNED.iter().any(|not| name.eq_ignore_ascii_case(not)));
    own.chain(added.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect()
}

/// Lower-case, sorted, each once.
fn signed_names(headers: &[(&str, &str)]) -> Vec<String> {
    let mut names: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    names
}
