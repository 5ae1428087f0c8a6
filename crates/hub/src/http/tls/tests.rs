//! Authority, names and leaf together, as a client sees them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use super::authority::make_authority;
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
