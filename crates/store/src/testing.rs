//! Why this exists: a test of anything that keeps data runs on both engines, against a real PostgreSQL that nobody has to set up.
//!
//! The first test that needs it starts a private server (unix socket only, in the temporary directory); tests of other processes
//! share it, each with a database of its own; it ends by itself a few seconds after the last one. Feature `testing` only, so this
//! module panics with advice instead of answering errors.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::{Location, Store};

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary directory.
    Sqlite,
    /// A database of its own on the private server.
    Postgres,
}

/// Both engines, for a loop.
pub const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// An empty database, gone when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    location: Location,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Directory(#[allow(dead_code, reason = "dropping it removes the directory")] tempfile::TempDir),
    Database(String),
}

impl TestDatabase {
    /// Makes an empty database. Panics with advice if PostgreSQL is wanted and not installed.
    pub fn new(engine: Engine) -> TestDatabase {
        match engine {
            Engine::Sqlite => {
                let directory = tempfile::tempdir().expect("a temporary directory");
                TestDatabase { location: Location::Sqlite(directory.path().join("hub.db")), kept: Kept::Directory(directory) }
            }
            Engine::Postgres => {
                let name = format!("test_{}", uuid::Uuid::new_v4().simple());
                administer(&format!("CREATE DATABASE {name}"));
                TestDatabase { location: Location::Postgres(url(&name)), kept: Kept::Database(name) }
            }
        }
    }

    /// Where it is; opens with [`Store::open`] as often as wanted.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Opens it.
    pub async fn open(&self) -> Store {
        Store::open(&self.location).await.expect("the test database opens")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Kept::Database(name) = &self.kept {
            administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Makes a test of each engine from `async fn name(database: TestDatabase)`: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::testing::TestDatabase::new($crate::testing::Engine::Sqlite)).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name($crate::testing::TestDatabase::new($crate::testing::Engine::Postgres)).await;
            }
        })+
    };
}

fn url(database: &str) -> String {
    let directory = server().to_str().expect("a temporary directory with a UTF-8 name").replace('/', "%2F");
    format!("postgres://postgres@{directory}/{database}")
}

/// Runs a statement on the server itself; on a thread, because a test has a runtime already.
fn administer(sql: &str) {
    let (url, sql) = (url("postgres"), sql.to_owned());
    let ran = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the private PostgreSQL answers");
            tokio::spawn(connection);
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        });
    });
    ran.join().expect("the statement ran");
}

/// The directory of the running server's socket. The server stays as long as this process holds the lock on `users`.
fn server() -> &'static Path {
    static SERVER: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (directory, _users) = SERVER.get_or_init(|| {
        let tools = tools();
        let directory = std::env::temp_dir().join(format!("qd-postgres-{}", uid()));
        fs::create_dir_all(&directory).expect("a directory for PostgreSQL");
        let lock = |name: &str| {
            File::options().create(true).append(true).open(directory.join(name)).expect("a lock file of the private PostgreSQL")
        };
        let users = lock("users");
        users.lock_shared().expect("a share of the private PostgreSQL");
        let starting = lock("starting");
        starting.lock().expect("to start PostgreSQL alone");
        if !runs(&tools, &directory) {
            start(&tools, &directory);
        }
        (directory, users)
    });
    directory
}

fn runs(tools: &Path, directory: &Path) -> bool {
    let mut status = as_server_user(&tools.join("pg_ctl"));
    status.arg("-D").arg(directory.join("data")).arg("status");
    quiet(&mut status).status().is_ok_and(|status| status.success())
}

fn start(tools: &Path, directory: &Path) {
    let data = directory.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).expect("an old data directory goes");
    }
    fs::create_dir(&data).expect("a data directory");
    own(&data);
    own(directory);
    // A collation other than "C", as real databases have: the store must not depend on it.
    let collation: &[&str] = &["--locale-provider=icu", "--icu-locale=en-US"];
    let made = [collation, &[]].into_iter().any(|collation| {
        let mut initdb = as_server_user(&tools.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        quiet(initdb.args(collation)).status().is_ok_and(|status| status.success())
    });
    assert!(made, "initdb failed in {}", data.display());
    let options = format!(
        "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=300 -c shared_buffers=64MB",
        directory.display()
    );
    let mut ctl = as_server_user(&tools.join("pg_ctl"));
    ctl.arg("-D").arg(&data).arg("-l").arg(data.join("log")).args(["-w", "-t", "120", "-o", &options, "start"]);
    let started = quiet(&mut ctl).status().expect("pg_ctl runs");
    assert!(started.success(), "PostgreSQL did not start; see {}", data.join("log").display());
    reap(tools, directory);
}

/// Leaves a small process behind that stops the server once no test holds the lock any more.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn reap(tools: &Path, directory: &Path) {
    let script = r#"while sleep 3; do
        flock --nonblock --exclusive "$1/users" sh -c '"$0" -D "$1/data" -m immediate -w stop; rm -rf "$1/data"' "$2" "$1" && exit
    done"#;
    let mut reaper = as_server_user(Path::new("sh"));
    reaper.args(["-c", script, "reap"]).arg(directory).arg(tools.join("pg_ctl"));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut reaper, 0);
    quiet(&mut reaper).spawn().expect("the process that stops PostgreSQL later");
}

fn quiet(command: &mut Command) -> &mut Command {
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// PostgreSQL refuses to run as root: there, its own user runs it.
fn as_server_user(program: &Path) -> Command {
    if uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn uid() -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::uid(
        &fs::metadata("/proc/self").or_else(|_| fs::metadata(".")).expect("metadata of this process"),
    );
    #[cfg(not(unix))]
    1
}

/// Gives a directory to the user that runs the server.
fn own(path: &Path) {
    if uid() == 0 {
        let given = Command::new("chown").arg("postgres:postgres").arg(path).status();
        assert!(given.is_ok_and(|status| status.success()), "cannot give {} to the user postgres", path.display());
    }
}

/// The newest installed PostgreSQL's programs.
fn tools() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let on_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|directory| directory.join("initdb").exists());
    found.pop().map(|(_, bin)| bin).or_else(on_path).expect(
        "PostgreSQL is not installed, and this test runs against a real server. Install it: `apt-get install postgresql` (Debian, Ubuntu), \
         `dnf install postgresql-server` (Fedora), `brew install postgresql` (macOS). It need not be started.",
    )
}
