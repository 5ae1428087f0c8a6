//! Running other programs: what is run is shown first, what failed is said by name, and test counts are read from what passes by.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// Tests that a program said it ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

/// The command line as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { word.into_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs to the end with our own output; fails when it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    println!("  $ {}", shown(command));
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("starting {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs to the end and answers what it wrote; fails when it fails.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed ({}): {}", shown(command), output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is there and answers `--version`.
pub fn exists(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a test program, passing its output on, and reads from it how many tests passed and failed. Err when the program failed.
pub fn run_counting(command: &mut Command) -> (Counts, anyhow::Result<()>) {
    println!("  $ {}", shown(command));
    let counts = Arc::new(Mutex::new(Counts::default()));
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned.with_context(|| format!("starting {}", shown(command))) {
        Ok(child) => child,
        Err(error) => return (Counts::default(), Err(error)),
    };
    let readers =
        [child.stdout.take().map(|out| pass_on(out, counts.clone())), child.stderr.take().map(|err| pass_on(err, counts.clone()))];
    let status = child.wait();
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let counted = *counts.lock().unwrap_or_else(PoisonError::into_inner);
    let result = match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(anyhow::anyhow!("{} failed ({status})", shown(command))),
        Err(error) => Err(error.into()),
    };
    (counted, result)
}

fn pass_on(from: impl Read + Send + 'static, counts: Arc<Mutex<Counts>>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while matches!(from.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(&line);
            let _ = out.flush();
            drop(out);
            if let Some(found) = read_counts(&String::from_utf8_lossy(&line)) {
                let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                counts.passed += found.passed;
                counts.failed += found.failed;
            }
            line.clear();
        }
    })
}

/// Reads the closing line of nextest (`Summary [ 1.2s] 12 tests run: 11 passed, 1 failed`), vitest (`Tests  1 failed | 45 passed (46)`) or
/// Node's runner (`# pass 12`, `ℹ fail 0`).
fn read_counts(line: &str) -> Option<Counts> {
    let line = without_colours(line);
    let line = line.trim();
    let before = |word: &str| number_before(line, word).unwrap_or(0);
    if line.contains("tests run:") || line.contains("test run:") {
        return Some(Counts { passed: before("passed"), failed: before("failed") + before("timed out") });
    }
    if line.starts_with("Tests ") && (line.contains("passed") || line.contains("failed")) {
        return Some(Counts { passed: before("passed"), failed: before("failed") });
    }
    let node = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = node.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Counts { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Counts { passed: 0, failed: number }),
        _ => None,
    }
}

fn number_before(line: &str, word: &str) -> Option<u64> {
    line[..line.find(word)?].trim_end().rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find('m').map_or("", |end| &rest[at + end + 1..]);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_read() {
        let counts = |passed, failed| Some(Counts { passed, failed });
        assert_eq!(read_counts("     Summary [   1.234s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped"), counts(11, 1));
        assert_eq!(read_counts("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped"), counts(1, 0));
        assert_eq!(
            read_counts(
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m\u{1b}[22m | \u{1b}[32m45 passed\u{1b}[39m (46)"
            ),
            counts(45, 1)
        );
        assert_eq!(read_counts("ℹ pass 7"), counts(7, 0));
        assert_eq!(read_counts("# fail 2"), counts(0, 2));
        assert_eq!(read_counts("# duration_ms 2"), None);
        assert_eq!(read_counts("Test Files  3 passed (3)"), None);
    }
}
