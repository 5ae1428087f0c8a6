//! Secrets at rest. What the store keeps of a secret (access key secrets, the CA key of a shared store) is sealed under one master key
//! that never enters the database, so a copy of the database alone opens nothing.
//!
//! The envelope is `version (1) | key id (4) | salt (16) | nonce (12) | AES-256-GCM ciphertext and tag`. The key of one envelope is
//! HMAC-SHA256(master, label | salt), so that random nonces stay safe over any number of envelopes. The associated data names what the
//! secret belongs to: an envelope moved to another row does not open.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use thiserror::Error;
use zeroize::Zeroizing;

/// The file of the data directory that holds the master key: 32 bytes as 64 hex digits, mode 0600.
pub const MASTER_KEY_FILE: &str = "master.key";

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEADER: usize = 1 + KEY_ID + SALT + NONCE;

/// Why a secret did not open, or a key file is of no use.
#[derive(Debug, Error)]
pub enum SealError {
    /// Reading or making the key file failed.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The key file is not 64 hex digits.
    #[error("{0}: not a master key (64 hex digits expected)")]
    Malformed(String),
    /// The envelope is too short, of an unknown version, damaged, or belongs to something else.
    #[error("the sealed secret does not open: it is damaged or belongs to another record")]
    Damaged,
    /// The envelope was sealed under another master key.
    #[error("the sealed secret was sealed under another master key; copy {MASTER_KEY_FILE} of the hub that made it")]
    OtherKey,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

/// The key under which every secret of one installation is sealed. Its bytes leave memory with it.
pub struct MasterKey {
    key: Zeroizing<[u8; 32]>,
    id: [u8; KEY_ID],
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", hex::encode(self.id))
    }
}

impl MasterKey {
    /// The key of these 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let hash = digest::digest(&digest::SHA256, &bytes);
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&hash.as_ref()[..KEY_ID]);
        Self { key: Zeroizing::new(bytes), id }
    }

    /// A fresh random key.
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = [0; 32];
        fill(&mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Reads `dir/master.key`, making it at the first start.
    pub fn open(dir: &Path) -> Result<Self, SealError> {
        let path = dir.join(MASTER_KEY_FILE);
        let shown = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let mut bytes = [0; 32];
                hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| SealError::Malformed(shown))?;
                Ok(Self::from_bytes(bytes))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let made = Self::generate()?;
                let text = Zeroizing::new(format!("{}\n", hex::encode(*made.key)));
                write_private(&path, text.as_bytes()).map_err(|source| SealError::File { path: shown, source })?;
                Ok(made)
            }
            Err(source) => Err(SealError::File { path: shown, source }),
        }
    }

    /// Seals `plain` for the record that `belongs_to` names, such as `access_keys/AKIA…`.
    pub fn seal(&self, belongs_to: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::with_capacity(HEADER + plain.len() + TAG);
        out.push(VERSION);
        out.extend_from_slice(&self.id);
        let mut random = [0; SALT + NONCE];
        fill(&mut random)?;
        out.extend_from_slice(&random);
        let cipher = self.cipher(&random[..SALT]);
        let sealed = cipher
            .encrypt(Nonce::from_slice(&random[SALT..]), Payload { msg: plain, aad: belongs_to.as_bytes() })
            .map_err(|_| SealError::Damaged)?;
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`MasterKey::seal`] sealed for the same record.
    pub fn unseal(&self, belongs_to: &str, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if envelope.len() < HEADER + TAG || envelope[0] != VERSION {
            return Err(SealError::Damaged);
        }
        if envelope[1..1 + KEY_ID] != self.id {
            return Err(SealError::OtherKey);
        }
        let salt = &envelope[1 + KEY_ID..1 + KEY_ID + SALT];
        let nonce = &envelope[1 + KEY_ID + SALT..HEADER];
        self.cipher(salt)
            .decrypt(Nonce::from_slice(nonce), Payload { msg: &envelope[HEADER..], aad: belongs_to.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| SealError::Damaged)
    }

    /// 32 bytes that only a holder of the master key can make, different for each `label` and `input`.
    pub fn derive(&self, label: &str, input: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.key);
        let mut context = hmac::Context::with_key(&key);
        context.update(label.as_bytes());
        context.update(&[0]);
        context.update(input);
        let mut out = Zeroizing::new([0; 32]);
        out.copy_from_slice(context.sign().as_ref());
        out
    }

    fn cipher(&self, salt: &[u8]) -> Aes256Gcm {
        Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&*self.derive("sealed", salt)))
    }
}

/// Fills `bytes` from the system's generator.
pub fn fill(bytes: &mut [u8]) -> Result<(), SealError> {
    SystemRandom::new().fill(bytes).map_err(|_| SealError::Random)
}

/// `length` characters drawn evenly from `alphabet` (at most 256 characters).
pub fn random_text(alphabet: &[u8], length: usize) -> Result<String, SealError> {
    let limit = 256 - 256 % alphabet.len();
    let mut out = String::with_capacity(length);
    let mut block = [0; 64];
    while out.len() < length {
        fill(&mut block)?;
        for &byte in block.iter().filter(|&&byte| usize::from(byte) < limit) {
            if out.len() < length {
                out.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
            }
        }
    }
    Ok(out)
}

/// Writes a file only its owner may read, whole or not at all: a sibling is written, made durable and renamed.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole(path, content, 0o600)
}

/// Writes a file anyone may read, whole or not at all.
pub fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole(path, content, 0o644)
}

fn write_whole(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("no file name"))?;
    let mut sibling = name.to_os_string();
    sibling.push(".new");
    let temporary = path.with_file_name(sibling);
    let _ = fs::remove_file(&temporary);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode; // the data directory's access list protects its files there
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    #[cfg(unix)]
    if let Some(parent) = path.parent() {
        fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_its_record_and_its_key() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal("access_keys/AKIA1", b"the secret").unwrap();
        assert_eq!(&key.unseal("access_keys/AKIA1", &sealed).unwrap()[..], b"the secret");
        assert!(matches!(key.unseal("access_keys/AKIA2", &sealed), Err(SealError::Damaged)));
        assert!(matches!(MasterKey::generate().unwrap().unseal("access_keys/AKIA1", &sealed), Err(SealError::OtherKey)));
        assert_ne!(sealed, key.seal("access_keys/AKIA1", b"the secret").unwrap());
    }

    #[test]
    fn every_truncation_and_flipped_bit_is_refused() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal("r", b"x").unwrap();
        for end in 0..sealed.len() {
            assert!(key.unseal("r", &sealed[..end]).is_err(), "opened at {end}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut bent = sealed.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(key.unseal("r", &bent).is_err(), "opened with bit {bit} flipped");
        }
    }

    #[test]
    fn key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = MasterKey::open(dir.path()).unwrap();
        let sealed = first.seal("r", b"x").unwrap();
        assert!(MasterKey::open(dir.path()).unwrap().unseal("r", &sealed).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(MASTER_KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(dir.path().join(MASTER_KEY_FILE), "short").unwrap();
        assert!(matches!(MasterKey::open(dir.path()), Err(SealError::Malformed(_))));
    }

    #[test]
    fn random_text_keeps_to_its_alphabet() {
        let text = random_text(b"AB7", 500).unwrap();
        assert_eq!(text.len(), 500);
        assert!(text.bytes().all(|b| b"AB7".contains(&b)));
        assert!(b"AB7".iter().all(|b| text.bytes().any(|t| t == *b)));
    }
}
