//! `ec2messages`, the long-poll service that agents fall back to (agent-protocol 5). This hub delivers over control channels only, so it
//! holds each poll for as long as agents wait and answers that there is nothing; they stop asking once their channel is open (4.15).

use std::time::Duration;

use qd_model::ApiError;
use serde_json::{Value, json};

use crate::cx::{self, Cx};

/// Shorter than the agent's own limit of 20 s, long enough not to count as an error (agent-protocol 5).
const HOLD: Duration = Duration::from_secs(15);

/// Answers one operation of the service.
pub async fn call(cx: &Cx, operation: &str, input: &Value) -> Result<Value, ApiError> {
    if cx.caller().node().is_none() {
        return Err(cx::denied(&cx.caller_arn(), operation, "*"));
    }
    match operation {
        "GetMessages" => get_messages(cx, input).await,
        "AcknowledgeMessage" | "SendReply" | "FailMessage" | "DeleteMessage" | "GetEndpoint" => Err(ApiError::new(
            "InvalidMessageId",
            "This hub delivers commands over the control channel; it has handed out no message of this id.",
        )),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

async fn get_messages(cx: &Cx, input: &Value) -> Result<Value, ApiError> {
    let member = |name: &str| input.get(name).and_then(Value::as_str).filter(|text| (1..=256).contains(&text.len()));
    let destination = member("Destination").ok_or_else(|| ApiError::validation("Destination must be the id of the node that asks."))?;
    cx.require_self("GetMessages", destination)?;
    // Nothing is held but the connection.
    tokio::select! {
        () = tokio::time::sleep(HOLD) => {}
        () = cx.shared().shutdown.cancelled() => {}
    }
    Ok(json!({ "Destination": destination, "MessagesRequestId": member("MessagesRequestId"), "Messages": [] }))
}
