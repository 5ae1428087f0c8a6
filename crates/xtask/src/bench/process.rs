//! Why this exists: hub, fleet and sockets run in processes of their own, as they would, so that the memory and the time of one are not
//! those of another. They speak JSON lines; a child ends when its input does, so none outlives the measurement.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a child may take for one answer: registering ten thousand nodes is the longest.
const PATIENCE: Duration = Duration::from_secs(900);

/// A process of this program with another role.
pub struct Role {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Role {
    /// Starts `bench <arguments>`.
    pub fn start(arguments: &[String]) -> anyhow::Result<Role> {
        let program = std::env::current_exe().context("this program has no path")?;
        let mut child = Command::new(program)
            .arg("bench")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting bench {}", arguments.first().map_or("", String::as_str)))?;
        let input = child.stdin.take().ok_or_else(|| anyhow!("a child has no input"))?;
        let output = child.stdout.take().ok_or_else(|| anyhow!("a child has no output"))?;
        Ok(Role { child, input, lines: BufReader::new(output).lines() })
    }

    /// The child's next answer.
    pub async fn answer<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.context("a child took too long")??;
        let Some(line) = line else { bail!("a child ended early ({})", self.child.wait().await?) };
        serde_json::from_str(&line).with_context(|| format!("a child said {line:?}"))
    }

    /// Asks for another answer.
    pub async fn ask<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        self.input.write_all(b"\n").await?;
        self.answer().await
    }

    /// Lets it end by itself, then makes it.
    pub async fn stop(mut self) {
        drop(self.input);
        if tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Says something to the parent.
pub fn say(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// A program of the product, built beside this one.
pub fn built(program: &str) -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name(program);
    anyhow::ensure!(beside.exists(), "{} is missing; `cargo xtask bench` builds it", beside.display());
    Ok(beside)
}

/// Resident memory of a process, bytes.
pub fn resident(id: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("memory is read from /proc, on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or_else(|| anyhow!("process {id} has no memory"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// Resident memory of a process and of all it started, bytes. What its children share with it is not counted again: of them it is the
/// proportional set size (`Pss`), which is still more than they add.
pub fn resident_tree(id: u32) -> anyhow::Result<u64> {
    Ok(resident(id)? + proportional_of_children(id))
}

fn proportional_of_children(id: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
    let children = tasks.into_iter().flatten().flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children.flat_map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect();
    // One that has just ended holds nothing.
    children.into_iter().map(|child| proportional(child).unwrap_or_default() + proportional_of_children(child)).sum()
}

fn proportional(id: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// Resident memory of a process and of all it started, once it no longer moves by more than 1 % in a second.
pub async fn settled(id: u32) -> anyhow::Result<u64> {
    let mut last = resident_tree(id)?;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = resident_tree(id)?;
        if now.abs_diff(last) * 100 <= last {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// Ten thousand sockets need as many open files: as many as this user may have.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
