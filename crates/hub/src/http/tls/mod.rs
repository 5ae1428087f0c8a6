//! Certificates without a public authority: the hub makes its own CA at the first start, and a leaf under it that is renewed in memory
//! well before it ends, so that no connection is ever refused for age and nothing has to be restarted.
//!
//! `ca.key` (0600) holds the CA's key and certificate together, so a crash can not separate them; `ca.pem` is the public copy that
//! nodes and the AWS CLI are pointed at. The leaf's key lives in memory only.

mod authority;
mod names;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::ring as provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use thiserror::Error;
use tracing::{error, info};

use crate::sealed::SealError;
use authority::Leaf;
pub(super) use names::outward_address;
use names::{Name, Names, names};

pub use authority::{Authority, fingerprint_of};

/// The public certificate of the CA in the data directory.
pub const CA_FILE: &str = "ca.pem";
/// The CA's key and certificate in the data directory.
pub const CA_KEY_FILE: &str = "ca.key";

const DAY_MS: i64 = 86_400_000;
const LEAF_DAYS: i64 = 90;
/// A leaf with less than this left is replaced.
const RENEW_DAYS: i64 = 30;
/// Validity starts this much in the past, for nodes whose clocks run behind.
const BACKDATE_MS: i64 = DAY_MS;
/// Local addresses learnt from connections; all of 127.0.0.0/8 is local, so there must be a bound.
const MAX_LEARNT: usize = 32;

/// Why certificates could not be made or read.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file of the data directory could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// `ca.key` does not hold a usable key and certificate.
    #[error("{path}: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name given to the hub can not stand in a certificate.
    #[error("{0:?} is neither a host name nor an address")]
    Name(String),
    /// Making a certificate failed.
    #[error("making a certificate failed: {0}")]
    Make(#[from] rcgen::Error),
    /// rustls refused the key or the configuration.
    #[error("TLS configuration: {0}")]
    Rustls(#[from] rustls::Error),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] SealError),
}

#[derive(Debug)]
struct Current {
    leaf: Leaf,
    names: Names,
    learnt: usize,
}

/// The certificate shown to whoever connects. It is replaced in place; connections that are open keep going.
#[derive(Debug)]
pub struct Certificates {
    authority: Arc<Authority>,
    current: RwLock<Current>,
}

impl Certificates {
    /// Makes the first leaf. `given` are names or addresses the operator says the hub is reached by.
    pub fn new(authority: Arc<Authority>, listen: SocketAddr, given: &[String], region: &str, now: i64) -> Result<Self, TlsError> {
        let names = names(listen, given, region)?;
        let leaf = authority.leaf(&names, now)?;
        Ok(Self { authority, current: RwLock::new(Current { leaf, names, learnt: 0 }) })
    }

    /// The authority above the leaf.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Replaces the leaf when it nears its end, or when the clock was set back before its making. Asked for every connection before its
    /// handshake, since that is when a leaf is looked at; does nothing most of the time. A failure is logged and leaves the old leaf, which
    /// has weeks left.
    pub fn refresh(&self, now: i64) {
        if self.current.read().unwrap_or_else(PoisonError::into_inner).leaf.is_fresh(now) {
            return;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.leaf.is_fresh(now) {
            return;
        }
        match self.authority.leaf(&current.names, now) {
            Ok(leaf) => {
                info!("the TLS certificate is renewed");
                current.leaf = leaf;
            }
            Err(e) => error!(error = %e, "renewing the TLS certificate failed"),
        }
    }

    /// Adds an address of this machine that someone reached the hub by, so that a hub listening on every address serves a certificate
    /// for each of them without being told.
    pub fn cover(&self, local: IpAddr, now: i64) {
        let name = Name::Address(local.to_canonical());
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if current.learnt >= MAX_LEARNT || current.names.contains(&name) {
                return;
            }
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !current.names.insert(name) {
            return;
        }
        current.learnt += 1;
        match self.authority.leaf(&current.names, now) {
            Ok(leaf) => current.leaf = leaf,
            Err(e) => error!(error = %e, "adding an address to the TLS certificate failed"),
        }
    }

    /// When the leaf in use ends, epoch milliseconds.
    pub fn not_after(&self) -> i64 {
        self.current.read().unwrap_or_else(PoisonError::into_inner).leaf.not_after
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).leaf.certified.clone())
    }
}

/// The listener's TLS: 1.2 and 1.3, HTTP/2 and HTTP/1.1. Tickets spare the handshake of a fleet that reconnects after a restart of the
/// network; they live in memory, so a restart of the hub starts afresh.
pub fn server_config(certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = provider::Ticketer::new()?;
    Ok(Arc::new(config))
}
