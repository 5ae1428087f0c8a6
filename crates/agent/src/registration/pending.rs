//! A registration on its way: kept beside the identity in force until the hub has said yes, then put in its place.
//!
//! The key lies here before the call, so that a lost answer can be asked for again with the same key: the hub then answers with the
//! node it has made. What the hub's yes makes is written down as one file, and from then on this machine is that node; moving the parts
//! to their places can be cut off anywhere and is gone on with at the next start. Until then the identity in force is not touched.

use super::Registration;
use super::key::NodeKey;
use crate::home::{self, Home};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// `key.pending.json`; moved as it is to `key.json`, whose reader skips the activation.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PendingKey {
    activation_id: String,
    #[serde(flatten)]
    key: NodeKey,
}

fn key_path(home: &Home) -> PathBuf {
    home.root().join("key.pending.json")
}

fn ca_path(home: &Home) -> PathBuf {
    home.root().join("ca.pending.pem")
}

fn decided_path(home: &Home) -> PathBuf {
    home.root().join("registration.pending.json")
}

/// The key pair to register with by this activation: the one of an earlier attempt, else a new one. Durable when this returns.
pub fn key(home: &Home, activation_id: &str) -> io::Result<NodeKey> {
    let earlier: Option<PendingKey> = home::read_json(&key_path(home)).unwrap_or_else(|error| {
        tracing::warn!(%error, "the key of an earlier attempt cannot be read; making a new one");
        None
    });
    if let Some(earlier) = earlier
        && earlier.activation_id.eq_ignore_ascii_case(activation_id)
        && earlier.key.signer().is_ok()
    {
        return Ok(earlier.key);
    }
    let pending = PendingKey { activation_id: activation_id.to_owned(), key: NodeKey::generate().map_err(io::Error::other)? };
    home::write_json(&key_path(home), &pending)?;
    Ok(pending.key)
}

/// Keeps the certificate authority to trust from the hub's yes on.
pub fn keep_ca(home: &Home, pem: Option<&[u8]>) -> io::Result<()> {
    match pem {
        Some(pem) => home::write_durable(&ca_path(home), pem),
        None => removed(std::fs::remove_file(ca_path(home))),
    }
}

/// Writes down that the hub has said yes. From here on this machine is the new node, whatever happens.
pub fn decide(home: &Home, registration: &Registration) -> io::Result<()> {
    home::write_json(&decided_path(home), registration)
}

/// The registration the hub has said yes to and that is not in its place yet.
pub fn decided(home: &Home) -> io::Result<Option<Registration>> {
    home::read_json(&decided_path(home))
}

/// Puts a decided registration in its place. Each move is left out when it was made already. What belongs to the node this machine was
/// before goes: its credentials are worth nothing now, and its commands and replies would be taken for the new node's.
///
/// Only for the one that holds the data directory: an agent at its start, or the command line while none runs.
pub fn settle(home: &Home) -> io::Result<()> {
    let Some(new) = decided(home)? else { return Ok(()) };
    let before: Option<Registration> = home::read_json(&home.registration()).unwrap_or_default();
    for path in [home.credentials(), home.shared_credentials(), home.next_key()] {
        removed(std::fs::remove_file(path))?;
    }
    if before.is_none_or(|before| before.instance_id != new.instance_id) {
        forget_work(home);
    }
    if new.own_ca {
        moved(&ca_path(home), &home.ca())?;
    }
    moved(&key_path(home), &home.key())?;
    home::sync_dir(home.root())?;
    moved(&decided_path(home), &home.registration())?;
    home::sync_dir(home.root())?;
    // A full disk must not keep the node away.
    if let Err(error) = home.create() {
        tracing::warn!(%error, "the data directory cannot be written");
    }
    Ok(())
}

/// Removes what a node had at work. A node that is there matters more than a rest that is left: the hub refuses its replies.
fn forget_work(home: &Home) {
    let dirs = [home.documents(), home.replies(), home.seen()];
    for dir in dirs.into_iter().chain(home.volatile()) {
        if let Err(error) = removed(std::fs::remove_dir_all(&dir)) {
            tracing::warn!(%error, dir = %dir.display(), "work of the node this machine was before cannot be removed");
        }
    }
}

/// Forgets a registration on its way.
pub fn wipe(home: &Home) -> io::Result<()> {
    for path in [decided_path(home), key_path(home), ca_path(home)] {
        removed(std::fs::remove_file(path))?;
    }
    Ok(())
}

fn moved(from: &Path, to: &Path) -> io::Result<()> {
    removed(std::fs::rename(from, to))
}

/// That something is gone already is no failure.
pub(super) fn removed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVATION: &str = "11111111-2222-4333-8444-55555555555a";

    fn registration(id: &str) -> Registration {
        Registration { instance_id: id.into(), endpoint: "https://hub".into(), region: "local-1".into(), own_ca: true }
    }

    /// A registered node with work, and another registration the hub has said yes to.
    fn decided_home(id: &str) -> (tempfile::TempDir, Home, NodeKey) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.create().unwrap();
        home::write_json(&home.registration(), &registration("mi-1")).unwrap();
        for path in [home.key(), home.ca(), home.credentials(), home.next_key(), home.replies().join("r"), home.seen().join("00")] {
            std::fs::write(path, "old").unwrap();
        }
        std::fs::create_dir(home.documents().join("c")).unwrap();
        let new = key(&home, ACTIVATION).unwrap();
        keep_ca(&home, Some(b"new")).unwrap();
        decide(&home, &registration(id)).unwrap();
        (dir, home, new)
    }

    fn entries(dir: PathBuf) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    fn is_settled(home: &Home, id: &str, new: &NodeKey) {
        assert_eq!(Registration::load(home).unwrap().unwrap().instance_id, id);
        let key: NodeKey = home::read_json(&home.key()).unwrap().unwrap();
        assert_eq!(key.public_key, new.public_key);
        assert_eq!(Registration::load(home).unwrap().unwrap().ca(home).unwrap().unwrap(), b"new");
        assert!(!home.credentials().exists() && !home.next_key().exists());
        for path in [key_path(home), ca_path(home), decided_path(home)] {
            assert!(!path.exists(), "{}", path.display());
        }
    }

    #[test]
    fn a_key_is_used_again_by_the_same_activation_only() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let first = key(&home, ACTIVATION).unwrap();
        assert_eq!(key(&home, &ACTIVATION.to_ascii_uppercase()).unwrap().public_key, first.public_key);
        let other = key(&home, "11111111-2222-4333-8444-55555555555b").unwrap();
        assert_ne!(other.public_key, first.public_key);
        std::fs::write(key_path(&home), "{").unwrap();
        assert_ne!(key(&home, ACTIVATION).unwrap().public_key, first.public_key);
    }

    #[test]
    fn another_node_starts_without_the_work_of_the_one_before() {
        let (_dir, home, new) = decided_home("mi-2");
        settle(&home).unwrap();
        is_settled(&home, "mi-2", &new);
        assert_eq!((entries(home.documents()), entries(home.replies()), entries(home.seen())), (0, 0, 0));
        settle(&home).unwrap();
        is_settled(&home, "mi-2", &new);
    }

    #[test]
    fn the_same_node_keeps_its_work() {
        let (_dir, home, new) = decided_home("mi-1");
        settle(&home).unwrap();
        is_settled(&home, "mi-1", &new);
        assert_eq!((entries(home.documents()), entries(home.replies()), entries(home.seen())), (1, 1, 1));
    }

    #[test]
    fn a_crash_between_the_moves_leaves_a_node_that_can_go_on() {
        type Cut = fn(&Home) -> io::Result<()>;
        let cuts: [Cut; 3] = [
            |_| Ok(()),
            |home| moved(&ca_path(home), &home.ca()),
            |home| moved(&ca_path(home), &home.ca()).and_then(|()| moved(&key_path(home), &home.key())),
        ];
        for cut in cuts {
            let (_dir, home, new) = decided_home("mi-2");
            cut(&home).unwrap();
            // Everybody sees the new node already; the next start puts the rest in its place.
            assert_eq!(Registration::load(&home).unwrap().unwrap().instance_id, "mi-2");
            settle(&home).unwrap();
            is_settled(&home, "mi-2", &new);
        }
    }
}
