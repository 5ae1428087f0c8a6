//! Secrets in one file under a passphrase: AES-256-GCM with a key from PBKDF2-HMAC-SHA-256, readable by its owner alone, replaced as a whole.

use std::fs;
use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Items, KeyringError};

/// Rounds of key derivation for a new file (OWASP's figure for PBKDF2-HMAC-SHA-256); an existing file says its own.
const ROUNDS: u32 = if cfg!(test) { 1_000 } else { 600_000 };
/// A file that asks for more rounds than this was not written by us; deriving would only hang.
const MOST_ROUNDS: u32 = 10_000_000;
/// Largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Bound to the sealed bytes, so that a file of another format or purpose does not open.
const PURPOSE: &[u8] = b"quarterdeck secrets 1";

#[derive(Serialize, Deserialize)]
struct OnDisk {
    version: u32,
    rounds: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

/// An open file. Holds the derived key, never the passphrase.
pub(super) struct SealedFile {
    path: PathBuf,
    key: LessSafeKey,
    salt: [u8; 16],
    rounds: u32,
    items: Items,
}

impl SealedFile {
    /// A file to be, under `passphrase`: nothing is written before something is put into it. Derives the key, which takes a while.
    pub(super) fn new(path: &Path, passphrase: &str) -> Result<Self, KeyringError> {
        let mut salt = [0_u8; 16];
        random(&mut salt)?;
        Ok(Self { path: path.to_owned(), key: derive(passphrase, &salt, ROUNDS)?, salt, rounds: ROUNDS, items: Items::new() })
    }

    /// Opens a file that was written. Derives the key, which takes a while.
    pub(super) fn open(path: &Path, passphrase: &str) -> Result<Self, KeyringError> {
        if fs::metadata(path)?.len() > LARGEST {
            return Err(KeyringError::WrongPassphrase);
        }
        let bytes = Zeroizing::new(fs::read(path)?);
        let on_disk: OnDisk = serde_json::from_slice(&bytes).map_err(|_| KeyringError::WrongPassphrase)?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| KeyringError::WrongPassphrase);
        let salt: [u8; 16] = decode(&on_disk.salt)?.try_into().map_err(|_| KeyringError::WrongPassphrase)?;
        let nonce: [u8; NONCE_LEN] = decode(&on_disk.nonce)?.try_into().map_err(|_| KeyringError::WrongPassphrase)?;
        if on_disk.version != 1 || on_disk.rounds > MOST_ROUNDS {
            return Err(KeyringError::WrongPassphrase);
        }
        let key = derive(passphrase, &salt, on_disk.rounds)?;
        let mut sealed = Zeroizing::new(decode(&on_disk.sealed)?);
        let plain = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(PURPOSE), &mut sealed)
            .map_err(|_| KeyringError::WrongPassphrase)?;
        let items = serde_json::from_slice::<std::collections::BTreeMap<String, String>>(plain)
            .map_err(|_| KeyringError::WrongPassphrase)?
            .into_iter()
            .map(|(name, secret)| (name, Zeroizing::new(secret)))
            .collect();
        Ok(Self { path: path.to_owned(), key, salt, rounds: on_disk.rounds, items })
    }

    pub(super) fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        self.items.get(name).cloned()
    }

    pub(super) fn put(&mut self, name: &str, secret: Zeroizing<String>) -> Result<(), KeyringError> {
        self.items.insert(name.to_owned(), secret);
        self.write()
    }

    pub(super) fn put_all(&mut self, items: Items) -> Result<(), KeyringError> {
        self.items.extend(items);
        self.write()
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<(), KeyringError> {
        match self.items.remove(name) {
            Some(_) => self.write(),
            None => Ok(()),
        }
    }

    fn write(&self) -> Result<(), KeyringError> {
        let plain: std::collections::BTreeMap<&str, &str> =
            self.items.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect();
        let mut sealed = Zeroizing::new(serde_json::to_vec(&plain).map_err(std::io::Error::from)?);
        let mut nonce = [0_u8; NONCE_LEN];
        random(&mut nonce)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(PURPOSE), &mut sealed)
            .map_err(|_| std::io::Error::other("sealing failed"))?;
        sealed.extend_from_slice(tag.as_ref());
        let on_disk = OnDisk {
            version: 1,
            rounds: self.rounds,
            salt: STANDARD.encode(self.salt),
            nonce: STANDARD.encode(nonce),
            sealed: STANDARD.encode(&*sealed),
        };
        replace_privately(&self.path, &serde_json::to_vec(&on_disk).map_err(std::io::Error::from)?)?;
        Ok(())
    }
}

fn derive(passphrase: &str, salt: &[u8], rounds: u32) -> Result<LessSafeKey, KeyringError> {
    let rounds = NonZeroU32::new(rounds).ok_or(KeyringError::WrongPassphrase)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, passphrase.as_bytes(), &mut *key);
    let unbound = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| KeyringError::WrongPassphrase)?;
    Ok(LessSafeKey::new(unbound))
}

fn random(bytes: &mut [u8]) -> Result<(), KeyringError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyringError::File(std::io::Error::other("the system gave no random bytes")))
}

/// Writes beside and renames over, so that a crash leaves the old or the new file, and nobody else can read either.
fn replace_privately(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
