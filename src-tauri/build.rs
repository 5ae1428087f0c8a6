//! Embeds the window's configuration, and lets the crate be checked before the console's pages were ever built.
use std::{fs, path::Path};

use tauri_build::{Attributes, InlinedPlugin};

/// Commands of the plugin `terminal`; which of them pages have is in `permissions/terminal`.
const TERMINAL: &[&str] = &["open", "attach", "running", "input", "resize", "acknowledge", "close", "tear_off", "claim", "recording"];

fn main() {
    // `generate_context!` fails where the pages' directory is missing; `cargo xtask run` and `package` always build the real pages first.
    let pages = Path::new("../ui/dist");
    if !pages.join("index.html").exists() && fs::create_dir_all(pages).is_ok() {
        let _ = fs::write(
            pages.join("index.html"),
            "<!doctype html><title>Quarterdeck</title><p>The pages are not built yet: cargo xtask run\n",
        );
    }
    let attributes = Attributes::new().plugin("terminal", InlinedPlugin::new().commands(TERMINAL));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
