//! The command line. `supervise` is the agent's own: it runs one script, see [`crate::process`].

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Quarterdeck node agent.
#[derive(Parser)]
#[command(name = "quarterdeck-agent", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Owns one running script (started by the agent itself).
    #[command(hide = true)]
    Supervise {
        /// The step's directory.
        directory: PathBuf,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Supervise { directory } => ExitCode::from(u8::try_from(crate::process::supervise::main(&directory)).unwrap_or(1)),
    }
}
