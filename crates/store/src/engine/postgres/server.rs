//! Why this exists: reading a connection string as libpq does, with TLS on rustls.
//!
//! `sslmode=disable|prefer|require|verify-ca|verify-full` and `sslrootcert=<file>` mean what they mean to libpq: `prefer` (the default) and
//! `require` encrypt without checking the server's certificate, unless `sslrootcert` is given; `verify-full` checks it and the host's
//! name, against `sslrootcert` or the system's roots. (`verify-ca` checks the name too.)

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::translate;
use crate::{ErrorCode, StoreError};

/// What is set on every connection. A hub that hangs inside a transaction must not keep the others from writing; a database whose
/// administrator turned durability off must still keep what was answered.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '20s'; SET statement_timeout = '60s'; SET lock_timeout = '30s'; \
    SET standard_conforming_strings = on; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local'); \
    SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num') AS version";

/// PostgreSQL 13 brought `pg_current_xact_id`.
const OLDEST: u32 = 130_000;

type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Where PostgreSQL is and how to connect to it.
#[derive(Clone)]
pub(crate) struct Server {
    config: Config,
    tls: MakeRustlsConnect,
    /// Tells this store's announcements from those of other hubs.
    pub(super) origin: String,
}

impl Server {
    /// Reads a connection string. It may hold a password, so errors do not repeat it.
    pub(crate) fn parse(location: &str) -> Result<Server, StoreError> {
        let (rest, mode) = take(location, "sslmode");
        let (rest, root) = take(&rest, "sslrootcert");
        let mut config: Config = rest
            .parse()
            .map_err(|error| StoreError::new(ErrorCode::Location, format!("the PostgreSQL connection string cannot be read: {error}")))?;
        let verify = match mode.as_deref() {
            Some("verify-ca" | "verify-full") => true,
            None | Some("disable" | "allow" | "prefer" | "require") => root.is_some(),
            Some(_) => {
                let message = "sslmode is disable, prefer, require, verify-ca or verify-full";
                return Err(StoreError::new(ErrorCode::Location, message));
            }
        };
        let local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        config.ssl_mode(match mode.as_deref() {
            _ if local => SslMode::Disable,
            Some("disable") => SslMode::Disable,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            _ if verify => SslMode::Require,
            _ => SslMode::Prefer,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        if config.get_application_name().is_none() {
            config.application_name("quarterdeck");
        }
        config.keepalives(true).keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(Duration::from_secs(60));
        let tls = MakeRustlsConnect::new(tls(verify, root.as_deref())?);
        Ok(Server { config, tls, origin: uuid::Uuid::new_v4().simple().to_string() })
    }

    /// A connection whose messages the caller polls.
    pub(super) async fn open(&self) -> Result<(Client, Connection<Socket, Stream>), StoreError> {
        self.config.connect(self.tls.clone()).await.map_err(|error| {
            let error = translate(&error);
            StoreError { message: format!("cannot connect to PostgreSQL: {}", error.message), ..error }
        })
    }

    /// A connection with our settings, driven by the runtime this runs on.
    pub(super) async fn session(&self) -> Result<Client, StoreError> {
        let (client, connection) = self.open().await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %translate(&error).message, "a connection to PostgreSQL ended");
            }
        });
        let messages = client.simple_query(SESSION).await.map_err(|error| translate(&error))?;
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message
                && let (Ok(Some(encoding)), Ok(Some(version))) = (row.try_get("encoding"), row.try_get("version"))
            {
                if encoding != "UTF8" {
                    let message = format!("the PostgreSQL database has the encoding {encoding}; make one with ENCODING 'UTF8'");
                    return Err(StoreError::new(ErrorCode::Location, message));
                }
                if version.parse::<u32>().is_ok_and(|version| version < OLDEST) {
                    return Err(StoreError::new(ErrorCode::Location, "this PostgreSQL is too old: 13 or newer is needed"));
                }
            }
        }
        Ok(client)
    }
}

/// Takes one setting out of a connection string, as a URL or as `key=value` pairs: what is left, and its value.
fn take(location: &str, key: &str) -> (String, Option<String>) {
    let is_url = location.starts_with("postgres://") || location.starts_with("postgresql://");
    let (head, settings, separator) = match location.split_once('?') {
        Some((head, query)) if is_url => (head, query, '&'),
        _ if is_url => return (location.to_owned(), None),
        _ => ("", location, ' '),
    };
    let mut value = None;
    let kept: Vec<&str> = settings
        .split(separator)
        .filter(|setting| match setting.split_once('=') {
            Some((name, found)) if name.trim() == key => {
                value = Some(found.trim_matches('\'').replace("%2F", "/").replace("%2f", "/"));
                false
            }
            _ => true,
        })
        .collect();
    let kept = kept.join(&separator.to_string());
    let rest = match (is_url, kept.is_empty()) {
        (true, true) => head.to_owned(),
        (true, false) => format!("{head}?{kept}"),
        (false, _) => kept,
    };
    (rest, value)
}

fn tls(verify: bool, root: Option<&str>) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |message: String| StoreError::new(ErrorCode::Location, message);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(format!("TLS cannot be set up: {error}")))?;
    if !verify {
        let any = Arc::new(AnyCertificate { provider });
        return Ok(builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match root {
        Some(path) if path != "system" => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| failed(format!("sslrootcert {path} cannot be read: {error}")))?,
        _ => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(failed("there is no certificate to check PostgreSQL's against; name a file with sslrootcert".into()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Encrypts without asking who the server is: libpq's `require` and `prefer`. The handshake's signature is still checked.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(location: &str) -> SslMode {
        Server::parse(location).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn settings_of_tls_are_read() {
        assert_eq!(mode("postgres://u:p@db/x"), SslMode::Prefer);
        assert_eq!(mode("postgres://u:p@db/x?sslmode=require&application_name=a"), SslMode::Require);
        assert_eq!(mode("host=db user=u sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://u@%2Frun%2Fpostgresql/x"), SslMode::Disable);
        assert_eq!(take("postgres://db/x?sslmode=a&b=c", "sslmode"), ("postgres://db/x?b=c".into(), Some("a".into())));
        assert_eq!(take("host=db sslrootcert=/a/b.pem", "sslrootcert"), ("host=db".into(), Some("/a/b.pem".into())));
    }

    #[test]
    fn errors_do_not_repeat_the_password() {
        for wrong in
            ["postgres://u:secret@db/x?sslmode=perhaps", "postgres://u:secret@db:port/x", "postgres://u:secret@db/x?sslrootcert=/none"]
        {
            let Err(error) = Server::parse(wrong) else { panic!("{wrong} was read") };
            assert_eq!(error.code, ErrorCode::Location);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}
