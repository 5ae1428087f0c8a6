//! What of a document is on disk: enough to go on after any crash, written before the thing it stands for happens.

use super::outcome::StepResult;
use crate::home::{self, Home};
use qd_wire::payload::{JobId, PayloadError, SendCommandContent};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Free space below which a new document goes to memory at once, in bytes.
const DISK_FLOOR: u64 = 256 * 1024;

/// `state.json` of a document's directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// The job it came with.
    pub job_id: JobId,
    /// `SendCommandContent`, as it came.
    pub content: String,
    /// Epoch milliseconds of its arrival; also the order in which queued documents run after a restart.
    pub accepted_ms: i64,
    /// How far it got.
    pub progress: Progress,
}

/// How far a list of steps got. Also kept for the documents that `aws:runDocument` runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Results of the steps that ended, in order.
    pub done: Vec<StepResult>,
    /// What was run of them, and before a reboot of the step after them, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Of the step after them.
    #[serde(default)]
    pub current: Spot,
    /// The step after them was started, or is about to be, under this boot of the machine.
    pub started: Option<String>,
    /// No further step runs but a finally step.
    pub exit: bool,
    /// Reboots this document has asked for.
    pub reboots: u32,
    /// A reboot was asked for under this boot; the step after `done` runs again under another one.
    pub rebooting: Option<String>,
    /// More about that reboot.
    #[serde(default)]
    pub asked: Option<Asked>,
}

/// One run of a step that ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Place of the step in the document.
    pub step: usize,
    /// Reboots of the document before it; part of its directory's name.
    pub number: u32,
    /// Where it was run.
    pub spot: Spot,
}

/// Where an attempt is run, and where its output begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Its directory is in memory, because the disk took none.
    pub volatile: bool,
    /// Bytes of standard output and of standard error that earlier attempts and parts told under the same name.
    pub before: [u64; 2],
}

/// A reboot that a step asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// What the step ended with.
    pub result: StepResult,
    /// How often the machine was told, under this boot.
    pub tries: u32,
}

impl State {
    /// The command as it came.
    pub fn command(&self) -> Result<SendCommandContent, PayloadError> {
        qd_wire::payload::AgentJob { content: self.content.clone(), job_id: self.job_id.clone(), topic: String::new(), schema_version: 1 }
            .send_command()
    }
}

/// Where a document lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its directory.
    pub dir: PathBuf,
    /// In memory, because the disk is full: a reboot of the machine would lose it.
    pub volatile: bool,
}

impl Place {
    /// Finds a place for a new document and writes its first state there, durably if at all possible.
    pub fn create(home: &Home, state: &State) -> io::Result<Self> {
        let name = crate::digest::file_name_of(state.job_id.command_id());
        let dir = home.documents().join(&name);
        let enough = crate::platform::free_bytes(&home.documents()).is_none_or(|free| free >= DISK_FLOOR);
        let refused = match enough.then(|| create_at(&dir, state, true)) {
            Some(Ok(())) => return Ok(Self { dir, volatile: false }),
            Some(Err(error)) => error,
            None => io::Error::new(io::ErrorKind::StorageFull, "the disk is full"),
        };
        let _ = std::fs::remove_dir_all(&dir);
        let memory = home.make_volatile().map_err(|_| refused)?.join(&name);
        create_at(&memory, state, false)?;
        tracing::warn!(job_id = state.job_id.as_str(), "the data directory cannot be written; working from memory");
        Ok(Self { dir: memory, volatile: true })
    }

    /// Writes the state; durably if the difference matters after a loss of power.
    pub fn save(&self, state: &State, durable: bool) -> io::Result<()> {
        save_to(&self.dir.join("state.json"), state, durable && !self.volatile)
    }
}

/// Writes a JSON file atomically.
pub fn save_to<T: Serialize>(path: &Path, value: &T, durable: bool) -> io::Result<()> {
    let bytes = serde_json::to_vec(value).map_err(io::Error::other)?;
    if durable { home::write_durable(path, &bytes) } else { home::write_atomic(path, &bytes) }
}

fn create_at(dir: &Path, state: &State, durable: bool) -> io::Result<()> {
    home::create_private_dir(dir)?;
    // In place: a state that is cut off was never acknowledged, and nothing is there that it could spoil.
    let mut file = home::private_file().truncate(true).open(dir.join("state.json"))?;
    file.write_all(&serde_json::to_vec(state).map_err(io::Error::other)?)?;
    if durable {
        file.sync_all()?;
        home::sync_dir(dir)?;
    }
    match (durable, dir.parent()) {
        (true, Some(parent)) => home::sync_dir(parent),
        _ => Ok(()),
    }
}

/// Start of the name of a directory that is being removed.
const GONE: &str = ".gone-";
/// Start of the name of a script in memory whose step's directory took none.
pub const SPARE_SCRIPT: &str = "script-";
/// End of the name of a directory in memory with steps of a document on the disk.
const SPARE_STEPS: &str = ".steps";

/// Name of the directory in memory for the steps of a document that the disk takes none of.
pub fn spare_steps(job: &JobId) -> String {
    format!("{}{SPARE_STEPS}", crate::digest::file_name_of(job.command_id()))
}

/// Removes a document's directory. It is renamed first: a removal that is cut off must not leave a state without the step
/// directories that say what was run, because that would look like a document to start.
pub fn remove(dir: &Path) -> io::Result<()> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let gone = dir.with_file_name(format!("{GONE}{name}"));
    std::fs::rename(dir, &gone)?;
    std::fs::remove_dir_all(gone)
}

/// Everything earlier lives of the agent left: what was running first, then in order of arrival. Directories without a readable
/// state were never acknowledged and are removed.
pub fn load_all(home: &Home) -> Vec<(Place, State)> {
    let mut found = Vec::new();
    let roots = std::iter::once((home.documents(), false)).chain(home.volatiles().into_iter().map(|root| (root, true)));
    for (root, volatile) in roots {
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            let dir = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(GONE) {
                let _ = std::fs::remove_dir_all(dir);
                continue;
            }
            // In memory there are also things that belong to documents on the disk.
            if volatile && name.starts_with(SPARE_SCRIPT) {
                continue;
            }
            if volatile && let Some(document) = name.strip_suffix(SPARE_STEPS) {
                if !home.documents().join(document).exists() {
                    let _ = std::fs::remove_dir_all(dir);
                }
                continue;
            }
            match home::read_json::<State>(&dir.join("state.json")) {
                Ok(Some(state)) => found.push((Place { dir, volatile }, state)),
                other => {
                    tracing::warn!(dir = %dir.display(), error = ?other.err(), "removing a document without a readable state");
                    let _ = std::fs::remove_dir_all(dir);
                }
            }
        }
    }
    found.sort_by_key(|(_, state)| (state.progress.started.is_none(), state.accepted_ms));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_being_removed_is_not_a_document() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.create().unwrap();
        let job_id = JobId::new("c1", "mi-1").unwrap();
        let state = State { job_id, content: "{}".into(), accepted_ms: 1, progress: Progress::default() };
        let place = Place::create(&home, &state).unwrap();
        assert_eq!(load_all(&home).len(), 1);
        // Cut off between the two steps of a removal.
        std::fs::rename(&place.dir, place.dir.with_file_name(".gone-c1")).unwrap();
        assert!(load_all(&home).is_empty());
        assert_eq!(std::fs::read_dir(home.documents()).unwrap().count(), 0);
    }
}
