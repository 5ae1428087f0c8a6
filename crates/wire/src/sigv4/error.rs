//! Why a request is not authenticated, with AWS's codes for both protocols and AWS's texts.

/// A refused request. The text is meant for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No signature at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A signature that lacks parts or cannot be read; the text names them.
    #[error("{0}")]
    Incomplete(String),
    /// The signature is not the one the secret gives.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
    /// Well-formed, but not for this day, region, service or host; the text says what.
    #[error("{0}")]
    Scope(String),
    /// Too old. Times are `YYYYMMDDTHHMMSSZ`.
    #[error("Signature expired: {signed} is now earlier than {limit} ({now} - {minutes} min.)")]
    Expired { signed: String, limit: String, now: String, minutes: i64 },
    /// Signed in the future.
    #[error("Signature not yet current: {signed} is still later than {limit} ({now} + {minutes} min.)")]
    NotYetCurrent { signed: String, limit: String, now: String, minutes: i64 },
    /// A presigned URL past its own end.
    #[error("Signature expired: the presigned URL was valid until {until}, it is now {now}")]
    UrlExpired { until: String, now: String },
    /// The body is not the one that was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256,
    /// The access key or session token is not known here.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session token was good once.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
}

impl AuthError {
    /// Error code in the JSON protocol.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::Mismatch
            | Self::Scope(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::UrlExpired { .. }
            | Self::ContentSha256 => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
        }
    }

    /// Error code in the query protocol (STS and the like), with HTTP status 403.
    pub fn query_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Incomplete(_) => "IncompleteSignature",
            Self::Mismatch
            | Self::Scope(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::UrlExpired { .. }
            | Self::ContentSha256 => "SignatureDoesNotMatch",
            Self::UnrecognizedClient => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
        }
    }
}
