//! `aws ssm start-session` with AWS's own session-manager-plugin, unmodified, on a terminal of its own. The plugin is no part of this tree; it is
//! built beside it.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{TestHub, wait_until};

/// The variable that names the folder of `session-manager-plugin`.
const FOLDER: &str = "QUARTERDECK_SESSION_PLUGIN";

/// A client that runs; killed when it is dropped.
pub struct PluginClient {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
}

impl PluginClient {
    /// `aws ssm start-session <arguments>`.
    pub fn start(hub: &TestHub, arguments: &[&str]) -> Self {
        let folder = std::env::var_os(FOLDER).map(PathBuf::from).unwrap_or_else(|| panic!("{FOLDER} names the folder of the plugin"));
        let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())));
        let quoted: Vec<String> = arguments.iter().map(|a| format!("'{}'", a.replace('\'', r"'\''"))).collect();
        // A terminal, because the plugin sets its modes.
        let mut command = Command::new("script");
        hub.aws().environment(&mut command);
        command.args(["-qec", &format!("exec {} ssm start-session {}", crate::aws::tool("aws").display(), quoted.join(" ")), "/dev/null"]);
        command.env("PATH", path.expect("a path")).env("SSL_CERT_FILE", hub.ca_file()).env("TERM", "xterm");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("script starts");
        let said = Arc::new(Mutex::new(String::new()));
        let (mut stdout, heard) = (child.stdout.take().expect("piped"), said.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut buffer) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, said }
    }

    /// Everything on its terminal so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this stands on its terminal.
    pub fn wait_for(&self, text: &str) {
        let found = || self.said().contains(text).then_some(());
        for _ in 0..600 {
            if found().is_some() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{text:?} did not appear on the terminal: {:?}", self.said());
    }

    /// Types.
    pub fn type_in(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).expect("typed");
    }

    /// Waits until it has ended; whether its status was 0.
    pub fn wait_end(&mut self) -> bool {
        wait_until("the client to end", 60, || self.child.try_wait().expect("a child").map(|status| status.success()))
    }

    /// The session's id, which it says first.
    pub fn session_id(&self) -> String {
        self.wait_for("SessionId: ");
        let said = self.said();
        let rest = said.split_once("SessionId: ").map(|(_, rest)| rest).expect("said");
        rest.split_whitespace().next().expect("an id").to_owned()
    }
}

impl Drop for PluginClient {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the client's terminal:\n{}", self.said());
        }
        // `script` and the plugin end with their terminal.
        self.stdin.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
