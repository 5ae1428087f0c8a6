//! Control channels: one websocket per node, over which commands go out and results come back (agent-protocol 4). Data channels: two websockets
//! per session.

pub mod control;
pub mod data;
pub mod ingest;
pub mod intake;
mod registry;
pub mod token;

pub use registry::{Handle, Outgoing, Registry};

use std::sync::Arc;

use qd_store::table::commands::Stage;
use qd_store::table::{connections, invocations, nodes, sessions};
use qd_store::{StoreError, Tx};

use crate::events;
use crate::hub::Shared;
use crate::ops::commands::advance::Scene;
use crate::ops::commands::moves::Moves;

/// How long a hub that shares its store may be silent before its channels count as closed, in milliseconds.
pub const HUB_LOST_MS: i64 = 30_000;

/// Forgets the channels that ended with an earlier run or with a hub that is gone.
pub async fn forget_connections_of_earlier_runs(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let scene = Scene::of(shared);
    // An embedded store has one hub, so every channel on record ended with an earlier run.
    let before = if shared.store_is_shared { scene.now - HUB_LOST_MS } else { i64::MAX };
    shared
        .store
        .write(move |tx| {
            for instance_id in connections::forget_lost_hubs(tx, before)? {
                node_gone(tx, &scene, &instance_id)?;
            }
            connections::hub_seen(tx, &scene.hub_id, None, scene.now)?;
            sessions::forget_ends(tx, &scene.hub_id, scene.now)?;
            Ok(())
        })
        .await
}

/// A node's last channel ended: says so, and parks what it has not acknowledged, so that an absent node holds up neither the ramp-up nor a
/// slot. Returns the commands that can go on now.
pub fn node_gone(tx: &mut Tx<'_>, scene: &Scene, instance_id: &str) -> Result<Vec<String>, StoreError> {
    nodes::set_disconnected(tx, instance_id, Some(scene.now))?;
    events::connection_changed(tx, scene, instance_id, false)?;
    let mut moves = Moves::new(scene);
    for invocation in invocations::waiting_for_node(tx, instance_id)? {
        if matches!(invocation.stage, Stage::Unacknowledged | Stage::Released) {
            moves.to(tx, &invocation, Stage::Delayed)?;
        }
    }
    Ok(moves.close(tx)?.into_iter().map(|command| command.command_id).collect())
}
