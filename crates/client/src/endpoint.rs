//! Where calls go, and whom TLS trusts there: an AWS region, or one hub that serves every service under one address.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::Url;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;

use crate::pin::Pinned;

const MAX_URL_BYTES: usize = 2048;
const MAX_CA_BYTES: usize = 1024 * 1024;

/// An address with its region and its trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    place: Place,
    region: String,
    /// PEM certificates trusted instead of the system's.
    ca: Option<Vec<u8>>,
    /// SHA-256 of the DER of a certificate in the server's chain: its CA, or the leaf itself.
    fingerprint: Option<[u8; 32]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Aws,
    Hub(Url),
}

/// Why there is no such endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("the address must be https://host[:port] (http only for this machine itself)")]
    Url,
    #[error("a region has 1 to 100 letters, digits and hyphens")]
    Region,
    #[error("the CA certificates are not readable PEM")]
    Ca,
    #[error("a fingerprint is 64 hexadecimal digits of SHA-256")]
    Fingerprint,
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Endpoint {
    /// An AWS region; services are found at `<service>.<region>.<domain of the partition>`.
    pub fn aws(region: &str) -> Result<Self, EndpointError> {
        Ok(Self { place: Place::Aws, region: checked_region(region)?, ca: None, fingerprint: None })
    }

    /// A hub, or anything else that serves all services at one address. A path, query or user in `url` is refused.
    pub fn hub(url: &str, region: &str) -> Result<Self, EndpointError> {
        if url.len() > MAX_URL_BYTES {
            return Err(EndpointError::Url);
        }
        let url = Url::parse(url.trim()).map_err(|_| EndpointError::Url)?;
        let local = is_local(url.host_str().ok_or(EndpointError::Url)?);
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && local);
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !scheme || !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Url);
        }
        Ok(Self { place: Place::Hub(url), region: checked_region(region)?, ca: None, fingerprint: None })
    }

    /// Trusts exactly these PEM certificates.
    pub fn with_ca(mut self, pem: &[u8]) -> Result<Self, EndpointError> {
        read_pem(pem)?;
        self.ca = Some(pem.to_vec());
        Ok(self)
    }

    /// Trusts exactly the server whose chain holds the certificate with this SHA-256, in hex, with or without colons.
    pub fn with_fingerprint(mut self, text: &str) -> Result<Self, EndpointError> {
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        let bytes = hex::decode(digits).map_err(|_| EndpointError::Fingerprint)?;
        self.fingerprint = Some(bytes.try_into().map_err(|_| EndpointError::Fingerprint)?);
        Ok(self)
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn is_aws(&self) -> bool {
        self.place == Place::Aws
    }

    /// The address of a service, with path `/`. `service` is AWS's endpoint prefix, such as `ssm`.
    pub fn url(&self, service: &str) -> Result<Url, EndpointError> {
        match &self.place {
            Place::Hub(url) => Ok(url.clone()),
            Place::Aws => {
                let name = !service.is_empty() && service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
                let address = format!("https://{service}.{}.{}/", self.region, domain(&self.region));
                if name { Url::parse(&address).map_err(|_| EndpointError::Url) } else { Err(EndpointError::Url) }
            }
        }
    }

    /// The TLS settings for this endpoint, without ALPN; for HTTP and for websockets alike. Uses ring whatever provider the
    /// process has installed.
    pub fn tls(&self) -> Result<ClientConfig, EndpointError> {
        let tls = |error: rustls::Error| EndpointError::Tls(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(tls)?;
        let config = if let Some(fingerprint) = self.fingerprint {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Pinned::new(fingerprint, provider))).with_no_client_auth()
        } else if let Some(pem) = &self.ca {
            let mut roots = RootCertStore::empty();
            for certificate in read_pem(pem)? {
                roots.add(certificate).map_err(|_| EndpointError::Ca)?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        } else {
            builder.with_platform_verifier().map_err(tls)?.with_no_client_auth()
        };
        Ok(config)
    }
}

/// The `host` header for an address: with the port unless it is the scheme's own.
pub fn host_header(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// This machine itself, where nobody listens in between.
fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn checked_region(region: &str) -> Result<String, EndpointError> {
    let fits = (1..=100).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(region.to_owned()) } else { Err(EndpointError::Region) }
}

/// The domain of a region's partition, as AWS's agent knows them (agent-protocol 1.3).
fn domain(region: &str) -> &'static str {
    let table = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("eusc-de-", "amazonaws.eu"),
    ];
    table.into_iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("amazonaws.com", |(_, domain)| domain)
}

fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EndpointError> {
    if pem.len() > MAX_CA_BYTES {
        return Err(EndpointError::Ca);
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or(EndpointError::Ca)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_a_region_and_of_a_hub() {
        let aws = Endpoint::aws("eu-west-1").unwrap();
        assert_eq!(aws.url("ssm").unwrap().as_str(), "https://ssm.eu-west-1.amazonaws.com/");
        assert_eq!(Endpoint::aws("cn-north-1").unwrap().url("sts").unwrap().as_str(), "https://sts.cn-north-1.amazonaws.com.cn/");
        assert_eq!(aws.url("evil.example/"), Err(EndpointError::Url));
        let hub = Endpoint::hub("https://hub.example:8443", "local-1").unwrap();
        assert_eq!(hub.url("ssm"), hub.url("ssmmessages"));
        assert_eq!(host_header(&hub.url("ssm").unwrap()), "hub.example:8443");
        assert_eq!(host_header(&aws.url("ssm").unwrap()), "ssm.eu-west-1.amazonaws.com");
        assert_eq!(host_header(&Endpoint::hub("https://[::1]:443/", "r").unwrap().url("ssm").unwrap()), "[::1]");
    }

    #[test]
    fn addresses_that_would_leak_or_mislead_are_refused() {
        for url in ["", "hub", "http://hub.example", "ftp://localhost", "https://u:p@hub", "https://hub/path", "https://hub/?q", "https://"]
        {
            assert_eq!(Endpoint::hub(url, "r").unwrap_err(), EndpointError::Url, "{url}");
        }
        for url in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(Endpoint::hub(url, "r").is_ok(), "{url}");
        }
        for region in ["", "a b", "a/b", &"a".repeat(101)] {
            assert_eq!(Endpoint::aws(region).unwrap_err(), EndpointError::Region);
        }
    }

    #[test]
    fn trust_is_checked_when_it_is_given() {
        let hub = Endpoint::hub("https://hub", "r").unwrap();
        assert_eq!(hub.clone().with_ca(b"no pem").unwrap_err(), EndpointError::Ca);
        assert_eq!(hub.clone().with_fingerprint("ab").unwrap_err(), EndpointError::Fingerprint);
        let pinned = hub.with_fingerprint(&vec!["AB"; 32].join(":")).unwrap();
        assert_eq!(pinned.fingerprint, Some([0xab; 32]));
        assert!(pinned.tls().is_ok());
    }
}
