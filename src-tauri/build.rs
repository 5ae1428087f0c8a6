//! Embeds the window's configuration, and lets the crate be checked before the console's pages were ever built.
use std::{fs, path::Path};

fn main() {
    // `generate_context!` fails where the pages' directory is missing; `cargo xtask run` and `package` always build the real pages first.
    let pages = Path::new("../ui/dist");
    if !pages.join("index.html").exists() && fs::create_dir_all(pages).is_ok() {
        let _ = fs::write(
            pages.join("index.html"),
            "<!doctype html><title>Quarterdeck</title><p>The pages are not built yet: cargo xtask run\n",
        );
    }
    tauri_build::build();
}
