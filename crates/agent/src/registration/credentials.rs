//! Role credentials: fetched with the node's key, refreshed at half their life, and the key rotated when it is due
//! (agent-protocol 2.6, 2.7).
//!
//! Waiting is friendlier than the stock agent's half hours: a refusal is tried again within a minute, since an operator who has
//! just repaired something is watching.

use super::key::NodeKey;
use super::{Registration, fingerprint};
use crate::config::Config;
use crate::home::{self, Home};
use crate::link::Link;
use qd_client::{CallError, Credentials, Secret};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io;
use std::time::Duration;

/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Shortest time between two refreshes, whatever the hub says of their life.
const SHORTEST_LIFE: i64 = 10;

/// `credentials.json`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Epoch seconds.
    expires: i64,
    /// Epoch seconds.
    retrieved: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleToken {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    token_expiration_date: f64,
    #[serde(default)]
    update_key_pair: bool,
}

/// Why there are no new credentials.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The hub said no or was not reached.
    #[error("{code}: {0}", code = .0.code())]
    Call(#[from] CallError),
    /// The key pair cannot be used or made.
    #[error("{0}")]
    Key(String),
    /// The data directory.
    #[error("the data directory cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Fetches and renews.
pub struct Renewal<'a> {
    /// Where keys and credentials lie.
    pub home: &'a Home,
    /// Rotation age, similarity threshold, sharing.
    pub config: &'a Config,
    /// Who we are.
    pub registration: &'a Registration,
    /// Whom to ask, and who is told.
    pub link: &'a Link,
}

impl Renewal<'_> {
    /// Takes up stored credentials that are good for a while yet. Returns how long they may be used before a refresh.
    pub fn resume(&self) -> Option<Duration> {
        let stored: Stored = home::read_json(&self.home.credentials()).ok().flatten()?;
        let now = jiff::Timestamp::now().as_second();
        let refresh_at = stored.retrieved + (stored.expires - stored.retrieved) / 2;
        if now >= refresh_at || now < stored.retrieved {
            return None;
        }
        self.take(&stored);
        u64::try_from(refresh_at - now).ok().map(Duration::from_secs)
    }

    /// Fetches credentials until there are some. Returns how long to use them before the next refresh.
    pub async fn fetch(&self) -> Duration {
        let mut wait = Duration::from_millis(500);
        loop {
            match self.try_fetch().await {
                Ok(life) => return life,
                Err(error) => {
                    let pause = jittered(wait);
                    tracing::warn!(%error, again_in =?pause, "no credentials");
                    tokio::time::sleep(pause).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    async fn try_fetch(&self) -> Result<Duration, RoleError> {
        let (key, token) = self.role_token().await?;
        let now = jiff::Timestamp::now().as_second();
        #[allow(clippy::cast_possible_truncation)] // seconds of this age; a float saturates
        let expires = token.token_expiration_date as i64;
        let stored = Stored {
            access_key_id: token.access_key_id,
            secret_access_key: token.secret_access_key,
            session_token: token.session_token,
            expires,
            retrieved: now,
        };
        self.take(&stored);
        if let Err(error) = home::write_json(&self.home.credentials(), &stored) {
            tracing::warn!(%error, "credentials cannot be written; keeping them in memory");
        }
        let age_days = (now - key.created) / 86_400;
        let aged = self.config.key_rotate_days > 0 && age_days >= i64::try_from(self.config.key_rotate_days).unwrap_or(i64::MAX);
        if (token.update_key_pair || aged)
            && let Err(error) = self.rotate(&key).await
        {
            tracing::warn!(%error, "the key pair could not be rotated; the old one stays");
        }
        let life = ((expires - now) / 2).max(SHORTEST_LIFE);
        Ok(Duration::from_secs(life.unsigned_abs()))
    }

    /// Asks with the key in force; with the next one if a rotation was cut off after the hub had said yes.
    async fn role_token(&self) -> Result<(NodeKey, RoleToken), RoleError> {
        let key = self.key(&self.home.key())?.ok_or_else(|| RoleError::Key("key.json is missing; register this node again".to_owned()))?;
        let refused = match self.ask(&key).await {
            Ok(token) => return Ok((key, token)),
            Err(error) => error,
        };
        let next = self.key(&self.home.next_key())?.filter(|_| matches!(refused, RoleError::Call(CallError::Service(_))));
        let Some(next) = next else { return Err(refused) };
        let token = self.ask(&next).await.map_err(|_| refused)?;
        self.adopt(&next)?;
        Ok((next, token))
    }

    async fn ask(&self, key: &NodeKey) -> Result<RoleToken, RoleError> {
        let fingerprint = fingerprint::current(self.home, self.config.similarity_threshold)?;
        let signer = key.signer().map_err(RoleError::Key)?;
        let body = json!({ "Fingerprint": fingerprint });
        let id = &self.registration.instance_id;
        let answer = self.link.with_key(id, &signer, "RequestManagedInstanceRoleToken", &body).await?;
        Ok(serde_json::from_value(answer).map_err(|_| CallError::Answer("it is not a role token"))?)
    }

    /// Replaces the key pair. The new one is on disk before the hub hears of it, and in force only after the hub has taken it.
    async fn rotate(&self, old: &NodeKey) -> Result<(), RoleError> {
        let next = tokio::task::spawn_blocking(NodeKey::generate)
            .await
            .map_err(|error| RoleError::Key(error.to_string()))?
            .map_err(RoleError::Key)?;
        home::write_json(&self.home.next_key(), &next)?;
        let signer = old.signer().map_err(RoleError::Key)?;
        let body = json!({ "NewPublicKey": next.public_key, "NewPublicKeyType": "Rsa" });
        self.link.with_key(&self.registration.instance_id, &signer, "UpdateManagedInstancePublicKey", &body).await?;
        self.adopt(&next)?;
        tracing::info!("the node's key pair was rotated");
        Ok(())
    }

    fn adopt(&self, key: &NodeKey) -> Result<(), RoleError> {
        home::write_json(&self.home.key(), key)?;
        let _ = std::fs::remove_file(self.home.next_key());
        Ok(())
    }

    fn key(&self, path: &std::path::Path) -> Result<Option<NodeKey>, RoleError> {
        Ok(home::read_json(path)?)
    }

    fn take(&self, stored: &Stored) {
        let token = Some(Secret::new(stored.session_token.clone())).filter(|t| !t.expose().is_empty());
        self.link.set_credentials(Credentials::new(&stored.access_key_id, stored.secret_access_key.as_str(), token));
        if self.config.share_credentials {
            let text = format!(
                "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\nregion = {}\n",
                stored.access_key_id, stored.secret_access_key, stored.session_token, self.registration.region
            );
            if let Err(error) = home::write_atomic(&self.home.shared_credentials(), text.as_bytes()) {
                tracing::warn!(%error, "shared credentials cannot be written");
            }
        } else {
            let _ = std::fs::remove_file(self.home.shared_credentials());
        }
    }
}

/// Between half and all of `wait`, so that nodes that failed together do not return together.
pub fn jittered(wait: Duration) -> Duration {
    let random = u64::from(uuid::Uuid::new_v4().as_fields().0);
    wait / 2 + wait.mul_f64(random as f64 / f64::from(u32::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_its_half() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&wait));
        }
    }
}
