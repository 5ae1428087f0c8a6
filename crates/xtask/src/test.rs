//! `cargo xtask test`: every check and test of the product, one after the other, from whatever state the machine is in.

use crate::shell::{self, Counts};
use crate::{codegen, place, run, setup};
use anyhow::bail;
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Args {
    /// Run only these steps (see the list at the start of a run)
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Go on without bringing missing packages and tools
    #[arg(long)]
    no_setup: bool,
}

type Step = (&'static str, fn() -> (Counts, anyhow::Result<()>));

/// All steps in order: what others need comes first, then what fails fastest.
const STEPS: &[Step] = &[
    ("format", || one(cargo(&["fmt", "--all", "--check"]))),
    ("codegen", || single(codegen::check())),
    ("tsc", || one(npm("ui", "check"))),
    ("lint", || one(npm("ui", "lint"))),
    ("vitest", || shell::run_counting(&mut npm("ui", "test"))),
    ("pages", || single(run::pages())),
    ("clippy", || one(cargo(&["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "--deny", "warnings"]))),
    ("build", || single(run::programs().map(drop))),
    // Architecture tests are among these: they are the `arch` tests of the package in `tests`.
    ("nextest", || shell::run_counting(&mut cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--features", FEATURES]))),
    ("browser", || shell::run_counting(&mut npm("ui", "browser-test"))),
    ("desktop", || shell::run_counting(&mut npm("tests/desktop", "test"))),
];

const FEATURES: &str = "quarterdeck/custom-protocol";

/// A step that later ones cannot do without.
const GROUND: &[&str] = &["pages", "build"];

pub fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(unknown) = args.only.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        bail!("{unknown} is no step; steps are {}", STEPS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    }
    let begun = Instant::now();
    let chosen: Vec<&Step> = STEPS.iter().filter(|(name, _)| args.only.is_empty() || args.only.iter().any(|only| only == name)).collect();
    println!("test: {} steps: {}", chosen.len(), chosen.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    if !args.no_setup {
        println!("test: setting up");
        setup::run(setup::Scope::Test)?;
    }
    let mut total = Counts::default();
    let mut lines = Vec::new();
    for (number, (name, step)) in chosen.iter().enumerate() {
        println!("\ntest: [{}/{}] {name}", number + 1, chosen.len());
        let started = Instant::now();
        let (counts, result) = step();
        total.passed += counts.passed;
        total.failed += counts.failed;
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        println!("test: {name}: {outcome} after {}", shown(started.elapsed()));
        lines.push(format!("  {outcome:6} {name:8} {:>9}  {} passed, {} failed", shown(started.elapsed()), counts.passed, counts.failed));
        if let Err(error) = result {
            println!("test: {name}: {error:#}");
            // A program can fail without having counted a failed test.
            total.failed += u64::from(counts.failed == 0);
            if GROUND.contains(name) {
                println!("test: the later steps stand on {name}; stopping");
                break;
            }
        }
    }
    println!("\n{}\ntest: {} in all", lines.join("\n"), shown(begun.elapsed()));
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 {
        bail!("some checks or tests failed");
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(place::root());
    with_environment(command)
}

fn npm(folder: &str, script: &str) -> Command {
    let mut command = setup::npm();
    command.args(["run", "--silent", script]).current_dir(place::root().join(folder));
    with_environment(command)
}

/// What every step finds: the one build, the project's tools, and where to leave screenshots.
fn with_environment(mut command: Command) -> Command {
    if let Ok(target) = place::target() {
        command.env("QUARTERDECK_BIN", target.join("debug")).env("CARGO_TARGET_DIR", target);
    }
    if let Ok(cache) = place::cache() {
        command.env("QUARTERDECK_SCREENSHOTS", cache.join("screenshots"));
    }
    if let Ok(path) = setup::path() {
        command.env("PATH", path);
    }
    command
}

/// A check that passes or fails as a whole.
fn one(mut command: Command) -> (Counts, anyhow::Result<()>) {
    single(shell::run(&mut command))
}

fn single(result: anyhow::Result<()>) -> (Counts, anyhow::Result<()>) {
    let passed = u64::from(result.is_ok());
    (Counts { passed, failed: 1 - passed }, result)
}

fn shown(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 { format!("{:.1} s", elapsed.as_secs_f64()) } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}
