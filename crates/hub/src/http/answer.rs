//! Answers in the shape of each protocol. Every one carries a request id; what lies behind an internal error is logged here, once, and
//! not told.

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use qd_model::ApiError;
use qd_wire::payload::create_control_channel::refusal_xml;
use qd_wire::{json11, query};
use serde_json::Value;
use uuid::Uuid;

/// The protocol an answer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.1.
    Json,
    /// AWS query: XML.
    Query,
    /// ssmmessages: XML whose root is the error's code.
    Channel,
    /// S3 and other REST services, which this hub refuses.
    Rest,
}

/// A response of these parts.
pub fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// 200 with the JSON of an operation.
pub fn json(value: &Value) -> Response<Body> {
    plain(StatusCode::OK, json11::CONTENT_TYPE, value.to_string())
}

/// 200 with the XML of an STS action.
pub fn xml(body: Bytes) -> Response<Body> {
    plain(StatusCode::OK, query::XML_CONTENT_TYPE, body)
}

/// A refusal or failure.
pub fn error(protocol: Protocol, error: &ApiError, request_id: Uuid) -> Response<Body> {
    if error.status >= 500 {
        let source = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(%request_id, code = %error.code, message = error.message, source, "a request failed");
    } else {
        tracing::debug!(%request_id, code = %error.code, message = error.message, "a request was refused");
    }
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    match protocol {
        Protocol::Json => {
            let mut response = plain(status, json11::CONTENT_TYPE, error.body().to_string());
            if let Ok(code) = HeaderValue::from_str(&error.code) {
                response.headers_mut().insert(HeaderName::from_static(json11::ERROR_TYPE_HEADER), code);
            }
            response
        }
        Protocol::Query => {
            let body = query::error(query::STS_NAMESPACE, error.status, &error.code, &error.message, &request_id.to_string());
            plain(status, query::XML_CONTENT_TYPE, body)
        }
        Protocol::Channel => {
            // The agent looks for the code in the text; 403 is what AWS says with a denial.
            let status = if error.is("AccessDeniedException") { StatusCode::FORBIDDEN } else { status };
            plain(status, query::XML_CONTENT_TYPE, refusal_xml(&error.code, &error.message))
        }
        Protocol::Rest => {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>",
                qd_wire::xml::escape(&error.code),
                qd_wire::xml::escape(&error.message)
            );
            plain(status, "application/xml", body)
        }
    }
}

/// Adds the request id that every answer carries.
pub fn with_request_id(mut response: Response<Body>, request_id: Uuid) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().entry(HeaderName::from_static(json11::REQUEST_ID_HEADER)).or_insert(id);
    }
    response
}

/// Headers for what browsers load: nothing is sniffed, framed or told to others.
pub fn with_browser_guards(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
