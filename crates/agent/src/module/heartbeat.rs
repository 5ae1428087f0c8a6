//! Tells the hub what this node is and that it is there (agent-protocol 3.2).

use crate::agent::{Agent, VERSION};
use crate::platform;
use crate::registration::credentials::jittered;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// First and longest pause after a failure.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Reports at start, whenever the control channel comes or goes, and every few minutes. Never returns.
pub async fn run(agent: Arc<Agent>) {
    let mut ready = agent.ready.subscribe();
    let _ = ready.wait_for(|ready| *ready).await;
    let mut connected = agent.connected.subscribe();
    let mut wait = RETRY.0;
    loop {
        let is_connected = connected.borrow_and_update().is_some();
        let pause = match agent.link.call_once("UpdateInstanceInformation", &full(&agent, is_connected)).await {
            Ok(_) => {
                wait = RETRY.0;
                Duration::from_secs(agent.config.heartbeat_minutes * 60)
            }
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "the hub did not take a heartbeat");
                wait = (wait * 2).min(RETRY.1);
                jittered(wait)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = connected.changed() => if changed.is_err() { return },
        }
    }
}

/// Our full report. The stock agent's empty one before it carries nothing that this one does not.
fn full(agent: &Agent, connected: bool) -> Value {
    let (name, version) = platform::name_and_version();
    let address = (*agent.connected.borrow()).or_else(|| platform::ip_address(None));
    json!({
        "AgentName": "quarterdeck-agent",
        "AgentStatus": "Active",
        "AgentVersion": VERSION,
        "AvailabilityZone": "",
        "AvailabilityZoneId": "",
        "ComputerName": platform::host_name(),
        "IPAddress": address.map(|a| a.to_string()).unwrap_or_default(),
        "InstanceId": agent.registration.instance_id,
        "PlatformName": name,
        "PlatformType": platform::PLATFORM_TYPE,
        "PlatformVersion": version,
        "SSMConnectionChannel": if connected { "ssmmessages" } else { "" },
    })
}
