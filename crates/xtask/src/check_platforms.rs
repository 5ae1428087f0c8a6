//! `cargo xtask check-platforms`: does the product still compile for the systems it is not developed on?
//!
//! A rustup toolchain carries the standard library of its own system alone. Debian packages a later compiler together with the sources of the
//! standard library, so the library is built here for each target. What this proves is types and, for the agent, linking; not that it runs.
//! What is built here is for trying only: releases are built on the system they are for.

use crate::{place, setup, shell};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Debian (bookworm-security) packages of the compiler, its libraries, and the sources of the standard library.
const COMPILER: &[&str] = &["rustc-web", "libstd-rust-web-1.96", "libstd-rust-web-dev", "rust-web-src", "libllvm22"];
/// C compiler and import libraries for Windows.
const WINDOWS: &[&str] = &["gcc-mingw-w64-x86-64-win32", "mingw-w64-x86-64-dev", "binutils-mingw-w64-x86-64", "python3-venv"];
/// C compiler and linker for everything else, from PyPI.
const ZIG: &[&str] = &["ziglang==0.17.1", "cargo-zigbuild==0.24.0"];

#[derive(clap::Args)]
pub struct Args {
    /// Only this check, such as `check:agent:x86_64-pc-windows-gnu`
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Check,
    /// With the C compiler of the target (`cargo build`).
    Build,
    /// With zig as C compiler and linker, into one static program.
    BuildStatic,
}

/// Package, target, what is done.
const CHECKS: &[(&str, &str, Action)] = &[
    ("qd-agent", "x86_64-pc-windows-gnu", Action::Check),
    ("qd-agent", "aarch64-apple-darwin", Action::Check),
    ("quarterdeck", "x86_64-pc-windows-gnu", Action::Check),
    ("quarterdeck", "aarch64-apple-darwin", Action::Check),
    ("qd-agent", "x86_64-pc-windows-gnu", Action::Build),
    ("qd-agent", "x86_64-unknown-linux-musl", Action::BuildStatic),
    ("qd-agent", "aarch64-unknown-linux-musl", Action::BuildStatic),
];

/// Tools that the checks share.
struct Tools {
    /// A `rustc` that finds its own libraries.
    rustc: PathBuf,
    /// Folder with `cargo-zigbuild` and a `python3` that has zig.
    zig: PathBuf,
    /// C compiler for macOS targets that is good enough to type-check Rust.
    apple_cc: PathBuf,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) || !shell::exists("dpkg-deb", &["--version"]) {
        bail!("check-platforms needs Debian on x86-64: its compilers come from Debian's packages");
    }
    println!("check-platforms: setting up compilers");
    let tools = tools()?;
    let chosen: Vec<_> = CHECKS.iter().filter(|check| args.only.is_empty() || args.only.iter().any(|only| *only == name(check))).collect();
    if chosen.is_empty() {
        bail!("no such check; there are {}", CHECKS.iter().map(name).collect::<Vec<_>>().join(", "));
    }
    let mut failed = Vec::new();
    for (number, check) in chosen.iter().enumerate() {
        println!("\ncheck-platforms: [{}/{}] {}", number + 1, chosen.len(), name(check));
        let started = Instant::now();
        match one(check, &tools) {
            Ok(()) => println!("check-platforms: {}: ok after {} s", name(check), started.elapsed().as_secs()),
            Err(error) => {
                println!("check-platforms: {}: FAILED: {error:#}", name(check));
                failed.push(name(check));
            }
        }
    }
    println!("\n{} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn name((package, target, action): &(&str, &str, Action)) -> String {
    let short = if *package == "quarterdeck" { "app" } else { "agent" };
    let what = if *action == Action::Check { "check" } else { "build" };
    format!("{what}:{short}:{target}")
}

fn one((package, target, action): &(&str, &str, Action), tools: &Tools) -> anyhow::Result<()> {
    let mut command = match action {
        Action::Check | Action::Build => Command::new("cargo"),
        Action::BuildStatic => {
            let mut zigbuild = Command::new(tools.zig.join("cargo-zigbuild"));
            zigbuild.arg("zigbuild");
            zigbuild
        }
    };
    match action {
        Action::Check => command.arg("check"),
        Action::Build => command.arg("build"),
        Action::BuildStatic => &mut command,
    };
    let target_dir = place::target()?.join("platforms");
    let environment_name = target.replace('-', "_");
    command
        .args(["--package", package, "--bins", "-Zbuild-std=std,panic_abort", "--target", target])
        .current_dir(place::root())
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("RUSTC", &tools.rustc)
        // Building the standard library is an unstable feature; this compiler is the stable one and is told to allow it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", with_first(&tools.zig)?);
    if target.ends_with("-apple-darwin") {
        command.env(format!("CC_{environment_name}"), &tools.apple_cc).env(format!("CXX_{environment_name}"), &tools.apple_cc);
    }
    if target.ends_with("-musl") {
        // zig brings the C library and start files itself.
        command.env(format!("CARGO_TARGET_{}_RUSTFLAGS", environment_name.to_uppercase()), "-C link-self-contained=no");
    }
    shell::run(&mut command)?;
    if *action != Action::Check {
        let file = if target.contains("windows") { "quarterdeck-agent.exe" } else { "quarterdeck-agent" };
        let built = target_dir.join(target).join("debug").join(file);
        println!(
            "check-platforms: {} ({} KiB)",
            built.display(),
            std::fs::metadata(&built).with_context(|| built.display().to_string())?.len() / 1024
        );
    }
    Ok(())
}

fn with_first(folder: &Path) -> anyhow::Result<std::ffi::OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&inherited)))?)
}

fn tools() -> anyhow::Result<Tools> {
    setup::system_packages(WINDOWS)?;
    let folder = place::cache()?.join("platforms");
    let unpacked = folder.join("debian");
    if !unpacked.join("usr/bin/rustc").is_file() {
        unpack(&folder, &unpacked)?;
    }
    let rustc = script(
        &folder.join("rustc"),
        &format!("LD_LIBRARY_PATH='{0}/usr/lib/x86_64-linux-gnu' exec '{0}/usr/bin/rustc' \"$@\"", unpacked.display()),
    )?;
    let zig = folder.join("python/bin");
    if !zig.join("cargo-zigbuild").is_file() {
        println!("check-platforms: installing {}", ZIG.join(" "));
        shell::run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("python")))?;
        shell::run(Command::new(zig.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(ZIG))?;
    }
    // Without Apple's headers much C and all Objective-C does not compile; an empty object in its place lets `cargo check` go on.
    let apple_cc = script(
        &folder.join("apple-cc"),
        &format!(
            "out=; last=\nfor a in \"$@\"; do [ \"$last\" = -o ] && out=$a; last=$a; done\n\
             '{0}/python3' -m ziglang cc -target aarch64-macos \"$@\" 2>/dev/null && exit 0\n\
             [ -n \"$out\" ] || exit 1\n\
             echo | '{0}/python3' -m ziglang cc -target aarch64-macos -x c -c - -o \"$out\"",
            zig.display()
        ),
    )?;
    Ok(Tools { rustc, zig, apple_cc })
}

/// Takes Debian's packages apart beside the system: installed, they would displace the compiler the project is developed with.
fn unpack(folder: &Path, into: &Path) -> anyhow::Result<()> {
    println!("check-platforms: downloading {} (140 MB)", COMPILER.join(" "));
    let packages = folder.join("packages");
    let _ = std::fs::remove_dir_all(&packages);
    std::fs::create_dir_all(&packages)?;
    let download = || shell::run(Command::new("apt-get").args(["download", "-q"]).args(COMPILER).current_dir(&packages));
    if download().is_err() {
        setup::update_package_lists()?;
        download()?;
    }
    let beside = into.with_extension("new");
    let _ = std::fs::remove_dir_all(&beside);
    for entry in std::fs::read_dir(&packages)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "deb") {
            shell::run(Command::new("dpkg-deb").arg("-x").arg(entry.path()).arg(&beside))?;
        }
    }
    std::fs::rename(&beside, into).context("unpacking the compiler")?;
    std::fs::remove_dir_all(&packages)?;
    Ok(())
}

fn script(path: &Path, body: &str) -> anyhow::Result<PathBuf> {
    std::fs::write(path, format!("#!/bin/sh\n{body}\n")).with_context(|| format!("writing {}", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(path.to_path_buf())
}
