//! What a first start makes, and a later one finds: the lock on the data directory, the CA, the administrator with an access key, and the
//! credentials file that the AWS CLI reads.
//!
//! The CA and the administrator's secret also stand, sealed, in the store. So a second hub on the same PostgreSQL needs nothing but a copy
//! of `master.key`: it writes its own `ca.key`, `ca.pem` and `credentials` from the store.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use qd_store::table::access_keys::{self, AccessKey};
use qd_store::table::principals::{self, PrincipalRow};
use qd_store::table::secrets;
use qd_store::{Store, StoreError};
use zeroize::Zeroizing;

use super::keys::belongs_to;
use super::tls::{Authority, CA_KEY_FILE};
use crate::cx::Caller;
use crate::hub::{HubConfig, HubError, administrator_caller};
use crate::sealed::{self, MasterKey};
use crate::sts::session;

/// The AWS shared credentials file of the administrator, mode 0600.
pub const CREDENTIALS_FILE: &str = "credentials";
/// Name of the first user.
pub const ADMINISTRATOR: &str = "administrator";

const LOCK_FILE: &str = "hub.lock";
const CA_SECRET: &str = "certificate authority";
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn other(error: impl std::fmt::Display) -> HubError {
    HubError::Other(error.to_string())
}

/// Holds a data directory for one hub. Released by the system when the process ends, however it ends.
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock, or says who may hold it.
    pub fn take(dir: &Path) -> Result<Self, HubError> {
        let path = dir.join(LOCK_FILE);
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| HubError::io(format!("opening {}", path.display()), e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(HubError::Other(format!(
                "another hub is running on {}; stop it or give this one its own data directory",
                dir.display()
            ))),
            Err(TryLockError::Error(e)) => Err(HubError::io(format!("locking {}", path.display()), e)),
        }
    }
}

/// The CA of the store, or of the data directory, or a new one; afterwards both have it.
pub async fn authority(dir: &Path, store: &Store, master_key: &MasterKey, now: i64) -> Result<Authority, HubError> {
    if let Some(sealed) = store.read(|tx| secrets::get(tx, CA_SECRET)).await? {
        adopt(dir, master_key, &sealed)?;
        return Authority::open(dir, now).map_err(other);
    }
    let authority = Authority::open(dir, now).map_err(other)?;
    let path = dir.join(CA_KEY_FILE);
    let bundle = Zeroizing::new(fs::read(&path).map_err(|e| HubError::io(format!("reading {}", path.display()), e))?);
    let sealed = master_key.seal(CA_SECRET, &bundle).map_err(other)?;
    if store.write(move |tx| secrets::create(tx, CA_SECRET, &sealed, now)).await? {
        return Ok(authority);
    }
    // Another hub on the same store was quicker.
    let Some(sealed) = store.read(|tx| secrets::get(tx, CA_SECRET)).await? else { return Ok(authority) };
    adopt(dir, master_key, &sealed)?;
    Authority::open(dir, now).map_err(other)
}

/// Writes the store's CA into the directory, unless it is there.
fn adopt(dir: &Path, master_key: &MasterKey, sealed: &[u8]) -> Result<(), HubError> {
    let bundle = master_key.unseal(CA_SECRET, sealed).map_err(other)?;
    let path = dir.join(CA_KEY_FILE);
    match fs::read(&path) {
        Ok(own) if own == *bundle => return Ok(()),
        Ok(_) => tracing::warn!(path = %path.display(), "the store has another certificate authority; it takes this one's place"),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(HubError::io(format!("reading {}", path.display()), e)),
    }
    sealed::write_private(&path, &bundle).map_err(|e| HubError::io(format!("writing {}", path.display()), e))
}

/// The administrator, made with an access key when the account has none, and its credentials file, written when it is missing.
pub async fn administrator(config: &HubConfig, store: &Store, master_key: &MasterKey, now: i64) -> Result<Caller, HubError> {
    if store.read(|tx| principals::get(tx, ADMINISTRATOR)).await?.is_none() {
        create(store, master_key, now).await?;
    }
    let keys = store.read(|tx| access_keys::active_of(tx, ADMINISTRATOR)).await?;
    let Some(key) = keys.first() else {
        // Its keys were switched off on purpose; the embedded console still works.
        return Ok(administrator_caller(ADMINISTRATOR, &config.account, ""));
    };
    let path = config.data_dir.join(CREDENTIALS_FILE);
    // Opened even when the file is there, so that a wrong master key is told at the start and not at the first request.
    let secret = master_key.unseal(&belongs_to(&key.access_key_id), &key.sealed_secret).map_err(other)?;
    if config.credentials_file && !path.exists() {
        let secret = std::str::from_utf8(&secret).map_err(other)?;
        let text = Zeroizing::new(format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n", key.access_key_id));
        sealed::write_private(&path, text.as_bytes()).map_err(|e| HubError::io(format!("writing {}", path.display()), e))?;
    }
    Ok(administrator_caller(ADMINISTRATOR, &config.account, &key.access_key_id))
}

/// The administrator's access key as `<id>:<secret>`; `None` when none is active.
pub async fn administrator_key(store: &Store, master_key: &MasterKey) -> Result<Option<Zeroizing<String>>, HubError> {
    let keys = store.read(|tx| access_keys::active_of(tx, ADMINISTRATOR)).await?;
    let Some(key) = keys.first() else { return Ok(None) };
    let secret = master_key.unseal(&belongs_to(&key.access_key_id), &key.sealed_secret).map_err(other)?;
    let secret = std::str::from_utf8(&secret).map_err(other)?;
    Ok(Some(Zeroizing::new(format!("{}:{secret}", key.access_key_id))))
}

async fn create(store: &Store, master_key: &MasterKey, now: i64) -> Result<(), HubError> {
    let access_key_id = session::access_key_id("AKIA").map_err(other)?;
    let secret = Zeroizing::new(sealed::random_text(ALPHABET, 40).map_err(other)?);
    let sealed_secret = master_key.seal(&belongs_to(&access_key_id), secret.as_bytes()).map_err(other)?;
    let user = PrincipalRow { name: ADMINISTRATOR.to_owned(), user_id: session::access_key_id("AIDA").map_err(other)?, created_at: now };
    let key = AccessKey { access_key_id, principal: ADMINISTRATOR.to_owned(), sealed_secret, active: true, created_at: now };
    store
        .write(move |tx| {
            // Of several hubs that start at once, one makes the user and its key.
            if principals::create(tx, &user)? {
                access_keys::insert(tx, &key)?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    Ok(())
}
