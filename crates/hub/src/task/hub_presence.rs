//! Says that this hub is alive and forgets the channels of hubs that are not, so that what was parked behind a dead hub gets its turn.

use std::sync::Arc;
use std::time::Duration;

use qd_store::StoreError;
use qd_store::table::{connections, sessions};

use crate::channel::HUB_LOST_MS;
use crate::hub::Shared;
use crate::ops::commands::advance::Scene;

const TICK: Duration = Duration::from_secs(10);

/// Runs until the hub shuts down. A hub that has its store for itself has nobody to tell.
pub async fn run(shared: Arc<Shared>) {
    if !shared.store_is_shared {
        return;
    }
    let mut tick = tokio::time::interval(TICK);
    // When this hub last said so; it did at its start.
    let mut told_at = shared.clock.now_ms();
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        let scene = Scene::of(&shared);
        let now = scene.now;
        if now - told_at >= HUB_LOST_MS {
            // This process or its store stood still for so long that another hub may have taken its channels for closed, and a node that nobody
            // holds on record gets nothing. Closed channels are opened anew within seconds, and recorded.
            tracing::warn!(silent_ms = now - told_at, "this hub was silent for too long; its nodes are asked to connect again");
            shared.registry.close_all();
        }
        let address = shared.front.peer_address().map(|address| address.to_string());
        let told = shared
            .store
            .write(move |tx| {
                connections::hub_seen(tx, &scene.hub_id, address.as_deref(), scene.now)?;
                for instance_id in connections::forget_lost_hubs(tx, scene.now - HUB_LOST_MS)? {
                    if !crate::channel::node_gone(tx, &scene, &instance_id)?.is_empty() {
                        tx.notify(super::COMMANDS);
                    }
                }
                sessions::forget_ends(tx, &scene.hub_id, scene.now)?;
                Ok::<_, StoreError>(())
            })
            .await;
        match told {
            Ok(()) => told_at = now,
            Err(error) => tracing::error!(%error, "this hub could not say that it is alive"),
        }
    }
}
