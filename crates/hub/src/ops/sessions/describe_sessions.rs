//! DescribeSessions: sessions that go on, or those of the last 30 days that ended, newest first (semantics 13.1.3).

use qd_model::shapes::sessions::{
    AccessType, DescribeSessionsInput, DescribeSessionsOutput, Session as Shown, SessionFilter, SessionFilterKey, SessionManagerOutputUrl,
    SessionState, SessionStatus,
};
use qd_model::{ApiError, Operation, Timestamp};
use qd_store::table::sessions::{self, Filter, Session};

use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::commands::list_commands::time;
use crate::page::Page;

/// Rows of a page when MaxResults is not given.
const DEFAULT_PAGE: usize = 50;

pub async fn run(cx: &Cx, input: DescribeSessionsInput) -> Result<DescribeSessionsOutput, ApiError> {
    let filters = input.filters.unwrap_or_default();
    let mut filter = Filter { ended: input.state == SessionState::History, ..Filter::default() };
    let mut none = false;
    for (n, given) in filters.iter().enumerate() {
        if filters.iter().take(n).any(|before| before.key == given.key) {
            let text = format!("The filter key {} is given more than once.", given.key.as_str());
            return Err(ApiError::new("InvalidFilterKey", text));
        }
        none |= !narrow(&mut filter, given)?;
    }
    let bound = (&input.state, &filters);
    let page = Page::open(cx, Operation::DescribeSessions, &bound, input.next_token.as_deref(), input.max_results, DEFAULT_PAGE)?;
    if none {
        return Ok(DescribeSessionsOutput { sessions: Some(Vec::new()), next_token: None });
    }
    let after = page.after.as_deref().and_then(|keys| Some((keys.first()?.parse::<i64>().ok()?, keys.get(1)?.clone())));
    let fetch = i64::try_from(page.fetch()).unwrap_or(i64::MAX);
    let rows = cx
        .store()
        .read(move |tx| -> Result<_, Fault> { Ok(sessions::list(tx, &filter, after.as_ref().map(|(at, id)| (*at, id.as_str())), fetch)?) })
        .await?;
    let (rows, next_token) = page.cut(rows, |row| vec![row.started_at.to_string(), row.session_id.clone()]);
    Ok(DescribeSessionsOutput { sessions: Some(rows.into_iter().map(shown).collect()), next_token })
}

/// Narrows by one filter; `false` when nothing can pass it.
fn narrow(filter: &mut Filter, given: &SessionFilter) -> Result<bool, ApiError> {
    let value = given.value.as_str();
    let wrong = |legal: &str| Err(ApiError::new("InvalidFilterKey", format!("{} {value:?} is not one of {legal}.", given.key.as_str())));
    match given.key {
        SessionFilterKey::InvokedAfter => filter.after = Some(time("InvokedAfter", value)?),
        SessionFilterKey::InvokedBefore => filter.before = Some(time("InvokedBefore", value)?),
        SessionFilterKey::Target => filter.target = Some(value.to_owned()),
        SessionFilterKey::Owner => filter.owner = Some(value.to_owned()),
        SessionFilterKey::SessionId => filter.session_id = Some(value.to_owned()),
        SessionFilterKey::Status => {
            if SessionStatus::from_wire(value).is_none() {
                return wrong(&SessionStatus::VALUES.join(", "));
            }
            filter.status = Some(value.to_owned());
        }
        SessionFilterKey::AccessType => match AccessType::from_wire(value) {
            Some(AccessType::Standard) => {}
            Some(AccessType::JustInTime) => return Ok(false),
            None => return wrong(&AccessType::VALUES.join(", ")),
        },
    }
    Ok(true)
}

/// A session as the API shows it.
pub fn shown(session: Session) -> Shown {
    let urls = SessionManagerOutputUrl { s3_output_url: session.s3_output_url, cloud_watch_output_url: session.cloud_watch_output_url };
    Shown {
        session_id: Some(session.session_id),
        target: Some(session.target),
        status: SessionStatus::from_wire(session.status.as_str()),
        start_date: Some(Timestamp::from_millis(session.started_at)),
        end_date: session.ended_at.map(Timestamp::from_millis),
        document_name: Some(session.document_name),
        owner: Some(session.owner),
        reason: session.reason,
        details: session.details,
        output_url: (urls.s3_output_url.is_some() || urls.cloud_watch_output_url.is_some()).then_some(urls),
        max_session_duration: session.max_ms.map(|ms| (ms / 60_000).to_string()),
        access_type: Some(AccessType::Standard),
    }
}
