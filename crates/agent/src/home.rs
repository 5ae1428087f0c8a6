//! The data directory, and how anything in it is written.
//!
//! Everything the agent must still know after a crash lives here, so there is one way to write it: into a temporary file of the
//! same directory, synced, renamed over the old one, directory synced. All files are private to the agent's user (0600/0700),
//! because they hold keys and scripts. When the disk is full the volatile directory (memory backed, where the system has one)
//! takes over for work in progress: a sick host must still run commands.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Largest file of our own that is ever read back into memory, in bytes. A document is at most 64 KiB plus parameters.
const READ_LIMIT: u64 = 8 * 1024 * 1024;

/// Paths below the data directory given with `--data-dir`.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Uses `root`, which is created on demand by [`Home::create`].
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes the directory and its children, private to this user.
    pub fn create(&self) -> io::Result<()> {
        create_private_dir(&self.root)?;
        crate::platform::make_private(&self.root)?;
        create_private_dir(&self.documents())?;
        create_private_dir(&self.replies())?;
        create_private_dir(&self.seen())
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `agent.json`, the optional configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join("agent.json")
    }

    /// Who this node is and where its hub stands.
    pub fn registration(&self) -> PathBuf {
        self.root.join("registration.json")
    }

    /// The node's key pair.
    pub fn key(&self) -> PathBuf {
        self.root.join("key.json")
    }

    /// The key pair a rotation is moving to, until the hub has said yes.
    pub fn next_key(&self) -> PathBuf {
        self.root.join("key.next.json")
    }

    /// The node's fingerprint and the hardware facts it was made with.
    pub fn fingerprint(&self) -> PathBuf {
        self.root.join("fingerprint.json")
    }

    /// The hub's certificate authority, PEM.
    pub fn ca(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// The current role credentials.
    pub fn credentials(&self) -> PathBuf {
        self.root.join("credentials.json")
    }

    /// The same credentials in AWS's shared-file form, written only when sharing is configured.
    pub fn shared_credentials(&self) -> PathBuf {
        self.root.join("shared-credentials")
    }

    /// Held locked by the one agent that runs on this directory.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// One directory for each document that is queued or running.
    pub fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    /// Replies the hub has not acknowledged.
    pub fn replies(&self) -> PathBuf {
        self.root.join("replies")
    }

    /// Which commands were already accepted.
    pub fn seen(&self) -> PathBuf {
        self.root.join("seen")
    }

    /// Where `aws:downloadContent` puts relative destinations.
    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// Where documents live that came while the data directory could not be written: in memory, if there are any. A directory that somebody
    /// else could have made is not one of them, because what lies in it is run.
    pub fn volatile(&self) -> Option<PathBuf> {
        self.volatiles().into_iter().next()
    }

    /// All such directories: where there was no room in one, another was made.
    pub fn volatiles(&self) -> Vec<PathBuf> {
        let there = |dir: &Path| match check_private(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => {
                // Looked for at every step.
                static SAID: std::sync::Once = std::sync::Once::new();
                SAID.call_once(|| tracing::warn!(%error, "a directory in memory is not used"));
                false
            }
            Ok(()) => true,
        };
        self.in_memory().filter(|(ours, dir)| there(ours) && there(dir)).map(|(_, dir)| dir).collect()
    }

    /// Such a directory, made if there is none yet.
    pub fn make_volatile(&self) -> io::Result<PathBuf> {
        let mut refused = io::Error::new(io::ErrorKind::Unsupported, "this system offers no directory in memory");
        for (ours, dir) in self.in_memory() {
            match make_own_dir(&ours).and_then(|()| make_own_dir(&dir)).and_then(|()| needs_room(&dir)) {
                Ok(()) => return Ok(dir),
                Err(error) => {
                    tracing::warn!(%error, dir = %dir.display(), "a directory in memory is not used");
                    refused = error;
                }
            }
        }
        Err(refused)
    }

    /// The directories of this user's agents, each with the one for this data directory in it.
    fn in_memory(&self) -> impl Iterator<Item = (PathBuf, PathBuf)> {
        let digest = crate::digest::hex_of(self.root.to_string_lossy().as_bytes());
        crate::platform::memory_directories().into_iter().map(move |ours| {
            let dir = ours.join(&digest[..16]);
            (ours, dir)
        })
    }
}

/// Bytes of memory that must be free for work to move there.
const MEMORY_FLOOR: u64 = 1 << 20;

fn needs_room(dir: &Path) -> io::Result<()> {
    match crate::platform::free_bytes(dir) {
        Some(free) if free < MEMORY_FLOOR => Err(io::Error::new(io::ErrorKind::StorageFull, "it has no room either")),
        _ => Ok(()),
    }
}

/// Makes one directory that only this user can enter, in a place where others may make some too. One that is there already is taken if it
/// is ours, see [`check_private`].
pub fn make_own_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(false);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => check_private(path),
    }
}

/// An error unless `path` is a directory itself (no link to one), belongs to this user, and nobody else can enter it.
pub fn check_private(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display())));
    if !found.is_dir() {
        return refused("is not a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return refused("belongs to another user");
        }
        if found.mode() & 0o777 != 0o700 {
            return refused("is open to other users");
        }
    }
    Ok(())
}

/// Creates `path` and its parents; the last component is private to this user.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Options that create a file only this user may read.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Replaces `path` by `bytes` so that a crash leaves the old or the new content, never a mixture, and syncs file and directory.
pub fn write_durable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(path, bytes, true)
}

/// As [`write_durable`] without waiting for the disk: survives the death of this process, not the loss of power.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole(path, bytes, false)
}

fn write_whole(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let mut name = path.file_name().map(|n| n.to_os_string()).unwrap_or_default();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = (|| {
        let mut file = private_file().truncate(true).open(&temporary)?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    if durable && let Some(parent) = path.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Makes the names in a directory durable. Windows keeps them durable by itself.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Reads a file of ours; `None` when there is none. Files over 8 MiB are refused: none of ours is that large.
pub fn read_optional(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "file is larger than 8 MiB"));
    }
    Ok(Some(bytes))
}

/// Reads a JSON file of ours; `None` when there is none, an error when it does not parse.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match read_optional(path)? {
        None => Ok(None),
        Some(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// Writes a JSON file of ours durably.
pub fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec(value).map_err(io::Error::other)?;
    write_durable(path, &bytes)
}

/// True for errors that mean "no space", where working from memory is the answer.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        write_durable(&path, b"one").unwrap();
        write_durable(&path, b"two").unwrap();
        assert_eq!(read_optional(&path).unwrap().unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_have_made_is_not_taken() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let ours = dir.path().join("ours");
        make_own_dir(&ours).unwrap();
        make_own_dir(&ours).unwrap();
        assert_eq!(fs::metadata(&ours).unwrap().permissions().mode() & 0o777, 0o700);
        std::os::unix::fs::symlink(&ours, dir.path().join("link")).unwrap();
        assert!(make_own_dir(&dir.path().join("link")).is_err());
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_own_dir(&dir.path().join("file")).is_err());
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(make_own_dir(&ours).unwrap_err().to_string().contains("open to other users"));
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o700)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&ours, Some(12345), None).unwrap();
            assert!(make_own_dir(&ours).unwrap_err().to_string().contains("another user"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_made_on_demand_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        assert!(home.volatiles().is_empty());
        let Ok(made) = home.make_volatile() else { return eprintln!("NOT RUN: no place in memory for this user") };
        assert_eq!(home.volatile().as_deref(), Some(made.as_path()));
        fs::remove_dir(made).unwrap();
    }

    #[test]
    fn a_missing_file_is_none_and_a_broken_one_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        assert!(read_json::<serde_json::Value>(&path).unwrap().is_none());
        fs::write(&path, b"{").unwrap();
        assert!(read_json::<serde_json::Value>(&path).is_err());
    }
}
