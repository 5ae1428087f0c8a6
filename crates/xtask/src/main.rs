//! The developer's commands. They live in Rust, not in shell, so that they run alike on every platform the product runs on.

mod codegen;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Quarterdeck's developer commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant and one module for each subcommand.
#[derive(Subcommand)]
enum Command {
    /// Write the operation table, the shapes and the TypeScript types from the AWS service model
    Codegen(codegen::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Codegen(args) => codegen::run(&args),
    }
}
