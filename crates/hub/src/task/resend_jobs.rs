//! Sends again what nodes have not acknowledged: an agent drops what arrives before its command processor is up (agent-protocol 4.2), and a
//! frame may be lost with its connection. The same job id makes a second delivery harmless.

use std::sync::Arc;
use std::time::Duration;

use crate::events;
use crate::hub::Shared;
use crate::ops::commands::deliver;

const TICK: Duration = Duration::from_secs(2);

/// Runs until the hub shuts down.
pub async fn run(shared: Arc<Shared>) {
    let mut changes = shared.store.subscribe();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            _ = tick.tick() => {}
            open = events::concerned(&mut changes, super::RELEASED), if shared.store_is_shared => if !open { return },
        }
        // Without a channel there is nobody to send to.
        if shared.registry.is_empty() {
            continue;
        }
        if let Err(error) = deliver::resend(&shared).await {
            tracing::error!(%error, "unacknowledged jobs could not be sent again");
        }
    }
}
