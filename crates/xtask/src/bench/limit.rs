//! Why this exists: the least this machine could take for the same work, measured beside it.

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// About as large as the answers of SendCommand and GetCommandInvocation.
const ANSWER: usize = 1_200;
const QUESTION: usize = 200;

/// A certificate for the loopback, as PEM for the client and ready for a server.
pub struct Certificate {
    pub pem: String,
    pub acceptor: TlsAcceptor,
}

pub fn certificate() -> anyhow::Result<Certificate> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Certificate { pem: made.cert.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) })
}

/// `fork+exec sh -c true`, and two requests over TLS to a server that only answers.
pub struct BareRoundTrip {
    http: reqwest::Client,
    url: String,
}

impl BareRoundTrip {
    pub async fn start() -> anyhow::Result<BareRoundTrip> {
        let certificate = certificate()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("https://{}/", listener.local_addr()?);
        tokio::spawn(answer_requests(listener, certificate.acceptor));
        let mut roots = rustls::RootCertStore::empty();
        for certificate in rustls_pki_types::pem::PemObject::pem_slice_iter(certificate.pem.as_bytes()) {
            roots.add(certificate.context("reading our own certificate")?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).build()?;
        Ok(BareRoundTrip { http, url })
    }

    pub async fn once(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        for _ in 0..2 {
            let answer = self.http.post(&self.url).body(vec![b'q'; QUESTION]).send().await?.bytes().await?;
            ensure!(answer.len() == ANSWER, "the answer is {} bytes", answer.len());
        }
        let ended = tokio::task::spawn_blocking(|| Command::new("sh").args(["-c", "true"]).status()).await??;
        ensure!(ended.success(), "true failed");
        Ok(begun.elapsed())
    }
}

async fn answer_requests(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((tcp, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let _ = tcp.set_nodelay(true);
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(&[b'a'; ANSWER]))))
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
        });
    }
}
