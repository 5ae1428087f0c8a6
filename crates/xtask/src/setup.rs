//! Everything a build, a run or the tests need on this machine, brought there once and said aloud: system packages, npm packages, tools.

use crate::{place, shell};
use anyhow::{Context, bail};
use std::path::Path;
use std::process::Command;

/// Libraries that the desktop app is built against and runs with.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "git",
    "python3",
    "python3-pip",
    "python3-venv",
    "libwebkit2gtk-4.1-dev",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libdbus-1-dev",
    "fonts-noto-cjk",
];

/// A desktop on a machine that has no display: the virtual screen, a window manager, a session bus, and what takes pictures of it.
const VIRTUAL_DESKTOP: &[&str] = &["xvfb", "openbox", "dbus", "dbus-x11", "imagemagick", "xdotool"];

/// What only tests need: a keyring, a notification daemon and an input method to meet the app, drivers for window and browser, PostgreSQL for the
/// second engine.
const TESTS: &[&str] =
    &["gnome-keyring", "dunst", "libglib2.0-bin", "webkit2gtk-driver", "chromium", "postgresql", "ibus", "ibus-hangul", "ibus-gtk3"];

/// Version of the program that drives the app's window in tests. It is on crates.io only.
const TAURI_DRIVER: &str = "2.1.0";
/// The AWS tools that are tested with: someone else's clients are the hub's oracle, and someone else's server is the console's.
const AWS_TOOLS: &[&str] = &["awscli==1.45.11", "boto3==1.43.11", "moto[server,ssm]==5.2.5"];
/// Version of the test runner, where none is installed.
const NEXTEST: &str = "0.9.151";
/// Oldest Node.js the console is built with.
const NODE: (u32, u32) = (20, 19);

#[derive(clap::Args)]
pub struct Args {}

/// How much is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Build and open the app.
    Run {
        display: bool,
    },
    Test,
    /// Build packages for this system.
    Package,
}

pub fn command(_args: &Args) -> anyhow::Result<()> {
    run(Scope::Test)?;
    println!("setup: everything is there");
    Ok(())
}

/// Brings what is missing for `scope`.
pub fn run(scope: Scope) -> anyhow::Result<()> {
    check_node()?;
    let mut packages = BUILD.to_vec();
    if scope == Scope::Test || scope == (Scope::Run { display: false }) {
        packages.extend(VIRTUAL_DESKTOP);
    }
    if scope == Scope::Test {
        packages.extend(TESTS);
    }
    system_packages(&packages)?;
    npm_packages(&place::root().join("ui"))?;
    match scope {
        Scope::Run { .. } => {}
        Scope::Package => npm_packages(&place::root().join("src-tauri"))?,
        Scope::Test => {
            npm_packages(&place::root().join("tests/desktop"))?;
            nextest()?;
            tauri_driver()?;
            aws_tools()?;
        }
    }
    Ok(())
}

fn check_node() -> anyhow::Result<()> {
    let advice = format!("Node.js {}.{} or newer with npm is needed (nodejs.org, or your system's packages)", NODE.0, NODE.1);
    let version = shell::output(Command::new("node").arg("--version")).context(advice.clone())?;
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NODE {
        bail!("{advice}; this is {}", version.trim());
    }
    Ok(())
}

/// Installs Debian packages that are missing, as root or through sudo. Other systems are told what is needed and left alone.
pub fn system_packages(packages: &[&str]) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !shell::exists("dpkg-query", &["--version"]) {
        println!("setup: this is not a Debian system; if the build fails, install what these packages hold: {}", packages.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("setup: installing {} system packages: {}", missing.len(), missing.join(" "));
    if !is_root() && !shell::exists("sudo", &["-n", "true"]) && std::env::var_os("CI").is_some() {
        bail!("system packages are missing and there is neither root nor sudo; install them: apt-get install {}", missing.join(" "));
    }
    update_package_lists()?;
    shell::run(apt_get().args(["install", "-y", "-q", "--no-install-recommends"]).args(&missing))
}

/// Brings apt's lists up to date: a fresh container has none.
pub fn update_package_lists() -> anyhow::Result<()> {
    shell::run(apt_get().args(["update", "-q"]))
}

/// apt-get, through sudo where this is not root.
fn apt_get() -> Command {
    let mut command = Command::new(if is_root() { "apt-get" } else { "sudo" });
    if !is_root() {
        command.arg("apt-get");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn is_installed(package: &str) -> bool {
    shell::output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]))
        .is_ok_and(|status| status.trim() == "installed")
}

/// Installs exactly what the folder's lock file says, unless that was done already.
pub fn npm_packages(folder: &Path) -> anyhow::Result<()> {
    let lock_file = folder.join("package-lock.json");
    let lock = std::fs::read(&lock_file).with_context(|| format!("reading {}", lock_file.display()))?;
    let stamp = folder.join("node_modules/.installed-from");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("setup: installing npm packages of {}", folder.display());
    shell::run(npm().args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))?;
    std::fs::write(&stamp, lock)?;
    Ok(())
}

/// npm, under the name it has on this system.
pub fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

fn nextest() -> anyhow::Result<()> {
    if shell::exists("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    println!("setup: building cargo-nextest {NEXTEST} (some minutes, once)");
    install("cargo-nextest", NEXTEST)
}

fn tauri_driver() -> anyhow::Result<()> {
    if place::tools()?.join("bin").join(place::program("tauri-driver")).is_file() {
        return Ok(());
    }
    println!("setup: building tauri-driver {TAURI_DRIVER} (half a minute, once)");
    install("tauri-driver", TAURI_DRIVER)
}

/// The AWS CLI, boto3 and moto's server in a Python environment of their own, where the tests look for them.
fn aws_tools() -> anyhow::Result<()> {
    let folder = place::cache()?.join("venv");
    let stamp = folder.join("installed");
    let wanted = AWS_TOOLS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("setup: installing {} into {}", AWS_TOOLS.join(" and "), folder.display());
    shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    shell::run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(AWS_TOOLS))?;
    std::fs::write(&stamp, wanted)?;
    Ok(())
}

fn install(name: &str, version: &str) -> anyhow::Result<()> {
    let tools = place::tools()?;
    shell::run(
        Command::new("cargo")
            .args(["install", name, "--version", version, "--locked", "--root"])
            .arg(&tools)
            .env("CARGO_TARGET_DIR", tools.join("build")),
    )?;
    let _ = std::fs::remove_dir_all(tools.join("build"));
    Ok(())
}

/// `PATH` with the project's own tools in front.
pub fn path() -> anyhow::Result<std::ffi::OsString> {
    let own = place::tools()?.join("bin");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&inherited)))?)
}
