//! One websocket of a session from its first frame to its end (session-protocol 2).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use qd_store::StoreError;
use qd_store::table::sessions::{self, Session, Status};
use serde::Deserialize;
use uuid::Uuid;

use super::live::{Live, Next, Role};
use super::pipe::Pipe;
use super::{bridge, going_on};
use crate::hub::Shared;
use crate::ops::commands::advance::Scene;
use crate::ops::sessions::{self as family, token};

/// How long a websocket may be open before its first frame arrives.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// The longest first frame.
const MAX_OPEN_BYTES: usize = 16 * 1024;
/// How often the other end is asked for a sign of life, and after how long without one it is gone. Neither stock end notices by itself for
/// minutes (session-protocol 2.2).
const PING_EVERY: Duration = Duration::from_secs(30);
const SILENT_AFTER: Duration = Duration::from_secs(75);
/// How long a write may wait for an end to read. A person may stop a terminal for a while; nothing is lost when its client is sent away, because
/// it comes back where it was.
const WRITTEN_WITHIN: Duration = Duration::from_secs(120);
/// How long nothing is sent after a handshake is complete (session-protocol 4.5).
const HOLD: Duration = Duration::from_millis(250);
/// How long an end may take to hang up after it was told that the session is over.
const HUNG_UP_WITHIN: Duration = Duration::from_secs(5);
/// Bytes written before they are flushed.
const BATCH_BYTES: usize = 256 * 1024;

/// The first frame; what else it says is of no concern to a hub.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Opening {
    token_value: String,
}

/// The first frame as it came, and its token.
async fn opening(session_id: &str, role: Role, socket: &mut WebSocket) -> Option<(String, String)> {
    let first = tokio::time::timeout(OPEN_WITHIN, async {
        loop {
            match socket.recv().await?.ok()? {
                // The plugin pings as soon as it is connected.
                Message::Ping(_) | Message::Pong(_) => {}
                other => return Some(other),
            }
        }
    });
    let opened = match first.await.ok()?? {
        Message::Text(text) if text.len() <= MAX_OPEN_BYTES => {
            serde_json::from_str::<Opening>(&text).ok().map(|opening| (text.as_str().to_owned(), opening.token_value))
        }
        _ => None,
    };
    if opened.is_none() {
        tracing::warn!(session_id, ?role, "the first frame of a data channel could not be read");
    }
    opened
}

/// Serves the client's end.
pub async fn serve_client(shared: Arc<Shared>, session_id: String, mut socket: WebSocket) {
    let Some((text, given)) = opening(&session_id, Role::Client, &mut socket).await else { return hang_up(socket).await };
    let now = shared.clock.now_ms();
    let Some(number) = token::client_number(&shared.master_key, &session_id, &given, now) else {
        tracing::warn!(session_id, "a data channel was opened with a token that is not its own or has expired");
        return hang_up(socket).await;
    };
    match bridge::elsewhere(&shared, &session_id).await {
        Ok(Some(address)) => return bridge::pass(&shared, &session_id, address, text, socket).await,
        Ok(None) => {}
        Err(error) => {
            tracing::error!(%error, session_id, "where a session's node is attached could not be read");
            return hang_up(socket).await;
        }
    }
    let connection = Uuid::new_v4().to_string();
    match attach_client(&shared, &session_id, number, &connection).await {
        Ok(Some(attached)) => join(shared, Role::Client, attached, connection, socket).await,
        Ok(None) => {
            tracing::warn!(session_id, "a data channel was opened with a token that was used before or replaced");
            hang_up(socket).await;
        }
        Err(error) => {
            tracing::error!(%error, session_id, "a client could not be attached");
            hang_up(socket).await;
        }
    }
}

/// Serves the node's end; the websocket is `instance_id`'s.
pub async fn serve_agent(shared: Arc<Shared>, instance_id: String, session_id: String, mut socket: WebSocket) {
    let Some((_, given)) = opening(&session_id, Role::Agent, &mut socket).await else { return hang_up(socket).await };
    if !token::is_agents(&shared.master_key, &session_id, &instance_id, &given, shared.clock.now_ms()) {
        tracing::warn!(session_id, instance_id, "a node opened a data channel with a token that is not its own or has expired");
        return hang_up(socket).await;
    }
    let connection = Uuid::new_v4().to_string();
    match attach_agent(&shared, &session_id, &connection).await {
        Ok(Some(attached)) => join(shared, Role::Agent, attached, connection, socket).await,
        Ok(None) => hang_up(socket).await,
        Err(error) => {
            tracing::error!(%error, session_id, "a node could not be attached");
            hang_up(socket).await;
        }
    }
}

async fn hang_up(mut socket: WebSocket) {
    let _ = tokio::time::timeout(Duration::from_secs(2), socket.send(Message::Close(None))).await;
}

/// Uses the token up and attaches the client; `None` when it holds no more.
async fn attach_client(shared: &Arc<Shared>, session_id: &str, number: i64, connection: &str) -> Result<Option<Attached>, StoreError> {
    let (id, connection, scene) = (session_id.to_owned(), connection.to_owned(), Scene::of(shared));
    shared
        .store
        .write(move |tx| {
            let before = sessions::get(tx, &id)?;
            if !sessions::attach_client(tx, &id, number, &connection, scene.now)? {
                return Ok(None);
            }
            attached(tx, &scene, &id, before)
        })
        .await
}

/// Attaches the node's end; `None` when the session has ended.
async fn attach_agent(shared: &Arc<Shared>, session_id: &str, connection: &str) -> Result<Option<Attached>, StoreError> {
    let (id, connection, scene) = (session_id.to_owned(), connection.to_owned(), Scene::of(shared));
    shared
        .store
        .write(move |tx| {
            let before = sessions::get(tx, &id)?;
            if !sessions::attach_agent(tx, &id, &scene.hub_id, &connection, scene.now)? {
                return Ok(None);
            }
            attached(tx, &scene, &id, before)
        })
        .await
}

/// A session that an end was attached to, and whether both were there before.
type Attached = (Session, bool);

fn attached(tx: &mut qd_store::Tx<'_>, scene: &Scene, session_id: &str, before: Option<Session>) -> Result<Option<Attached>, StoreError> {
    let goes_on = before.as_ref().is_some_and(|session| session.status != Status::Connecting);
    Ok(told(tx, scene, session_id, before)?.map(|session| (session, goes_on)))
}

/// The session as it stands, told to those who follow when it stands elsewhere than before.
fn told(tx: &mut qd_store::Tx<'_>, scene: &Scene, session_id: &str, before: Option<Session>) -> Result<Option<Session>, StoreError> {
    let now = sessions::get(tx, session_id)?;
    if now.as_ref().map(|session| session.status) != before.map(|session| session.status) {
        family::changed(tx, scene, session_id)?;
    }
    Ok(now)
}

/// Joins an end to its session and relays for it until its connection ends.
async fn join(shared: Arc<Shared>, role: Role, (session, goes_on): Attached, connection: String, socket: WebSocket) {
    let (live, end) = loop {
        let live = shared.sessions.open(&shared, &session);
        let end = live.attach(role, &connection, shared.clock.now_ms());
        // Unless its other end left just now and took it out of the list: then it is no place to meet.
        if shared.sessions.get(&session.session_id).is_some_and(|here| Arc::ptr_eq(&here, &live)) {
            break (live, end);
        }
    };
    if goes_on {
        // This hub may not have seen what the ends said.
        live.goes_on();
    }
    // It may have ended between the row and here; nobody else would tell this end.
    match going_on(&shared, &session.session_id).await {
        Ok(_) => {}
        Err(error) if error.status < 500 => live.close(role, session.details.as_deref().unwrap_or_default(), shared.clock.now_ms()),
        Err(_) => {}
    }
    tracing::debug!(session_id = session.session_id, ?role, "an end of a session is attached");
    let (mut sink, mut stream) = socket.split();
    let pipe = match role {
        Role::Client => &live.to_client,
        Role::Agent => &live.to_agent,
    };
    tokio::select! {
        () = end.replaced.cancelled() => {}
        () = shared.shutdown.cancelled() => {}
        () = listen(&shared, &live, role, &mut stream) => {}
        () = speak(&shared, &live, role, pipe, &mut sink) => {
            // Told that it is over; it hangs up by itself, or is hung up on.
            let last = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = tokio::time::timeout(HUNG_UP_WITHIN, last).await;
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), sink.send(Message::Close(None))).await;
    if live.detach(role, &connection, shared.clock.now_ms()) {
        record_end(&shared, role, &session.session_id, &connection).await;
    }
    shared.sessions.leave(&live);
    tracing::debug!(session_id = session.session_id, ?role, "an end of a session is detached");
}

/// Reads until the connection ends or counts as gone.
async fn listen(shared: &Arc<Shared>, live: &Arc<Live>, role: Role, stream: &mut SplitStream<WebSocket>) {
    let mut lies = 0;
    loop {
        let frame: Bytes = match tokio::time::timeout(SILENT_AFTER, stream.next()).await {
            Ok(Some(Ok(Message::Binary(frame)))) => frame,
            Ok(Some(Ok(Message::Text(text)))) => text.into(),
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            Ok(Some(Ok(_))) => continue,
            Err(_) => {
                tracing::info!(session_id = live.session_id, ?role, "an end of a session gave no sign of life");
                return;
            }
        };
        match live.take(role, frame, &mut lies, shared.clock.now_ms()).await {
            Next::Read => {}
            Next::Terminating => node_ends(shared, live).await,
            Next::HangUp => {
                tracing::warn!(session_id = live.session_id, ?role, "an end of a session sent too much that is no frame");
                return;
            }
        }
    }
}

/// The node ends the session: all it had to say is on its way, so the end follows it. What it says last of the session comes on its control
/// channel.
async fn node_ends(shared: &Arc<Shared>, live: &Arc<Live>) {
    let (id, scene) = (live.session_id.clone(), Scene::of(shared));
    let recorded = shared
        .store
        .write(move |tx| {
            if sessions::set_status(tx, &id, Status::Terminating)? {
                family::changed(tx, &scene, &id)?;
            }
            Ok::<_, StoreError>(())
        })
        .await;
    if let Err(error) = recorded {
        tracing::error!(%error, session_id = live.session_id, "the end of a session could not be recorded");
    }
    live.close(Role::Client, "", shared.clock.now_ms());
}

/// Writes what is on its way to this end until the last of it.
async fn speak(shared: &Arc<Shared>, live: &Arc<Live>, role: Role, pipe: &Pipe, sink: &mut SplitSink<WebSocket, Message>) {
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let first = tokio::select! {
            item = pipe.pop() => Some(item),
            _ = ping.tick() => None,
        };
        let mut hold = false;
        let writing = async {
            let Some(first) = first else {
                sink.send(Message::Ping(Bytes::from_static(b"keepalive"))).await?;
                return Ok::<_, axum::Error>(false);
            };
            let (mut next, mut bytes) = (Some(first), 0);
            while let Some(item) = next {
                if item.hold {
                    // What it said before does not count.
                    let _ = live.client_spoke.notified().now_or_never();
                }
                bytes += item.frame.len();
                sink.feed(Message::Binary(item.frame)).await?;
                hold = item.hold;
                if item.last {
                    sink.flush().await?;
                    return Ok(true);
                }
                next = if hold || bytes >= BATCH_BYTES { None } else { pipe.try_pop() };
            }
            sink.flush().await?;
            Ok(false)
        };
        match tokio::time::timeout(WRITTEN_WITHIN, writing).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return,
            // The reader sees the end too, and knows better when it is one.
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => {
                tracing::info!(session_id = live.session_id, ?role, "an end of a session does not read");
                return;
            }
        }
        if hold {
            let _ = tokio::time::timeout(HOLD, live.client_spoke.notified()).await;
        }
        if role == Role::Client {
            live.drained(shared.clock.now_ms());
        }
    }
}

/// Says in the store that a connection ended.
async fn record_end(shared: &Arc<Shared>, role: Role, session_id: &str, connection: &str) {
    let (id, connection, scene) = (session_id.to_owned(), connection.to_owned(), Scene::of(shared));
    let recorded = shared
        .store
        .write(move |tx| {
            let before = sessions::get(tx, &id)?;
            match role {
                Role::Client => sessions::detach_client(tx, &id, &connection, scene.now)?,
                Role::Agent => sessions::detach_agent(tx, &id, &connection, scene.now)?,
            };
            told(tx, &scene, &id, before)
        })
        .await;
    // A closing hub closes its store first; the next start forgets its connections.
    if let Err(error) = recorded {
        tracing::debug!(%error, session_id, "the end of a data channel was not recorded");
    }
}
