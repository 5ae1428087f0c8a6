//! `quarterdeck-hub`: the control plane without a window.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use qd_hub::clock::SystemClock;
use qd_hub::{Hub, HubConfig};
use qd_store::Location;
use tracing_subscriber::EnvFilter;

mod session_command;

/// Frames and rows are made on one thread and freed on another, thousands a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The Quarterdeck hub: AWS Systems Manager for machines you own.
#[derive(Parser)]
#[command(name = "quarterdeck-hub", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API, the nodes and the console until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Prints the SHA-256 fingerprint of the hub's certificate authority, to compare before trusting ca.pem.
    Fingerprint {
        /// The hub's data directory.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Opens a shell, runs a command or forwards a port on a node; fit for ssh's ProxyCommand. Reads AWS_ENDPOINT_URL, AWS_CA_BUNDLE,
    /// AWS_REGION and the AWS credential chain.
    Session(session_command::Arguments),
}

#[derive(clap::Args)]
struct Serve {
    /// Where the certificate authority, the master key, the administrator's credentials and the SQLite database live. Made at the first
    /// start. Several hubs on one PostgreSQL each have their own; copy master.key from the first one before starting the others.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// PostgreSQL to share with other hubs, as postgres://USER:PASSWORD@HOST/DATABASE. Without it: SQLite in the data directory.
    #[arg(long, value_name = "URL", env = "QUARTERDECK_STORE", hide_env_values = true)]
    store: Option<String>,
    /// Message bus between hubs. Not built yet; PostgreSQL carries their signals.
    #[arg(long, value_name = "URL")]
    bus: Option<String>,
    /// A host name or address by which nodes and clients reach the hub; may be given several times.
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// Region that clients sign for.
    #[arg(long, default_value = "local-1", value_parser = region)]
    region: String,
    /// Account id, twelve digits.
    #[arg(long, default_value = "000000000001", value_parser = account)]
    account: String,
    /// Folder of the built console, served under /quarterdeck/console/.
    #[arg(long, value_name = "DIR")]
    console: Option<PathBuf>,
    /// Write the log as JSON lines.
    #[arg(long)]
    log_json: bool,
}

/// The agent's own rule (agent-protocol 1.3), in lower case as in every AWS region.
fn region(text: &str) -> Result<String, String> {
    let fits = (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits { Ok(text.to_owned()) } else { Err("a region has up to 63 lower-case letters, digits and hyphens".to_owned()) }
}

fn account(text: &str) -> Result<String, String> {
    let fits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err("an account id has twelve digits".to_owned()) }
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(serve) => run(serve).map(|()| ExitCode::SUCCESS),
        Command::Fingerprint { data_dir } => fingerprint(&data_dir).map(|()| ExitCode::SUCCESS),
        Command::Session(arguments) => session_command::run(arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quarterdeck-hub: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn fingerprint(data_dir: &std::path::Path) -> anyhow::Result<()> {
    let path = data_dir.join(qd_hub::http::tls::CA_FILE);
    let pem = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let fingerprint = qd_hub::http::tls::fingerprint_of(&pem).with_context(|| format!("{} holds no certificate", path.display()))?;
    println!("{fingerprint}");
    Ok(())
}

#[tokio::main]
async fn run(serve: Serve) -> anyhow::Result<()> {
    start_log(serve.log_json);
    if serve.bus.is_some() {
        bail!("--bus is not built yet in this version; hubs that share a PostgreSQL hear each other through it");
    }
    let location = match serve.store {
        None => Location::Sqlite(serve.data_dir.join("hub.sqlite")),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Location::Postgres(url),
        Some(_) => bail!("--store must begin with postgres://"),
    };
    if let Some(console) = &serve.console
        && !console.join("index.html").is_file()
    {
        bail!("--console {} has no index.html; build the console first", console.display());
    }
    raise_file_limit();
    let config = HubConfig {
        data_dir: serve.data_dir.clone(),
        store: location,
        region: serve.region,
        account: serve.account,
        names: serve.names,
        console: serve.console,
        credentials_file: true,
        clock: Arc::new(SystemClock),
    };
    // Listened for before anything is open, so that a stop during a slow start is not lost.
    let stop = stop_signal()?;
    let hub = Hub::open(config).await?;
    let address = match hub.serve(serve.listen).await {
        Ok(address) => address,
        Err(error) => {
            hub.close().await;
            return Err(error.into());
        }
    };
    tracing::info!(
        data_dir = %serve.data_dir.display(),
        certificate_authority = hub.shared().front.fingerprint(),
        "the hub is ready; ca.pem and credentials are in the data directory"
    );
    // The one line of standard output: programs that start the hub wait for it.
    println!("listening on https://{address}");
    stop.await;
    tracing::info!("closing");
    hub.close().await;
    Ok(())
}

fn start_log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    if json { log.json().init() } else { log.init() }
}

/// Each connected node holds a descriptor: take as many as the system allows.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}

/// Ends when the system or a person asks the hub to stop.
#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when a person asks the hub to stop.
#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
