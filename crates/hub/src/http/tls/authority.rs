//! The hub's own certificate authority: made at the first start, read at every later one, and the leaves it signs.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use ring::digest;
use rustls::crypto::ring as provider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tracing::warn;
use zeroize::Zeroizing;

use super::names::{Name, Names};
use super::{BACKDATE_MS, CA_FILE, CA_KEY_FILE, DAY_MS, LEAF_DAYS, RENEW_DAYS, TlsError};
use crate::sealed::{self, SealError};

const CA_DAYS: i64 = 3_652;

/// The hub's own certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: CertificateDer<'static>,
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

    /// A new leaf for these names.
    pub(super) fn leaf(&self, names: &Names, now: i64) -> Result<Leaf, TlsError> {
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

/// A certificate of the listener, with its private key, which lives in memory only.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) certified: Arc<CertifiedKey>,
    /// Epoch milliseconds.
    pub(super) not_after: i64,
    /// Epoch milliseconds.
    pub(super) made: i64,
}

impl Leaf {
    /// Whether it has long enough left, by a clock that was not set back behind its beginning.
    pub(super) fn is_fresh(&self, now: i64) -> bool {
        let age = now - self.made;
        // One made today is as good as it gets: an authority that nears its own end gives no longer ones.
        age >= -BACKDATE_MS && (age < DAY_MS || self.not_after - now >= RENEW_DAYS * DAY_MS)
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

pub(super) fn make_authority(now: i64) -> Result<Zeroizing<String>, TlsError> {
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
