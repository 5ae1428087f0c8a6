//! Opening and closing a hub, and the parts that its requests and tasks share.

use std::path::PathBuf;
use std::sync::Arc;

use qd_model::{ApiError, Operation};
use qd_store::{Location, Store, StoreError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::channel::Registry;
use crate::channel::intake::Intake;
use crate::clock::{Clock, SystemClock};
use crate::cx::{Caller, Cx, Principal};
use crate::sealed::MasterKey;
use crate::{dispatch, http, task};

/// How to open a hub.
pub struct HubConfig {
    /// Where the CA, the master key, the administrator's credentials and (with SQLite) the database live.
    pub data_dir: PathBuf,
    pub store: Location,
    /// Region identifier that clients sign for; `local-1` unless there is a reason.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// Further host names and addresses that nodes and clients use for this hub; they enter the certificate.
    pub names: Vec<String>,
    /// Folder of the built console, served under `/quarterdeck/console/`.
    pub console: Option<PathBuf>,
    /// Whether the administrator's access key is written to `credentials` in the data directory, as AWS tools read it. The desktop app keeps
    /// it in the system's keyring instead.
    pub credentials_file: bool,
    pub clock: Arc<dyn Clock>,
}

impl HubConfig {
    /// A hub on SQLite in `data_dir` with the default region and account.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            store: Location::Sqlite(data_dir.join("hub.sqlite")),
            data_dir,
            region: "local-1".to_owned(),
            account: "000000000001".to_owned(),
            names: Vec::new(),
            console: None,
            credentials_file: true,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a hub did not open.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("the store could not be opened: {0}")]
    Store(#[from] StoreError),
    #[error("{context}: {source}")]
    Io { context: String, source: std::io::Error },
    #[error("{0}")]
    Other(String),
}

impl HubError {
    /// Ties an IO error to what was being done.
    pub fn io(context: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { context: context.into(), source }
    }
}

/// What requests and tasks share. Owned by [`Hub`].
pub struct Shared {
    /// Names this process among several hubs on one store; new at every start.
    pub hub_id: String,
    pub store: Store,
    /// Whether other hubs may work on the same store.
    pub store_is_shared: bool,
    pub clock: Arc<dyn Clock>,
    pub region: String,
    pub account: String,
    pub data_dir: PathBuf,
    pub names: Vec<String>,
    pub console: Option<PathBuf>,
    pub limits: http::Limits,
    /// Key that seals secrets at rest and signs page tokens.
    pub master_key: MasterKey,
    /// Control channels that end in this process.
    pub registry: Registry,
    /// What the HTTP front keeps between requests (caches, TLS state).
    pub front: http::Front,
    pub wakers: task::Wakers,
    /// Sessions whose node is attached to this hub.
    pub sessions: crate::channel::data::Sessions,
    /// Where the channels hand over what nodes said.
    pub intake: Intake,
    /// Commands ready to send.
    pub jobs: crate::ops::commands::deliver::Jobs,
    pub shutdown: CancellationToken,
}

impl Shared {
    /// `arn:aws:ssm:<region>:<account>:<resource>`.
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ssm:{}:{}:{resource}", self.region, self.account)
    }

    /// ARN of a node: `mi-` nodes are SSM's, `i-` nodes are EC2's (semantics 0.14).
    pub fn node_arn(&self, instance_id: &str) -> String {
        if instance_id.starts_with("i-") {
            format!("arn:aws:ec2:{}:{}:instance/{instance_id}", self.region, self.account)
        } else {
            self.arn(&format!("managed-instance/{instance_id}"))
        }
    }
}

/// An open hub. Cheap to clone; the last clone does not close it, [`Hub::close`] does.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
    administrator: Arc<Caller>,
}

impl Hub {
    /// Opens the store (running migrations), makes what a first start makes, and starts the background tasks.
    pub async fn open(config: HubConfig) -> Result<Self, HubError> {
        Self::open_with(config, http::Limits::default()).await
    }

    /// The same with other limits of its listener.
    pub async fn open_with(config: HubConfig, limits: http::Limits) -> Result<Self, HubError> {
        std::fs::create_dir_all(&config.data_dir).map_err(|e| HubError::io(format!("creating {}", config.data_dir.display()), e))?;
        let master_key = MasterKey::open(&config.data_dir).map_err(|e| HubError::Other(e.to_string()))?;
        let store = Store::open(&config.store).await?;
        let front = http::Front::open(&config, &store, &master_key).await?;
        let administrator = front.administrator();
        let (intake, letters) = Intake::new();
        let shared = Arc::new(Shared {
            hub_id: Uuid::new_v4().to_string(),
            store,
            store_is_shared: matches!(config.store, Location::Postgres(_)),
            clock: config.clock,
            region: config.region,
            account: config.account,
            data_dir: config.data_dir,
            names: config.names,
            console: config.console,
            limits,
            master_key,
            registry: Registry::default(),
            front,
            wakers: task::Wakers::default(),
            sessions: Default::default(),
            intake,
            jobs: Default::default(),
            shutdown: CancellationToken::new(),
        });
        crate::channel::forget_connections_of_earlier_runs(&shared).await?;
        task::start(&shared);
        tokio::spawn(crate::channel::intake::run(shared.clone(), letters));
        Ok(Self { shared, administrator: Arc::new(administrator) })
    }

    /// One operation for `caller`: decoded, validated, authorised, run. What every front door ends in.
    pub async fn call(&self, caller: &Arc<Caller>, operation: Operation, input: Value) -> Result<Value, ApiError> {
        let cx = self.cx(caller);
        dispatch::call(&cx, operation, input).await
    }

    /// A request of `caller` under `/quarterdeck/v1/`.
    pub async fn extension(&self, caller: &Arc<Caller>, request: crate::extension::Request) -> crate::extension::Response {
        crate::extension::serve(&self.cx(caller), request).await
    }

    /// Events after `cursor`, as they come.
    pub fn events(&self, cursor: crate::events::Cursor) -> crate::events::Subscription {
        crate::events::Subscription::open(self.shared.clone(), cursor)
    }

    /// The caller that the embedded console speaks for: the account's administrator.
    pub fn administrator(&self) -> Arc<Caller> {
        self.administrator.clone()
    }

    /// The administrator's access key as `<id>:<secret>`; `None` when none is active. For the keyring of the embedded console alone.
    pub async fn administrator_key(&self) -> Result<Option<zeroize::Zeroizing<String>>, HubError> {
        http::first_start::administrator_key(&self.shared.store, &self.shared.master_key).await
    }

    /// A context for a request of `caller`.
    pub fn cx(&self, caller: &Arc<Caller>) -> Cx {
        Cx::new(self.shared.clone(), caller.clone())
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Opens the TLS listener on `listen` and serves it until the hub closes; returns the address it got.
    pub async fn serve(&self, listen: std::net::SocketAddr) -> Result<std::net::SocketAddr, HubError> {
        self.serve_until(listen, CancellationToken::new()).await
    }

    /// The same until `stop` is cancelled: for an address that is served for a while.
    pub async fn serve_until(&self, listen: std::net::SocketAddr, stop: CancellationToken) -> Result<std::net::SocketAddr, HubError> {
        http::serve(self.shared.clone(), listen, stop).await
    }

    /// Stops listeners, channels and tasks, and closes the store. What was accepted stays.
    pub async fn close(&self) {
        self.shared.shutdown.cancel();
        self.shared.registry.close_all();
        self.shared.store.close().await;
        self.shared.front.unlock();
    }
}

/// The in-process administrator, as [`http::Front::administrator`] builds it from the stored user.
pub fn administrator_caller(name: &str, account: &str, access_key_id: &str) -> Caller {
    Caller {
        principal: Principal::User {
            name: name.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            access_key_id: access_key_id.to_owned(),
        },
        source: "in-process".to_owned(),
        user_agent: concat!("quarterdeck/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}
