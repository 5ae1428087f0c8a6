//! Where things are: the repository, the cache, the build. One file, so that every subcommand agrees.

use anyhow::Context;
use std::path::{Path, PathBuf};

/// Root of the repository.
pub fn root() -> PathBuf {
    // This crate lies two folders below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// `~/.cache/quarterdeck`, made when it is not there: tools, builds and screenshots, all of which may be deleted at any time.
pub fn cache() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => PathBuf::from(
            std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).context("neither XDG_CACHE_HOME nor HOME is set")?,
        )
        .join(".cache"),
    };
    let cache = base.join("quarterdeck");
    std::fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
    Ok(cache)
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else in the cache, so that a clone stays small and clones share what they built.
pub fn target() -> anyhow::Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        Some(chosen) => Ok(std::path::absolute(PathBuf::from(chosen))?),
        None => Ok(cache()?.join("target")),
    }
}

/// Folder of tools that cargo installs for the project alone.
pub fn tools() -> anyhow::Result<PathBuf> {
    Ok(cache()?.join("tools"))
}

/// A program's file name on this system.
pub fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
