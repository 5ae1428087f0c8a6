//! The command line. `supervise` is the agent's own: it runs one script, see [`crate::process`].

use crate::config::Config;
use crate::home::Home;
use crate::process::running::Supervisor;
use crate::registration::{self, Registration};
use crate::simulated::{Fleet, Manner, Wanted};
use crate::{log, service, supervisor};
use clap::{Args, Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::io::AsyncReadExt;

/// Quarterdeck node agent: connects this machine to a hub and runs what the hub sends.
#[derive(Parser)]
#[command(name = "quarterdeck-agent", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Registers this machine with a hub.
    Register(Register),
    /// Runs the agent until it is stopped.
    Run(Run),
    /// Says who this node is and whether the agent runs.
    Status(Where),
    /// Forgets registration, keys and all work of this node; the hub is not told.
    DeregisterLocal(Where),
    /// Installs the agent as a service of this system (or, with --print, shows how).
    InstallService(Service),
    /// Removes the service.
    UninstallService(Service),
    /// Lets systemd start the agent beside scripts of its earlier life (called by the unit).
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    MakeRoom,
    /// Runs simulated nodes, which do no work, until standard input closes: to try the console before there is a fleet.
    Simulate(Simulate),
    /// Owns one running script (started by the agent itself).
    #[command(hide = true)]
    Supervise {
        /// The step's directory.
        directory: PathBuf,
    },
}

#[derive(Args)]
struct Where {
    /// Directory for everything the agent keeps.
    #[arg(long, env = "QUARTERDECK_AGENT_DATA_DIR")]
    data_dir: PathBuf,
}

#[derive(Args)]
struct Run {
    /// Reach the hub at this URL rather than at the one it was registered with, for a hub that has moved.
    #[arg(long)]
    endpoint: Option<String>,
    /// Belong to the program that started the agent: end when standard input closes, and wait for an agent that is ending.
    #[arg(long)]
    attached: bool,
    /// Write the log to this file, which stays small, rather than to standard error.
    #[arg(long)]
    log_file: Option<PathBuf>,
    /// Started by Windows' service control.
    #[cfg(windows)]
    #[arg(long, hide = true)]
    as_service: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
struct Register {
    /// The hub's URL, such as https://hub.example:8443.
    #[arg(long)]
    endpoint: String,
    /// The hub's certificate authority (PEM). Without it the system's certificates are trusted.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// Region name of the hub.
    #[arg(long, default_value = "local-1")]
    region: String,
    /// Activation id.
    #[arg(long)]
    activation_id: String,
    /// Activation code.
    #[arg(long, env = "QUARTERDECK_ACTIVATION_CODE", hide_env_values = true)]
    activation_code: String,
    /// Replace an existing registration.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
struct Simulate {
    /// The hub's URL.
    #[arg(long)]
    endpoint: String,
    /// The hub's certificate authority (PEM).
    #[arg(long)]
    ca_file: PathBuf,
    /// Region name of the hub.
    #[arg(long, default_value = "local-1")]
    region: String,
    /// Activation id; its registration limit must reach for all nodes.
    #[arg(long)]
    activation_id: String,
    /// Activation code.
    #[arg(long, env = "QUARTERDECK_ACTIVATION_CODE", hide_env_values = true)]
    activation_code: String,
    /// How many nodes.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    nodes: u16,
    /// Beginning of the nodes' host names.
    #[arg(long, default_value = "simulated")]
    prefix: String,
}

#[derive(Args)]
struct Service {
    /// Show the service's definition and the commands, and change nothing.
    #[arg(long)]
    print: bool,
    /// Install for this user rather than for the system (Linux and macOS).
    #[arg(long)]
    user: bool,
    #[command(flatten)]
    place: Where,
}

/// Runs the program.
pub fn main() -> ExitCode {
    // Every script waits for this process to start, so it does not wait for a description of all commands and options.
    let mut words = std::env::args_os().skip(1);
    if let (Some("supervise"), Some(directory), None) =
        (words.next().as_deref().and_then(std::ffi::OsStr::to_str), words.next(), words.next())
    {
        return ExitCode::from(u8::try_from(crate::process::supervise::main(Path::new(&directory))).unwrap_or(1));
    }
    let command = Arguments::parse().command;
    // First of all, while there is one thread and little memory to copy.
    #[cfg(target_os = "linux")]
    let nursery = if matches!(command, Command::Run(_)) { crate::process::nursery::Nursery::start() } else { None };
    if let Command::Supervise { directory } = &command {
        return ExitCode::from(u8::try_from(crate::process::supervise::main(directory)).unwrap_or(1));
    }
    let log_file = match &command {
        Command::Run(arguments) => arguments.log_file.as_deref(),
        _ => None,
    };
    log::start(log_file);
    let logged = log_file.is_some();
    let ran = run(
        command,
        #[cfg(target_os = "linux")]
        nursery,
    );
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            if logged {
                tracing::error!("{text}");
            }
            eprintln!("quarterdeck-agent: {text}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, #[cfg(target_os = "linux")] nursery: Option<crate::process::nursery::Nursery>) -> Result<(), String> {
    match command {
        Command::Register(arguments) => register(&arguments),
        Command::Run(arguments) => serve(
            &arguments,
            #[cfg(target_os = "linux")]
            nursery,
        ),
        Command::Status(place) => status(&Home::new(place.data_dir)),
        Command::Simulate(arguments) => simulate(&arguments),
        Command::DeregisterLocal(place) => deregister(&Home::new(place.data_dir)),
        Command::InstallService(arguments) => {
            service::install(&absolute(&arguments.place.data_dir)?, arguments.user, arguments.print).map_err(|error| error.to_string())
        }
        Command::UninstallService(arguments) => service::uninstall(arguments.user, arguments.print).map_err(|error| error.to_string()),
        #[cfg(target_os = "linux")]
        Command::MakeRoom => crate::process::cgroup::make_room().map_err(|error| error.to_string()),
        Command::Supervise { .. } => Ok(()),
    }
}

fn serve(arguments: &Run, #[cfg(target_os = "linux")] nursery: Option<crate::process::nursery::Nursery>) -> Result<(), String> {
    let data_dir = absolute(&arguments.place.data_dir)?;
    let supervisor = Supervisor::this_binary().map_err(|error| error.to_string())?;
    #[cfg(target_os = "linux")]
    let supervisor = supervisor.with_nursery(nursery);
    let start = supervisor::Start { endpoint: arguments.endpoint.clone(), attached: arguments.attached };
    #[cfg(windows)]
    if arguments.as_service {
        let work = move |stop: tokio_util::sync::CancellationToken| {
            run_agent(&data_dir, supervisor.clone(), start.clone(), async move { stop.cancelled().await })
        };
        return service::dispatch(work).map_err(|error| format!("this is only for Windows' service control: {error}"));
    }
    run_agent(&data_dir, supervisor, start, supervisor::asked_to_stop())
}

fn run_agent(data_dir: &Path, supervisor: Supervisor, start: supervisor::Start, stop: impl Future<Output = ()>) -> Result<(), String> {
    block_on(async { supervisor::run(Home::new(data_dir), supervisor, start, stop).await.map_err(|error| error.to_string()) })
}

/// Scripts and their supervisors have other working directories, so paths are made absolute first.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn register(arguments: &Register) -> Result<(), String> {
    let home = Home::new(absolute(&arguments.place.data_dir)?);
    if let Ok(Some(existing)) = Registration::load(&home)
        && !arguments.force
    {
        return Err(format!("this directory is registered already, as {}; use --force to replace it", existing.instance_id));
    }
    if supervisor::is_running(&home) {
        return Err("the agent runs on this directory; stop it before registering again".to_owned());
    }
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let ca_pem = arguments.ca_file.as_ref().map(read).transpose()?;
    let (config, _) = Config::load(&home);
    let request = registration::Request {
        endpoint: &arguments.endpoint,
        ca_pem,
        region: &arguments.region,
        activation_id: arguments.activation_id.trim(),
        activation_code: arguments.activation_code.trim(),
    };
    let done = block_on(async { registration::register(&home, &config, &request).await.map_err(|error| error.to_string()) })?;
    println!("Registered as {} with {}", done.instance_id, done.endpoint);
    Ok(())
}

fn simulate(arguments: &Simulate) -> Result<(), String> {
    let wanted = Wanted {
        url: arguments.endpoint.clone(),
        region: arguments.region.clone(),
        ca_pem: std::fs::read(&arguments.ca_file).map_err(|error| format!("{}: {error}", arguments.ca_file.display()))?,
        activations: vec![(arguments.activation_id.trim().to_owned(), arguments.activation_code.trim().to_owned())],
        nodes: arguments.nodes.into(),
        prefix: arguments.prefix.clone(),
        manner: Manner::Lifelike,
    };
    block_on(async {
        let fleet = Fleet::start(&wanted).await.map_err(|error| format!("{error:#}"))?;
        println!("{{\"connected\":{}}}", fleet.counters().connected.load(std::sync::atomic::Ordering::Relaxed));
        let mut ignored = [0; 256];
        let mut input = tokio::io::stdin();
        loop {
            tokio::select! {
                // Whoever started it holds its input open, and closes it also by dying.
                read = input.read(&mut ignored) => if !matches!(read, Ok(1..)) { return Ok(()) },
                () = supervisor::asked_to_stop() => return Ok(()),
            }
        }
    })
}

fn status(home: &Home) -> Result<(), String> {
    let Some(registration) = Registration::load(home).map_err(|error| error.to_string())? else {
        return Err("this node is not registered".to_owned());
    };
    let count = |dir: PathBuf| std::fs::read_dir(dir).map_or(0, |entries| entries.count());
    println!("Node:      {}", registration.instance_id);
    println!("Hub:       {} ({})", registration.endpoint, registration.region);
    println!("Agent:     {}, {}", crate::agent::VERSION, if supervisor::is_running(home) { "running" } else { "not running" });
    println!("Commands:  {} at work", count(home.documents()));
    println!("Replies:   {} not yet acknowledged", count(home.replies()));
    Ok(())
}

fn deregister(home: &Home) -> Result<(), String> {
    if supervisor::is_running(home) {
        return Err("the agent runs on this directory; stop it first".to_owned());
    }
    registration::wipe(home).map_err(|error| error.to_string())?;
    println!("This node's registration is forgotten here. Remove it from the hub with DeregisterManagedInstance.");
    Ok(())
}

fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // One thread for everything that waits; the blocking pool syncs files and ends when there is nothing to sync.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(16)
        .thread_keep_alive(std::time::Duration::from_secs(1))
        .thread_stack_size(512 * 1024)
        .build()
        .map_err(|error| error.to_string())?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}
