//! Whom a client trusts: a CA, a fingerprint of a CA or leaf, and otherwise only what the system does.

use std::sync::Arc;

use qd_client::retry::RetryPolicy;
use qd_client::{Client, ClientOptions, Credentials, Endpoint, StaticCredentials};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Authority { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
}

fn fingerprint(der: &[u8]) -> String {
    hex::encode(Sha256::digest(der))
}

/// A TLS server whose leaf is for `name`; answers every request with `{}`. Returns its port and the leaf.
async fn serve(authority: &Authority, name: &str) -> (u16, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority.issuer).unwrap();
    let chain = vec![leaf.der().clone(), authority.der.clone()];
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut buffer = [0; 8192];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (port, leaf.der().clone())
}

async fn code(endpoint: Endpoint) -> String {
    let source = Arc::new(StaticCredentials(Credentials::new("AKIDEXAMPLE", "s", None)));
    let options = ClientOptions { retry: RetryPolicy::NEVER, ..ClientOptions::default() };
    let client = Client::new(endpoint, source, options).unwrap();
    match client.call("ssm", "AmazonSSM.ListCommands", &json!({})).await {
        Ok(_) => "ok".into(),
        Err(error) => error.code().into(),
    }
}

fn at(port: u16) -> Endpoint {
    Endpoint::hub(&format!("https://localhost:{port}"), "local-1").unwrap()
}

#[tokio::test]
async fn a_ca_is_trusted_for_the_name_it_certified() {
    let (ours, other) = (authority(), authority());
    let (port, _) = serve(&ours, "localhost").await;
    assert_eq!(code(at(port).with_ca(ours.pem.as_bytes()).unwrap()).await, "ok");
    assert_eq!(code(at(port).with_ca(other.pem.as_bytes()).unwrap()).await, "ConnectionFailed");
    assert_eq!(code(at(port)).await, "ConnectionFailed");
    let (port, _) = serve(&ours, "elsewhere.example").await;
    assert_eq!(code(at(port).with_ca(ours.pem.as_bytes()).unwrap()).await, "ConnectionFailed");
}

#[tokio::test]
async fn a_fingerprint_pins_the_leaf_or_the_ca_that_signed_it() {
    let (ours, other) = (authority(), authority());
    let (port, leaf) = serve(&ours, "localhost").await;
    assert_eq!(code(at(port).with_fingerprint(&fingerprint(&leaf)).unwrap()).await, "ok");
    assert_eq!(code(at(port).with_fingerprint(&fingerprint(&ours.der)).unwrap()).await, "ok");
    assert_eq!(code(at(port).with_fingerprint(&fingerprint(&other.der)).unwrap()).await, "ConnectionFailed");
    // The pinned CA is still held to the name.
    let (port, _) = serve(&ours, "elsewhere.example").await;
    assert_eq!(code(at(port).with_fingerprint(&fingerprint(&ours.der)).unwrap()).await, "ConnectionFailed");
    // A chain that only carries the pinned CA, under a leaf it did not sign.
    let forged = Authority { pem: String::new(), der: ours.der.clone(), issuer: other.issuer };
    let (port, _) = serve(&forged, "localhost").await;
    assert_eq!(code(at(port).with_fingerprint(&fingerprint(&ours.der)).unwrap()).await, "ConnectionFailed");
}
