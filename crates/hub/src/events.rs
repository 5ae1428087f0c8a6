//! What happened, in EventBridge's shape (semantics 14.1), written in the transaction that made it happen and read from a cursor.
//!
//! The console, the tray and callers of `/quarterdeck/v1/events` follow this stream; the source of AWS's own events is `aws.ssm`, of ours
//! `quarterdeck`.

use std::sync::Arc;

use qd_model::Timestamp;
use qd_store::table::commands::{Command, Stage};
use qd_store::table::events::{self, NewEvent};
use qd_store::table::invocations::{self, Invocation};
use qd_store::{StoreError, Tx};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::hub::Shared;
use crate::ops::commands::advance::Scene;

/// Topic on which the store tells that events were added.
pub const TOPIC: &str = "events";

/// Source of the events that AWS defines.
pub const AWS: &str = "aws.ssm";
/// Nodes named in an event of a command at most: as many as SendCommand takes by id.
const MAX_RESOURCES: i64 = 50;
/// Source of the events that only Quarterdeck has.
pub const OURS: &str = "quarterdeck";

/// Adds an event to the transaction. `resources` are ARNs.
pub fn emit(tx: &mut Tx<'_>, now: i64, source: &str, detail_type: &str, resources: &[String], detail: &Value) -> Result<(), StoreError> {
    events::append(
        tx,
        &NewEvent {
            id: &Uuid::new_v4().to_string(),
            time: now,
            source,
            detail_type,
            resources: &Value::from(resources.to_vec()).to_string(),
            detail: &detail.to_string(),
        },
    )?;
    tx.notify(TOPIC);
    Ok(())
}

/// A time as events and AWS's string dates carry it: `2024-06-01T10:11:12.345Z`.
pub fn iso(ms: i64) -> String {
    Timestamp::from_millis(ms).to_iso_millis()
}

fn node_arn(scene: &Scene, instance_id: &str) -> String {
    if instance_id.starts_with("i-") {
        format!("arn:aws:ec2:{}:{}:instance/{instance_id}", scene.region, scene.account)
    } else {
        format!("arn:aws:ssm:{}:{}:managed-instance/{instance_id}", scene.region, scene.account)
    }
}

/// An event that is told with others, see [`emit_all`].
#[derive(Debug)]
pub struct Told {
    id: String,
    detail_type: &'static str,
    resources: String,
    detail: String,
}

/// Adds events of AWS's to the transaction, in their order.
pub fn emit_all(tx: &mut Tx<'_>, now: i64, told: &[Told]) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewEvent<'_>> = told
        .iter()
        .map(|t| NewEvent { id: &t.id, time: now, source: AWS, detail_type: t.detail_type, resources: &t.resources, detail: &t.detail })
        .collect();
    events::append_all(tx, &rows)?;
    Ok(())
}

/// "EC2 Command Invocation Status-change Notification", when what callers see changed.
pub fn invocation_changed(scene: &Scene, before: &Invocation, stage: Stage) -> Option<Told> {
    if before.stage.status_details() == stage.status_details() {
        return None;
    }
    let detail = json!({
        "command-id": before.command_id,
        "document-name": before.document_name,
        "instance-id": before.instance_id,
        "requested-date-time": iso(before.requested_at),
        "status": stage.status(),
        "status-details": stage.status_details(),
    });
    Some(Told {
        id: Uuid::new_v4().to_string(),
        detail_type: "EC2 Command Invocation Status-change Notification",
        resources: Value::from(vec![node_arn(scene, &before.instance_id)]).to_string(),
        detail: detail.to_string(),
    })
}

/// "EC2 Command Status-change Notification". Parameter values stay out: they may be secrets, and events are kept and shown.
pub fn command_changed(tx: &mut Tx<'_>, scene: &Scene, command: &Command) -> Result<(), StoreError> {
    let detail = json!({
        "command-id": command.command_id,
        "document-name": command.document_name,
        "expire-after": iso(command.expires_at),
        "parameters": {},
        "requested-date-time": iso(command.requested_at),
        "status": command.status,
        "status-details": command.status_details,
        "target-count": command.targets,
        "completed-count": command.counts.sum(Stage::is_terminal),
    });
    // The nodes of a small command; those of a large one have events of their own.
    let nodes =
        if command.targets <= MAX_RESOURCES { invocations::instance_ids(tx, &command.command_id, MAX_RESOURCES)? } else { Vec::new() };
    let resources: Vec<String> = nodes.iter().map(|id| node_arn(scene, id)).collect();
    emit(tx, scene.now, AWS, "EC2 Command Status-change Notification", &resources, &detail)
}

/// A node's control channel opened or closed.
pub fn connection_changed(tx: &mut Tx<'_>, scene: &Scene, instance_id: &str, connected: bool) -> Result<(), StoreError> {
    let detail = json!({ "instance-id": instance_id, "state": if connected { "connected" } else { "disconnected" } });
    emit(tx, scene.now, OURS, "Quarterdeck Node Connection", &[node_arn(scene, instance_id)], &detail)
}

/// A session began, moved on or ended.
pub fn session_changed(tx: &mut Tx<'_>, scene: &Scene, instance_id: &str, detail: &Value) -> Result<(), StoreError> {
    emit(tx, scene.now, OURS, "Quarterdeck Session State-change", &[node_arn(scene, instance_id)], detail)
}

/// Where a reader of the stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// After the event of that sequence number; `After(0)` is the oldest that is kept.
    After(i64),
    /// Only what happens from now on.
    Now,
}

/// A reader of the event stream.
pub struct Subscription {
    shared: Arc<Shared>,
    cursor: Cursor,
    changes: qd_store::Changes,
}

/// Events handed out at once at most.
const PAGE: u32 = 500;

impl Subscription {
    /// A reader that begins at `cursor`.
    pub fn open(shared: Arc<Shared>, cursor: Cursor) -> Self {
        let changes = shared.store.subscribe();
        Self { shared, cursor, changes }
    }

    /// The next events as JSON envelopes with `seq`, waiting until there are some. `None` when the hub closes.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, StoreError> {
        loop {
            let after = match self.cursor {
                Cursor::After(seq) => seq,
                Cursor::Now => {
                    let last = self.shared.store.read(events::last_seq).await?;
                    self.cursor = Cursor::After(last);
                    last
                }
            };
            let page = self.shared.store.read(move |tx| events::read_after(tx, after, PAGE)).await?;
            if let Some(last) = page.last() {
                self.cursor = Cursor::After(last.seq);
                return Ok(Some(page.iter().map(|e| self.envelope(e)).collect()));
            }
            tokio::select! {
                () = self.shared.shutdown.cancelled() => return Ok(None),
                open = concerned(&mut self.changes, TOPIC) => if !open { return Ok(None) },
            }
        }
    }

    fn envelope(&self, event: &events::Event) -> Value {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        json!({
            "seq": event.seq,
            "version": "0",
            "id": event.id,
            "detail-type": event.detail_type,
            "source": event.source,
            "account": self.shared.account,
            "time": iso(event.time),
            "region": self.shared.region,
            "resources": parse(&event.resources),
            "detail": parse(&event.detail),
        })
    }
}

/// Waits until something on `topic` was committed; `false` when the store closed.
pub async fn concerned(changes: &mut qd_store::Changes, topic: &str) -> bool {
    loop {
        match changes.next().await {
            Some(change) if change.concerns(topic) => return true,
            Some(_) => {}
            None => return false,
        }
    }
}
