//! Where access keys are kept: in the system's own keyring. Where a machine has none, the person is asked, and nothing is written before the answer.
//!
//! Every call here may talk to another process (Secret Service, Keychain) and may wait for a person's unlock prompt: call it off the UI thread.

mod sealed_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyring_core::Entry;
use serde::Serialize;
use zeroize::Zeroizing;

use sealed_file::SealedFile;

/// Name of this program's items in the system's keyring.
const SERVICE: &str = "io.quarterdeck.console";

/// Shortest passphrase that is taken for the file, in characters.
pub const SHORTEST_PASSPHRASE: usize = 8;

/// Why a secret could not be kept or read. No text here holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("the system's keyring: {0}")]
    Keyring(String),
    #[error("the file of secrets: {0}")]
    File(#[from] std::io::Error),
    #[error("the passphrase does not open the file of secrets, or the file was changed")]
    WrongPassphrase,
    #[error("a passphrase has at least {SHORTEST_PASSPHRASE} characters")]
    ShortPassphrase,
    #[error("the file of secrets is locked; give its passphrase first")]
    Locked,
    #[error("this machine has a keyring; secrets are kept there")]
    NotAsked,
}

/// Where secrets are at this moment, for `app_info`.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `keyring`; `unanswered` (no keyring, the person has not said what to do, secrets are in memory only); `file` (unlocked);
    /// `locked` (file, passphrase not given yet); `session` (in memory by choice).
    pub state: &'static str,
    /// Why the system's keyring is not used, as the system said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why the last secret could not be kept there, as the system said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_kept: Option<String>,
}

type Items = BTreeMap<String, Zeroizing<String>>;

enum Place {
    Keyring,
    Unanswered(Items),
    Session(Items),
    Locked {
        waiting: Items,
    },
    /// Boxed: it holds its key and its cipher, the others next to nothing.
    File(Box<SealedFile>),
}

/// The secrets of this person on this machine.
pub struct Secrets {
    place: Mutex<Place>,
    reason: Option<String>,
    /// Why the last secret was not kept.
    not_kept: Mutex<Option<String>>,
    path: PathBuf,
}

impl Secrets {
    /// Finds out where secrets are kept. `choice` is the stored answer of the person for a machine without a keyring: `file`, `session` or none.
    pub fn open(data_dir: &Path, choice: Option<&str>) -> Self {
        Self::with_keyring(reach_keyring(), data_dir, choice)
    }

    fn with_keyring(keyring: Result<(), KeyringError>, data_dir: &Path, choice: Option<&str>) -> Self {
        let path = data_dir.join("secrets.sealed");
        let reason = keyring.err().map(|error| error.to_string());
        let place = match (&reason, choice) {
            (None, _) => Place::Keyring,
            (Some(_), Some("file")) if path.exists() => Place::Locked { waiting: Items::new() },
            (Some(_), Some("session")) => Place::Session(Items::new()),
            (Some(_), _) => Place::Unanswered(Items::new()),
        };
        Self { place: Mutex::new(place), reason, not_kept: Mutex::default(), path }
    }

    pub fn status(&self) -> Status {
        let state = match &*self.place() {
            Place::Keyring => "keyring",
            Place::Unanswered(_) => "unanswered",
            Place::Session(_) => "session",
            Place::Locked { .. } => "locked",
            Place::File(_) => "file",
        };
        Status { state, reason: self.reason.clone(), not_kept: self.not_kept().clone() }
    }

    /// Keeps `secret` under `name`. Before the person has answered, and while the file is locked, it waits in memory. A failure is part of
    /// the status until another secret is kept.
    pub fn put(&self, name: &str, secret: &str) -> Result<(), KeyringError> {
        let kept = self.keep(name, secret);
        *self.not_kept() = kept.as_ref().err().map(ToString::to_string);
        kept
    }

    fn keep(&self, name: &str, secret: &str) -> Result<(), KeyringError> {
        let secret = Zeroizing::new(secret.to_owned());
        match &mut *self.place() {
            Place::Keyring => entry(name)?.set_password(&secret).map_err(keyring_error),
            Place::Unanswered(items) | Place::Session(items) | Place::Locked { waiting: items } => {
                items.insert(name.to_owned(), secret);
                Ok(())
            }
            Place::File(file) => file.put(name, secret),
        }
    }

    /// The secret under `name`, if there is one.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<String>>, KeyringError> {
        match &*self.place() {
            Place::Keyring => match entry(name)?.get_password() {
                Ok(secret) => Ok(Some(Zeroizing::new(secret))),
                Err(keyring_core::Error::NoEntry) => Ok(None),
                Err(error) => Err(keyring_error(error)),
            },
            Place::Unanswered(items) | Place::Session(items) => Ok(items.get(name).cloned()),
            Place::Locked { waiting } => match waiting.get(name) {
                Some(secret) => Ok(Some(secret.clone())),
                None => Err(KeyringError::Locked),
            },
            Place::File(file) => Ok(file.get(name)),
        }
    }

    /// Forgets the secret under `name`; one that is not there is forgotten already.
    pub fn remove(&self, name: &str) -> Result<(), KeyringError> {
        match &mut *self.place() {
            Place::Keyring => match entry(name)?.delete_credential() {
                Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
                Err(error) => Err(keyring_error(error)),
            },
            Place::Unanswered(items) | Place::Session(items) => {
                items.remove(name);
                Ok(())
            }
            Place::Locked { .. } => Err(KeyringError::Locked),
            Place::File(file) => file.remove(name),
        }
    }

    /// The person's answer: keep secrets in a file under this passphrase. What waited in memory goes into it.
    pub fn choose_file(&self, passphrase: &str) -> Result<(), KeyringError> {
        if passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(KeyringError::ShortPassphrase);
        }
        unsealed(&self.place())?;
        // Nobody else waits while the key is derived.
        let mut file = SealedFile::new(&self.path, passphrase)?;
        let mut place = self.place();
        file.put_all(unsealed(&place)?)?;
        *place = Place::File(Box::new(file));
        Ok(())
    }

    /// The person's answer: keep secrets in memory until the app ends.
    pub fn choose_session(&self) -> Result<(), KeyringError> {
        let mut place = self.place();
        let items = match &mut *place {
            Place::Unanswered(items) | Place::Session(items) | Place::Locked { waiting: items } => std::mem::take(items),
            Place::Keyring | Place::File(_) => return Err(KeyringError::NotAsked),
        };
        *place = Place::Session(items);
        Ok(())
    }

    /// Opens the file of an earlier run.
    pub fn unlock(&self, passphrase: &str) -> Result<(), KeyringError> {
        if !matches!(&*self.place(), Place::Locked { .. }) {
            return Err(KeyringError::NotAsked);
        }
        // Nobody else waits while the key is derived.
        let mut file = SealedFile::open(&self.path, passphrase)?;
        let mut place = self.place();
        let Place::Locked { waiting } = &*place else { return Err(KeyringError::NotAsked) };
        file.put_all(waiting.clone())?;
        *place = Place::File(Box::new(file));
        Ok(())
    }

    fn not_kept(&self) -> MutexGuard<'_, Option<String>> {
        self.not_kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits in memory for a place to go to.
fn unsealed(place: &Place) -> Result<Items, KeyringError> {
    match place {
        Place::Unanswered(items) | Place::Session(items) => Ok(items.clone()),
        Place::Locked { .. } => Err(KeyringError::Locked),
        Place::Keyring | Place::File(_) => Err(KeyringError::NotAsked),
    }
}

/// Connects to the system's keyring, and keeps and reads a mark in it, so that a missing, locked or refusing one is known at once: some
/// answer reads and fail on the first write. Fails fast, never hangs without a prompt.
fn reach_keyring() -> Result<(), KeyringError> {
    #[cfg(target_os = "linux")]
    let store = zbus_secret_service_keyring_store::Store::new().map_err(keyring_error)?;
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new().map_err(keyring_error)?;
    #[cfg(windows)]
    let store = windows_native_keyring_store::Store::new().map_err(keyring_error)?;
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    {
        keyring_core::set_default_store(store);
        let mark = entry("reachable")?;
        match mark.get_password() {
            Ok(_) => Ok(()),
            Err(keyring_core::Error::NoEntry) => mark.set_password("yes").map_err(keyring_error),
            Err(error) => Err(keyring_error(error)),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
    Err(KeyringError::Keyring("this system has none that Quarterdeck knows".to_owned()))
}

fn entry(name: &str) -> Result<Entry, KeyringError> {
    Entry::new(SERVICE, name).map_err(keyring_error)
}

/// Only the kinds of error that carry no stored bytes are put into words.
fn keyring_error(error: keyring_core::Error) -> KeyringError {
    use keyring_core::Error;
    let text = match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "an item is not of the form it was written in".to_owned(),
        other => other.to_string(),
    };
    KeyringError::Keyring(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_keyring(folder: &Path, choice: Option<&str>) -> Secrets {
        Secrets::with_keyring(Err(KeyringError::Keyring("no such service".to_owned())), folder, choice)
    }

    #[test]
    fn nothing_is_written_before_the_person_answers() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = without_keyring(folder.path(), None);
        secrets.put("administrator", "s3cret").unwrap();
        assert_eq!(secrets.status().state, "unanswered");
        assert!(secrets.status().reason.unwrap().contains("no such service"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_sealed_private_and_opens_with_its_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = without_keyring(folder.path(), None);
        secrets.put("administrator", "s3cret-value").unwrap();
        assert!(matches!(secrets.choose_file("short"), Err(KeyringError::ShortPassphrase)));
        secrets.choose_file("한글 passphrase").unwrap();
        let path = folder.path().join("secrets.sealed");
        assert!(!std::fs::read_to_string(&path).unwrap().contains("s3cret-value"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = without_keyring(folder.path(), Some("file"));
        assert_eq!(again.status().state, "locked");
        assert!(matches!(again.get("administrator"), Err(KeyringError::Locked)));
        assert!(matches!(again.unlock("another passphrase"), Err(KeyringError::WrongPassphrase)));
        again.put("late", "waited").unwrap();
        again.unlock("한글 passphrase").unwrap();
        assert_eq!(again.get("administrator").unwrap().as_deref().map(String::as_str), Some("s3cret-value"));
        assert_eq!(again.get("late").unwrap().as_deref().map(String::as_str), Some("waited"));
        assert_eq!(again.get("nothing").unwrap(), None);
        again.remove("late").unwrap();
        again.remove("nothing").unwrap();
        let third = without_keyring(folder.path(), Some("file"));
        assert!(matches!(third.remove("administrator"), Err(KeyringError::Locked)));
        third.unlock("한글 passphrase").unwrap();
        assert_eq!(third.get("late").unwrap(), None);
    }

    #[test]
    fn a_key_that_could_not_be_kept_is_part_of_the_status() {
        let folder = tempfile::tempdir().unwrap();
        // No store is chosen in a test, so the keyring that was found takes nothing.
        let secrets = Secrets::with_keyring(Ok(()), folder.path(), None);
        assert_eq!(secrets.status().not_kept, None);
        assert!(secrets.put("administrator", "s3cret").is_err());
        let status = secrets.status();
        assert_eq!(status.state, "keyring");
        let said = status.not_kept.unwrap();
        assert!(said.contains("keyring") && !said.contains("s3cret"), "{said}");
        assert!(serde_json::to_string(&secrets.status()).unwrap().contains("notKept"));
    }

    #[test]
    fn a_session_keeps_nothing_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = without_keyring(folder.path(), Some("session"));
        secrets.put("administrator", "s3cret").unwrap();
        assert_eq!(secrets.get("administrator").unwrap().as_deref().map(String::as_str), Some("s3cret"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_was_changed_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = without_keyring(folder.path(), None);
        secrets.choose_file("a long passphrase").unwrap();
        let path = folder.path().join("secrets.sealed");
        let mut text = std::fs::read_to_string(&path).unwrap();
        let at = text.find("\"sealed\":\"").unwrap() + 12;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        text.replace_range(at..at + 1, other);
        std::fs::write(&path, text).unwrap();
        let again = without_keyring(folder.path(), Some("file"));
        assert!(matches!(again.unlock("a long passphrase"), Err(KeyringError::WrongPassphrase)));
    }
}
