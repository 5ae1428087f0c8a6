//! Why this exists: a hub with an empty store, in a process of its own, for one measurement.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use qd_client::{Client, ClientOptions, Endpoint, StaticCredentials};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::admin::Admin;
use super::process::built;

/// What the hub says once it listens, before its address.
const LISTENING: &str = "listening on ";
const REGION: &str = "local-1";

/// A hub that a measurement started.
pub struct HubProcess {
    pub url: String,
    pub region: String,
    child: Child,
    directory: tempfile::TempDir,
}

impl HubProcess {
    /// Starts a hub; `store` is a connection string of an empty PostgreSQL database, or none for the embedded store.
    pub async fn start(store: Option<&str>) -> anyhow::Result<HubProcess> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(built("quarterdeck-hub")?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--region", REGION, "--data-dir"]).arg(directory.path());
        if let Some(store) = store {
            command.args(["--store", store]);
        }
        // Measured as people run it, but without a line of log for each of ten thousand nodes.
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("starting the hub")?;
        let output = child.stdout.take().ok_or_else(|| anyhow!("the hub has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.context("the hub took too long to start")??;
        let url = line.as_deref().and_then(|line| line.strip_prefix(LISTENING)).ok_or_else(|| anyhow!("the hub did not start"))?.to_owned();
        Ok(HubProcess { url, region: REGION.to_owned(), child, directory })
    }

    /// The certificate that signs the hub's own.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A client with the administrator's access key.
    pub fn admin(&self) -> anyhow::Result<Admin> {
        let ca = std::fs::read(self.ca_file()).context("reading the hub's certificate")?;
        let endpoint = Endpoint::hub(&self.url, &self.region)?.with_ca(&ca)?;
        let text = std::fs::read_to_string(self.directory.path().join("credentials")).context("reading the administrator's credentials")?;
        let credentials = qd_client::credentials::read_profile(&text, "default").context("the credentials file has no default profile")?;
        let source = Arc::new(StaticCredentials(credentials));
        Ok(Admin::new(Client::new(endpoint, source, ClientOptions::default())?))
    }

    /// Its process id.
    pub fn id(&self) -> anyhow::Result<u32> {
        self.child.id().ok_or_else(|| anyhow!("the hub has ended"))
    }

    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}
