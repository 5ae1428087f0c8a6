//! Who this node is: registration with a hub, its key pair, its fingerprint and its role credentials (agent-protocol 2).

pub mod credentials;
pub mod fingerprint;
pub mod key;
pub mod pending;

use crate::config::Config;
use crate::home::{self, Home};
use crate::link::Link;
use qd_client::{CallError, EndpointError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// `registration.json`: written once the hub has said yes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Registration {
    /// `mi-` and 17 hex digits.
    pub instance_id: String,
    /// The hub's URL.
    pub endpoint: String,
    /// The region the hub gives its answers in.
    pub region: String,
    /// True if `ca.pem` is to be trusted, false for the system's roots.
    pub own_ca: bool,
}

/// What `register` was given.
pub struct Request<'a> {
    /// The hub's URL.
    pub endpoint: &'a str,
    /// The hub's certificate authority, PEM; without it the system's roots are trusted.
    pub ca_pem: Option<Vec<u8>>,
    /// Region name.
    pub region: &'a str,
    /// Activation id, a UUID.
    pub activation_id: &'a str,
    /// Activation code, 20 characters or more.
    pub activation_code: &'a str,
}

impl Registration {
    /// The stored registration, if there is one. One that the hub has said yes to counts before it is in its place.
    pub fn load(home: &Home) -> std::io::Result<Option<Self>> {
        match pending::decided(home)? {
            Some(decided) => Ok(Some(decided)),
            None => home::read_json(&home.registration()),
        }
    }

    /// The certificate authority to trust.
    pub fn ca(&self, home: &Home) -> std::io::Result<Option<Vec<u8>>> {
        if !self.own_ca {
            return Ok(None);
        }
        home::read_optional(&home.ca())?
            .map(Some)
            .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "ca.pem is missing from the data directory"))
    }
}

/// Why a registration failed.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The data directory.
    #[error("the data directory cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// The hub's address or certificate authority.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The hub.
    #[error("{0}")]
    Call(#[from] CallError),
}

/// Registers this machine. Everything needed later is on disk when it returns. What is in force now stays untouched until the hub has
/// said yes, so a registration that fails costs nothing; the key is on disk before the call, see [`pending`].
pub async fn register(home: &Home, config: &Config, request: &Request<'_>) -> Result<Registration, RegisterError> {
    home.create()?;
    pending::settle(home)?;
    let link = Link::new(request.endpoint, request.region, request.ca_pem.as_deref())?;
    let key = pending::key(home, request.activation_id)?;
    pending::keep_ca(home, request.ca_pem.as_deref())?;
    let fingerprint = fingerprint::current(home, config.similarity_threshold)?;
    let body = json!({
        "ActivationCode": request.activation_code,
        "ActivationId": request.activation_id,
        "Fingerprint": fingerprint,
        "PublicKey": key.public_key,
        "PublicKeyType": "Rsa",
    });
    let answer = with_retries(&link, &body).await?;
    let instance_id = answer["InstanceId"]
        .as_str()
        .filter(|id| crate::digest::file_name_of(id) == *id && !id.contains('.'))
        .ok_or(CallError::Answer("there is no usable InstanceId in it"))?;
    let registration = Registration {
        instance_id: instance_id.to_owned(),
        endpoint: request.endpoint.to_owned(),
        region: request.region.to_owned(),
        own_ca: request.ca_pem.is_some(),
    };
    pending::decide(home, &registration)?;
    pending::settle(home)?;
    Ok(registration)
}

/// Five tries, 100 ms doubling, for what may pass: no connection, and `TooManyUpdates`.
async fn with_retries(link: &Link, body: &serde_json::Value) -> Result<serde_json::Value, CallError> {
    let mut wait = Duration::from_millis(100);
    for _ in 0..4 {
        match link.anonymous("RegisterManagedInstance", body).await {
            Err(error) if is_transient(&error) => {
                tracing::warn!(%error, "registration failed; trying again");
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            other => return other,
        }
    }
    link.anonymous("RegisterManagedInstance", body).await
}

fn is_transient(error: &CallError) -> bool {
    match error {
        CallError::Transport { .. } => true,
        CallError::Service(error) => error.status >= 500 || matches!(error.code.as_str(), "TooManyUpdates" | "ThrottlingException"),
        _ => false,
    }
}

/// Forgets everything about this node. The hub is not told: there is no such call (agent-protocol 9.3).
pub fn wipe(home: &Home) -> std::io::Result<()> {
    pending::wipe(home)?;
    for path in
        [home.registration(), home.key(), home.next_key(), home.credentials(), home.shared_credentials(), home.fingerprint(), home.ca()]
    {
        pending::removed(std::fs::remove_file(path))?;
    }
    for dir in [home.documents(), home.replies(), home.seen(), home.downloads()] {
        pending::removed(std::fs::remove_dir_all(dir))?;
    }
    for volatile in home.volatiles() {
        pending::removed(std::fs::remove_dir_all(volatile))?;
    }
    home::sync_dir(home.root())
}
