//! The developer's commands. They live in Rust, not in shell, so that they run alike on every platform the product runs on.

mod bench;
mod check_platforms;
mod codegen;
mod package;
mod place;
mod run;
mod setup;
mod shell;
mod test;

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
    /// Bring what builds, runs and tests need: system packages, npm packages, tools
    Setup(setup::Args),
    /// Build everything and open the console, with this machine as its first node
    Run(run::Args),
    /// Every check and test
    Test(test::Args),
    /// Type-check app and agent for Windows and macOS; build the agent for Windows and as static Linux programs
    CheckPlatforms(check_platforms::Args),
    /// Measure, each figure beside the least this machine could take
    Bench(bench::Args),
    /// Make the packages that people install
    Package(package::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Codegen(args) => codegen::run(&args),
        Command::Setup(args) => setup::command(&args),
        Command::Run(args) => run::run(&args),
        Command::Test(args) => test::run(&args),
        Command::CheckPlatforms(args) => check_platforms::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Package(args) => package::run(&args),
    }
}
