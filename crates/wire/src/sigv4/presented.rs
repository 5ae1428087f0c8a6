//! What a request says of its own signature, taken apart but not believed.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::canonical::percent_decode;
use super::{ALGORITHM, AuthError, RequestParts, Scope, Secret, UNSIGNED_PAYLOAD};

/// The longest Authorization header or presigned member that is read.
const MAX_MEMBER_BYTES: usize = 8 * 1024;
const MAX_SIGNED_HEADERS: usize = 64;

/// A signature as presented.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Access key id, or the node's instance id in the RSA flavour.
    pub access_key_id: String,
    pub scope: Scope,
    /// Lower-case, in the order they were listed.
    pub signed_headers: Vec<String>,
    /// Lower-case hex, or base64 in the RSA flavour.
    pub signature: String,
    /// When it was signed, to the second.
    pub time: Timestamp,
    /// The same as `YYYYMMDDTHHMMSSZ`.
    pub amz_date: String,
    pub session_token: Option<Secret>,
    /// Seconds of validity of a presigned URL; `None` when the signature stood in the header.
    pub expires: Option<u32>,
    pub content_sha256: ContentSha256,
}

impl Presented {
    pub fn is_presigned(&self) -> bool {
        self.expires.is_some()
    }
}

/// What `x-amz-content-sha256` says of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentSha256 {
    /// No such header; the body's own hash was signed.
    Absent,
    /// Lower-case hex.
    Hex(String),
    /// The body is not signed (S3 only).
    Unsigned,
    /// Each chunk carries a signature; see [`super::chunked`].
    Streaming,
    /// The same, with a signed trailer.
    StreamingTrailer,
    /// Chunks without signatures, and a trailer with a checksum.
    StreamingUnsignedTrailer,
}

impl ContentSha256 {
    /// `None` for a value AWS does not define for this algorithm.
    pub fn from_header(value: &str) -> Option<Self> {
        Some(match value {
            UNSIGNED_PAYLOAD => Self::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::Streaming,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Self::StreamingTrailer,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Self::StreamingUnsignedTrailer,
            hex if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => Self::Hex(hex.to_owned()),
            _ => return None,
        })
    }

    /// The text that stands in the canonical request; `None` when it is the body's own hash.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Hex(hex) => Some(hex),
            Self::Unsigned => Some(UNSIGNED_PAYLOAD),
            Self::Streaming => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            Self::StreamingTrailer => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            Self::StreamingUnsignedTrailer => Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        }
    }

    /// Whether the body is framed in aws-chunked.
    pub fn is_chunked(&self) -> bool {
        matches!(self, Self::Streaming | Self::StreamingTrailer | Self::StreamingUnsignedTrailer)
    }
}

/// Reads the signature of a request, from its Authorization header or else from its query. Nothing is verified.
pub fn parse(parts: &RequestParts) -> Result<Presented, AuthError> {
    match parts.header("authorization") {
        Some(header) => from_header(parts, header),
        None if query_member(parts.query, "X-Amz-Algorithm").is_some() || query_member(parts.query, "X-Amz-Signature").is_some() => {
            from_query(parts)
        }
        None => Err(AuthError::Missing),
    }
}

fn from_header(parts: &RequestParts, header: &str) -> Result<Presented, AuthError> {
    if header.len() > MAX_MEMBER_BYTES {
        return Err(AuthError::Incomplete("Authorization header is too long.".into()));
    }
    let (algorithm, members) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if algorithm.is_empty() {
        return Err(AuthError::Missing);
    }
    if algorithm != ALGORITHM {
        return Err(AuthError::Incomplete(format!("Unsupported AWS 'algorithm': '{}'.", shown(algorithm))));
    }
    let member = |name: &str| {
        members.split(',').filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    };
    let date = parts.header("x-amz-date").or_else(|| parts.header("date"));
    let mut missing: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
        .into_iter()
        .filter(|name| member(name).is_none_or(str::is_empty))
        .map(|name| format!("Authorization header requires '{name}' parameter."))
        .collect();
    if date.is_none() {
        missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into());
    }
    let (Some(credential), Some(signature), Some(signed), Some(date), true) =
        (member("Credential"), member("Signature"), member("SignedHeaders"), date, missing.is_empty())
    else {
        return Err(AuthError::Incomplete(missing.join(" ")));
    };
    let (access_key_id, scope) = read_credential(credential)?;
    let time = read_time(date)?;
    Ok(Presented {
        access_key_id,
        scope,
        signed_headers: read_signed_headers(parts, signed)?,
        signature: signature.to_owned(),
        amz_date: format_time(time),
        time,
        session_token: parts.header("x-amz-security-token").map(Secret::from),
        expires: None,
        content_sha256: read_content_sha256(parts.header("x-amz-content-sha256"))?,
    })
}

fn from_query(parts: &RequestParts) -> Result<Presented, AuthError> {
    let member = |name: &str| query_member(parts.query, name);
    let wanted = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|name| member(name).is_none_or(|value| value.is_empty() || value.len() > MAX_MEMBER_BYTES))
        .map(|name| format!("AWS query-string parameters must include '{name}'."))
        .collect();
    let [Some(algorithm), Some(credential), Some(signature), Some(signed), Some(date)] = wanted.map(member) else {
        return Err(AuthError::Incomplete(missing.join(" ")));
    };
    if !missing.is_empty() {
        return Err(AuthError::Incomplete(missing.join(" ")));
    }
    if algorithm != ALGORITHM {
        return Err(AuthError::Incomplete(format!("Unsupported AWS 'algorithm': '{}'.", shown(&algorithm))));
    }
    let (access_key_id, scope) = read_credential(&credential)?;
    let time = read_time(&date)?;
    let expires = match member("X-Amz-Expires") {
        // Only S3 insists on the member; elsewhere the usual skew is the limit.
        None => super::MAX_PRESIGNED_SECONDS.min(900),
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| (1..=super::MAX_PRESIGNED_SECONDS).contains(seconds))
            .ok_or_else(|| AuthError::Incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.".into()))?,
    };
    let content = member("X-Amz-Content-Sha256");
    Ok(Presented {
        access_key_id,
        scope,
        signed_headers: read_signed_headers(parts, &signed)?,
        signature,
        amz_date: format_time(time),
        time,
        session_token: member("X-Amz-Security-Token").map(Secret::from),
        expires: Some(expires),
        content_sha256: read_content_sha256(content.as_deref().or_else(|| parts.header("x-amz-content-sha256")))?,
    })
}

/// The decoded value of the first query member of that name.
fn query_member(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| String::from_utf8(percent_decode(value).into_owned()).ok())
}

/// `<access key>/<date>/<region>/<service>/aws4_request`.
fn read_credential(credential: &str) -> Result<(String, Scope), AuthError> {
    let invalid = || {
        AuthError::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
            shown(credential)
        ))
    };
    let elements: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = elements[..] else {
        return Err(invalid());
    };
    let plain = |text: &str| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if ![access_key_id, region, service].into_iter().all(plain) || date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    Ok((access_key_id.into(), Scope { date: date.into(), region: region.into(), service: service.into() }))
}

/// A target that is not signed could be exchanged under a captured signature, so it must be listed like the host.
fn read_signed_headers(parts: &RequestParts, list: &str) -> Result<Vec<String>, AuthError> {
    let names: Vec<String> = list.split(';').map(str::to_ascii_lowercase).collect();
    if names.len() > MAX_SIGNED_HEADERS || names.iter().any(|name| name.is_empty()) {
        return Err(AuthError::Incomplete("'SignedHeaders' is not a list of header names.".into()));
    }
    let listed = |name: &str| names.iter().any(|signed| signed == name);
    if !listed("host") {
        return Err(AuthError::Scope("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()));
    }
    if parts.header("x-amz-target").is_some() && !listed("x-amz-target") {
        return Err(AuthError::Scope("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.".into()));
    }
    Ok(names)
}

fn read_content_sha256(header: Option<&str>) -> Result<ContentSha256, AuthError> {
    match header {
        None => Ok(ContentSha256::Absent),
        Some(value) => ContentSha256::from_header(value).ok_or_else(|| {
            AuthError::Incomplete(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.".into(),
            )
        }),
    }
}

/// `YYYYMMDDTHHMMSSZ`, or the HTTP form a `Date` header has.
fn read_time(text: &str) -> Result<Timestamp, AuthError> {
    let bytes = text.as_bytes();
    let basic = bytes.len() == 16
        && bytes.iter().enumerate().all(|(at, b)| match at {
            8 => *b == b'T',
            15 => *b == b'Z',
            _ => b.is_ascii_digit(),
        });
    let time = if basic {
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .and_then(|civil| civil.to_zoned(TimeZone::UTC))
            .map(|zoned| zoned.timestamp())
    } else {
        jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp())
    };
    time.map_err(|_| {
        AuthError::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            shown(text)
        ))
    })
}

/// `YYYYMMDDTHHMMSSZ`.
pub(crate) fn format_time(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A caller's own text in an error, bounded and printable.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}
