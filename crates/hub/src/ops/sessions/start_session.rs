//! StartSession (semantics 13.1.1, session-protocol 6.3): a row, a token for the client, and a word to the node, whose sign of life is its end
//! of the data channel.

use qd_model::shapes::sessions::{StartSessionInput, StartSessionOutput};
use qd_model::{ApiError, Operation};
use qd_store::table::sessions::{self, Session, Status};
use qd_store::table::{connections, nodes};
use uuid::Uuid;

use super::{deliver, document, stream_url, token};
use crate::cx::{self, Cx, Principal};
use crate::fault::Fault;
use crate::ops::commands::advance::Scene;

/// Sessions that one node may have: a stock agent that is full stops listening for good (session-protocol 6.3).
const MAX_PER_NODE: i64 = 500;
/// Characters of the caller's name in a session's id.
const MAX_NAME: usize = 64;

pub async fn run(cx: &Cx, input: StartSessionInput) -> Result<StartSessionOutput, ApiError> {
    let name = match &cx.caller().principal {
        Principal::User { name, .. } => name.clone(),
        _ => return Err(cx::denied(&cx.caller_arn(), Operation::StartSession.name(), "*")),
    };
    let prepared = document::prepare(cx, input.document_name.as_deref(), &input.parameters.unwrap_or_default()).await?;
    let session_id = session_id(&name);
    let url = stream_url(cx, &session_id)?;
    let now = cx.now_ms();
    let session = Session {
        session_id: session_id.clone(),
        target: input.target,
        owner: cx.caller_arn(),
        document_name: prepared.name.clone(),
        session_type: prepared.session_type.as_str().to_owned(),
        reason: input.reason,
        status: Status::Connecting,
        details: None,
        started_at: now,
        ended_at: None,
        sent_at: None,
        sends: 0,
        agent_hub: None,
        agent_connection: None,
        agent_changed_at: now,
        client_connection: None,
        client_changed_at: now,
        token_issued: 1,
        token_used: 0,
        idle_ms: prepared.idle_ms,
        max_ms: prepared.max_ms,
        agent_open: false,
        s3_output_url: None,
        cloud_watch_output_url: None,
    };
    let content = prepared.content(&session_id, &session.owner);
    let start = deliver::seal(&cx.shared().master_key, &content)?;
    let scene = Scene::of(cx.shared());
    cx.store()
        .write(move |tx| -> Result<_, Fault> {
            // A node's row is there for as long as it is registered, its connection's for as long as some hub hears it.
            if !nodes::exists(tx, &session.target)? || connections::get(tx, &session.target)?.is_none() {
                return Err(not_connected(&session.target).into());
            }
            if sessions::count_live(tx, &session.target)? >= MAX_PER_NODE {
                let text = format!("{} has {MAX_PER_NODE} sessions open; end one of them first.", session.target);
                return Err(ApiError::new("ThrottlingException", text).into());
            }
            sessions::insert(tx, &session, &start)?;
            super::changed(tx, &scene, &session.session_id)?;
            Ok(())
        })
        .await?;
    deliver::start(cx.shared(), &session_id).await;
    let token = token::client(&cx.shared().master_key, &session_id, 1, now);
    Ok(StartSessionOutput { session_id: Some(session_id), token_value: Some(token), stream_url: Some(url) })
}

fn not_connected(target: &str) -> ApiError {
    ApiError::new("TargetNotConnected", format!("{target} is not connected."))
}

/// `<caller>-<17 digits>` (semantics 0.14). Nodes make a directory of that name.
fn session_id(caller: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = caller.chars().map(|c| if is_plain(&c) { c } else { '-' }).take(MAX_NAME).collect();
    let digits: String = Uuid::new_v4().simple().to_string().chars().take(17).collect();
    format!("{}-{digits}", name.trim_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_name_that_a_directory_may_have() {
        for caller in ["administrator", "a/../b", "..", "한글 이름", &"x".repeat(200)] {
            let id = session_id(caller);
            assert!(id.len() <= 96 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{id}");
            assert!(!id.starts_with('.'), "{id}");
        }
        assert_ne!(session_id("a"), session_id("a"));
    }
}
