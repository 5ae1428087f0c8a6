//! What an idle connected node costs the hub in memory, with 1,000 and with 10,000 of them.

use super::Sizes;
use super::hub::HubProcess;
use super::process;
use super::report::{self, median};
use super::simulator::FleetProcess;

/// KiB a node may cost.
const BAR: f64 = 40.0;
/// Times the cost at the small size that counts as the same.
const SAME: f64 = 1.15;

pub async fn run(args: &Sizes) -> anyhow::Result<()> {
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let small = once(args, args.small).await?;
        let large = once(args, args.large).await?;
        println!("idle round {round}: {small:.1} KiB a node with {}, {large:.1} KiB a node with {}", args.small, args.large);
        of_small.push(small);
        of_large.push(large);
    }
    let (small, large) = (median(&of_small), median(&of_large));
    report::growth("idle", "KiB", (args.small, small), (args.large, large));
    report::verdict("cost per node, large beside small", large / small, SAME, " times");
    report::verdict(&format!("idle node with {}", args.small), small, BAR, " KiB");
    report::verdict(&format!("idle node with {}", args.large), large, BAR, " KiB");
    Ok(())
}

/// A fresh hub; how much it grew for each node, KiB.
async fn once(args: &Sizes, nodes: usize) -> anyhow::Result<f64> {
    let hub = HubProcess::start(args.store.as_deref()).await?;
    let admin = hub.admin()?;
    // One node first: what is loaded once is not a cost per node.
    let first = FleetProcess::start(&hub, &admin, "first", 1).await?;
    admin.fan_out("first", 1).await?;
    let before = process::settled(hub.id()?).await?;
    let fleet = FleetProcess::start(&hub, &admin, "idle", nodes).await?;
    let after = process::settled(hub.id()?).await?;
    println!("idle: hub {:.1} MiB before, {:.1} MiB with {nodes} nodes", before as f64 / 1048576.0, after as f64 / 1048576.0);
    fleet.stop().await;
    first.stop().await;
    hub.stop().await;
    Ok(after.saturating_sub(before) as f64 / 1024.0 / nodes as f64)
}
