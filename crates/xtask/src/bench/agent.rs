//! The agent as a process: its memory idle and at work, its size, and how soon after its start the first command is done.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use serde_json::json;
use tokio::process::{Child, Command};

use super::AgentBench;
use super::admin::Admin;
use super::hub::HubProcess;
use super::process;
use super::report::{self, median};
use super::stock::StockAgent;

/// MiB an idle agent may hold.
const IDLE_BAR: f64 = 12.0;
/// Times as much that a stock agent should hold.
const STOCK_BAR: f64 = 5.0;
/// Seconds from its start to the first command done.
const START_BAR: f64 = 2.0;

/// An agent that runs, registered with a hub.
pub struct AgentProcess {
    child: Child,
    directory: tempfile::TempDir,
}

impl AgentProcess {
    /// Registers and starts.
    pub async fn start(hub: &HubProcess, admin: &Admin) -> anyhow::Result<AgentProcess> {
        let directory = tempfile::tempdir()?;
        let (id, code) = admin.activations(1, "agent").await?.pop().ok_or_else(|| anyhow!("no activation"))?;
        let registered = AgentProcess::command("register", &directory)?
            .args(["--endpoint", &hub.url, "--region", &hub.region, "--activation-id", &id, "--ca-file"])
            .arg(hub.ca_file())
            .env("QUARTERDECK_ACTIVATION_CODE", code)
            .status()
            .await?;
        ensure!(registered.success(), "the agent did not register");
        AgentProcess::run(directory)
    }

    fn command(what: &str, directory: &tempfile::TempDir) -> anyhow::Result<Command> {
        let mut command = Command::new(process::built("quarterdeck-agent")?);
        command.arg(what).arg("--data-dir").arg(directory.path()).env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    fn run(directory: tempfile::TempDir) -> anyhow::Result<AgentProcess> {
        let child = AgentProcess::command("run", &directory)?.kill_on_drop(true).spawn().context("starting the agent")?;
        Ok(AgentProcess { child, directory })
    }

    /// Ends it and starts it again with what it kept.
    async fn restart(mut self) -> anyhow::Result<AgentProcess> {
        self.child.kill().await?;
        AgentProcess::run(self.directory)
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.child.id().ok_or_else(|| anyhow!("the agent has ended"))
    }

    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}

pub async fn run(args: &AgentBench) -> anyhow::Result<()> {
    let size = std::fs::metadata(process::built("quarterdeck-agent")?)?.len() as f64 / 1048576.0;
    let hub = HubProcess::start(None).await?;
    let admin = hub.admin()?;
    let mut agent = AgentProcess::start(&hub, &admin).await?;
    let node = admin.first_node().await?;
    admin.round_trip(&node).await?;
    let (mut starts, mut idles, mut busies) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let begun = Instant::now();
        agent = agent.restart().await?;
        admin.round_trip(&node).await?;
        let started = begun.elapsed().as_secs_f64();
        let idle = process::settled(agent.id()?).await? as f64 / 1048576.0;
        let busy = busy(&admin, &node, &agent).await? / 1048576.0;
        println!("agent round {round}: first command after {started:.2} s; {idle:.1} MiB idle, {busy:.1} MiB at work");
        starts.push(started);
        idles.push(idle);
        busies.push(busy);
    }
    agent.stop().await;
    let stock = match &args.stock_agent {
        Some(folder) => Some(stock_mebibytes(&hub, &admin, folder).await?),
        None => None,
    };
    hub.stop().await;
    println!("agent: program {size:.1} MiB; median {:.1} MiB while a command runs", median(&busies));
    report::verdict("agent, start to first command", median(&starts), START_BAR, " s");
    report::verdict("agent, idle", median(&idles), IDLE_BAR, " MiB");
    match stock {
        Some(stock) => {
            println!("agent: stock agent {stock:.1} MiB idle");
            report::verdict_at_least("agent, stock agent beside ours", stock / median(&idles), STOCK_BAR, " times");
        }
        None => println!("agent: the stock agent was not measured; --stock-agent names its folder"),
    }
    Ok(())
}

/// What a stock agent and its worker hold on the same hub, idle again after a command.
async fn stock_mebibytes(hub: &HubProcess, admin: &Admin, folder: &Path) -> anyhow::Result<f64> {
    println!("agent: starting the stock agent");
    let agent = StockAgent::start(hub, admin, folder).await?;
    admin.round_trip(&admin.node_of("stock").await?).await?;
    let mut held = Vec::new();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        held.push(agent.resident()? as f64 / 1048576.0);
    }
    agent.stop().await;
    Ok(median(&held))
}

/// The most it holds while a command writes output, bytes. Its children are not counted: they are the command.
async fn busy(admin: &Admin, node: &str, agent: &AgentProcess) -> anyhow::Result<f64> {
    let input = json!({
        "DocumentName": "AWS-RunShellScript", "InstanceIds": [node],
        "Parameters": {"commands": ["for i in $(seq 1 200); do seq 1 2000; done; sleep 1"]},
    });
    let sent = admin.call("SendCommand", input).await?;
    let input = json!({ "CommandId": sent["Command"]["CommandId"], "InstanceId": node });
    let mut most = 0_u64;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        most = most.max(process::resident(agent.id()?)?);
        match admin.call("GetCommandInvocation", input.clone()).await {
            Ok(invocation) if invocation["Status"] == "Success" => return Ok(most as f64),
            Ok(invocation) => ensure!(
                matches!(invocation["Status"].as_str(), Some("Pending" | "InProgress" | "Delayed")),
                "the command ended as {}",
                invocation["Status"]
            ),
            Err(error) => ensure!(format!("{error:#}").contains("InvocationDoesNotExist"), "{error:#}"),
        }
    }
}
