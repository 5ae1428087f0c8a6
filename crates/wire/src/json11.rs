//! The envelope of the AWS JSON 1.1 protocol (ssm-semantics 0.1–0.4): a target header names the operation, a failure is a JSON
//! object with `__type` and `message`.

use serde_json::{Map, Value};

/// Content type of requests and answers.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The header that names the operation.
pub const TARGET_HEADER: &str = "x-amz-target";
/// The header that carries the request id of an answer.
pub const REQUEST_ID_HEADER: &str = "x-amzn-requestid";
/// The header that may carry the error code instead of the body.
pub const ERROR_TYPE_HEADER: &str = "x-amzn-errortype";
/// Target prefix of Systems Manager.
pub const SSM: &str = "AmazonSSM";
/// Target prefix of the old message service.
pub const EC2_MESSAGES: &str = "EC2WindowsMessageDeliveryService";

const MAX_TARGET_BYTES: usize = 256;
/// The longest error text taken from an answer.
const MAX_MESSAGE_CHARS: usize = 4096;

/// The two parts of `AmazonSSM.SendCommand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    pub prefix: &'a str,
    pub operation: &'a str,
}

impl<'a> Target<'a> {
    /// `None` for anything but two names with a dot between them.
    pub fn parse(header: &'a str) -> Option<Self> {
        let (prefix, operation) = header.split_once('.')?;
        let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (header.len() <= MAX_TARGET_BYTES && name(prefix) && name(operation)).then_some(Self { prefix, operation })
    }
}

impl std::fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.prefix, self.operation)
    }
}

/// The body of a failure. The text stands under both spellings SDKs look for, as AWS's services differ; `members` are the
/// exception's own.
pub fn error_body(code: &str, message: &str, members: &Map<String, Value>) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("__type".into(), code.into());
    body.insert("message".into(), message.into());
    body.insert("Message".into(), message.into());
    for (name, value) in members {
        body.insert(name.clone(), value.clone());
    }
    Value::Object(body).to_string().into_bytes()
}

/// A failure as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedError {
    /// Without namespace or documentation address; `UnknownError` when there was none.
    pub code: String,
    /// Empty when there was none; at most 4096 characters.
    pub message: String,
    /// Other members of the exception.
    pub members: Map<String, Value>,
}

/// Reads a failure from its `x-amzn-errortype` header and its body; a body that is not JSON gives no text.
pub fn read_error(error_type: Option<&str>, body: &[u8]) -> ReceivedError {
    let mut members = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let mut text = |names: &[&str]| {
        let mut found = None;
        for name in names {
            if let Some(Value::String(text)) = members.get(*name) {
                found.get_or_insert_with(|| text.clone());
                members.shift_remove(*name);
            }
        }
        found
    };
    let message = text(&["message", "Message", "errorMessage"]).unwrap_or_default();
    let stated = text(&["__type", "code"]);
    let code = error_type.map(str::to_owned).or(stated).map(|code| bare_code(&code).to_owned());
    ReceivedError {
        code: code.filter(|code| !code.is_empty()).unwrap_or_else(|| "UnknownError".into()),
        message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
        members,
    }
}

/// `com.amazonaws.ssm#InvalidDocument:http://…` is `InvalidDocument`.
fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().trim();
    if code.len() <= 128 { code } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets() {
        let target = Target::parse("AmazonSSM.SendCommand").unwrap();
        assert_eq!((target.prefix, target.operation), (SSM, "SendCommand"));
        assert_eq!(target.to_string(), "AmazonSSM.SendCommand");
        for text in ["", ".", "AmazonSSM", "AmazonSSM.", ".X", "A.B.C", "A.B C", &format!("A.{}", "b".repeat(300))] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }

    #[test]
    fn errors_round_trip_with_their_members() {
        let members = json!({"TypeName": "AWS:File"}).as_object().unwrap().clone();
        let body = error_body("ItemSizeLimitExceededException", "too \"big\"", &members);
        let text = r#"{"__type":"ItemSizeLimitExceededException","message":"too \"big\"","Message":"too \"big\"","TypeName":"AWS:File"}"#;
        assert_eq!(std::str::from_utf8(&body).unwrap(), text);
        let error = read_error(None, &body);
        assert_eq!(error, ReceivedError { code: "ItemSizeLimitExceededException".into(), message: "too \"big\"".into(), members });
    }

    #[test]
    fn errors_of_other_spellings_and_none() {
        let error = read_error(None, br#"{"__type":"com.amazonaws.ssm#InvalidDocument","Message":"no"}"#);
        assert_eq!((error.code.as_str(), error.message.as_str()), ("InvalidDocument", "no"));
        assert_eq!(read_error(Some("ThrottlingException:http://x/"), b"{}").code, "ThrottlingException");
        for body in [&b""[..], b"<html>", b"[]", br#"{"__type":7,"message":null}"#, br##"{"__type":"a#"}"##] {
            assert_eq!(read_error(None, body).code, "UnknownError");
        }
        let long = format!(r#"{{"message":"{}"}}"#, "é".repeat(10_000));
        assert_eq!(read_error(None, long.as_bytes()).message.chars().count(), 4096);
    }
}
