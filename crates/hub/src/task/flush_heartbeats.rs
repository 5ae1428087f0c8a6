//! Writes the times of heartbeats that said nothing new, for all nodes at once. A timer is enough: the times are good to the second nowhere.

use std::sync::Arc;
use std::time::Duration;

use crate::agent_ops::heartbeat;
use crate::hub::Shared;

const EVERY: Duration = Duration::from_secs(10);

/// Runs until the hub shuts down.
pub async fn run(shared: Arc<Shared>) {
    loop {
        let closing = tokio::select! {
            () = shared.shutdown.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        if let Err(error) = heartbeat::flush(&shared).await {
            tracing::warn!(%error, "heartbeats could not be written; the next ones will be");
        }
        if closing {
            return;
        }
    }
}
