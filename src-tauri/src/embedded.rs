//! The hub in this process: opened on SQLite in the app's data folder, reachable for nodes and the AWS CLI on a local TLS listener.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use qd_hub::events::{Cursor, Subscription};
use qd_hub::{Caller, Hub, HubConfig, HubError, dispatch, extension};
use qd_model::Operation;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::error::CallError;
use crate::local::{Local, settings};
use crate::outside::{self, Outside};
use crate::state::{Reply, Request};
use crate::this_machine::{Activation, HubAddress, NodeError};

/// Ports that are tried for the listener, in this order; then any free one.
const PORTS: std::ops::Range<u16> = 7443..7463;

/// The open hub and where it listens.
#[derive(Clone)]
pub struct Embedded {
    hub: Hub,
    caller: Arc<Caller>,
    address: HubAddress,
    outside: Arc<Mutex<Outside>>,
}

impl Embedded {
    /// Opens the hub in `data_dir`, making it on the first start, and its listener on the loopback interface.
    pub async fn open(data_dir: &Path, local: &Local) -> Result<Self, HubError> {
        let hub_dir = data_dir.join("hub");
        let hub = Hub::open(HubConfig { credentials_file: false, ..HubConfig::embedded(&hub_dir) }).await?;
        let listener = listen(&hub, local).await?;
        let address = HubAddress { listener, region: hub.shared().region.clone(), ca_file: hub_dir.join(qd_hub::http::tls::CA_FILE) };
        let opened = Self { caller: hub.administrator(), hub, address, outside: Arc::default() };
        opened.listen_outside(&outside::chosen(local)).await;
        Ok(opened)
    }

    pub fn address(&self) -> &HubAddress {
        &self.address
    }

    /// Hexadecimal SHA-256 of the file of the hub's certificate authority, with which another machine checks the copy that it was given.
    pub async fn ca_sha256(&self) -> Option<String> {
        let pem = tokio::fs::read(&self.address.ca_file).await.ok()?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &pem);
        Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Serves these addresses beside this machine's own, on the same port, and no others. Answers those that could not be served, each
    /// with the reason: an address may be gone with its network.
    pub async fn listen_outside(&self, addresses: &[IpAddr]) -> Vec<(IpAddr, String)> {
        let port = self.address.listener.port();
        let wanted: Vec<IpAddr> = {
            let mut outside = self.outside();
            outside.close_others(addresses);
            addresses.iter().filter(|address| !outside.serves(address)).copied().collect()
        };
        let mut failed = Vec::new();
        for address in wanted {
            let stop = CancellationToken::new();
            match self.hub.serve_until(SocketAddr::new(address, port), stop.clone()).await {
                Ok(listening) => {
                    tracing::info!(%listening, "the hub listens for other machines");
                    self.outside().opened(address, stop);
                }
                Err(error) => {
                    tracing::warn!(%address, %error, "the hub does not listen there");
                    failed.push((address, error.to_string()));
                }
            }
        }
        failed
    }

    /// Addresses beside this machine's own that are served now.
    pub fn outside_addresses(&self) -> Vec<IpAddr> {
        self.outside().addresses()
    }

    fn outside(&self) -> MutexGuard<'_, Outside> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Twelve digits.
    pub fn account(&self) -> &str {
        &self.hub.shared().account
    }

    /// One operation, as the account's administrator.
    pub async fn call(&self, operation: Operation, input: Value) -> Result<Value, CallError> {
        let cx = self.hub.cx(&self.caller);
        let request_id = cx.request_id().to_string();
        dispatch::call(&cx, operation, input).await.map_err(|error| {
            let mut error = CallError::from(error);
            error.request_id = Some(request_id);
            error
        })
    }

    pub async fn extension(&self, request: Request) -> Reply {
        let request = extension::Request {
            method: request.method,
            path: request.path,
            query: request.query.into_iter().collect(),
            body: Bytes::from(request.body),
        };
        let response = self.hub.extension(&self.caller, request).await;
        Reply { status: response.status, headers: response.headers, body: response.body.to_vec() }
    }

    /// Events after sequence number `after`, or from now on.
    pub fn events(&self, after: Option<i64>) -> Subscription {
        self.hub.events(after.map_or(Cursor::Now, Cursor::After))
    }

    /// An activation for exactly one machine, this one.
    pub async fn activation(&self) -> Result<Activation, NodeError> {
        let input = json!({
            "Description": "This machine, enrolled by the desktop app",
            "IamRole": "service-role/QuarterdeckManagedNode",
            "RegistrationLimit": 1,
        });
        let answer = self
            .call(Operation::CreateActivation, input)
            .await
            .map_err(|error| NodeError::Activation(format!("{}: {}", error.code, error.message)))?;
        match (answer["ActivationId"].as_str(), answer["ActivationCode"].as_str()) {
            (Some(id), Some(code)) => Ok(Activation { id: id.to_owned(), code: Zeroizing::new(code.to_owned()) }),
            _ => Err(NodeError::Activation("the hub's answer carries none".to_owned())),
        }
    }

    /// Whether the hub has a node of this id, connected or not.
    pub async fn knows_node(&self, id: &str) -> Result<bool, CallError> {
        let input = json!({ "Filters": [{ "Key": "InstanceIds", "Values": [id] }] });
        let answer = self.call(Operation::DescribeInstanceInformation, input).await?;
        Ok(answer["InstanceInformationList"].as_array().is_some_and(|nodes| !nodes.is_empty()))
    }

    /// The administrator's access key as `<id>:<secret>`, to be kept in the keyring.
    pub async fn administrator_key(&self) -> Option<Zeroizing<String>> {
        self.hub.administrator_key().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the administrator's access key could not be read");
            None
        })
    }

    pub async fn close(&self) {
        self.hub.close().await;
    }
}

/// Opens the listener: where it was last time, so that nodes find it again, else on the first free port.
async fn listen(hub: &Hub, local: &Local) -> Result<SocketAddr, HubError> {
    let last = local.setting(settings::LISTEN_PORT).ok().flatten().and_then(|port| port.as_u64()).and_then(|port| u16::try_from(port).ok());
    let mut failure = None;
    for port in last.into_iter().chain(PORTS).chain([0]) {
        match hub.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
            Ok(address) => {
                if let Err(error) = local.set_setting(settings::LISTEN_PORT, &address.port().into()) {
                    tracing::warn!(%error, "the listener's port was not remembered");
                }
                return Ok(address);
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| HubError::Other("no port was tried".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn other_addresses_are_served_and_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let local = Local::in_memory().unwrap();
        let another: IpAddr = "127.0.0.9".parse().unwrap();
        local.set_setting(settings::LISTEN_OUTSIDE, &json!(["127.0.0.9"])).unwrap();
        let hub = Embedded::open(folder.path(), &local).await.unwrap();
        let there = SocketAddr::new(another, hub.address().listener.port());
        assert_eq!(hub.outside_addresses(), [another]);
        tokio::net::TcpStream::connect(there).await.unwrap();
        let nowhere: IpAddr = "192.0.2.1".parse().unwrap();
        let failed = hub.listen_outside(&[nowhere]).await;
        assert_eq!((failed.len(), failed[0].0), (1, nowhere));
        assert_eq!(hub.outside_addresses(), [] as [IpAddr; 0]);
        let refused = async { while tokio::net::TcpStream::connect(there).await.is_ok() {} };
        tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.unwrap();
        hub.close().await;
    }

    #[tokio::test]
    async fn the_authoritys_digest_is_that_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Embedded::open(folder.path(), &Local::in_memory().unwrap()).await.unwrap();
        let said = hub.ca_sha256().await.unwrap();
        let sum = std::process::Command::new("sha256sum").arg(&hub.address().ca_file).output();
        if let Ok(sum) = sum {
            assert_eq!(String::from_utf8_lossy(&sum.stdout).split(' ').next(), Some(said.as_str()));
        }
        assert_eq!(said.len(), 64);
        hub.close().await;
    }
}
