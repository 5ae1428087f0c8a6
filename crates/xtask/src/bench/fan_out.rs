//! One command to 1,000 and to 10,000 connected nodes, every result stored; beside it the same bytes on as many bare websockets.

use super::Sizes;
use super::hub::HubProcess;
use super::report::{self, Rounds};
use super::simulator::{Figures, FleetProcess};
use super::sockets::{Frames, Sockets};

/// Times the limit that a fan-out may take.
const BAR: f64 = 3.0;
/// Times the cost per node at the small size that counts as flat.
const FLAT: f64 = 1.25;

pub async fn run(args: &Sizes) -> anyhow::Result<()> {
    let hub = HubProcess::start(args.store.as_deref()).await?;
    let admin = hub.admin()?;
    println!("fan-out: connecting {} and {} simulated nodes", args.small, args.large);
    let mut small = FleetProcess::start(&hub, &admin, "small", args.small).await?;
    let large = FleetProcess::start(&hub, &admin, "large", args.large).await?;
    // The first command warms both sides up and tells how large the frames are.
    admin.fan_out("small", args.small).await?;
    admin.fan_out("large", args.large).await?;
    let frames = frames(small.figures().await?);
    println!(
        "fan-out: frames of a job {}, of its answers {:?}, of their acknowledgements {} bytes",
        frames.job, frames.answers, frames.acknowledgement
    );
    let mut bare_small = Sockets::start(args.small, frames.clone()).await?;
    let mut bare_large = Sockets::start(args.large, frames).await?;
    println!("fan-out: {} bytes for each node", bare_small.bytes());
    bare_small.once().await?;
    bare_large.once().await?;
    let mut of_small = Rounds::new(format!("fan-out to {}", args.small));
    let mut of_large = Rounds::new(format!("fan-out to {}", args.large));
    for _ in 0..args.rounds {
        of_small.add(admin.fan_out("small", args.small).await?, bare_small.once().await?);
        of_large.add(admin.fan_out("large", args.large).await?, bare_large.once().await?);
    }
    for sockets in [bare_small, bare_large] {
        sockets.stop().await;
    }
    for fleet in [small, large] {
        fleet.stop().await;
    }
    hub.stop().await;
    let (per_small, per_large) = (of_small.ours() / args.small as f64, of_large.ours() / args.large as f64);
    report::growth("fan-out", "ms", (args.small, per_small), (args.large, per_large));
    report::growth("limit", "ms", (args.small, of_small.beside() / args.small as f64), (args.large, of_large.beside() / args.large as f64));
    report::verdict("cost per node, large beside small", per_large / per_small, FLAT, " times");
    report::verdict(&format!("fan-out to {} beside the limit", args.small), of_small.ratio(), BAR, " times");
    report::verdict(&format!("fan-out to {} beside the limit", args.large), of_large.ratio(), BAR, " times");
    Ok(())
}

/// The mean sizes of what went over the wire for one job.
fn frames(figures: Figures) -> Frames {
    let mean = |bytes: usize, count: usize| bytes.checked_div(count).unwrap_or_default();
    let answers = mean(figures.answers, figures.jobs);
    Frames {
        job: mean(figures.job_bytes, figures.jobs),
        answers: vec![mean(figures.answer_bytes, figures.answers); answers],
        acknowledgement: mean(figures.acknowledged_bytes, figures.acknowledged),
    }
}
