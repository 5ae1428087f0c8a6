//! SendCommand `true` to one node over TLS until GetCommandInvocation says Success; beside it `fork+exec sh -c true` and two requests.

use std::path::Path;
use std::time::Duration;

use super::RoundTrip;
use super::admin::Admin;
use super::agent::AgentProcess;
use super::hub::HubProcess;
use super::limit::BareRoundTrip;
use super::report::{self, Rounds, median};
use super::simulator::FleetProcess;
use super::stock::StockAgent;

/// Times the limit that a round trip may take.
const BAR: f64 = 4.0;
/// Times as long that a stock agent should take on the same hub.
const STOCK_BAR: f64 = 20.0;

pub async fn run(args: &RoundTrip) -> anyhow::Result<()> {
    let hub = HubProcess::start(args.store.as_deref()).await?;
    let admin = hub.admin()?;
    let bare = BareRoundTrip::start().await?;
    let (agent, fleet) = if args.simulated {
        (None, Some(FleetProcess::start(&hub, &admin, "one", 1).await?))
    } else {
        (Some(AgentProcess::start(&hub, &admin).await?), None)
    };
    let node = admin.node_of(if args.simulated { "one" } else { "agent" }).await?;
    let mut events = admin.events().await?;
    for _ in 0..10 {
        admin.round_trip_told(&node, &mut events).await?;
        bare.once().await?;
    }
    let mut rounds = Rounds::new("round-trip");
    for _ in 0..args.rounds {
        let (mut ours, mut limit) = (Vec::new(), Vec::new());
        // Turn by turn, so that a busy moment of the machine falls on both.
        for _ in 0..args.samples {
            ours.push(admin.round_trip_told(&node, &mut events).await?.as_secs_f64());
            limit.push(bare.once().await?.as_secs_f64());
        }
        rounds.add(Duration::from_secs_f64(median(&ours)), Duration::from_secs_f64(median(&limit)));
    }
    if let Some(agent) = agent {
        agent.stop().await;
    }
    let stock = match &args.stock_agent {
        Some(folder) => Some(stock_milliseconds(&hub, &admin, folder, args.rounds).await?),
        None => None,
    };
    if let Some(fleet) = fleet {
        fleet.stop().await;
    }
    hub.stop().await;
    println!("round-trip: median {:.2} ms, limit {:.2} ms", rounds.ours(), rounds.beside());
    report::verdict("round-trip beside the limit", rounds.ratio(), BAR, " times");
    match stock {
        Some(stock) => {
            println!("round-trip: stock agent median {stock:.1} ms");
            report::verdict_at_least("round-trip, stock agent beside ours", stock / rounds.ours(), STOCK_BAR, " times");
        }
        None => println!("round-trip: the stock agent was not measured; --stock-agent names its folder"),
    }
    Ok(())
}

/// The median of a stock agent's round trips on the same hub.
async fn stock_milliseconds(hub: &HubProcess, admin: &Admin, folder: &Path, rounds: usize) -> anyhow::Result<f64> {
    println!("round-trip: starting the stock agent");
    let agent = StockAgent::start(hub, admin, folder).await?;
    let node = admin.node_of("stock").await?;
    admin.round_trip(&node).await?;
    let mut taken = Vec::new();
    for round in 1..=rounds {
        let milliseconds = admin.round_trip(&node).await?.as_secs_f64() * 1e3;
        println!("round-trip round {round}: stock agent {milliseconds:.1} ms");
        taken.push(milliseconds);
    }
    agent.stop().await;
    Ok(median(&taken))
}
