//! The AWS query protocol, as STS speaks it: a form in, XML out. Enough for `GetCallerIdentity`, which every SDK's first check of
//! its credentials calls.

use crate::sigv4::canonical::percent_decode;
use crate::xml;

/// Content type of requests.
pub const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
/// Content type of answers.
pub const XML_CONTENT_TYPE: &str = "text/xml";
/// Name space of STS.
pub const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

const MAX_FORM_BYTES: usize = 256 * 1024;
const MAX_MEMBERS: usize = 1000;

/// A decoded form.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryRequest {
    pub action: String,
    pub version: String,
    members: Vec<(String, String)>,
}

/// Why a form cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("The request is too large.")]
    TooLarge,
    #[error("The request is not a valid form.")]
    Malformed,
    #[error("The request must contain the parameter Action.")]
    MissingAction,
}

impl QueryRequest {
    /// Reads a body, or the query of a GET. Names and values must be UTF-8; the first of several equal names wins.
    pub fn parse(form: &[u8]) -> Result<Self, QueryError> {
        if form.len() > MAX_FORM_BYTES {
            return Err(QueryError::TooLarge);
        }
        let text = std::str::from_utf8(form).map_err(|_| QueryError::Malformed)?;
        let mut members = Vec::new();
        for pair in text.trim_end().split('&').filter(|pair| !pair.is_empty()) {
            if members.len() >= MAX_MEMBERS {
                return Err(QueryError::TooLarge);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            members.push((form_decode(name)?, form_decode(value)?));
        }
        let mut request = Self { action: String::new(), version: String::new(), members };
        request.action = request.get("Action").filter(|action| !action.is_empty()).ok_or(QueryError::MissingAction)?.to_owned();
        request.version = request.get("Version").unwrap_or_default().to_owned();
        Ok(request)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Values may be secret.
impl std::fmt::Debug for QueryRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryRequest")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("members", &self.members.len())
            .finish()
    }
}

/// In a form a plus sign is a space.
fn form_decode(text: &str) -> Result<String, QueryError> {
    let spaced = text.replace('+', " ");
    String::from_utf8(percent_decode(&spaced).into_owned()).map_err(|_| QueryError::Malformed)
}

/// `<XResponse><XResult>members</XResult><ResponseMetadata>…`. `operation` and the member names are names of ours.
pub fn response(namespace: &str, operation: &str, members: &[(&str, &str)], request_id: &str) -> String {
    let mut out = format!("<{operation}Response xmlns=\"{}\"><{operation}Result>", xml::escape(namespace));
    for (name, value) in members {
        out.push_str(&format!("<{name}>{}</{name}>", xml::escape(value)));
    }
    out.push_str(&format!(
        "</{operation}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        xml::escape(request_id)
    ));
    out
}

/// The body of a failure; `status` below 500 is the sender's fault.
pub fn error(namespace: &str, status: u16, code: &str, message: &str, request_id: &str) -> String {
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{}\"><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        xml::escape(namespace),
        xml::escape(code),
        xml::escape(message),
        xml::escape(request_id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read() {
        let request = QueryRequest::parse(b"Action=GetCallerIdentity&Version=2011-06-15&A+b=1%2B1+%C3%A9&A+b=2&x").unwrap();
        assert_eq!((request.action.as_str(), request.version.as_str()), ("GetCallerIdentity", "2011-06-15"));
        assert_eq!(request.get("A b"), Some("1+1 é"));
        assert_eq!((request.get("x"), request.get("y")), (Some(""), None));
        assert!(!format!("{request:?}").contains("1+1"));
    }

    #[test]
    fn bad_forms_are_refused() {
        assert_eq!(QueryRequest::parse(b""), Err(QueryError::MissingAction));
        assert_eq!(QueryRequest::parse(b"Action="), Err(QueryError::MissingAction));
        assert_eq!(QueryRequest::parse(b"Action=%ff"), Err(QueryError::Malformed));
        assert_eq!(QueryRequest::parse(b"\xff"), Err(QueryError::Malformed));
        assert_eq!(QueryRequest::parse("a=1&".repeat(1001).as_bytes()), Err(QueryError::TooLarge));
        assert_eq!(QueryRequest::parse(&vec![b'a'; MAX_FORM_BYTES + 1]), Err(QueryError::TooLarge));
    }

    #[test]
    fn answers_are_escaped() {
        assert_eq!(
            response(STS_NAMESPACE, "GetCallerIdentity", &[("Arn", "a&b"), ("Account", "1")], "r"),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>a&amp;b</Arn><Account>1</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        );
        assert_eq!(
            error("n", 403, "InvalidClientTokenId", "<no>", "r"),
            "<ErrorResponse xmlns=\"n\"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>&lt;no&gt;</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
    }
}
