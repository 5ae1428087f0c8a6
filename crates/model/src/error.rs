//! The one error that reaches a caller: a code, a sentence, a status, and what the service model adds to some codes (semantics 0.4, 0.5).

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// An error as AWS answers it. The consumer matches `code`; `source` is for the log alone and never travels.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The exception's name, such as `InvalidDocument`.
    pub code: Cow<'static, str>,
    /// HTTP status: 500 for `InternalServerError`, else 400.
    pub status: u16,
    pub message: String,
    /// Further members of the body, such as `OpsItemId`; empty for most codes.
    /// Boxed: an error travels in every result, and most have none.
    pub members: Box<Map<String, Value>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An error by its modelled name.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let code = code.into();
        let status = if code == "InternalServerError" { 500 } else { 400 };
        Self { code, status, message: message.into(), members: Box::default(), source: None }
    }

    /// `ValidationException`: the request as such is wrong.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// `SerializationException`: the body is not the JSON the operation expects.
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// `InternalServerError`, HTTP 500. What happened belongs into the log: add it with `with_source`.
    pub fn internal() -> Self {
        Self::new("InternalServerError", "An error occurred on the server side.")
    }

    /// `AccessDeniedException` in AWS's words (semantics 0.9). `action` is such as `ssm:SendCommand`.
    pub fn access_denied(principal: &str, action: &str, resource: &str) -> Self {
        Self::new(
            "AccessDeniedException",
            format!(
                "User: {principal} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
            ),
        )
    }

    /// `ThrottlingException`, which every SDK retries (semantics 0.10).
    pub fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }

    /// `UnknownOperationException`: no operation has that target.
    pub fn unknown_operation(target: &str) -> Self {
        let shown: String = target.chars().take(256).collect();
        Self::new("UnknownOperationException", format!("The requested operation is not known: {shown}"))
    }

    /// Adds a member of the error body.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Answers with another HTTP status than the code's own.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Keeps what lies behind the error, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The JSON body. Both spellings of `message` are sent, because the exceptions of the model differ in it (ssm-api 2).
    pub fn body(&self) -> Value {
        let mut body = Map::with_capacity(3 + self.members.len());
        body.insert("__type".to_owned(), self.code.as_ref().into());
        body.insert("message".to_owned(), self.message.as_str().into());
        body.insert("Message".to_owned(), self.message.as_str().into());
        for (name, value) in self.members.iter() {
            body.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        Value::Object(body)
    }

    /// Reads an error body back, as a client does. A `prefix#` before the code and a `:url` behind it are dropped.
    pub fn from_body(status: u16, body: &Value) -> Option<Self> {
        let body = body.as_object()?;
        let code = body.get("__type").or_else(|| body.get("code"))?.as_str()?;
        let code = code.rsplit('#').next().unwrap_or(code);
        let code = code.split(':').next().unwrap_or(code).to_owned();
        let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str).unwrap_or_default();
        let members: Map<String, Value> = body
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "__type" | "code" | "message" | "Message"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Some(Self { code: code.into(), status, message: message.to_owned(), members: Box::new(members), source: None })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_body_has_both_spellings_and_the_members() {
        let error = ApiError::new("OpsItemAlreadyExistsException", "It exists.").with("OpsItemId", "oi-0123456789ab");
        assert_eq!(error.status, 400);
        assert_eq!(
            error.body(),
            json!({"__type": "OpsItemAlreadyExistsException", "message": "It exists.", "Message": "It exists.", "OpsItemId": "oi-0123456789ab"})
        );
        assert_eq!(ApiError::internal().status, 500);
        assert_eq!(ApiError::validation("x").code, "ValidationException");
    }

    #[test]
    fn the_source_is_logged_but_does_not_travel() {
        let error = ApiError::internal().with_source(std::io::Error::other("disk on fire"));
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk on fire"));
        assert!(!error.body().to_string().contains("fire"));
    }

    #[test]
    fn reads_what_services_answer() {
        let error = ApiError::from_body(400, &json!({"__type": "com.amazonaws.ssm#InvalidDocument", "Message": "no"})).unwrap();
        assert_eq!((error.code.as_ref(), error.message.as_str()), ("InvalidDocument", "no"));
        assert!(ApiError::from_body(400, &json!([])).is_none());
    }

    #[test]
    fn denials_speak_awss_words() {
        assert_eq!(
            ApiError::access_denied("arn:aws:iam::123456789012:user/a", "ssm:SendCommand", "arn:x").message,
            "User: arn:aws:iam::123456789012:user/a is not authorized to perform: ssm:SendCommand on resource: arn:x because no identity-based policy allows the ssm:SendCommand action"
        );
    }
}
