//! A first look at a server before anybody trusts it: the certificates it shows, and its clock.
//!
//! Nothing secret is sent: the one request is unsigned. What comes back is shown to a person, who compares the fingerprint with what the
//! hub's owner says, and only then becomes a pin ([`Endpoint::with_fingerprint`]).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::redirect;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::call::served_at;
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::CallError;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_CA_BYTES: usize = 64 * 1024;

/// What a server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// SHA-256 of each certificate of its chain, the server's own first, in lower-case hex. Empty without TLS.
    pub chain: Vec<String>,
    /// The system trusts the chain for this name, so nothing has to be pinned.
    pub trusted: bool,
    /// SHA-256 of the bytes of the file `ca.pem` that a hub hands out, when the authority in it is the last of the chain.
    pub ca_file: Option<String>,
    /// Its clock.
    pub date: Option<Timestamp>,
    /// Ours at the same moment.
    pub asked: Timestamp,
    /// HTTP status of the unsigned request.
    pub status: u16,
}

impl Seen {
    /// What a person would pin: the authority at the chain's end, or the server's own certificate where it shows no other.
    pub fn fingerprint(&self) -> Option<&str> {
        self.chain.last().map(String::as_str)
    }
}

/// Addresses of the endpoint's host, as this machine's resolver knows them.
pub async fn resolve(endpoint: &Endpoint, service: &str) -> Result<Vec<SocketAddr>, String> {
    let url = endpoint.url(service).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await {
        Ok(Ok(found)) => {
            let found: Vec<SocketAddr> = found.take(16).collect();
            if found.is_empty() { Err(format!("{host} has no address")) } else { Ok(found) }
        }
        Ok(Err(error)) => Err(format!("{host}: {error}")),
        Err(_) => Err(format!("{host}: no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Connects to the endpoint without trusting it and tells what it shows.
pub async fn look(endpoint: &Endpoint, service: &str) -> Result<Seen, CallError> {
    let mut url = endpoint.url(service).map_err(|_| CallError::Request("the service has no address"))?;
    url.set_path("/quarterdeck/ca.pem");
    let shown = Arc::new(Mutex::new(Shown::default()));
    let http = client(shown.clone()).map_err(|_| CallError::Request("TLS cannot be set up"))?;
    let asked = Timestamp::now();
    let mut response = http.get(url).send().await.map_err(CallError::transport)?;
    let (date, status) = (served_at(&response), response.status());
    let mut body = Vec::new();
    while status.is_success() && body.len() <= MAX_CA_BYTES {
        match response.chunk().await.map_err(CallError::transport)? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    let shown = std::mem::take(&mut *shown.lock().unwrap_or_else(PoisonError::into_inner));
    let authority = CertificateDer::from_pem_slice(&body).ok().filter(|_| body.len() <= MAX_CA_BYTES);
    let is_last = authority.is_some_and(|authority| shown.chain.last() == Some(&digest(&authority)));
    Ok(Seen { ca_file: is_last.then(|| digest(&body)), chain: shown.chain, trusted: shown.trusted, date, asked, status: status.as_u16() })
}

fn client(shown: Arc<Mutex<Shown>>) -> Result<reqwest::Client, EndpointError> {
    let tls = |error: rustls::Error| EndpointError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let system = rustls_platform_verifier::Verifier::new(provider.clone()).map_err(tls)?;
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker { shown, system, provider }))
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .build()
        .map_err(|error| EndpointError::Tls(error.to_string()))
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[derive(Debug, Default)]
struct Shown {
    chain: Vec<String>,
    trusted: bool,
}

/// Lets every certificate pass and writes down what it was, and what the system would have said.
#[derive(Debug)]
struct Onlooker {
    shown: Arc<Mutex<Shown>>,
    system: rustls_platform_verifier::Verifier,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trusted = self.system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).is_ok();
        let chain = std::iter::once(end_entity).chain(intermediates).take(8).map(|certificate| digest(certificate)).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Shown { chain, trusted };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
