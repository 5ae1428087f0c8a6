//! Why this exists: the limit of the fan-out. As many websockets over TLS as there are nodes, in another process; the server sends each
//! a frame as large as the job, each answers with frames as large as an agent's, and the server answers those as the hub does. Nothing
//! is read, decided or stored.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::SocketsArgs;
use super::limit::{Certificate, certificate};
use super::process::{self, Role};

/// Sizes of the frames of one job, bytes.
#[derive(Debug, Clone)]
pub struct Frames {
    pub job: usize,
    pub answers: Vec<usize>,
    pub acknowledgement: usize,
}

/// Connected sockets of another process.
pub struct Sockets {
    count: usize,
    frames: Frames,
    go: broadcast::Sender<()>,
    done: mpsc::Receiver<()>,
    role: Role,
    _directory: tempfile::TempDir,
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0)
}

impl Sockets {
    pub async fn start(count: usize, frames: Frames) -> anyhow::Result<Sockets> {
        let Certificate { pem, acceptor } = certificate()?;
        let directory = tempfile::tempdir()?;
        let ca_file: PathBuf = directory.path().join("ca.pem");
        std::fs::write(&ca_file, pem)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (go, _) = broadcast::channel(4);
        let (finished, done) = mpsc::channel(count.max(1));
        let (starter, sizes) = (go.clone(), frames.clone());
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, go, finished, sizes) = (acceptor.clone(), starter.subscribe(), finished.clone(), sizes.clone());
                tokio::spawn(async move {
                    let _ = tcp.set_nodelay(true);
                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                    let Ok(socket) = tokio_tungstenite::accept_async_with_config(tls, Some(config())).await else { return };
                    let _ = push(socket, go, finished, sizes).await;
                });
            }
        });
        let answers: Vec<String> = frames.answers.iter().map(usize::to_string).collect();
        let mut role = Role::start(&[
            "sockets".into(),
            "--port".into(),
            port.to_string(),
            "--ca-file".into(),
            ca_file.display().to_string(),
            "--count".into(),
            count.to_string(),
            "--answers".into(),
            answers.join(","),
        ])?;
        let connected: usize = role.answer().await?;
        ensure!(connected == count, "{connected} of {count} sockets connected");
        Ok(Sockets { count, frames, go, done, role, _directory: directory })
    }

    /// One job to every socket, until all answers are here.
    pub async fn once(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        self.go.send(()).context("no socket is connected")?;
        for _ in 0..self.count {
            self.done.recv().await.context("the sockets are gone")?;
        }
        Ok(begun.elapsed())
    }

    /// Bytes of one job and all its answers.
    pub fn bytes(&self) -> usize {
        let frames = &self.frames;
        frames.job + frames.answers.iter().sum::<usize>() + frames.acknowledgement * frames.answers.len().saturating_sub(1)
    }

    pub async fn stop(self) {
        self.role.stop().await;
    }
}

async fn push<S>(
    mut socket: tokio_tungstenite::WebSocketStream<S>,
    mut go: broadcast::Receiver<()>,
    finished: mpsc::Sender<()>,
    frames: Frames,
) -> anyhow::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let job = Bytes::from(vec![b'j'; frames.job]);
    let acknowledgement = Bytes::from(vec![b'a'; frames.acknowledgement]);
    while go.recv().await.is_ok() {
        socket.send(Message::Binary(job.clone())).await?;
        for index in 0..frames.answers.len() {
            socket.next().await.context("a socket ended")??;
            // The first answer is an acknowledgement itself.
            if index > 0 {
                socket.send(Message::Binary(acknowledgement.clone())).await?;
            }
        }
        finished.send(()).await?;
    }
    Ok(())
}

/// The other process: connects, says how many, then answers until its input ends.
pub async fn run(args: &SocketsArgs) -> anyhow::Result<()> {
    let pem = std::fs::read(&args.ca_file)?;
    let tls = TlsConnector::from(Arc::new(qd_client::Endpoint::hub("https://127.0.0.1", "none")?.with_ca(&pem)?.tls()?));
    let answers: Arc<Vec<Bytes>> = Arc::new(args.answers.iter().map(|size| Bytes::from(vec![b'r'; *size])).collect());
    let places = Arc::new(Semaphore::new(48));
    let mut connecting = JoinSet::new();
    for _ in 0..args.count {
        let (tls, places, port) = (tls.clone(), Arc::clone(&places), args.port);
        connecting.spawn(async move {
            let _place = places.acquire().await?;
            let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
            tcp.set_nodelay(true)?;
            let stream = tls.connect(rustls::pki_types::ServerName::try_from("127.0.0.1")?, tcp).await?;
            let (socket, _) = tokio_tungstenite::client_async_with_config("wss://127.0.0.1/", stream, Some(config())).await?;
            anyhow::Ok(socket)
        });
    }
    let mut serving = JoinSet::new();
    while let Some(socket) = connecting.join_next().await {
        let (mut socket, answers) = (socket??, Arc::clone(&answers));
        serving.spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if message.is_binary() && message.into_data().first() == Some(&b'j') {
                    for answer in answers.iter() {
                        socket.feed(Message::Binary(answer.clone())).await?;
                    }
                    socket.flush().await?;
                }
            }
            anyhow::Ok(())
        });
    }
    process::say(&serving.len())?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {}
    Ok(())
}
