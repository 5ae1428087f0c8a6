//! Keeps role credentials fresh: at half their life, or at once when the hub no longer takes them.

use crate::agent::Agent;
use crate::registration::credentials::Renewal;
use std::sync::Arc;
use std::time::Duration;

/// Time between two refreshes that refusals of the hub ask for.
const SETTLE: Duration = Duration::from_secs(5);

/// Never returns.
pub async fn run(agent: Arc<Agent>) {
    let renewal = Renewal { home: &agent.home, config: &agent.config, registration: &agent.registration, link: &agent.link };
    let mut life = match renewal.resume() {
        Some(life) => life,
        None => renewal.fetch().await,
    };
    loop {
        agent.ready.send_replace(true);
        tokio::select! {
            () = tokio::time::sleep(life) => {}
            () = agent.link.role().refused.notified() => tokio::time::sleep(SETTLE.min(life)).await,
        }
        life = renewal.fetch().await;
    }
}
