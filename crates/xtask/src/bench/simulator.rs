//! `cargo xtask bench fleet`: a fleet as a process of its own. It says its figures when all nodes are connected and again for every
//! line of input; it ends with its input.

use std::sync::atomic::Ordering;

use anyhow::{Context, anyhow};
use qd_agent::simulated::{Fleet, Manner, Wanted};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::FleetArgs;
use super::admin::Admin;
use super::hub::HubProcess;
use super::process::{self, Role};

/// What a fleet has done so far; bytes are those of whole frames.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub struct Figures {
    pub connected: usize,
    pub jobs: usize,
    pub job_bytes: usize,
    pub answers: usize,
    pub answer_bytes: usize,
    pub acknowledged: usize,
    pub acknowledged_bytes: usize,
}

fn figures(fleet: &Fleet) -> Figures {
    let counters = fleet.counters();
    let of = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed);
    Figures {
        connected: of(&counters.connected),
        jobs: of(&counters.jobs),
        job_bytes: of(&counters.job_bytes),
        answers: of(&counters.answers),
        answer_bytes: of(&counters.answer_bytes),
        acknowledged: of(&counters.acknowledged),
        acknowledged_bytes: of(&counters.acknowledged_bytes),
    }
}

/// The process itself.
pub async fn run(args: &FleetArgs) -> anyhow::Result<()> {
    let pair = |pair: &String| pair.split_once(':').map(|(id, code)| (id.to_owned(), code.to_owned()));
    let activations = args.activations.iter().map(|one| pair(one).ok_or_else(|| anyhow!("an activation is id:code")));
    let wanted = Wanted {
        url: args.url.clone(),
        region: args.region.clone(),
        ca_pem: std::fs::read(&args.ca_file).with_context(|| format!("reading {}", args.ca_file.display()))?,
        activations: activations.collect::<Result<_, _>>()?,
        nodes: args.nodes,
        prefix: args.prefix.clone(),
        manner: Manner::Instant,
    };
    let fleet = Fleet::start(&wanted).await?;
    process::say(&figures(&fleet))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        process::say(&figures(&fleet))?;
    }
    Ok(())
}

/// A fleet that a measurement started, all of whose nodes are connected and carry the tag `fleet=<name>`.
pub struct FleetProcess {
    role: Role,
}

impl FleetProcess {
    pub async fn start(hub: &HubProcess, admin: &Admin, name: &str, nodes: usize) -> anyhow::Result<FleetProcess> {
        let mut arguments: Vec<String> = vec!["fleet".into(), "--nodes".into(), nodes.to_string(), "--prefix".into(), name.into()];
        arguments.extend(["--url".into(), hub.url.clone(), "--region".into(), hub.region.clone()]);
        arguments.extend(["--ca-file".into(), hub.ca_file().display().to_string()]);
        for (id, code) in admin.activations(nodes, name).await? {
            arguments.extend(["--activation".into(), format!("{id}:{code}")]);
        }
        let mut role = Role::start(&arguments)?;
        let figures: Figures = role.answer().await?;
        anyhow::ensure!(figures.connected == nodes, "{} of {nodes} nodes connected", figures.connected);
        Ok(FleetProcess { role })
    }

    pub async fn figures(&mut self) -> anyhow::Result<Figures> {
        self.role.ask().await
    }

    pub async fn stop(self) {
        self.role.stop().await;
    }
}
