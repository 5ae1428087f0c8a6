//! Requests other than JSON 1.1: the hub's own paths under `/quarterdeck/v1/`, the REST calls of the message gateway, streams.

use bytes::Bytes;
use reqwest::Method;

use crate::error::CallError;

/// A request to be signed and sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// Signing name and, for AWS, endpoint prefix, such as `ssm`.
    pub service: String,
    pub method: Method,
    /// Percent-encoded, starting with a slash.
    pub path: String,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
    pub content_type: Option<String>,
    pub body: Bytes,
    /// Whether carrying it out twice does no harm.
    pub repeatable: bool,
}

impl Request {
    pub fn get(service: &str, path: &str) -> Self {
        Self {
            service: service.into(),
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            content_type: None,
            body: Bytes::new(),
            repeatable: true,
        }
    }

    /// A JSON body; not repeated unless made so.
    pub fn post(service: &str, path: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            content_type: Some("application/json".into()),
            body: body.into(),
            repeatable: false,
            ..Self::get(service, path)
        }
    }

    pub fn with_query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

/// A whole answer of status 2xx.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub request_id: Option<String>,
    pub content_type: Option<String>,
    /// Those named `x-quarterdeck-…`, in lower case.
    pub headers: Vec<(String, String)>,
    /// Bounded by the client's limit.
    pub body: Bytes,
}

/// An answer that is read as it comes: events, output, a download. Dropping it closes the connection.
#[derive(Debug)]
pub struct AnswerStream {
    pub(crate) response: reqwest::Response,
    pub(crate) request_id: Option<String>,
}

impl AnswerStream {
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// A header of the answer; `None` also when it is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The next bytes, or `None` at the end. Safe to drop and call again.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        self.response.chunk().await.map_err(CallError::transport)
    }
}
