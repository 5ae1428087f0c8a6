//! Why this exists: the agent that people have today, unmodified, on the same hub, beside ours. It is brought from outside (`--stock-agent`
//! names the folder of its programs) and sees a `/usr/bin`, `/etc` and `/var` of its own, so that it leaves nothing on this machine.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, anyhow, ensure};
use tokio::process::{Child, Command};

use super::admin::Admin;
use super::hub::HubProcess;

/// What makes the agent's system and starts it; the same that `tests/it/stock.rs` runs.
const SYSTEM: &str = include_str!("../../../../tests/fixtures/stock-agent.sh");
/// Its programs.
const PROGRAMS: [&str; 3] = ["amazon-ssm-agent", "ssm-agent-worker", "ssm-document-worker"];

/// A stock agent that runs, registered with a hub.
pub struct StockAgent {
    child: Child,
    _directory: tempfile::TempDir,
}

impl StockAgent {
    /// Registers and starts the programs of `folder`. Needs root, for the mounts.
    pub async fn start(hub: &HubProcess, admin: &Admin, folder: &Path) -> anyhow::Result<StockAgent> {
        let folder = std::path::absolute(folder)?;
        for program in PROGRAMS {
            ensure!(folder.join(program).is_file(), "{} is missing; --stock-agent names the folder of {}", program, PROGRAMS.join(", "));
        }
        let directory = tempfile::tempdir()?;
        let (id, code) = admin.activations(1, "stock").await?.pop().ok_or_else(|| anyhow!("no activation"))?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", SYSTEM, "stock"]).arg(&folder).arg(directory.path());
        command.args([&hub.url, &hub.region, &id, &code]);
        // Nothing of this machine's AWS settings may reach it, or be written by it.
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", directory.path()).env("SSL_CERT_FILE", hub.ca_file());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        Ok(StockAgent { child: child.context("starting unshare")?, _directory: directory })
    }

    /// Bytes that it and all it started hold.
    pub fn resident(&self) -> anyhow::Result<u64> {
        super::process::resident_tree(self.child.id().ok_or_else(|| anyhow!("the stock agent has ended"))?)
    }

    pub async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            // Its worker ends with it when it is asked, not when it is killed.
            let _ = Command::new("kill").arg(id.to_string()).status().await;
        }
        if tokio::time::timeout(std::time::Duration::from_secs(20), self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
