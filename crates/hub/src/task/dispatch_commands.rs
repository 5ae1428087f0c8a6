//! Moves every open command on: resolves its targets, hands out what rate control allows, ends what ran out of time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qd_store::StoreError;
use qd_store::table::commands;

use crate::crash_point;
use crate::events;
use crate::hub::Shared;
use crate::ops::commands::advance::{self, Scene};
use crate::ops::commands::{deliver, resolve};

/// How often deadlines are looked at when nothing else happens.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the hub shuts down.
pub async fn run(shared: Arc<Shared>) {
    let mut changes = shared.store.subscribe();
    let mut due: BTreeMap<String, i64> = BTreeMap::new();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    look_at_all(&shared).await;
    loop {
        let ids = tokio::select! {
            () = shared.shutdown.cancelled() => return,
            ids = shared.wakers.commands() => ids,
            open = events::concerned(&mut changes, super::COMMANDS), if shared.store_is_shared => {
                if !open { return }
                look_at_all(&shared).await;
                continue;
            }
            _ = tick.tick() => {
                let now = shared.clock.now_ms();
                due.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect()
            }
        };
        for id in ids {
            match advance_fully(&shared, &id).await {
                Ok(Some(at)) => {
                    due.insert(id, at);
                }
                Ok(None) => {
                    due.remove(&id);
                }
                Err(error) => {
                    tracing::error!(%error, command_id = id, "a command could not be moved on; it is tried again");
                    due.insert(id, shared.clock.now_ms() + 1_000);
                }
            }
        }
    }
}

/// Wakes the dispatcher for every command that has not ended: at the start, and when another hub changed something.
async fn look_at_all(shared: &Arc<Shared>) {
    match shared.store.read(commands::open_ids).await {
        Ok(ids) => ids.iter().for_each(|id| shared.wakers.command(id)),
        Err(error) => tracing::error!(%error, "the open commands could not be read"),
    }
}

/// Takes steps of a command until nothing is to be done at once; when something is due next.
async fn advance_fully(shared: &Arc<Shared>, command_id: &str) -> Result<Option<i64>, StoreError> {
    loop {
        let scene = Scene::of(shared);
        let id = command_id.to_owned();
        let advanced = shared
            .store
            .write(move |tx| {
                resolve::resolve(tx, &scene, &id)?;
                advance::advance(tx, &scene, &id)
            })
            .await?;
        if !advanced.send.is_empty() {
            crash_point::reached("dispatch-committed");
        }
        deliver::send(shared, command_id, &advanced.send).await;
        advanced.stop.iter().for_each(|instance_id| deliver::send_cancel(shared, command_id, instance_id));
        if !advanced.more {
            return Ok(advanced.due);
        }
    }
}
