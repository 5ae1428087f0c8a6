//! Accepting connections: how many, how long a handshake or a header may take, and what ends them when the hub closes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use qd_store::table::connections;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::idle::Requests;
use super::router;
use super::tls::{Certificates, server_config};
use crate::hub::{HubError, Shared};

/// How many connections there may be and how long a peer may dawdle. The default is what programs use; tests are in a hurry.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once, control channels included; further ones wait in the system's queue.
    pub connections: usize,
    /// A peer that has not finished its handshake by then is not coming.
    pub handshake_within: Duration,
    /// How long a connection may take over a request's header, waiting for one included.
    pub header_within: Duration,
    /// How long a request's body may take.
    pub body_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            handshake_within: Duration::from_secs(15),
            header_within: Duration::from_secs(60),
            body_within: Duration::from_secs(30),
        }
    }
}

/// Bytes of header and buffer per connection.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_STREAMS: u32 = 128;
/// How long requests in flight may go on when the hub closes.
const DRAIN: Duration = Duration::from_secs(10);

/// A place among [`Limits::connections`], given back when its last holder is gone.
pub type Place = Arc<OwnedSemaphorePermit>;

/// Opens the listener and serves it until the hub closes or `stop` is cancelled; connections that are open then go on to their end.
/// Answers the address it got, which tells the port when that was 0.
pub async fn serve(shared: Arc<Shared>, listen: SocketAddr, stop: CancellationToken) -> Result<SocketAddr, HubError> {
    let listener = TcpListener::bind(listen).await.map_err(|e| HubError::io(format!("listening on {listen}"), e))?;
    let local = listener.local_addr().map_err(|e| HubError::io(format!("listening on {listen}"), e))?;
    let now = shared.clock.now_ms();
    let certificates = Certificates::new(shared.front.authority.clone(), local, &shared.names, &shared.region, now);
    let certificates = Arc::new(certificates.map_err(|e| HubError::Other(e.to_string()))?);
    let config = server_config(certificates.clone()).map_err(|e| HubError::Other(e.to_string()))?;
    shared.front.listens_on(local);
    tell_others(&shared).await?;
    // Subscribed before the first request can put anything into memory.
    tokio::spawn(super::follow_changes(shared.clone(), shared.store.subscribe()));
    tokio::spawn(accept(shared, listener, TlsAcceptor::from(config), certificates, stop));
    Ok(local)
}

/// Says in a shared store where this hub is, for clients whose node is attached here and who reached another hub.
async fn tell_others(shared: &Shared) -> Result<(), HubError> {
    let (hub_id, now) = (shared.hub_id.clone(), shared.clock.now_ms());
    let address = shared.front.peer_address().map(|address| address.to_string());
    if shared.store_is_shared {
        shared.store.write(move |tx| connections::hub_seen(tx, &hub_id, address.as_deref(), now)).await?;
    }
    Ok(())
}

async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    acceptor: TlsAcceptor,
    certificates: Arc<Certificates>,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    loop {
        let accepted = tokio::select! {
            () = shared.shutdown.cancelled() => return,
            () = stop.cancelled() => return,
            accepted = next(&listener, &places) => accepted,
        };
        let (tcp, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly; connections that end give some back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = tcp.set_nodelay(true);
        let now = shared.clock.now_ms();
        certificates.refresh(now);
        if let Ok(local) = tcp.local_addr() {
            certificates.cover(local.ip(), now);
        }
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(shared.limits.handshake_within, acceptor.accept(tcp)).await {
                Ok(Ok(stream)) => connection(shared, stream, peer, place).await,
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "TLS handshake failed");
                    shared.front.refusals.handshake(peer.ip().to_canonical(), &error.to_string(), shared.clock.now_ms());
                }
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            }
        });
    }
}

async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> std::io::Result<(TcpStream, SocketAddr, Place)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (tcp, peer) = listener.accept().await?;
    Ok((tcp, peer, Arc::new(place)))
}

async fn connection(shared: Arc<Shared>, stream: TlsStream<TcpStream>, peer: SocketAddr, place: Place) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (closing, within) = (shared.shutdown.clone(), shared.limits.header_within);
    let requests = Requests::new();
    // HTTP/1 measures the time to the next header itself.
    let counted = is_http2.then(|| requests.clone());
    let service = service_fn(move |request| {
        let (shared, place) = (shared.clone(), place.clone());
        let counted = counted.as_ref().map(Requests::begin);
        async move {
            let answer = router::handle(shared, peer, place, request).await;
            Ok::<_, std::convert::Infallible>(match counted {
                Some(counted) => counted.answered(answer),
                None => answer,
            })
        }
    });
    let io = TokioIo::new(stream);
    // Boxed, so that a connection that became a websocket gives the memory back.
    let ended = if is_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES as u32)
            .keep_alive_interval(Some(Duration::from_secs(30)))
            .keep_alive_timeout(Duration::from_secs(20))
            .serve_connection(io, service);
        let mut connection = Box::pin(connection);
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = async { tokio::select! { () = closing.cancelled() => {}, () = requests.idle(within) => {} } } => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(DRAIN, connection).await.unwrap_or(Ok(()))
            }
        }
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(within)
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(io, service)
            .with_upgrades();
        let mut connection = Box::pin(connection);
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(DRAIN, connection).await.unwrap_or(Ok(()))
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}
