//! Finding and awaiting the product's own programs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A binary of this workspace, built beside the test that asks for it. `cargo xtask test` builds them first.
pub fn program(name: &str) -> PathBuf {
    let mut dir = std::env::current_exe().expect("a running test has a path");
    dir.pop();
    if dir.ends_with("deps") {
        dir.pop();
    }
    let path = dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; run `cargo build --package qd-hub --package qd-agent` first", path.display());
    path
}

/// Waits until `look` finds something, asking every 50 ms; panics with `what` after `seconds`. For states that other processes reach; never a
/// measurement.
pub fn wait_until<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
