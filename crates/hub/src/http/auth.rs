//! Who calls. A signature is verified in two steps: [`identify`] reads it and looks up its key before the body is read, so that strangers
//! cannot make the hub keep their bytes; [`Candidate::verify`] checks it against the whole request.
//!
//! The region and the service of the credential scope must be the hub's and the route's; a signature for one service opens no other.

use std::sync::Arc;

use jiff::Timestamp;
use qd_model::ApiError;
use qd_model::agent_operations::Proof;
use qd_store::table::nodes;
use qd_wire::rsa_token;
use qd_wire::sigv4::{self, AuthError, DEFAULT_MAX_SKEW, Presented, RequestParts, SigningKey, verify_with_key};

use super::keys::NodeKey;
use crate::cx::Principal;
use crate::hub::Shared;
use crate::sts::session;

/// Why a caller is refused.
#[derive(Debug)]
pub enum Refusal {
    /// The signature; the answer depends on the protocol.
    Auth(AuthError),
    /// Anything else, such as a store that does not answer. Never said as a denial: a stock agent would stay away for half an hour.
    Failed(ApiError),
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl Refusal {
    fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(ApiError::internal().with_source(error))
    }

    /// As the JSON protocol says it.
    pub fn into_api_error(self) -> ApiError {
        match self {
            Self::Auth(error) => ApiError::new(error.code(), error.to_string()),
            Self::Failed(error) => error,
        }
    }

    /// As the query protocol says it: other codes, status 403.
    pub fn into_query_error(self) -> ApiError {
        match self {
            Self::Auth(error) => ApiError::new(error.query_code(), error.to_string()).with_status(403),
            Self::Failed(error) => error,
        }
    }
}

/// What a route takes.
#[derive(Clone, Copy, Debug)]
pub struct Accepts {
    /// Service of the credential scope.
    pub service: &'static str,
    /// Whether the RSA flavour is taken, and nothing else.
    pub node_key: bool,
}

/// A caller whose signature was read and whose key was found, but not yet checked.
pub struct Candidate {
    presented: Presented,
    key: Key,
}

enum Key {
    User { name: String, signing: SigningKey },
    Session { instance_id: String, signing: SigningKey },
    Node { instance_id: String, key: Arc<NodeKey> },
}

/// Reads the signature of a request and finds its key. `parts` may have an unread body.
pub async fn identify(shared: &Shared, parts: &RequestParts<'_>, accepts: Accepts) -> Result<Candidate, Refusal> {
    let presented = sigv4::parse(parts)?;
    check_scope(shared, &presented, accepts)?;
    let key = if accepts.node_key { node_key(shared, &presented).await? } else { signing_key(shared, &presented).await? };
    Ok(Candidate { presented, key })
}

fn check_scope(shared: &Shared, presented: &Presented, accepts: Accepts) -> Result<(), AuthError> {
    let scope = &presented.scope;
    if scope.service != accepts.service {
        return Err(AuthError::Scope(format!("Credential should be scoped to correct service: '{}'.", accepts.service)));
    }
    // Clients set to STS's global endpoint sign for us-east-1 wherever they are.
    let global = accepts.service == "sts" && scope.region == "us-east-1";
    if scope.region != shared.region && !global {
        return Err(AuthError::Scope(format!("Credential should be scoped to a valid region; this hub's is '{}'.", shared.region)));
    }
    Ok(())
}

async fn signing_key(shared: &Shared, presented: &Presented) -> Result<Key, Refusal> {
    let Some(token) = &presented.session_token else {
        let found = shared.front.keys.user(&shared.store, &shared.master_key, &presented.access_key_id).await;
        let user = found.map_err(Refusal::failed)?.ok_or(AuthError::UnrecognizedClient)?;
        return Ok(Key::User { name: user.name.clone(), signing: user.signing_key(&presented.scope) });
    };
    let session = session::open(&shared.master_key, &presented.access_key_id, token).ok_or(AuthError::UnrecognizedClient)?;
    if shared.clock.now_ms() >= session.expires_at {
        return Err(AuthError::ExpiredToken.into());
    }
    // A node that is deregistered has no credentials, however long they were to last.
    let node = shared.front.keys.node(&shared.store, &session.instance_id).await.map_err(Refusal::failed)?;
    node.ok_or(AuthError::UnrecognizedClient)?;
    let signing = SigningKey::for_scope(&session.secret_access_key, &presented.scope);
    Ok(Key::Session { instance_id: session.instance_id, signing })
}

async fn node_key(shared: &Shared, presented: &Presented) -> Result<Key, Refusal> {
    let instance_id = presented.access_key_id.clone();
    let node = shared.front.keys.node(&shared.store, &instance_id).await.map_err(Refusal::failed)?;
    Ok(Key::Node { key: node.ok_or(AuthError::UnrecognizedClient)?, instance_id })
}

impl Candidate {
    /// The node whose key it is.
    pub fn node(&self) -> Option<String> {
        match &self.key {
            Key::User { .. } => None,
            Key::Session { instance_id, .. } | Key::Node { instance_id, .. } => Some(instance_id.clone()),
        }
    }

    /// Checks the signature over the whole request, now.
    pub async fn verify(self, shared: &Shared, parts: &RequestParts<'_>) -> Result<(Principal, Proof), Refusal> {
        let now = Timestamp::from_millisecond(shared.clock.now_ms()).map_err(Refusal::failed)?;
        match self.key {
            Key::User { name, signing } => {
                verify_with_key(&self.presented, parts, &signing, now, DEFAULT_MAX_SKEW)?;
                let arn = format!("arn:aws:iam::{}:user/{name}", shared.account);
                Ok((Principal::User { name, arn, access_key_id: self.presented.access_key_id }, Proof::Credentials))
            }
            Key::Session { instance_id, signing } => {
                verify_with_key(&self.presented, parts, &signing, now, DEFAULT_MAX_SKEW)?;
                Ok((Principal::Node { instance_id }, Proof::Credentials))
            }
            Key::Node { instance_id, key } => {
                let with = |spki: &[u8]| rsa_token::verify(&self.presented, parts, spki, now, DEFAULT_MAX_SKEW);
                match (with(&key.public_key), &key.next_public_key) {
                    (Ok(()), _) => {}
                    (Err(AuthError::Mismatch), Some((next, text))) => {
                        with(next)?;
                        adopt(shared, &instance_id, text).await?;
                    }
                    (Err(error), _) => return Err(error.into()),
                }
                Ok((Principal::Node { instance_id }, Proof::NodeKey))
            }
        }
    }
}

/// The node signed with the key it rotates to: from now on that is its key, and the old one is refused.
async fn adopt(shared: &Shared, instance_id: &str, next: &str) -> Result<(), Refusal> {
    let (id, next, now) = (instance_id.to_owned(), next.to_owned(), shared.clock.now_ms());
    shared.store.write(move |tx| nodes::adopt_next_public_key(tx, &id, &next, now)).await.map_err(Refusal::failed)?;
    shared.front.keys.forget_node(instance_id);
    Ok(())
}
