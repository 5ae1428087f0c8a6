//! `cargo xtask package`: what people install. On Linux a .deb and an .rpm, with the agent and the hub beside the app.

use crate::{place, run, setup, shell};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub struct Args {
    /// Package a debug build: quick, and only good to try the packaging
    #[arg(long)]
    debug: bool,
}

/// Kinds of package for this system. Those of Linux need nothing from the network; an AppImage is not among them, because the bundler
/// fetches its parts from the network for each.
const BUNDLES: &str = if cfg!(windows) {
    "nsis,msi"
} else if cfg!(target_os = "macos") {
    "app,dmg"
} else {
    "deb,rpm"
};

pub fn run(args: &Args) -> anyhow::Result<()> {
    println!("package: 1/4 setting up");
    setup::run(setup::Scope::Package)?;
    println!("package: 2/4 building the console's pages");
    run::pages()?;
    println!("package: 3/4 building app, agent and hub");
    let root = place::root();
    let target = place::target()?;
    let mut build = Command::new("cargo");
    // In one go, so that what the three share is built once.
    build.args(["build", "--package", "quarterdeck", "--package", "qd-agent", "--package", "qd-hub", "--bins"]);
    build.args(["--features", "quarterdeck/custom-protocol"]).current_dir(&root).env("CARGO_TARGET_DIR", &target);
    if !args.debug {
        build.arg("--release");
    }
    shell::run(&mut build)?;
    let built = target.join(if args.debug { "debug" } else { "release" });
    sidecars(&built, &root.join("src-tauri/binaries"))?;
    println!("package: 4/4 bundling");
    // Packages of an earlier version must not be taken for what is made now.
    let bundles = built.join("bundle");
    let _ = std::fs::remove_dir_all(&bundles);
    let mut bundle = Command::new(if cfg!(windows) { "npx.cmd" } else { "npx" });
    bundle
        .args(["tauri", "bundle", "--bundles", BUNDLES, "--config", "tauri.package.conf.json", "--features", "custom-protocol"])
        .current_dir(root.join("src-tauri"))
        .env("CARGO_TARGET_DIR", &target);
    if args.debug {
        bundle.arg("--debug");
    }
    shell::run(&mut bundle)?;
    let made = packages(&bundles)?;
    if made.is_empty() {
        bail!("no package was made");
    }
    for package in made {
        println!("package: {} ({} KiB)", package.display(), std::fs::metadata(&package)?.len() / 1024);
    }
    Ok(())
}

/// Copies the programs that are packed beside the app to where the bundler looks for them, under the names it wants.
fn sidecars(built: &Path, folder: &Path) -> anyhow::Result<()> {
    let about = shell::output(Command::new("rustc").arg("-vV"))?;
    let triple = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    std::fs::create_dir_all(folder)?;
    for name in ["quarterdeck-agent", "quarterdeck-hub"] {
        let from = built.join(place::program(name));
        let to = folder.join(place::program(&format!("{name}-{triple}")));
        std::fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
    }
    Ok(())
}

fn packages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for kind in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        for entry in std::fs::read_dir(kind?.path())?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| ["deb", "rpm", "exe", "msi", "dmg", "app"].iter().any(|known| extension == *known))
            {
                found.push(path);
            }
        }
    }
    Ok(found)
}
