//! `cargo xtask run`: from a fresh clone to the console with this machine online, also where there is no display.

use crate::{place, setup, shell};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the first picture may take before something is wrong.
const PAINTED: Duration = Duration::from_secs(120);
/// A page with fewer colours is not there yet. The console's first page has several hundred.
const COLOURS: u32 = 64;
/// The part of the picture that is page and nothing else: the frame that a window manager draws has colours of its own.
const INSIDE: &str = "[900x500+250+200]";
/// Where there is no display, the picture is taken again this often, so that it shows what is on the screen now.
const REFRESH: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub struct Args {
    /// Take the screenshot, then end (only without a display)
    #[arg(long)]
    once: bool,
    /// Keep the hub, its database and settings in this folder instead of the usual one
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let has_display = !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let begun = Instant::now();
    println!("run: 1/3 setting up");
    setup::run(setup::Scope::Run { display: has_display })?;
    println!("run: 2/3 building the console's pages");
    pages()?;
    println!("run: 3/3 building agent, hub and app (some minutes the first time)");
    let programs = programs()?;
    println!("run: ready after {} s", begun.elapsed().as_secs());
    let mut app = Command::new(programs.join(place::program("quarterdeck")));
    if let Some(folder) = &args.data_dir {
        app.arg("--data-dir").arg(std::path::absolute(folder)?);
    }
    if has_display {
        println!("run: opening the console; Ctrl-C or Quit in the tray ends it");
        return shell::run(&mut app);
    }
    on_virtual_desktop(&app, args.once)
}

/// Builds the console's pages into `ui/dist`.
pub fn pages() -> anyhow::Result<()> {
    shell::run(setup::npm().args(["run", "--silent", "build"]).current_dir(place::root().join("ui")))
}

/// Builds the programs (debug, pages inside) and answers the folder they are in.
pub fn programs() -> anyhow::Result<PathBuf> {
    let target = place::target()?;
    shell::run(
        Command::new("cargo")
            // The whole workspace, as the tests build it: another selection would build every dependency once more with other features.
            .args(["build", "--workspace"])
            .args(["--features", "quarterdeck/custom-protocol"])
            .current_dir(place::root())
            .env("CARGO_TARGET_DIR", &target),
    )?;
    Ok(target.join("debug"))
}

/// Ends a program that we started when the run ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first, so that the agent and the hub end their work.
        let _ = Command::new("kill").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn on_virtual_desktop(app: &Command, once: bool) -> anyhow::Result<()> {
    println!("run: there is no display; starting a virtual one (1400x900)");
    let (_screen, display) = virtual_screen()?;
    let _window_manager = Running(
        Command::new("openbox").env("DISPLAY", &display).stdin(Stdio::null()).stderr(Stdio::null()).spawn().context("starting openbox")?,
    );
    let mut session = Command::new("dbus-run-session");
    session.arg("--").arg(app.get_program()).args(app.get_args());
    session.env("DISPLAY", &display).env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1").stdin(Stdio::null());
    println!("  $ DISPLAY={display} {}", shell::shown(&session));
    let mut session = Running(session.spawn().context("starting dbus-run-session")?);
    let picture = place::cache()?.join("run/screenshot.png");
    std::fs::create_dir_all(place::cache()?.join("run"))?;
    wait_until_painted(&display, &picture, &mut session.0)?;
    println!("run: the console is up on {display}; its screenshot is {}", picture.display());
    if once {
        // The first node comes online a moment after the window.
        std::thread::sleep(Duration::from_secs(8));
        return wait_until_painted(&display, &picture, &mut session.0);
    }
    println!("run: the screenshot is taken again every {} s; Ctrl-C ends everything", REFRESH.as_secs());
    let mut taken = Instant::now();
    loop {
        if let Some(status) = session.0.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("the console ended ({status})");
        }
        if taken.elapsed() >= REFRESH {
            take_picture(&display, &picture)?;
            taken = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Starts Xvfb on a display that it chooses itself, and answers that display.
fn virtual_screen() -> anyhow::Result<(Running, String)> {
    let mut screen = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("starting Xvfb")?;
    let out = screen.stdout.take().context("Xvfb has no output")?;
    let screen = Running(screen);
    let mut number = String::new();
    BufReader::new(out).read_line(&mut number)?;
    if number.trim().is_empty() {
        bail!("Xvfb did not start");
    }
    Ok((screen, format!(":{}", number.trim())))
}

fn wait_until_painted(display: &str, picture: &Path, session: &mut Child) -> anyhow::Result<()> {
    let until = Instant::now() + PAINTED;
    loop {
        if let Some(status) = session.try_wait()? {
            bail!("the console ended before it showed anything ({status})");
        }
        take_picture(display, picture)?;
        let mut inside = picture.as_os_str().to_owned();
        inside.push(INSIDE);
        let colours = shell::output(Command::new("identify").args(["-format", "%k"]).arg(inside))?;
        if colours.trim().parse::<u32>().unwrap_or(0) >= COLOURS {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("the console painted nothing within {} s; see {}", PAINTED.as_secs(), picture.display());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn take_picture(display: &str, picture: &Path) -> anyhow::Result<()> {
    shell::output(Command::new("import").args(["-display", display, "-window", "root"]).arg(picture)).map(drop)
}
