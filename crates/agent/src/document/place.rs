//! Where a step is run: in a directory of its own beside the others of its document, or in memory when the disk takes nothing any more.

use super::runner::Run;
use super::state::{Attempt, Place, Progress, spare_steps};
use crate::agent::Agent;
use crate::home;
use crate::process::StepFiles;
use qd_wire::payload::JobId;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes that a step's directory must take before the step begins: a supervisor writes three small files, perhaps a block each.
const NEEDED: usize = 16 * 1024;

/// Where the next step is.
pub enum Found {
    /// There.
    Dir(PathBuf),
    /// It was begun in memory that the machine has lost since.
    Lost,
}

/// The directory of one attempt of a step on the disk.
fn step_dir(dir: &Path, index: usize, number: u32) -> PathBuf {
    dir.join(format!("{index}-{number}"))
}

/// The same in memory, relative to the home there; `dir` is the document's own.
fn spare_dir(job: &JobId, dir: &Path, index: usize, number: u32) -> PathBuf {
    let digest = crate::digest::hex_of(dir.as_os_str().as_encoded_bytes());
    Path::new(&spare_steps(job)).join(&digest[..16]).join(format!("{index}-{number}"))
}

fn existing_spare(agent: &Agent, job: &JobId, dir: &Path, index: usize, number: u32) -> Option<PathBuf> {
    let inside = spare_dir(job, dir, index, number);
    agent.home.volatiles().into_iter().map(|home| home.join(&inside)).find(|spare| spare.is_dir())
}

/// The directory of an attempt that ended.
pub fn of_attempt(agent: &Agent, job: &JobId, dir: &Path, attempt: &Attempt) -> PathBuf {
    let spare = if attempt.spot.volatile { existing_spare(agent, job, dir, attempt.step, attempt.number) } else { None };
    spare.unwrap_or_else(|| step_dir(dir, attempt.step, attempt.number))
}

/// All directories of a document that is over.
pub fn of_document(agent: &Agent, job: &JobId, dir: PathBuf) -> Vec<PathBuf> {
    let spares = agent.home.volatiles().into_iter().map(|home| home.join(spare_steps(job))).filter(|spare| spare.is_dir());
    std::iter::once(dir).chain(spares).collect()
}

/// For a document that neither disk nor memory takes: a directory that nobody else can have made.
pub fn nowhere(agent: &Agent, job: &JobId) -> PathBuf {
    let temporary = std::env::temp_dir().join(format!("quarterdeck-{}", uuid::Uuid::new_v4()));
    match home::make_own_dir(&temporary) {
        Ok(()) => temporary,
        Err(_) => agent.home.documents().join(crate::digest::file_name_of(job.command_id())),
    }
}

/// Bytes of the two streams of a step.
pub fn written(dir: &Path) -> [u64; 2] {
    let files = StepFiles::new(dir);
    [files.stdout(), files.stderr()].map(|file| file.metadata().map_or(0, |found| found.len()))
}

/// Tries whether files with something in them can be made. Free space alone does not say: there are quotas, and files cost more than bytes.
fn takes_files(dir: &Path) -> io::Result<()> {
    let probe = dir.join("probe");
    let tried = home::private_file().truncate(true).open(&probe).and_then(|mut file| file.write_all(&[b' '; NEEDED]));
    let _ = std::fs::remove_file(&probe);
    tried
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none())
}

impl Run<'_> {
    /// The directory of the next step if it is there: a look, which makes nothing.
    pub fn look(&self, progress: &Progress) -> PathBuf {
        let (index, number) = (progress.done.len(), progress.reboots);
        existing_spare(self.agent, self.job, self.dir, index, number).unwrap_or_else(|| step_dir(self.dir, index, number))
    }

    /// The directory of the next step, made if need be. One in memory is noted in `progress`; a note that could not be written down is made up
    /// for by looking there first.
    pub fn place(&self, progress: &mut Progress) -> io::Result<Found> {
        let (index, number) = (progress.done.len(), progress.reboots);
        if let Some(spare) = existing_spare(self.agent, self.job, self.dir, index, number) {
            progress.current.volatile = true;
            return Ok(Found::Dir(spare));
        }
        if progress.current.volatile {
            return Ok(Found::Lost);
        }
        let dir = step_dir(self.dir, index, number);
        // What has something in it was begun there and goes on there.
        let made = if is_empty(&dir) { home::create_private_dir(&dir).and_then(|()| takes_files(&dir)) } else { Ok(()) };
        match made {
            Ok(()) => Ok(Found::Dir(dir)),
            Err(error) if home::is_disk_full(&error) => {
                let spare = self.agent.home.make_volatile().map_err(|_| error)?.join(spare_dir(self.job, self.dir, index, number));
                home::create_private_dir(&spare)?;
                tracing::warn!(job_id = self.job.as_str(), "the disk takes no step; running it from memory");
                progress.current.volatile = true;
                Ok(Found::Dir(spare))
            }
            Err(error) => Err(error),
        }
    }

    /// The directories of all attempts that ended.
    pub fn dirs(&self, progress: &Progress) -> Vec<PathBuf> {
        progress.attempts.iter().map(|attempt| of_attempt(self.agent, self.job, self.dir, attempt)).collect()
    }
}

/// A document's directory, and whether a restart of the machine takes it away.
pub fn of_place(agent: &Agent, job: &JobId, place: Option<&Place>) -> (PathBuf, bool) {
    match place {
        Some(place) => (place.dir.clone(), place.volatile),
        None => (nowhere(agent, job), true),
    }
}
