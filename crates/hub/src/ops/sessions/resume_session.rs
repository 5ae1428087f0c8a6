//! ResumeSession: a new token for a client that lost its connection (session-protocol 2.3). Sequence numbers and everything else go on.

use qd_model::ApiError;
use qd_model::shapes::sessions::{ResumeSessionInput, ResumeSessionOutput};
use qd_store::table::sessions;

use super::{missing, stream_url, token};
use crate::cx::Cx;
use crate::fault::Fault;

pub async fn run(cx: &Cx, input: ResumeSessionInput) -> Result<ResumeSessionOutput, ApiError> {
    let url = stream_url(cx, &input.session_id)?;
    let (session_id, caller) = (input.session_id.clone(), cx.caller_arn());
    let resource = cx.arn(&format!("session/{session_id}"));
    let issued = cx
        .store()
        .write(move |tx| -> Result<_, Fault> {
            let session = sessions::get(tx, &session_id)?.ok_or_else(|| missing(&session_id))?;
            // Whoever resumes a session is in it.
            if session.owner != caller {
                return Err(ApiError::access_denied(&caller, "ssm:ResumeSession", &resource).into());
            }
            Ok(sessions::issue_token(tx, &session_id)?)
        })
        .await?;
    // A session that is over has no token. AWS's plugin takes that for the end, and an error for a reason to try again (session-protocol 2.3).
    let (token, url) = match issued {
        Some(number) => (token::client(&cx.shared().master_key, &input.session_id, number, cx.now_ms()), url),
        None => (String::new(), String::new()),
    };
    Ok(ResumeSessionOutput { session_id: Some(input.session_id), token_value: Some(token), stream_url: Some(url) })
}
