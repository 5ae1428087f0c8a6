//! Telling nodes over their control channels that a session begins or is over (session-protocol 6.3, 6.5). No answer says that a start was
//! read; the node's end of the data channel does, and `task::sessions` tells it again until then.

use std::sync::Arc;

use qd_model::ApiError;
use qd_store::StoreError;
use qd_store::table::sessions;
use qd_wire::AgentMessage;
use qd_wire::payload::{ChannelClosed, InteractiveShell, SessionContent};
use uuid::Uuid;

use crate::hub::Shared;
use crate::sealed::MasterKey;

fn belongs_to(session_id: &str) -> String {
    format!("sessions/{session_id}/start")
}

/// What a node is told, sealed for the store: it holds parameter values.
pub fn seal(key: &MasterKey, content: &SessionContent) -> Result<Vec<u8>, ApiError> {
    let plain = serde_json::to_vec(content).map_err(|e| ApiError::internal().with_source(e))?;
    key.seal(&belongs_to(&content.session_id), &plain).map_err(|e| ApiError::internal().with_source(e))
}

fn open(key: &MasterKey, session_id: &str, sealed: &[u8]) -> Option<SessionContent> {
    let opened = key.unseal(&belongs_to(session_id), sealed).map_err(|error| error.to_string());
    match opened.and_then(|plain| serde_json::from_slice(&plain).map_err(|error| error.to_string())) {
        Ok(content) => Some(content),
        Err(error) => {
            tracing::error!(error, session_id, "what a node is to be told of a session cannot be opened with this hub's master key");
            None
        }
    }
}

/// Tells the node to start the session, when its control channel ends here. Otherwise the hub where it ends does, which heard of the row.
pub async fn start(shared: &Arc<Shared>, session_id: &str) {
    if let Err(error) = try_start(shared, session_id).await {
        // It is tried again until the session counts as failed.
        tracing::warn!(%error, session_id, "a node could not be told of its session");
    }
}

async fn try_start(shared: &Arc<Shared>, session_id: &str) -> Result<(), StoreError> {
    let (id, hub, now) = (session_id.to_owned(), shared.clone(), shared.clock.now_ms());
    // Counted before it is sent: a session that a node may have is never one that nobody told it of.
    let told = shared
        .store
        .write(move |tx| {
            let Some(session) = sessions::get(tx, &id)? else { return Ok(None) };
            if session.ended_at.is_some() || session.agent_hub.is_some() || hub.registry.get(&session.target).is_none() {
                return Ok(None);
            }
            let start = sessions::start_of(tx, &id)?.unwrap_or_default();
            sessions::sent(tx, &id, now)?;
            Ok::<_, StoreError>(Some((session, start)))
        })
        .await?;
    let Some((session, start)) = told else { return Ok(()) };
    if let (Some(channel), Some(content)) = (shared.registry.get(&session.target), open(&shared.master_key, session_id, &start)) {
        let now = u64::try_from(now).unwrap_or_default();
        channel.send(AgentMessage::carrying(&InteractiveShell::new(&content), Uuid::new_v4(), now).encode());
    }
    Ok(())
}

/// Tells the node that the session is over, when its control channel ends here.
pub async fn end(shared: &Arc<Shared>, session_id: &str) {
    if let Err(error) = try_end(shared, session_id).await {
        tracing::warn!(%error, session_id, "a node could not be told that its session is over");
    }
}

/// How often a node that says nothing is told that a session is over.
pub const ENDS: i64 = 3;

async fn try_end(shared: &Arc<Shared>, session_id: &str) -> Result<(), StoreError> {
    let (id, hub, now) = (session_id.to_owned(), shared.clone(), shared.clock.now_ms());
    let told = shared
        .store
        .write(move |tx| {
            let Some(session) = sessions::get(tx, &id)? else { return Ok(None) };
            if session.ended_at.is_none() || !session.agent_open || hub.registry.get(&session.target).is_none() {
                return Ok(None);
            }
            if session.sends >= ENDS {
                // It does not know the session, or has no word for its end.
                sessions::closed_on_node(tx, &id, None, None)?;
                return Ok(None);
            }
            sessions::sent(tx, &id, now)?;
            Ok::<_, StoreError>(Some(session.target))
        })
        .await?;
    let Some(target) = told else { return Ok(()) };
    if let Some(channel) = shared.registry.get(&target) {
        let (id, now) = (Uuid::new_v4(), u64::try_from(now).unwrap_or_default());
        channel.send(AgentMessage::carrying(&ChannelClosed::new(id, &target, session_id, now), id, now).encode());
    }
    Ok(())
}
