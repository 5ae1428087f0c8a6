//! Data channels: the two websockets of a session and what lies between them (session-protocol 2 to 4).
//!
//! A session's home is the hub where its node's end is attached. Both ends meet there in a [`Live`]; a client that reaches another hub is led
//! there. What must outlive a hub is in the session's row; what is lost with one (frames on their way) is sent again by the two ends.

mod bridge;
pub mod live;
mod numbers;
mod pipe;
pub mod plain;
pub mod record;
mod serve;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qd_model::ApiError;
use qd_model::document::SessionType;
use qd_store::table::sessions::{self, Session};
use qd_wire::payload::{CreateControlChannelAnswer, CreateControlChannelRequest};

use crate::cx::Cx;
use crate::fault::Fault;
use crate::hub::Shared;
use crate::ops::sessions::token;

pub use live::{Live, Role};
pub use serve::{serve_agent, serve_client};

/// The words by which a stock agent knows that trying again is in vain (session-protocol 2.4).
const OVER: &str = "Session is already terminated";

/// Sessions whose home is this hub.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Arc<Live>>>);

impl Sessions {
    fn live(&self) -> MutexGuard<'_, HashMap<String, Arc<Live>>> {
        // Every change under the lock is one insert or remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, when one of its ends is attached here.
    pub fn get(&self, session_id: &str) -> Option<Arc<Live>> {
        self.live().get(session_id).cloned()
    }

    /// All that are here.
    pub fn all(&self) -> Vec<Arc<Live>> {
        self.live().values().cloned().collect()
    }

    /// The session as it is here, or a new one.
    fn open(&self, shared: &Arc<Shared>, session: &Session) -> Arc<Live> {
        let mut live = self.live();
        let found = live.entry(session.session_id.clone()).or_insert_with(|| {
            let session_type = SessionType::parse(&session.session_type).unwrap_or(SessionType::StandardStream);
            let recorder = record::start(shared, session, session_type);
            Arc::new(Live::new(session, session_type, shared.clock.now_ms(), recorder))
        });
        found.clone()
    }

    /// Forgets a session of which no end is here any more.
    fn leave(&self, live: &Arc<Live>) {
        let mut all = self.live();
        if !live.has(Role::Client) && !live.has(Role::Agent) && all.get(&live.session_id).is_some_and(|here| Arc::ptr_eq(here, live)) {
            all.remove(&live.session_id);
        }
    }
}

fn over() -> ApiError {
    ApiError::new("BadRequestException", OVER)
}

/// The session, unless it has ended or never was.
async fn going_on(shared: &Shared, session_id: &str) -> Result<Session, ApiError> {
    let id = session_id.to_owned();
    let found = shared.store.read(move |tx| -> Result<_, Fault> { Ok(sessions::get(tx, &id)?) }).await?;
    found.filter(|session| session.ended_at.is_none()).ok_or_else(over)
}

/// CreateDataChannel: a token with which the session's own node may open its end (session-protocol 6.4).
pub async fn create(cx: &Cx, session_id: &str, body: &[u8]) -> Result<CreateControlChannelAnswer, ApiError> {
    let session = admit_agent(cx, "CreateDataChannel", session_id).await?;
    CreateControlChannelRequest::from_body(body).map_err(|e| ApiError::new("SerializationException", e.to_string()))?;
    Ok(CreateControlChannelAnswer::new(token::agent(&cx.shared().master_key, session_id, &session.target, cx.now_ms())))
}

/// The session, when the caller is its node.
pub async fn admit_agent(cx: &Cx, operation: &str, session_id: &str) -> Result<Session, ApiError> {
    let id = session_id.to_owned();
    let found = cx.store().read(move |tx| -> Result<_, Fault> { Ok(sessions::get(tx, &id)?) }).await?;
    let Some(session) = found.filter(|session| cx.caller().node() == Some(session.target.as_str())) else {
        // Also of a session that never was: which sessions there are is not told.
        let resource = cx.arn(&format!("session/{}", session_id.chars().take(96).collect::<String>()));
        return Err(ApiError::access_denied(&cx.caller_arn(), &format!("ssmmessages:{operation}"), &resource));
    };
    if session.ended_at.is_some() { Err(over()) } else { Ok(session) }
}

/// Lets a client in as far as its first frame, which carries its token.
pub async fn admit_client(shared: &Shared, session_id: &str) -> Result<(), ApiError> {
    going_on(shared, session_id).await.map(drop)
}
