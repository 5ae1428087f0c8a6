//! The REST call before a channel's websocket: JSON in, status 201 and XML out (agent-protocol 4.1). Data channels use the same
//! bodies with one more member.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PayloadError, from_json, to_json_text};
use crate::xml;

/// The only schema version there is.
pub const MESSAGE_SCHEMA_VERSION: &str = "1.0";
/// The status a stock agent insists on.
pub const CREATED_STATUS: u16 = 201;
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateControlChannelRequest {
    pub message_schema_version: String,
    pub request_id: Uuid,
    /// Data channels only, and empty even there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

impl CreateControlChannelRequest {
    pub fn new(request_id: Uuid) -> Self {
        Self { message_schema_version: MESSAGE_SCHEMA_VERSION.into(), request_id, client_id: None }
    }

    pub fn to_text(&self) -> String {
        to_json_text(self)
    }

    pub fn from_body(body: &[u8]) -> Result<Self, PayloadError> {
        if body.len() > MAX_BYTES {
            return Err(PayloadError::TooLong(body.len()));
        }
        from_json(body)
    }
}

/// The answer. Both members are mandatory: a stock agent crashes without them.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateControlChannelAnswer {
    pub message_schema_version: String,
    /// Opaque; comes back in the opening text.
    pub token_value: String,
}

impl CreateControlChannelAnswer {
    pub fn new(token_value: String) -> Self {
        Self { message_schema_version: MESSAGE_SCHEMA_VERSION.into(), token_value }
    }

    pub fn to_xml(&self) -> String {
        format!(
            "<CreateControlChannelResponse><MessageSchemaVersion>{}</MessageSchemaVersion><TokenValue>{}</TokenValue></CreateControlChannelResponse>",
            xml::escape(&self.message_schema_version),
            xml::escape(&self.token_value)
        )
    }

    /// Any root element is accepted.
    pub fn from_xml(body: &[u8]) -> Result<Self, PayloadError> {
        if body.len() > MAX_BYTES {
            return Err(PayloadError::TooLong(body.len()));
        }
        let text = std::str::from_utf8(body).map_err(|_| PayloadError::Malformed("not UTF-8"))?;
        let token_value = xml::text_of(text, "TokenValue").filter(|token| !token.is_empty());
        Ok(Self {
            message_schema_version: xml::text_of(text, "MessageSchemaVersion").unwrap_or_else(|| MESSAGE_SCHEMA_VERSION.into()),
            token_value: token_value.ok_or(PayloadError::Malformed("no TokenValue"))?,
        })
    }
}

impl std::fmt::Debug for CreateControlChannelAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateControlChannelAnswer")
            .field("message_schema_version", &self.message_schema_version)
            .field("token_value", &"***")
            .finish()
    }
}

/// The body of a refusal. `code` becomes an element because a stock agent looks for the text `<AccessDeniedException>`, on which
/// it turns to the old message service.
pub fn refusal_xml(code: &str, message: &str) -> String {
    let name = if xml::is_name(code) { code } else { "InternalServerError" };
    format!("<{name}><Message>{}</Message></{name}>", xml::escape(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_golden() {
        let text = r#"{"MessageSchemaVersion":"1.0","RequestId":"00000000-0000-0000-0000-000000000001"}"#;
        let request = CreateControlChannelRequest::new(Uuid::from_u128(1));
        assert_eq!(request.to_text(), text);
        assert_eq!(CreateControlChannelRequest::from_body(text.as_bytes()).unwrap(), request);
    }

    #[test]
    fn answer_round_trips_through_xml() {
        let answer = CreateControlChannelAnswer::new("a<b&\"c\">".into());
        assert_eq!(CreateControlChannelAnswer::from_xml(answer.to_xml().as_bytes()).unwrap(), answer);
        let foreign = b"<?xml version=\"1.0\"?>\n<x:R xmlns:x=\"u\">\n <TokenValue a='1'> t </TokenValue></x:R>";
        assert_eq!(CreateControlChannelAnswer::from_xml(foreign).unwrap().token_value, " t ");
    }

    #[test]
    fn an_answer_without_token_is_refused() {
        for body in ["", "<R/>", "<R><TokenValue/></R>", "<R><TokenValue></TokenValue></R>", "<R><TokenValue>t", "{}"] {
            assert!(CreateControlChannelAnswer::from_xml(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(
            refusal_xml("AccessDeniedException", "no <b>"),
            "<AccessDeniedException><Message>no &lt;b&gt;</Message></AccessDeniedException>"
        );
    }
}
