//! Certificates without a public authority: the hub makes its own CA at the first start, and a leaf under it that is renewed in memory
//! well before it ends, so that no connection is ever refused for age and nothing has to be restarted.
//!
//! `ca.key` (0600) holds the CA's key and certificate together, so a crash can not separate them; `ca.pem` is the public copy that
//! nodes and the AWS CLI are pointed at. The leaf's key lives in memory only.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use ring::digest;
use rustls::crypto::ring as provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

use crate::sealed::{self, SealError};

/// The public certificate of the CA in the data directory.
pub const CA_FILE: &str = "ca.pem";
/// The CA's key and certificate in the data directory.
pub const CA_KEY_FILE: &str = "ca.key";

const DAY_MS: i64 = 86_400_000;
const CA_DAYS: i64 = 3_652;
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

/// The hub's own certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    not_before: i64,
    not_after: i64,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.fingerprint())
    }
}

impl Authority {
    /// Reads the CA of `dir`, making it at the first start. `now` is in epoch milliseconds.
    pub fn open(dir: &Path, now: i64) -> Result<Self, TlsError> {
        let key_path = dir.join(CA_KEY_FILE);
        let bundle = match fs::read_to_string(&key_path) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let made = make_authority(now)?;
                sealed::write_private(&key_path, made.as_bytes()).map_err(|source| file_error(&key_path, source))?;
                made
            }
            Err(source) => return Err(file_error(&key_path, source)),
        };
        let authority =
            Self::from_bundle(&bundle).map_err(|reason| TlsError::Authority { path: key_path.display().to_string(), reason })?;
        if authority.not_after - now < 365 * DAY_MS {
            warn!(ends_ms = authority.not_after, "the hub's certificate authority ends within a year; plan its replacement");
        }
        let public = dir.join(CA_FILE);
        if fs::read_to_string(&public).ok().as_deref() != Some(authority.pem.as_str()) {
            sealed::write_public(&public, authority.pem.as_bytes()).map_err(|source| file_error(&public, source))?;
        }
        Ok(authority)
    }

    fn from_bundle(bundle: &str) -> Result<Self, String> {
        let key_der = PrivateKeyDer::from_pem_slice(bundle.as_bytes()).map_err(|e| format!("no private key: {e}"))?;
        let key = KeyPair::try_from(&key_der).map_err(|e| format!("private key: {e}"))?;
        let certificate = CertificateDer::from_pem_slice(bundle.as_bytes()).map_err(|e| format!("no certificate: {e}"))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).map_err(|e| format!("certificate: {e}"))?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err("key and certificate do not belong together".to_owned());
        }
        let not_before = parsed.validity().not_before.timestamp() * 1_000;
        let not_after = parsed.validity().not_after.timestamp() * 1_000;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|e| format!("certificate: {e}"))?;
        let pem = pem_text(&certificate);
        Ok(Self { issuer, certificate, pem, not_before, not_after })
    }

    /// The public certificate as PEM, what clients are told to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of the certificate as `AA:BB:…`, what a person compares before trusting it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }

    fn leaf(&self, names: &BTreeSet<Name>, now: i64) -> Result<Leaf, TlsError> {
        let not_before = (now - BACKDATE_MS).max(self.not_before);
        let not_after = (now + LEAF_DAYS * DAY_MS).min(self.not_after);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Quarterdeck hub");
        params.serial_number = Some(serial()?);
        set_validity(&mut params, not_before, not_after);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        for name in names {
            params.subject_alt_names.push(match name {
                Name::Address(ip) => SanType::IpAddress(*ip),
                Name::Host(host) => SanType::DnsName(host.as_str().try_into()?),
            });
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = provider::sign::any_supported_type(&private)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(Leaf { certified: Arc::new(CertifiedKey::new(chain, signing)), not_after, made: now })
    }
}

/// The fingerprint of the first certificate in a PEM file, `None` when there is none.
pub fn fingerprint_of(pem: &[u8]) -> Option<String> {
    CertificateDer::from_pem_slice(pem).ok().map(|certificate| fingerprint(&certificate))
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hash = digest::digest(&digest::SHA256, certificate);
    let pairs: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn make_authority(now: i64) -> Result<Zeroizing<String>, TlsError> {
    let mut params = CertificateParams::default();
    let serial = serial()?;
    let mark = hex::encode(&serial.to_bytes()[..4]);
    // The mark keeps the authorities of two hubs apart in a trust store, where they are told apart by subject.
    params.distinguished_name.push(DnType::CommonName, format!("Quarterdeck CA {mark}"));
    params.distinguished_name.push(DnType::OrganizationName, "Quarterdeck");
    params.serial_number = Some(serial);
    set_validity(&mut params, now - BACKDATE_MS, now - BACKDATE_MS + CA_DAYS * DAY_MS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let private = Zeroizing::new(key.serialize_pem());
    Ok(Zeroizing::new(format!("{}{}", private.as_str(), certificate.pem())))
}

fn serial() -> Result<SerialNumber, SealError> {
    let mut bytes = [0; 16];
    sealed::fill(&mut bytes)?;
    bytes[0] = bytes[0] & 0x7f | 0x40; // positive and of full length, as DER wants
    Ok(SerialNumber::from_slice(&bytes))
}

/// Sets the validity; certificates know whole seconds.
fn set_validity(params: &mut CertificateParams, from_ms: i64, to_ms: i64) {
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_millis(from_ms.max(0).unsigned_abs() / 1_000 * 1_000);
    params.not_after = epoch + Duration::from_millis(to_ms.max(0).unsigned_abs() / 1_000 * 1_000);
}

fn pem_text(der: &CertificateDer<'_>) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = String::with_capacity(body.len() + body.len() / 64 + 64);
    out.push_str("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|&b| char::from(b)));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

fn file_error(path: &Path, source: io::Error) -> TlsError {
    TlsError::File { path: path.display().to_string(), source }
}

/// One name in the leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Host(String),
    Address(IpAddr),
}

/// Every name the leaf answers to: this machine's, those the operator gave, and below each of the latter the names the stock agent and
/// the SDKs derive from a service domain (`ssm.<region>.<name>`, agent-protocol 1.3).
fn names(listen: SocketAddr, given: &[String], region: &str) -> Result<BTreeSet<Name>, TlsError> {
    let mut out = BTreeSet::from([Name::Address(Ipv4Addr::LOCALHOST.into()), Name::Address(Ipv6Addr::LOCALHOST.into())]);
    if listen.ip().is_unspecified() {
        out.extend(outward_address().map(Name::Address));
    } else {
        out.insert(Name::Address(listen.ip()));
    }
    let mut hosts = vec!["localhost".to_owned()];
    hosts.extend(machine_name().filter(|name| is_host(name)));
    for name in given {
        match name.parse::<IpAddr>() {
            Ok(ip) => drop(out.insert(Name::Address(ip))),
            Err(_) if is_host(name) => hosts.push(name.to_ascii_lowercase()),
            Err(_) => return Err(TlsError::Name(name.clone())),
        }
    }
    for host in hosts {
        for derived in [
            format!("*.{region}.{host}"),
            format!("ssm.{region}.{host}"),
            format!("ssmmessages.{region}.{host}"),
            format!("ec2messages.{region}.{host}"),
        ] {
            if is_host(derived.trim_start_matches("*.")) {
                out.insert(Name::Host(derived));
            }
        }
        out.insert(Name::Host(host));
    }
    Ok(out)
}

/// Whether `name` can stand as a DNS name in a certificate (a leading wildcard label is allowed, as an operator may give one).
fn is_host(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !l.starts_with('-') && !l.ends_with('-')
    };
    name.len() <= 253 && labels.split('.').all(label)
}

/// This machine's name, where the system tells it.
fn machine_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.map(|name| name.to_ascii_lowercase())
}

/// The address packets to the outside leave from. Connecting a datagram socket sends nothing.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

#[derive(Debug)]
struct Leaf {
    certified: Arc<CertifiedKey>,
    not_after: i64,
    made: i64,
}

#[derive(Debug)]
struct Current {
    leaf: Leaf,
    names: BTreeSet<Name>,
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

    /// Replaces the leaf when it nears its end, or when the clock was set back before its making. Called on a timer; does nothing most
    /// of the time. A failure is logged and leaves the old leaf, which has weeks left.
    pub fn refresh(&self, now: i64) {
        let mut current = self.current.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if current.leaf.not_after - now >= RENEW_DAYS * DAY_MS && now >= current.leaf.made - BACKDATE_MS {
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
            let current = self.current.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            if current.learnt >= MAX_LEARNT || current.names.contains(&name) {
                return;
            }
        }
        let mut current = self.current.write().unwrap_or_else(|poisoned| poisoned.into_inner());
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
        self.current.read().unwrap_or_else(|poisoned| poisoned.into_inner()).leaf.not_after
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(|poisoned| poisoned.into_inner()).leaf.certified.clone())
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

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::extensions::GeneralName;

    const NOW: i64 = 1_795_343_617_000;

    fn certificates(dir: &Path, given: &[&str], now: i64) -> Certificates {
        let given: Vec<String> = given.iter().map(|s| (*s).to_owned()).collect();
        let listen = SocketAddr::from(([10, 1, 2, 3], 8443));
        Certificates::new(Arc::new(Authority::open(dir, now).unwrap()), listen, &given, "local-1", now).unwrap()
    }

    fn leaf_der(certificates: &Certificates) -> CertificateDer<'static> {
        certificates.current.read().unwrap().leaf.certified.cert[0].clone()
    }

    fn alternative_names(der: &CertificateDer<'_>) -> Vec<String> {
        let (_, cert) = x509_parser::parse_x509_certificate(der).unwrap();
        let names = cert.subject_alternative_name().unwrap().unwrap();
        let text = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(host) => (*host).to_owned(),
            GeneralName::IPAddress([a, b, c, d]) => IpAddr::from([*a, *b, *c, *d]).to_string(),
            other => other.to_string(),
        };
        names.value.general_names.iter().map(text).collect()
    }

    #[test]
    fn authority_is_made_once_and_constrained() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path(), NOW).unwrap();
        let again = Authority::open(dir.path(), NOW + 5 * DAY_MS).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
        let (_, cert) = x509_parser::parse_x509_certificate(&first.certificate).unwrap();
        let constraints = cert.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        assert!(cert.key_usage().unwrap().unwrap().value.key_cert_sign());
        assert_eq!(fs::read_to_string(dir.path().join(CA_FILE)).unwrap(), first.pem());
        assert!(!first.pem().contains("PRIVATE"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(CA_KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn damaged_authority_is_refused_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(CA_KEY_FILE), "nonsense").unwrap();
        assert!(matches!(Authority::open(dir.path(), NOW), Err(TlsError::Authority { .. })));
        let (one, two) = (make_authority(NOW).unwrap(), make_authority(NOW).unwrap());
        let cut = one.find("-----BEGIN CERT").unwrap();
        let foreign = &two[two.find("-----BEGIN CERT").unwrap()..];
        fs::write(dir.path().join(CA_KEY_FILE), format!("{}{foreign}", &one[..cut])).unwrap();
        assert!(matches!(Authority::open(dir.path(), NOW), Err(TlsError::Authority { .. })));
    }

    #[test]
    fn leaf_covers_what_agents_and_sdks_derive() {
        let dir = tempfile::tempdir().unwrap();
        let certificates = certificates(dir.path(), &["hub.example", "192.0.2.7"], NOW);
        let der = leaf_der(&certificates);
        let names = alternative_names(&der).join(" ");
        for wanted in [
            "localhost",
            "hub.example",
            "*.local-1.hub.example",
            "ssm.local-1.hub.example",
            "ssmmessages.local-1.hub.example",
            "ec2messages.local-1.hub.example",
            "127.0.0.1",
            "10.1.2.3",
            "192.0.2.7",
        ] {
            assert!(names.contains(wanted), "{wanted} is missing from {names}");
        }
        let (_, cert) = x509_parser::parse_x509_certificate(&der).unwrap();
        let days = (cert.validity().not_after.timestamp() - cert.validity().not_before.timestamp()) / 86_400;
        assert!(days <= 397, "{days}");
        assert!(
            Certificates::new(
                Arc::new(Authority::open(dir.path(), NOW).unwrap()),
                SocketAddr::from(([127, 0, 0, 1], 1)),
                &["not a host".to_owned()],
                "local-1",
                NOW
            )
            .is_err()
        );
    }

    #[test]
    fn leaf_is_renewed_in_time_and_learns_addresses() {
        let dir = tempfile::tempdir().unwrap();
        let certificates = certificates(dir.path(), &[], NOW);
        let first = leaf_der(&certificates);
        certificates.refresh(NOW + 30 * DAY_MS);
        assert_eq!(first, leaf_der(&certificates));
        certificates.refresh(NOW + 61 * DAY_MS);
        let second = leaf_der(&certificates);
        assert_ne!(first, second);
        assert_eq!(certificates.not_after(), NOW + (61 + LEAF_DAYS) * DAY_MS);
        certificates.cover("10.1.2.3".parse().unwrap(), NOW + 61 * DAY_MS);
        assert_eq!(second, leaf_der(&certificates));
        certificates.cover("10.9.9.9".parse().unwrap(), NOW + 61 * DAY_MS);
        assert!(alternative_names(&leaf_der(&certificates)).iter().any(|name| name.contains("10.9.9.9")));
        for last in 0..200 {
            certificates.cover(IpAddr::from([127, 0, 1, last]), NOW + 61 * DAY_MS);
        }
        assert!(certificates.current.read().unwrap().learnt <= MAX_LEARNT);
    }

    #[test]
    fn a_client_that_trusts_the_authority_accepts_the_leaf() {
        use rustls::client::danger::ServerCertVerifier;
        let dir = tempfile::tempdir().unwrap();
        let certificates = certificates(dir.path(), &["hub.example"], NOW);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificates.authority.certificate.clone()).unwrap();
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider::default_provider()))
            .build()
            .unwrap();
        let check = |name: &str, ms: i64| {
            let at = rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_millis(ms.unsigned_abs()));
            let chain = certificates.current.read().unwrap().leaf.certified.cert.clone();
            verifier.verify_server_cert(&chain[0], &chain[1..], &name.to_owned().try_into().unwrap(), &[], at)
        };
        assert!(check("hub.example", NOW).is_ok());
        assert!(check("ssm.local-1.hub.example", NOW).is_ok());
        assert!(check("s3.local-1.hub.example", NOW).is_ok());
        assert!(check("10.1.2.3", NOW).is_ok());
        assert!(check("other.example", NOW).is_err());
        assert!(check("hub.example", NOW + 200 * DAY_MS).is_err());
    }
}
