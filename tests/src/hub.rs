//! A real `quarterdeck-hub` in a directory of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use qd_client::{CallError, Client, ClientOptions, Endpoint, SharedFile};
use qd_store::Location;
use qd_store::testing::TestDatabase;
use serde_json::Value;

use crate::{Aws, program};

/// The store under a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Both: what holds on one must hold on the other.
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A running hub; killed and removed when dropped.
pub struct TestHub {
    dir: tempfile::TempDir,
    store: Option<String>,
    /// Keeps the database for as long as the hub may be started again.
    database: Option<Arc<TestDatabase>>,
    listen: String,
    url: String,
    child: Option<Child>,
}

impl TestHub {
    /// A new hub on a free port.
    pub fn start(engine: Engine) -> Self {
        let database = (engine == Engine::Postgres).then(|| TestDatabase::new(qd_store::testing::Engine::Postgres));
        let store = database.as_ref().and_then(|d| match d.location() {
            Location::Postgres(url) => Some(url.clone()),
            Location::Sqlite(_) => None,
        });
        Self::open(store, database.map(Arc::new), |_| {})
    }

    /// A further hub on the store of this one, set up as docs/scale-out.md tells an operator: nothing is copied but `master.key`.
    pub fn join(&self) -> Self {
        assert!(self.database.is_some(), "only hubs on PostgreSQL share their store");
        Self::open(self.store.clone(), self.database.clone(), |dir| {
            std::fs::copy(self.dir.path().join("master.key"), dir.join("master.key")).expect("the master key is copied");
        })
    }

    fn open(store: Option<String>, database: Option<Arc<TestDatabase>>, prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        prepare(dir.path());
        let mut hub = Self { dir, store, database, listen: "127.0.0.1:0".to_owned(), url: String::new(), child: None };
        hub.run();
        hub
    }

    /// Starts the program; it keeps the port it got the first time, so that agents find it again.
    pub fn run(&mut self) {
        self.run_with(&[]);
    }

    /// Starts the program with further variables in its environment.
    pub fn run_with(&mut self, environment: &[(&str, &str)]) {
        assert!(self.child.is_none(), "the hub is running");
        let mut command = Command::new(program("quarterdeck-hub"));
        command.args(["serve", "--listen", &self.listen, "--data-dir"]).arg(self.dir.path());
        if let Some(store) = &self.store {
            command.args(["--store", store]);
        }
        command.envs(environment.iter().copied());
        let log = std::fs::File::options().create(true).append(true).open(self.log()).expect("a log file");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("the hub starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("the hub speaks");
        let url =
            line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("the hub said {line:?}; its log is {}", self.log_text()));
        self.url = url.to_owned();
        self.listen = url.trim_start_matches("https://").to_owned();
        self.child = Some(child);
    }

    /// `kill -9`, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the hub is killed");
            child.wait().expect("the hub is gone");
        }
    }

    /// Stops the program where it stands, as a machine that sleeps does, or lets it go on.
    pub fn stand_still(&self, still: bool) {
        let signal = if still { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the hub does not take signals");
    }

    /// Waits until the program has ended by itself.
    pub fn wait_gone(&mut self, seconds: u64) {
        let mut child = self.child.take().expect("the hub is running");
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while child.try_wait().expect("the hub is a child of this test").is_none() {
            if Instant::now() >= deadline {
                self.child = Some(child);
                panic!("waited {seconds} s in vain for the hub to end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `https://127.0.0.1:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Process id, for looking at memory.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the hub is running").id()
    }

    /// The AWS tools as the administrator of this hub.
    pub fn aws(&self) -> Aws {
        Aws::new(&self.url, &self.ca_file(), &self.dir.path().join("credentials"))
    }

    /// A client as its console uses one, with the administrator's keys.
    pub fn console(&self) -> Client {
        let ca = std::fs::read(self.ca_file()).expect("the CA");
        let endpoint = Endpoint::hub(&self.url, "local-1").and_then(|e| e.with_ca(&ca)).expect("an endpoint");
        let keys = SharedFile::new(self.dir.path().join("credentials"), "default");
        Client::new(endpoint, Arc::new(keys), ClientOptions::default()).expect("a client")
    }

    /// An operation as its console calls it; panics unless it succeeds. For what the AWS CLI does more than call (`start-session` starts a
    /// client).
    pub fn call(&self, operation: &str, input: &Value) -> Value {
        self.try_call(operation, input).unwrap_or_else(|error| panic!("{operation} failed: {error}"))
    }

    /// The same, for one that must fail; its error's code.
    pub fn refused(&self, operation: &str, input: &Value) -> String {
        match self.try_call(operation, input) {
            Ok(answer) => panic!("{operation} succeeded: {answer}"),
            Err(error) => error.code().to_owned(),
        }
    }

    fn try_call(&self, operation: &str, input: &Value) -> Result<Value, CallError> {
        // On a thread of its own: tests with a runtime call this too.
        let run = || crate::block_on(async { self.console().call("ssm", &format!("AmazonSSM.{operation}"), input).await });
        std::thread::scope(|scope| scope.spawn(run).join().expect("the call ends"))
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("hub.log")
    }

    /// Everything the hub logged.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("log of the hub:\n{}", self.log_text());
        }
    }
}
