//! A client that reached another hub than its session's home is led there: this hub opens the same websocket at the home hub, says the client's own
//! first frame, and passes on what comes. What the client may do is judged at home.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use qd_store::StoreError;
use qd_store::table::{connections, sessions};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message as Peer, client::IntoClientRequest};

use crate::events;
use crate::hub::Shared;
use crate::ops::sessions::DATA_CHANNEL;

/// How long a client may wait for its node's end to appear at any hub.
const HOME_WITHIN: Duration = Duration::from_secs(20);
/// How long the other hub may take to answer.
const DIAL_WITHIN: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(30);
const SILENT_AFTER: Duration = Duration::from_secs(75);
const MAX_FRAME: usize = 4 * 1024 * 1024;

/// Why a client could not be led home.
#[derive(Debug, thiserror::Error)]
enum BridgeError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the certificate authority cannot be read: {0}")]
    Authority(#[from] rustls_pki_types::pem::Error),
    #[error("websocket: {0}")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("it did not answer in time")]
    Time,
}

/// Where the other hub is at which the session's node is attached; `None` when it is this one, or none.
pub async fn elsewhere(shared: &Shared, session_id: &str) -> Result<Option<SocketAddr>, StoreError> {
    if !shared.store_is_shared {
        return Ok(None);
    }
    let mut changes = shared.store.subscribe();
    let topic = sessions::topic(session_id);
    let deadline = tokio::time::Instant::now() + HOME_WITHIN;
    loop {
        let (id, own) = (session_id.to_owned(), shared.hub_id.clone());
        let home = shared
            .store
            .read(move |tx| {
                let Some(session) = sessions::get(tx, &id)?.filter(|s| s.ended_at.is_none()) else { return Ok(Some(None)) };
                match session.agent_hub {
                    None => Ok(None),
                    Some(hub) if hub == own => Ok(Some(None)),
                    Some(hub) => Ok::<_, StoreError>(Some(connections::address_of(tx, &hub)?)),
                }
            })
            .await?;
        if let Some(home) = home {
            return Ok(home.and_then(|address| address.parse().ok()));
        }
        if !matches!(tokio::time::timeout_at(deadline, events::concerned(&mut changes, &topic)).await, Ok(true)) {
            return Ok(None);
        }
    }
}

/// Passes on between the client and the hub at `address` until either ends.
pub async fn pass(shared: &Arc<Shared>, session_id: &str, address: SocketAddr, opening: String, mut client: WebSocket) {
    let dialled = tokio::time::timeout(DIAL_WITHIN, dial(shared, session_id, address)).await.unwrap_or(Err(BridgeError::Time));
    let home = match dialled {
        Ok(home) => home,
        Err(error) => {
            // The client comes back with ResumeSession, perhaps to the right hub.
            tracing::warn!(%error, session_id, %address, "the hub at which a session's node is attached cannot be reached");
            let _ = client.send(Message::Close(None)).await;
            return;
        }
    };
    let (mut to_home, mut of_home) = home.split();
    let (mut to_client, mut of_client) = client.split();
    let up = async {
        to_home.send(Peer::text(opening)).await.ok()?;
        loop {
            match tokio::time::timeout(SILENT_AFTER, of_client.next()).await.ok()??.ok()? {
                Message::Binary(frame) => to_home.send(Peer::Binary(frame)).await.ok()?,
                Message::Text(text) => to_home.send(Peer::text(text.as_str())).await.ok()?,
                Message::Close(_) => return Some(()),
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    };
    let down = async {
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            let next = tokio::select! {
                next = of_home.next() => next?.ok()?,
                _ = ping.tick() => {
                    to_client.send(Message::Ping("keepalive".into())).await.ok()?;
                    continue;
                }
            };
            match next {
                Peer::Binary(frame) => to_client.send(Message::Binary(frame)).await.ok()?,
                Peer::Close(_) => {
                    to_client.send(Message::Close(None)).await.ok()?;
                    return Some(());
                }
                _ => {}
            }
        }
    };
    tokio::select! {
        () = shared.shutdown.cancelled() => {}
        _ = up => {}
        _ = down => {}
    }
}

async fn dial(shared: &Shared, session_id: &str, address: SocketAddr) -> Result<WebSocketStream<TlsStream<TcpStream>>, BridgeError> {
    let mut roots = rustls::RootCertStore::empty();
    // All hubs on a store have one authority.
    roots.add(CertificateDer::from_pem_slice(shared.front.ca_pem().as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::from(address.ip()), tcp).await?;
    let request = format!("wss://{address}{DATA_CHANNEL}{session_id}?role=publish_subscribe").into_client_request().map_err(Box::new)?;
    let limits = WebSocketConfig::default().max_frame_size(Some(MAX_FRAME)).max_message_size(Some(MAX_FRAME));
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(limits)).await.map_err(Box::new)?;
    Ok(socket)
}
