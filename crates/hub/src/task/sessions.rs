//! What time does to sessions (session-protocol 9): nodes are told again, ends that do not come or do not come back are given up, and idle or
//! too long sessions end, with a word before. Also carries out what other requests and other hubs wrote.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use qd_model::document::SessionType;
use qd_store::table::connections;
use qd_store::table::sessions::{self, Session, Status};
use qd_store::{Change, StoreError};

use crate::channel::data::{Live, Role};
use crate::hub::Shared;
use crate::ops::commands::advance::Scene;
use crate::ops::sessions::{deliver, end, token};

const TICK: Duration = Duration::from_secs(1);
/// Rows looked at by one read.
const PAGE: i64 = 500;
/// How long a node may take to its first sign of life, how long until it is told again, and how often it is told.
const START_MS: i64 = 20_000;
const TELL_AGAIN_MS: i64 = 5_000;
const STARTS: i64 = 3;
/// How long a node's end may be away while the node itself is connected: for ports, whose agent may have died without a word
/// (session-protocol 5.4), and for the others.
const PORT_AWAY_MS: i64 = 10_000;
const AWAY_MS: i64 = 30_000;
/// How long a node may be away altogether.
const NODE_AWAY_MS: i64 = 600_000;
/// How long the client of a port may be away: it does not come back, and what it left on the node stays open (session-protocol 9c).
const CLIENT_AWAY_MS: i64 = 60_000;
/// How long a node may take from saying that a session ends to its last word.
const ENDING_MS: i64 = 10_000;
/// How long before its end a client is told.
const WARN_MS: i64 = 60_000;

/// Runs until the hub shuts down.
pub async fn run(shared: Arc<Shared>) {
    let mut changes = shared.store.subscribe();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            () = shared.shutdown.cancelled() => return,
            change = changes.next() => match change {
                Some(change) => follow(&shared, &change).await,
                None => return,
            },
            _ = tick.tick() => once(&shared).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, "the sessions could not be looked at");
        }
    }
}

/// Brings the sessions that are attached here to where their rows are.
async fn follow(shared: &Arc<Shared>, change: &Change) -> Result<(), StoreError> {
    let lives = match change {
        Change::Topic(topic) => match topic.strip_prefix("session:") {
            Some(id) => {
                if shared.store_is_shared {
                    // Written by another hub, perhaps, for a node of this one.
                    deliver_here(shared, id).await?;
                }
                shared.sessions.get(id).into_iter().collect()
            }
            None => return Ok(()),
        },
        Change::Missed => shared.sessions.all(),
    };
    for live in lives {
        let id = live.session_id.clone();
        let row = shared.store.read(move |tx| sessions::get(tx, &id)).await?;
        align(shared, &live, row.as_ref());
    }
    Ok(())
}

/// Tells a node of this hub what its session's row says.
async fn deliver_here(shared: &Arc<Shared>, session_id: &str) -> Result<(), StoreError> {
    let id = session_id.to_owned();
    let Some(session) = shared.store.read(move |tx| sessions::get(tx, &id)).await? else { return Ok(()) };
    if shared.registry.get(&session.target).is_none() || session.sends > 0 {
        return Ok(());
    }
    match session.ended_at {
        None if session.agent_hub.is_none() => deliver::start(shared, session_id).await,
        Some(_) if session.agent_open => deliver::end(shared, session_id).await,
        _ => {}
    }
    Ok(())
}

fn align(shared: &Shared, live: &Arc<Live>, row: Option<&Session>) {
    match row {
        Some(row) if row.ended_at.is_none() => {
            // Its node went to another hub, where its client will find it.
            if row.agent_hub.as_ref().is_some_and(|hub| *hub != shared.hub_id) {
                live.hang_up(Role::Client);
                live.hang_up(Role::Agent);
            }
        }
        over => {
            let details = over.and_then(|row| row.details.as_deref()).unwrap_or_default();
            live.close(Role::Client, details, shared.clock.now_ms());
            live.close(Role::Agent, details, shared.clock.now_ms());
        }
    }
}

/// Looks at every session once.
pub async fn once(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let page = shared.store.read(move |tx| sessions::live(tx, &from, PAGE)).await?;
        for session in &page {
            look(shared, session).await?;
        }
        match page.last() {
            Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => after = last.session_id.clone(),
            _ => break,
        }
    }
    let now = shared.clock.now_ms();
    let left = shared.store.read(|tx| sessions::left_open(tx, "", PAGE)).await?;
    for session in left.iter().filter(|s| s.sent_at.is_none_or(|at| now - at >= TELL_AGAIN_MS)) {
        if shared.registry.get(&session.target).is_some() {
            deliver::end(shared, &session.session_id).await;
        }
    }
    Ok(())
}

async fn look(shared: &Arc<Shared>, session: &Session) -> Result<(), StoreError> {
    let now = shared.clock.now_ms();
    let live = shared.sessions.get(&session.session_id);
    if let Some(live) = &live {
        warn(live, now);
    }
    if let Some((status, details)) = over(session, live.as_deref(), now) {
        return finish(shared, session, status, &details, None).await;
    }
    if session.status == Status::Connecting && !session.agent_open {
        let due = session.sent_at.is_none_or(|at| now - at >= TELL_AGAIN_MS) && session.sends < STARTS;
        if due && shared.registry.get(&session.target).is_some() {
            deliver::start(shared, &session.session_id).await;
        }
        return Ok(());
    }
    if session.agent_hub.is_none() && session.status != Status::Terminating {
        let away = now - session.agent_changed_at;
        let patience = if is_port(session) { PORT_AWAY_MS } else { AWAY_MS };
        if away >= NODE_AWAY_MS {
            return finish(shared, session, Status::Terminated, "The node was away for too long.", None).await;
        }
        if away >= patience {
            // Only while the node is connected does its silence about the session mean anything.
            return finish(shared, session, Status::Terminated, "The node ended the session without a word.", Some(now - patience)).await;
        }
    }
    Ok(())
}

fn is_port(session: &Session) -> bool {
    session.session_type == SessionType::Port.as_str()
}

/// Why a session is over, by its row and by what is known here of its ends.
fn over(session: &Session, live: Option<&Live>, now: i64) -> Option<(Status, String)> {
    let ended = |details: String| Some((Status::Terminated, details));
    if let Some(most) = session.max_ms.filter(|most| now - session.started_at >= *most) {
        return ended(format!("The session reached its maximum duration of {} minutes.", most / 60_000));
    }
    if let Some(live) = live.filter(|live| now - live.active_at.load(Ordering::Relaxed) >= live.idle_ms) {
        return ended(format!("The session was idle for {} minutes.", live.idle_ms / 60_000));
    }
    if live.is_none() && session.client_connection.is_none() && session.token_used > 0 && now - session.client_changed_at >= session.idle_ms
    {
        return ended(format!("The session was idle for {} minutes.", session.idle_ms / 60_000));
    }
    if session.status == Status::Connecting && !session.agent_open && now - session.started_at >= START_MS {
        return Some((Status::Failed, "The node did not answer in time.".to_owned()));
    }
    if session.status == Status::Terminating && session.agent_hub.is_none() && now - session.agent_changed_at >= ENDING_MS {
        return ended(String::new());
    }
    if session.token_used == 0 && now - session.started_at >= token::CLIENT_MS {
        return ended("No client connected.".to_owned());
    }
    if is_port(session)
        && session.token_used > 0
        && session.client_connection.is_none()
        && now - session.client_changed_at >= CLIENT_AWAY_MS
    {
        return ended("The client was away for too long.".to_owned());
    }
    None
}

/// Tells the client once that the end is near.
fn warn(live: &Live, now: i64) {
    let idle = live.active_at.load(Ordering::Relaxed) + live.idle_ms - now;
    let rest = live.ends_at.map(|at| at - now);
    for (bit, kind, left) in [(1, "Idle", Some(idle)), (2, "MaxDuration", rest)] {
        if let Some(left) = left.filter(|left| (1..=WARN_MS).contains(left))
            && live.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
        {
            live.notice(kind, (left + 999) / 1000, now);
        }
    }
}

/// Ends a session, unless it changed meanwhile; with `connected_since`, only if the node's channel has been open since then.
async fn finish(
    shared: &Arc<Shared>,
    session: &Session,
    status: Status,
    details: &str,
    connected_since: Option<i64>,
) -> Result<(), StoreError> {
    let (seen, scene, details) = (session.clone(), Scene::of(shared), details.to_owned());
    let ended = shared
        .store
        .write(move |tx| {
            let now = sessions::get(tx, &seen.session_id)?;
            if now.as_ref() != Some(&seen) {
                return Ok(false);
            }
            if let Some(since) = connected_since
                && connections::get(tx, &seen.target)?.is_none_or(|channel| channel.connected_at > since)
            {
                return Ok(false);
            }
            end(tx, &scene, &seen, status, Some(&details))
        })
        .await?;
    if ended {
        tracing::info!(session_id = session.session_id, status = status.as_str(), "a session was ended");
        deliver::end(shared, &session.session_id).await;
    }
    Ok(())
}
