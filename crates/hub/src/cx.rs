//! What every operation gets: who calls, what time it is, and the hub's own parts. Nothing in the hub is global.

use std::sync::Arc;

use qd_model::{ApiError, Timestamp};
use qd_store::Store;
use uuid::Uuid;

use crate::hub::Shared;

/// Who a request speaks for, proved by its signature (or, in process, by being the console's own user).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person or program with an access key of this account.
    User { name: String, arn: String, access_key_id: String },
    /// A managed node with credentials that the hub issued to it; it may act for itself alone.
    Node { instance_id: String },
    /// Nobody yet: only RegisterManagedInstance is open to it.
    Anonymous,
}

/// A principal and where it called from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub principal: Principal,
    /// Address of the peer, or `in-process` for the embedded console.
    pub source: String,
    pub user_agent: String,
}

impl Caller {
    /// ARN as STS GetCallerIdentity reports it.
    pub fn arn(&self, region: &str, account: &str) -> String {
        match &self.principal {
            Principal::User { arn, .. } => arn.clone(),
            Principal::Node { instance_id } => format!("arn:aws:ssm:{region}:{account}:managed-instance/{instance_id}"),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// The node that calls, when it is one.
    pub fn node(&self) -> Option<&str> {
        match &self.principal {
            Principal::Node { instance_id } => Some(instance_id),
            _ => None,
        }
    }
}

/// The context of one request. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    request_id: Uuid,
    now_ms: i64,
    /// Host and port by which the caller reached this hub.
    authority: Option<Arc<str>>,
}

impl Cx {
    /// Starts a request of `caller`; its time stands still from here on, so that one request sees one time.
    pub fn new(shared: Arc<Shared>, caller: Arc<Caller>) -> Self {
        let now_ms = shared.clock.now_ms();
        Self { shared, caller, request_id: Uuid::new_v4(), now_ms, authority: None }
    }

    /// The same request under the id that the front door gave it, so that answer, log and events agree.
    #[must_use]
    pub fn with_request_id(mut self, request_id: Uuid) -> Self {
        self.request_id = request_id;
        self
    }

    /// The same request with the host and port that the caller reached this hub by, as its signature covers them.
    #[must_use]
    pub fn with_authority(mut self, authority: Option<&str>) -> Self {
        let is_plain = |text: &&str| text.len() <= 300 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        self.authority = authority.filter(is_plain).filter(|text| !text.is_empty()).map(Arc::from);
        self
    }

    /// Host and port under which the caller finds this hub again; the listener's own for a caller in this process. `None` when there is none.
    pub fn authority(&self) -> Option<String> {
        self.authority.as_deref().map(str::to_owned).or_else(|| self.shared.front.listening().map(|address| address.to_string()))
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// ARN of the caller.
    pub fn caller_arn(&self) -> String {
        self.caller.arn(self.region(), self.account())
    }

    pub fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// Milliseconds since the epoch at which this request began.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The time at which this request began.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms)
    }

    pub fn region(&self) -> &str {
        &self.shared.region
    }

    pub fn account(&self) -> &str {
        &self.shared.account
    }

    /// `arn:aws:ssm:<region>:<account>:<resource>` (semantics 0.14).
    pub fn arn(&self, resource: &str) -> String {
        self.shared.arn(resource)
    }

    /// Refuses a node that names another node (semantics 14.3.2: a node speaks for itself alone).
    pub fn require_self(&self, operation: &str, instance_id: &str) -> Result<(), ApiError> {
        match self.caller.node() {
            Some(own) if own != instance_id => {
                Err(denied(&self.caller_arn(), operation, &self.arn(&format!("managed-instance/{instance_id}"))))
            }
            _ => Ok(()),
        }
    }
}

/// AccessDeniedException with AWS's sentence (semantics 0.9).
pub fn denied(caller_arn: &str, operation: &str, resource: &str) -> ApiError {
    ApiError::access_denied(caller_arn, &format!("ssm:{operation}"), resource)
}
