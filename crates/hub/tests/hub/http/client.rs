//! A client that signs as it is told and sends what it is told, and hubs to send it to.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use qd_hub::clock::TestClock;
use qd_hub::http::Limits;
use qd_hub::{Hub, HubConfig};
use qd_store::testing::TestDatabase;
use qd_wire::rsa_token::{self, PrivateKey};
use qd_wire::sigv4::{self, Body, Credentials, RequestParts};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// 22 November 2026.
pub const START: i64 = 1_795_343_617_000;
pub const DAY: i64 = 86_400_000;
pub const MINUTE: i64 = 60_000;

/// A hub in this process with a clock of its own.
pub struct TestHub {
    pub hub: Hub,
    pub clock: TestClock,
    pub address: SocketAddr,
    pub dir: tempfile::TempDir,
    pub database: Option<TestDatabase>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error code of a JSON answer.
    pub fn code(&self) -> String {
        self.json()["__type"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl TestHub {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// On a store of its own on one of the engines.
    pub async fn on(database: TestDatabase) -> Self {
        let location = database.location().clone();
        let mut hub = Self::start_with(|config| config.store = location).await;
        hub.database = Some(database);
        hub
    }

    pub async fn start_with(change: impl FnOnce(&mut HubConfig)) -> Self {
        Self::open(change, Limits::default()).await
    }

    /// A hub whose listener has these limits.
    pub async fn limited(limits: Limits) -> Self {
        Self::open(|_| {}, limits).await
    }

    async fn open(change: impl FnOnce(&mut HubConfig), limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = TestClock::at(START);
        let mut config = HubConfig::embedded(dir.path());
        config.clock = Arc::new(clock.clone());
        change(&mut config);
        let hub = Hub::open_with(config, limits).await.unwrap();
        let address = hub.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        Self { hub, clock, address, dir, database: None }
    }

    /// The administrator's access key from the file that the AWS CLI reads.
    pub fn administrator(&self) -> Credentials {
        let text = std::fs::read_to_string(self.dir.path().join("credentials")).unwrap();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
            line.unwrap_or_else(|| panic!("{name} is missing")).to_owned()
        };
        Credentials::new(value("aws_access_key_id"), value("aws_secret_access_key"), None)
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        self.connect_with(b"http/1.1").await
    }

    /// A TLS connection for one protocol.
    pub async fn connect_with(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let ca = std::fs::read(self.dir.path().join("ca.pem")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&ca).unwrap()).unwrap();
        // The hub's clock is not the machine's, so the certificate is checked against the hub's.
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(rustls::crypto::ring::default_provider()),
        )
        .build()
        .unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_details(Arc::new(rustls::crypto::ring::default_provider()), Arc::new(HubTime(self.now())))
                .with_safe_default_protocol_versions()
                .unwrap()
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
    }

    /// Sends bytes and reads the answer to its end.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect().await;
        // A hub that refuses a large request answers before it has read all of it.
        let _ = stream.write_all(bytes).await;
        let _ = stream.flush().await;
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read).await;
        answer(&read)
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// A request for `AmazonSSM.<operation>`, not signed yet.
    pub fn ssm(&self, operation: &str, input: &Value) -> Request {
        let mut request = Request::new("POST", "/", &self.host());
        request.header("content-type", "application/x-amz-json-1.1");
        request.header("x-amz-target", &format!("AmazonSSM.{operation}"));
        request.body = input.to_string().into_bytes();
        request
    }

    /// One operation as the administrator.
    pub async fn call(&self, operation: &str, input: &Value) -> Answer {
        let mut request = self.ssm(operation, input);
        request.sign(&self.administrator(), "ssm", self.now());
        self.raw(&request.bytes()).await
    }

    pub fn now(&self) -> i64 {
        use qd_hub::clock::Clock;
        self.clock.now_ms()
    }

    /// CreateActivation; id and code.
    pub async fn activation(&self, input: Value) -> (String, String) {
        let answer = self.call("CreateActivation", &input).await.json();
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        (text("ActivationId"), text("ActivationCode"))
    }

    pub async fn register(&self, activation: &(String, String), machine: &Machine) -> Answer {
        let input = json!({ "ActivationId": activation.0, "ActivationCode": activation.1, "Fingerprint": machine.fingerprint,
            "PublicKey": machine.public, "PublicKeyType": "Rsa" });
        self.raw(&self.ssm("RegisterManagedInstance", &input).bytes()).await
    }

    /// A registered node with its credentials.
    pub async fn node(&self, machine: &Machine) -> (String, Credentials) {
        let activation = self.activation(json!({ "IamRole": "nodes", "RegistrationLimit": 1 })).await;
        let answer = self.register(&activation, machine).await;
        let instance_id = answer.json()["InstanceId"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        let credentials = self.role_token(&instance_id, machine).await;
        (instance_id, credentials)
    }

    pub async fn role_token(&self, instance_id: &str, machine: &Machine) -> Credentials {
        let mut request = self.ssm("RequestManagedInstanceRoleToken", &json!({ "Fingerprint": machine.fingerprint }));
        request.sign_rsa(instance_id, machine, self.now());
        let answer = self.raw(&request.chunked_bytes()).await.json();
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), Some(text("SessionToken").into()))
    }
}

/// The hub's time for checking certificates.
#[derive(Debug)]
struct HubTime(i64);

impl rustls::time_provider::TimeProvider for HubTime {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        Some(rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_millis(self.0.unsigned_abs())))
    }
}

/// A machine that may become a node. The keys were made for these tests and open nothing else.
pub struct Machine {
    pub fingerprint: &'static str,
    pub public: &'static str,
    pub private: &'static str,
}

pub const ONE: Machine = Machine {
    fingerprint: "11111111-1111-4111-8111-111111111111",
    public: include_str!("keys/one.public"),
    private: include_str!("keys/one.private"),
};
pub const TWO: Machine = Machine {
    fingerprint: "22222222-2222-4222-8222-222222222222",
    public: include_str!("keys/two.public"),
    private: include_str!("keys/two.private"),
};
/// The key to which machine one rotates.
pub const ONE_ROTATED: Machine = Machine {
    fingerprint: "11111111-1111-4111-8111-111111111111",
    public: include_str!("keys/three.public"),
    private: include_str!("keys/three.private"),
};

/// A request as it will be on the wire.
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, path: &str, host: &str) -> Self {
        let headers = vec![("host".to_owned(), host.to_owned())];
        Self { method: method.to_owned(), path: path.to_owned(), query: String::new(), headers, body: Vec::new() }
    }

    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn with_parts<T>(&self, f: impl FnOnce(&RequestParts<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        f(&RequestParts { method: &self.method, path: &self.path, query: &self.query, headers: &headers, body: Body::Bytes(&self.body) })
    }

    pub fn sign(&mut self, credentials: &Credentials, service: &str, at: i64) {
        self.sign_for(credentials, "local-1", service, at);
    }

    pub fn sign_for(&mut self, credentials: &Credentials, region: &str, service: &str, at: i64) {
        let at = Timestamp::from_millisecond(at).unwrap();
        let added = self.with_parts(|parts| sigv4::sign(parts, credentials, region, service, at));
        self.headers.extend(added);
    }

    pub fn presign(&mut self, credentials: &Credentials, service: &str, at: i64, seconds: u32) {
        let at = Timestamp::from_millisecond(at).unwrap();
        self.query = self.with_parts(|parts| sigv4::presign(parts, credentials, "local-1", service, at, seconds));
    }

    pub fn sign_rsa(&mut self, instance_id: &str, machine: &Machine, at: i64) {
        let key = PrivateKey::from_pkcs1(&STANDARD.decode(machine.private).unwrap()).unwrap();
        let at = Timestamp::from_millisecond(at).unwrap();
        let added = self.with_parts(|parts| rsa_token::sign(parts, instance_id, &key, "local-1", at)).unwrap();
        self.headers.extend(added);
    }

    fn head(&self) -> String {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut head = format!("{} {}{query} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("connection: close\r\n");
        head
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}content-length: {}\r\n\r\n", self.head(), self.body.len()).into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// With a chunked body, as stock agents send their RSA-signed calls (agent-protocol 2.6).
    pub fn chunked_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}transfer-encoding: chunked\r\n\r\n", self.head()).into_bytes();
        for piece in self.body.chunks(7) {
            bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

fn answer(read: &[u8]) -> Answer {
    let end = read.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(read)));
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = read[end + 4..].to_vec();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Answer { status, body: if chunked { unchunk(&body) } else { body }, head }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            break;
        }
        out.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
    out
}
