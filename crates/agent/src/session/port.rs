//! A port of this node, of a host that it reaches, or a socket on it (session-protocol 5.4): many connections over one session where the
//! client can, else one stream.
//!
//! After the handshake nothing is sent before the client has sent something: a stock client is lost by what comes too early.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use qd_client::forward::is_newer;
use qd_client::mux::{self, BoxConn, MuxEnd, Peer, Side};
use qd_client::pipe::{Pipe, PipeEvent, PipeSender};
use qd_wire::data_channel::{Event, MAX_MESSAGE_BYTES};
use qd_wire::payload::stream_data::{PayloadType, StreamFlag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::life::Partner;
use super::plan::{Place, Port};

/// Time to connect.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(port: &Port, pipe: &mut Pipe, partner: Partner, cancel: &CancellationToken) -> Ended {
    let multiplexed = port.forwarding && (partner.ours || is_newer(&partner.client.version, [1, 1, 69, u64::MAX]));
    let session = async { if multiplexed { many(port, pipe, &partner).await } else { one(port, pipe).await } };
    tokio::select! {
        ended = session => ended,
        () = cancel.cancelled() => Ended::well(),
    }
}

/// Many connections, each made when the client asks for it.
async fn many(port: &Port, pipe: &mut Pipe, partner: &Partner) -> Ended {
    let version = partner.client.mux.clamp(1, 2);
    let keep_alive = !partner.ours && !is_newer(&partner.client.version, [1, 2, 331, 0]);
    let place = port.place.clone();
    let side = Side::Reaching(Arc::new(move || {
        let place = place.clone();
        Box::pin(async move { reach(&place).await })
    }));
    match mux::run(pipe, Peer { version, keep_alive }, side, Arc::default(), |_| {}).await {
        MuxEnd::Terminated | MuxEnd::Closed(_) => Ended::well(),
        MuxEnd::Over(reason) => Ended::because(reason),
        MuxEnd::Broken(reason) => Ended::failed(format!("the client sent something else than connections: {reason}")),
    }
}

/// How one connection ended.
enum Cut {
    /// The client's side is closed; its next bytes open another.
    ByClient,
    ByService,
    Session(Ended),
}

/// One stream: for ssh, whose session is over when the connection is; and for clients older than multiplexing.
async fn one(port: &Port, pipe: &mut Pipe) -> Ended {
    let mut first = Bytes::new();
    loop {
        let connection = match reach(&port.place).await {
            Ok(connection) => connection,
            Err(error) => return Ended::failed(format!("{} cannot be reached from the node: {error}", name(&port.place))),
        };
        match carry(connection, pipe, first).await {
            Cut::Session(ended) => return ended,
            Cut::ByService if !port.forwarding => return Ended::well(),
            Cut::ByService | Cut::ByClient => {}
        }
        first = match next_bytes(pipe).await {
            Ok(bytes) => bytes,
            Err(ended) => return ended,
        };
    }
}

/// Waits for what opens the next connection.
async fn next_bytes(pipe: &mut Pipe) -> Result<Bytes, Ended> {
    loop {
        match heard(pipe.next().await) {
            Heard::Bytes(bytes) => return Ok(bytes),
            Heard::End(ended) => return Err(ended),
            Heard::Disconnect | Heard::Other => {}
        }
    }
}

async fn carry(connection: BoxConn, pipe: &mut Pipe, first: Bytes) -> Cut {
    let (mut from, mut to) = tokio::io::split(connection);
    let sender = pipe.sender().clone();
    if to.write_all(&first).await.is_err() {
        return Cut::ByService;
    }
    let upwards = async {
        loop {
            match heard(pipe.next().await) {
                Heard::Bytes(bytes) => {
                    if to.write_all(&bytes).await.is_err() {
                        return Cut::ByService;
                    }
                }
                Heard::Disconnect => return Cut::ByClient,
                Heard::End(ended) => return Cut::Session(ended),
                Heard::Other => {}
            }
        }
    };
    tokio::select! {
        cut = upwards => cut,
        cut = downwards(&mut from, &sender) => cut,
    }
}

async fn downwards(from: &mut (impl AsyncReadExt + Unpin), sender: &PipeSender) -> Cut {
    loop {
        let mut buffer = BytesMut::with_capacity(MAX_MESSAGE_BYTES);
        if !matches!(from.read_buf(&mut buffer).await, Ok(count) if count > 0) {
            return Cut::ByService;
        }
        while !buffer.is_empty() {
            let piece = buffer.split_to(buffer.len().min(MAX_MESSAGE_BYTES)).freeze();
            if sender.send(PayloadType::Output, piece).await.is_err() {
                return Cut::Session(Ended::well());
            }
        }
    }
}

enum Heard {
    Bytes(Bytes),
    Disconnect,
    End(Ended),
    Other,
}

fn heard(event: Option<PipeEvent>) -> Heard {
    match event {
        Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Output, payload })) => Heard::Bytes(payload),
        Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Flag, payload })) => match StreamFlag::from_payload(&payload) {
            Some(StreamFlag::DisconnectToPort) => Heard::Disconnect,
            Some(StreamFlag::TerminateSession) => Heard::End(Ended::well()),
            _ => Heard::Other,
        },
        Some(PipeEvent::Channel(Event::Closed { .. })) | None => Heard::End(Ended::well()),
        Some(PipeEvent::Over(reason)) => Heard::End(Ended::because(reason)),
        Some(_) => Heard::Other,
    }
}

fn name(place: &Place) -> String {
    match place {
        Place::Tcp(host, port) if host.is_empty() => format!("port {port}"),
        Place::Tcp(host, port) => format!("{host}:{port}"),
        Place::Unix(path) => path.clone(),
    }
}

async fn reach(place: &Place) -> io::Result<BoxConn> {
    let connecting = async {
        match place {
            Place::Tcp(host, port) => {
                let stream = if host.is_empty() { local(*port).await? } else { remote(host, *port).await? };
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream) as BoxConn)
            }
            #[cfg(unix)]
            Place::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?) as BoxConn),
            #[cfg(not(unix))]
            Place::Unix(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets")),
        }
    };
    tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
}

/// This machine, by whichever of its addresses the service listens on.
async fn local(port: u16) -> io::Result<TcpStream> {
    match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(stream) => Ok(stream),
        Err(error) => TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.map_err(|_| error),
    }
}

async fn remote(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await? {
        if is_denied(address.ip()) {
            failure = io::Error::new(io::ErrorKind::PermissionDenied, "sessions do not lead to a cloud's own services for its machines");
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The services that a cloud gives each machine alone: its credentials, names, time and licences. A stock agent refuses them too.
fn is_denied(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[..2] == [169, 254],
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_denied(IpAddr::V4(v4)),
            None => v6.segments()[..2] == [0xfd00, 0x0ec2],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clouds_own_services_are_out_of_reach() {
        for denied in ["169.254.169.254", "169.254.169.123", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(is_denied(denied.parse().unwrap()), "{denied}");
        }
        for reached in ["10.0.0.2", "127.0.0.1", "::1", "fd00::1"] {
            assert!(!is_denied(reached.parse().unwrap()), "{reached}");
        }
    }

    #[tokio::test]
    async fn a_denied_name_is_refused_with_the_reason() {
        let error = reach(&Place::Tcp("169.254.169.254".into(), 80)).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
