//! One control channel from its first frame to its end (agent-protocol 4.1-4.4).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use qd_model::ApiError;
use qd_store::table::connections::{self, Connection};
use qd_store::table::nodes;
use qd_wire::agent_message::AgentMessage;
use qd_wire::payload::{CreateControlChannelAnswer, CreateControlChannelRequest, OpenControlChannel};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::ingest::Heard;
use super::{Handle, Outgoing, token};
use crate::crash_point;
use crate::cx::Cx;
use crate::events;
use crate::hub::Shared;
use crate::ops::commands::{advance::Scene, deliver};

/// How long a websocket may be open before its first frame arrives.
const OPEN_WITHIN: Duration = Duration::from_secs(15);
/// A channel on which nothing, not even a ping, came for so long is dead: agents ping every 54 seconds (agent-protocol 4.3).
const SILENT_AFTER: Duration = Duration::from_secs(150);
/// How long a write may wait for the node to read.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);
/// Bytes and news taken from one node at a time; the rest waits in its socket.
const HEARD_BYTES: usize = 1024 * 1024;
const HEARD: usize = 64;

/// CreateControlChannel: a token with which this node may open its websocket.
pub fn create(cx: &Cx, instance_id: &str, body: &[u8]) -> Result<CreateControlChannelAnswer, ApiError> {
    cx.require_self("CreateControlChannel", instance_id)?;
    CreateControlChannelRequest::from_body(body).map_err(|e| ApiError::new("SerializationException", e.to_string()))?;
    Ok(CreateControlChannelAnswer::new(token::issue(&cx.shared().master_key, instance_id, cx.now_ms())))
}

/// Serves an upgraded, authenticated websocket of `instance_id` until it ends.
pub async fn serve(shared: Arc<Shared>, instance_id: String, mut socket: WebSocket) {
    let Some(opened) = open(&shared, &instance_id, &mut socket).await else {
        // The agent takes any end of the socket as a reason to start again.
        let _ = socket.send(Message::Close(None)).await;
        return;
    };
    let (handle, queue) = Handle::new(&instance_id, &Uuid::new_v4().to_string(), opened.streams_output());
    if let Err(error) = record_open(&shared, &handle).await {
        tracing::error!(%error, instance_id, "a control channel could not be recorded");
        return;
    }
    crash_point::reached("channel-committed");
    shared.registry.insert(handle.clone());
    tracing::debug!(instance_id, agent = opened.agent_version, "control channel open");
    // Beside the channel: what waits may be more than its queue takes, and the node is listened to meanwhile.
    let (hub, id) = (shared.clone(), instance_id.clone());
    tokio::spawn(async move { deliver::node_connected(&hub, &id).await });
    run(&shared, &handle, socket, queue).await;
    shared.registry.remove(&handle);
    record_close(&shared, &handle).await;
    tracing::debug!(instance_id, "control channel closed");
}

/// Reads the first frame and checks its token.
async fn open(shared: &Shared, instance_id: &str, socket: &mut WebSocket) -> Option<OpenControlChannel> {
    let first = tokio::time::timeout(OPEN_WITHIN, socket.recv()).await.ok()??.ok()?;
    let Message::Text(text) = first else {
        tracing::warn!(instance_id, "the first frame of a control channel was not text");
        return None;
    };
    let opened = match OpenControlChannel::from_text(text.as_bytes()) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(instance_id, %error, "the first frame of a control channel could not be read");
            return None;
        }
    };
    if !token::check(&shared.master_key, instance_id, &opened.token_value, shared.clock.now_ms()) {
        tracing::warn!(instance_id, "a control channel was opened with a token that is not its own or has expired");
        return None;
    }
    Some(opened)
}

async fn run(shared: &Arc<Shared>, handle: &Arc<Handle>, socket: WebSocket, mut queue: mpsc::Receiver<Outgoing>) {
    let (mut sink, mut stream) = socket.split();
    // What was heard and is being stored. Until it is, the node is not listened to, but spoken to.
    let mut storing: Option<Storing<'_>> = None;
    loop {
        tokio::select! {
            () = handle.closed.cancelled() => break,
            () = shared.shutdown.cancelled() => break,
            outgoing = queue.recv() => match outgoing {
                Some(first) => if !in_time(write(&mut sink, first, &mut queue)).await { break },
                None => break,
            },
            frames = async { Some(storing.as_mut()?.await) }, if storing.is_some() => {
                storing = None;
                if !in_time(write_all(&mut sink, frames.unwrap_or_default())).await { break }
                crash_point::reached("answered");
            }
            heard = tokio::time::timeout(SILENT_AFTER, hear(handle, &mut stream)), if storing.is_none() => match heard {
                Ok(Some(heard)) => storing = store(shared, handle, heard),
                Ok(None) => break,
                Err(_) => {
                    tracing::info!(instance_id = handle.instance_id, "control channel silent for too long");
                    break;
                }
            },
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), sink.send(Message::Close(None))).await;
}

/// Frames with which the node is answered, once what they answer is durable.
type Storing<'a> = Pin<Box<dyn Future<Output = Vec<Bytes>> + Send + 'a>>;

/// Hands over what was heard. `None` when there is nothing to store and nothing to answer.
fn store<'a>(shared: &'a Arc<Shared>, handle: &'a Arc<Handle>, heard: Heard) -> Option<Storing<'a>> {
    let Heard { news, answers } = heard;
    if news.is_empty() && answers.is_empty() {
        return None;
    }
    Some(Box::pin(async move {
        let durable = match news.is_empty() {
            true => Vec::new(),
            false => match shared.intake.take(handle.instance_id.clone(), news).await {
                Some(durable) => durable,
                None => return Vec::new(),
            },
        };
        let now = u64::try_from(shared.clock.now_ms()).unwrap_or_default();
        let mut durable = durable.into_iter();
        answers.into_iter().map(|answer| answer.frame(&mut durable, now)).collect()
    }))
}

/// Waits for the node's next frames and reads those that are there, up to a bound. `None` when the channel ended. Cancel safe: between the
/// first frame and the answer nothing is waited for.
async fn hear(handle: &Handle, stream: &mut SplitStream<WebSocket>) -> Option<Heard> {
    let mut heard = Heard::default();
    let mut next = stream.next().await;
    let mut bytes = 0;
    loop {
        let Some(message) = next else { return heard.or_end() };
        match message {
            Ok(Message::Binary(frame)) => {
                bytes += frame.len();
                receive(handle, &frame, &mut heard);
            }
            // Text frames after the first are AgentMessage bytes to the stock agent's own reader; agents never send them.
            Ok(Message::Close(_)) => return heard.or_end(),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(instance_id = handle.instance_id, %error, "control channel broke");
                return heard.or_end();
            }
        }
        if bytes >= HEARD_BYTES || heard.news.len() >= HEARD {
            return Some(heard);
        }
        match stream.next().now_or_never() {
            Some(more) => next = more,
            None => return Some(heard),
        }
    }
}

/// Whether something was written before the node counts as gone: one that no longer reads must not keep its channel open for ever.
async fn in_time(writing: impl Future<Output = Result<(), axum::Error>>) -> bool {
    matches!(tokio::time::timeout(WRITTEN_WITHIN, writing).await, Ok(Ok(())))
}

/// Writes what is queued and flushes once.
async fn write(sink: &mut SplitSink<WebSocket, Message>, first: Outgoing, queue: &mut mpsc::Receiver<Outgoing>) -> Result<(), axum::Error> {
    let mut next = Some(first);
    while let Some(Outgoing::Frame(frame)) = next {
        sink.feed(Message::Binary(frame)).await?;
        next = queue.try_recv().ok();
    }
    sink.flush().await
}

async fn write_all(sink: &mut SplitSink<WebSocket, Message>, frames: Vec<Bytes>) -> Result<(), axum::Error> {
    for frame in frames {
        sink.feed(Message::Binary(frame)).await?;
    }
    sink.flush().await
}

fn receive(handle: &Handle, frame: &[u8], heard: &mut Heard) {
    match AgentMessage::decode(frame) {
        Ok(message) => heard.add(handle, &message),
        // A broken frame is dropped, not answered: what it carried is sent again, because it is not acknowledged.
        Err(error) => {
            tracing::warn!(instance_id = handle.instance_id, %error, bytes = frame.len(), "unreadable frame on a control channel")
        }
    }
}

async fn record_open(shared: &Arc<Shared>, handle: &Arc<Handle>) -> Result<(), qd_store::StoreError> {
    let scene = Scene::of(shared);
    let connection = Connection {
        instance_id: handle.instance_id.clone(),
        hub_id: shared.hub_id.clone(),
        connection_id: handle.connection_id.clone(),
        connected_at: scene.now,
        streams_output: handle.streams_output,
    };
    shared
        .store
        .write(move |tx| {
            let was_connected = connections::get(tx, &connection.instance_id)?.is_some();
            connections::put(tx, &connection)?;
            nodes::set_disconnected(tx, &connection.instance_id, None)?;
            if !was_connected {
                events::connection_changed(tx, &scene, &connection.instance_id, true)?;
            }
            Ok(())
        })
        .await
}

async fn record_close(shared: &Arc<Shared>, handle: &Arc<Handle>) {
    let scene = Scene::of(shared);
    let (instance_id, connection_id) = (handle.instance_id.clone(), handle.connection_id.clone());
    let closed = shared
        .store
        .write(move |tx| {
            let gone = connections::remove(tx, &instance_id, &connection_id)?;
            if gone { super::node_gone(tx, &scene, &instance_id) } else { Ok::<_, qd_store::StoreError>(Vec::new()) }
        })
        .await;
    match closed {
        Ok(parked) => parked.iter().for_each(|command_id| shared.wakers.command(command_id)),
        // A closing hub closes its store first; the next start forgets the channel.
        Err(error) => tracing::debug!(%error, instance_id = handle.instance_id, "the end of a control channel was not recorded"),
    }
}
