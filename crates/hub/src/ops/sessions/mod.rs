//! Session Manager (semantics 13.1): who may open a session on which node, with what document, and where every session stands.
//!
//! A session is a row before it is anything else. What follows from it (telling the node, ending it in time, telling the node again) is the
//! business of `task::sessions`; the bytes between the two ends are that of `channel::data`.

pub mod deliver;
pub mod describe_sessions;
pub mod document;
pub mod get_connection_status;
pub mod resume_session;
pub mod start_session;
pub mod terminate_session;
pub mod token;

use qd_model::ApiError;
use qd_store::table::sessions::{self, End, Session, Status};
use qd_store::{StoreError, Tx};
use serde_json::json;

use crate::cx::Cx;
use crate::events;
use crate::ops::commands::advance::Scene;

/// Path of a session's websocket, before its id.
pub const DATA_CHANNEL: &str = "/v1/data-channel/";
/// Longest text that a client is shown when a session ends: it is printed on one line (session-protocol 11.14).
const MAX_DETAILS: usize = 1024;

/// Where the client opens its end: the name it reached this hub by, which is the one its network and its trust know.
pub fn stream_url(cx: &Cx, session_id: &str) -> Result<String, ApiError> {
    let authority = cx.authority().ok_or_else(|| {
        ApiError::internal().with_source("a session was asked for in process, and this hub has no listener that its client could reach")
    })?;
    Ok(format!("wss://{authority}{DATA_CHANNEL}{session_id}?role=publish_subscribe"))
}

/// Ends a session and says so; `false` when it had ended before.
pub fn end(tx: &mut Tx<'_>, scene: &Scene, session: &Session, status: Status, details: Option<&str>) -> Result<bool, StoreError> {
    let end = End {
        status,
        details: details.map(|text| shown(text, MAX_DETAILS)).filter(|text| !text.is_empty()),
        // A node that was told of it may have it open, also when it never came.
        agent_open: session.sends > 0 || session.agent_open,
        s3_output_url: None,
        cloud_watch_output_url: None,
    };
    let ended = sessions::end(tx, &session.session_id, &end, scene.now)?;
    if ended {
        changed(tx, scene, &session.session_id)?;
    }
    Ok(ended)
}

/// Tells that a session stands somewhere else now.
pub fn changed(tx: &mut Tx<'_>, scene: &Scene, session_id: &str) -> Result<(), StoreError> {
    let Some(session) = sessions::get(tx, session_id)? else { return Ok(()) };
    let detail = json!({
        "session-id": session.session_id,
        "target": session.target,
        "owner": session.owner,
        "document-name": session.document_name,
        "session-type": session.session_type,
        "status": session.status.as_str(),
        "details": session.details,
    });
    events::session_changed(tx, scene, &session.target, &detail)
}

/// Text from a node on one line, bounded.
pub fn shown(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    line.trim().to_owned()
}

/// `DoesNotExistException`.
fn missing(session_id: &str) -> ApiError {
    ApiError::new("DoesNotExistException", format!("Session {session_id} does not exist."))
}
