//! TerminateSession: ends a session for good. Idempotent, like AWS's: of a session that is over or was never there, it answers the id
//! (semantics 13.1.4).

use qd_model::ApiError;
use qd_model::shapes::sessions::{TerminateSessionInput, TerminateSessionOutput};
use qd_store::table::sessions::{self, Status};

use super::{deliver, end};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::commands::advance::Scene;

pub async fn run(cx: &Cx, input: TerminateSessionInput) -> Result<TerminateSessionOutput, ApiError> {
    let (session_id, caller, scene) = (input.session_id.clone(), cx.caller_arn(), Scene::of(cx.shared()));
    let ended = cx
        .store()
        .write(move |tx| -> Result<_, Fault> {
            let Some(session) = sessions::get(tx, &session_id)? else { return Ok(false) };
            let by = (session.owner != caller).then(|| format!("Terminated by {caller}."));
            Ok(end(tx, &scene, &session, Status::Terminated, by.as_deref())?)
        })
        .await?;
    if ended {
        deliver::end(cx.shared(), &input.session_id).await;
    }
    Ok(TerminateSessionOutput { session_id: Some(input.session_id) })
}
