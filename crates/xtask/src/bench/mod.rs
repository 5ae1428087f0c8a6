//! `cargo xtask bench`: every figure stands beside the least this machine could take, measured in the same run, and beside the figure
//! of a smaller fleet. Machines differ and are shared, so only ratios within one run are results.
//!
//! The measuring parts need the client and a runtime. They are behind the feature `bench`, so that every other developer
//! command builds in seconds; without it, this builds xtask again, for release and with the feature, and hands over.

#![cfg_attr(not(feature = "bench"), allow(dead_code, reason = "the arguments are read by the program this hands over to"))]

#[cfg(feature = "bench")]
mod admin;
#[cfg(feature = "bench")]
mod agent;
#[cfg(feature = "bench")]
mod fan_out;
#[cfg(feature = "bench")]
mod hub;
#[cfg(feature = "bench")]
mod idle;
#[cfg(feature = "bench")]
mod limit;
#[cfg(feature = "bench")]
mod process;
#[cfg(feature = "bench")]
mod report;
#[cfg(feature = "bench")]
mod round_trip;
#[cfg(feature = "bench")]
mod simulator;
#[cfg(feature = "bench")]
mod sockets;
#[cfg(feature = "bench")]
mod stock;

use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

/// What to measure. The hidden ones are the processes a measurement starts.
#[derive(clap::Subcommand, Debug)]
enum What {
    /// One command to one node and its result back, beside fork+exec and two requests
    RoundTrip(RoundTrip),
    /// One command to 1,000 and to 10,000 nodes, beside the same bytes on bare websockets
    FanOut(Sizes),
    /// Memory of the hub with 1,000 and with 10,000 idle nodes
    Idle(Sizes),
    /// Memory, size and start of the agent
    Agent(AgentBench),
    /// Simulated nodes for any hub, until the input ends
    Fleet(FleetArgs),
    #[command(hide = true)]
    Sockets(SocketsArgs),
}

#[derive(clap::Args, Debug)]
struct RoundTrip {
    /// Rounds; the median of their ratios is the result
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Commands in a round
    #[arg(long, default_value_t = 40)]
    samples: usize,
    /// A connection string of PostgreSQL instead of the embedded store
    #[arg(long)]
    store: Option<String>,
    /// Answer from a simulated node instead of an agent: what the hub alone takes
    #[arg(long)]
    simulated: bool,
    /// Folder of an unmodified amazon-ssm-agent and its workers, to be measured on the same hub (as root)
    #[arg(long, value_name = "FOLDER")]
    stock_agent: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
struct Sizes {
    /// Rounds; the median of their ratios is the result
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The small fleet
    #[arg(long, default_value_t = 1_000)]
    small: usize,
    /// The large fleet
    #[arg(long, default_value_t = 10_000)]
    large: usize,
    /// A connection string of PostgreSQL instead of the embedded store
    #[arg(long)]
    store: Option<String>,
}

#[derive(clap::Args, Debug)]
struct AgentBench {
    /// Rounds; the median is the result
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Folder of an unmodified amazon-ssm-agent and its workers, to be measured on the same hub (as root)
    #[arg(long, value_name = "FOLDER")]
    stock_agent: Option<PathBuf>,
}

#[derive(clap::Args, Debug, Clone)]
struct FleetArgs {
    /// Address of the hub
    #[arg(long)]
    url: String,
    /// Its region
    #[arg(long, default_value = "local-1")]
    region: String,
    /// Its CA certificate, PEM
    #[arg(long)]
    ca_file: PathBuf,
    /// `id:code` of an activation; several when one does not reach (its limit is 1,000 nodes)
    #[arg(long = "activation", required = true)]
    activations: Vec<String>,
    /// How many nodes
    #[arg(long, default_value_t = 20)]
    nodes: usize,
    /// Beginning of the nodes' host names
    #[arg(long, default_value = "simulated")]
    prefix: String,
}

#[derive(clap::Args, Debug, Clone)]
struct SocketsArgs {
    #[arg(long)]
    port: u16,
    #[arg(long)]
    ca_file: PathBuf,
    #[arg(long)]
    count: usize,
    /// Bytes of each frame that answers one from the server
    #[arg(long, value_delimiter = ',')]
    answers: Vec<usize>,
}

#[cfg(feature = "bench")]
pub fn run(args: &Args) -> anyhow::Result<()> {
    process::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        match &args.what {
            What::RoundTrip(args) => round_trip::run(args).await,
            What::FanOut(args) => fan_out::run(args).await,
            What::Idle(args) => idle::run(args).await,
            What::Agent(args) => agent::run(args).await,
            What::Fleet(args) => simulator::run(args).await,
            What::Sockets(args) => sockets::run(args).await,
        }
    });
    // A thread may wait for a line of input that never comes.
    runtime.shutdown_background();
    ended
}

/// Builds what is measured, for release, and hands over to it.
#[cfg(not(feature = "bench"))]
pub fn run(_args: &Args) -> anyhow::Result<()> {
    use std::process::Command;
    println!("bench: building for release (some minutes the first time)");
    // Where every build of the project goes, so that a clone stays small.
    let target = crate::place::target()?;
    let cargo = || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(crate::place::root()).env("CARGO_TARGET_DIR", &target);
        cargo
    };
    // In one call, because another choice of packages would build what they share with other features.
    let packages = ["--package", "qd-agent", "--package", "qd-hub", "--package", "xtask", "--features", "xtask/bench"];
    let built = cargo().args(["build", "--release"]).args(packages).status()?;
    anyhow::ensure!(built.success(), "agent, hub and measurement did not build");
    let ran = Command::new(target.join("release").join(crate::place::program("xtask"))).args(std::env::args_os().skip(1)).status()?;
    anyhow::ensure!(ran.success(), "the measurement failed");
    Ok(())
}
