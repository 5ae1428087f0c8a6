//! A real `quarterdeck-agent`, registered with a hub.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::{TestHub, program, wait_until};

/// A registered node; its processes are killed when it is dropped.
pub struct TestAgent {
    dir: tempfile::TempDir,
    pub instance_id: String,
    child: Option<Child>,
}

impl TestAgent {
    /// Registers a node with `tags` and starts its agent; returns when the hub says that it is online.
    pub fn start(hub: &TestHub, tags: &[(&str, &str)]) -> Self {
        Self::start_at(hub, hub.url(), tags)
    }

    /// The same, where agents reach the hub by another URL than its own.
    pub fn start_at(hub: &TestHub, url: &str, tags: &[(&str, &str)]) -> Self {
        let mut agent = Self::register_at(hub, url, tags);
        agent.run();
        agent.wait_online(hub);
        agent
    }

    /// Registers a node without starting its agent.
    pub fn register(hub: &TestHub, tags: &[(&str, &str)]) -> Self {
        Self::register_at(hub, hub.url(), tags)
    }

    fn register_at(hub: &TestHub, url: &str, tags: &[(&str, &str)]) -> Self {
        let tags: Vec<_> = tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
        let activation = hub.aws().call("create-activation", &json!({ "IamRole": "node", "RegistrationLimit": 1, "Tags": tags }));
        let text = |name: &str| activation[name].as_str().expect("an activation").to_owned();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let output = Command::new(program("quarterdeck-agent"))
            .args(["register", "--endpoint", url, "--activation-id", &text("ActivationId"), "--activation-code", &text("ActivationCode")])
            .arg("--ca-file")
            .arg(hub.ca_file())
            .arg("--data-dir")
            .arg(dir.path())
            .output()
            .expect("the agent starts");
        assert!(output.status.success(), "registration failed: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let instance_id = said.split_whitespace().find(|word| word.starts_with("mi-")).expect("the program says the node's id").to_owned();
        // No user is made on the machine that runs the tests: sessions are the agent's own user's.
        std::fs::write(dir.path().join("agent.json"), r#"{"SessionUser":""}"#).expect("the agent's settings");
        Self { dir, instance_id, child: None }
    }

    /// Starts the agent's program.
    pub fn run(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).expect("a log file");
        let child = Command::new(program("quarterdeck-agent"))
            .args(["run", "--data-dir"])
            .arg(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the agent starts");
        self.child = Some(child);
    }

    /// `kill -9` of the agent's own process; what it supervises lives on, as after a crash.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the agent is killed");
            child.wait().expect("the agent is gone");
        }
    }

    /// Waits until the hub holds this node's channel.
    pub fn wait_online(&self, hub: &TestHub) {
        let filter = json!({ "Filters": [{ "Key": "InstanceIds", "Values": [self.instance_id] }] });
        wait_until("the node to be online", 30, || {
            let listed = hub.aws().call("describe-instance-information", &filter);
            let node = &listed["InstanceInformationList"][0];
            (node["PingStatus"] == "Online" && node["PlatformType"].is_string()).then_some(())
        });
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// Process id, for looking at memory.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the agent is running").id()
    }

    /// Everything the agent logged.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("test-agent.log")
    }
}

impl Drop for TestAgent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("log of the agent:\n{}", self.log_text());
        }
        self.kill();
    }
}
