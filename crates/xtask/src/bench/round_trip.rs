//! SendCommand `true` to one node over TLS until GetCommandInvocation says Success; beside it `fork+exec sh -c true` and two requests.

use std::time::Duration;

use super::RoundTrip;
use super::agent::AgentProcess;
use super::hub::HubProcess;
use super::limit::BareRoundTrip;
use super::report::{self, Rounds, median};
use super::simulator::FleetProcess;

/// Times the limit that a round trip may take.
const BAR: f64 = 4.0;

pub async fn run(args: &RoundTrip) -> anyhow::Result<()> {
    let hub = HubProcess::start(args.store.as_deref()).await?;
    let admin = hub.admin()?;
    let bare = BareRoundTrip::start().await?;
    let (agent, fleet) = if args.simulated {
        (None, Some(FleetProcess::start(&hub, &admin, "one", 1).await?))
    } else {
        (Some(AgentProcess::start(&hub, &admin).await?), None)
    };
    let node = admin.first_node().await?;
    for _ in 0..10 {
        admin.round_trip(&node).await?;
        bare.once().await?;
    }
    let mut rounds = Rounds::new("round-trip");
    for _ in 0..args.rounds {
        let (mut ours, mut limit) = (Vec::new(), Vec::new());
        // Turn by turn, so that a busy moment of the machine falls on both.
        for _ in 0..args.samples {
            ours.push(admin.round_trip(&node).await?.as_secs_f64());
            limit.push(bare.once().await?.as_secs_f64());
        }
        rounds.add(Duration::from_secs_f64(median(&ours)), Duration::from_secs_f64(median(&limit)));
    }
    if let Some(agent) = agent {
        agent.stop().await;
    }
    if let Some(fleet) = fleet {
        fleet.stop().await;
    }
    hub.stop().await;
    println!("round-trip: median {:.2} ms, limit {:.2} ms", rounds.ours(), rounds.beside());
    report::verdict("round-trip beside the limit", rounds.ratio(), BAR, " times");
    Ok(())
}
