//! The stock agent, unmodified, registered with a hub. Its programs are no part of this tree; they are built beside it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::{TestHub, wait_until};

/// The variable that names the folder of its programs: `amazon-ssm-agent`, `ssm-agent-worker`, `ssm-document-worker`, and for
/// sessions `ssm-session-worker`.
const PROGRAMS: &str = "QUARTERDECK_STOCK_AGENT";
/// What makes its system and starts it there.
const SYSTEM: &str = include_str!("../fixtures/stock-agent.sh");

/// A stock agent that runs; it ends when it is dropped.
pub struct StockAgent {
    child: Child,
    pub instance_id: String,
    _dir: tempfile::TempDir,
}

impl StockAgent {
    /// Registers and starts the agent, and waits until the hub says that it is online. Needs root, for the mounts.
    pub fn start(hub: &TestHub, tags: &[(&str, &str)]) -> Self {
        let programs =
            std::env::var_os(PROGRAMS).map(PathBuf::from).unwrap_or_else(|| panic!("{PROGRAMS} names the folder of its programs"));
        let programs = programs.canonicalize().expect("the folder of its programs");
        let tags: Vec<_> = tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
        let activation = hub.aws().call("create-activation", &json!({ "IamRole": "node", "RegistrationLimit": 1, "Tags": tags }));
        let text = |name: &str| activation[name].as_str().expect("an activation").to_owned();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", SYSTEM, "stock"]).arg(programs).arg(dir.path());
        command.args([hub.url(), "local-1", &text("ActivationId"), &text("ActivationCode")]);
        // Nothing of this machine's AWS settings may reach it.
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", dir.path()).env("SSL_CERT_FILE", hub.ca_file());
        let log = std::fs::File::create(dir.path().join("said.log")).expect("a log file");
        let said = log.try_clone().expect("the log file again");
        let child = command.stdin(Stdio::null()).stdout(said).stderr(log).spawn().expect("unshare starts");
        let mut agent = Self { child, instance_id: String::new(), _dir: dir };
        agent.instance_id = wait_until("the stock agent to be online", 120, || {
            let listed = hub.aws().call("describe-instance-information", &json!({}));
            let nodes = listed["InstanceInformationList"].as_array().cloned().unwrap_or_default();
            let node = nodes.into_iter().find(|n| n["ActivationId"] == activation["ActivationId"] && n["PingStatus"] == "Online")?;
            node["AgentVersion"].is_string().then(|| node["InstanceId"].as_str().expect("an id").to_owned())
        });
        agent
    }
}

impl Drop for StockAgent {
    fn drop(&mut self) {
        // Its worker ends with it when it is asked, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        for _ in 0..200 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
