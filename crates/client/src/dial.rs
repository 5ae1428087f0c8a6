//! The connection under the websocket: straight to the hub, or through the proxy that the environment names.
//!
//! A name often has an IPv6 and an IPv4 address of which one leads nowhere, silently. Tried one after another, the first would use up
//! all the time there is; so they race, each with a small start over the next (RFC 8305). The proxy is chosen by the same code as for
//! the other calls: it would be of no use to reach the hub by one and not by the other (agent-protocol 1.5).

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

/// Start of an address over the next one.
const HEAD_START: Duration = Duration::from_millis(250);
/// The longest head of a proxy's answer.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Connects to the host of `url` (http or https), which TLS and the websocket's own handshake follow. Without a time limit of its own.
pub async fn dial(url: &str) -> io::Result<TcpStream> {
    let uri: Uri = url.parse().map_err(io::Error::other)?;
    let (host, port) = place(&uri).ok_or_else(|| io::Error::other("the hub's address has no host"))?;
    match Matcher::from_system().intercept(&uri) {
        Some(proxy) => through(&proxy, host, port).await,
        None => connect(host, port).await,
    }
}

/// Host and port of an address.
fn place(uri: &Uri) -> Option<(&str, u16)> {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    uri.host().map(|host| (host, port))
}

async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await?;
    race(alternating(found.collect())).await
}

/// The addresses in the system's order, its two families taking turns: one that leads nowhere then costs one head start.
fn alternating(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut order = VecDeque::new();
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

/// The first connection that comes about; the others are given up.
async fn race(mut left: VecDeque<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        match left.pop_front() {
            Some(address) => attempts.push(attempt(address)),
            None if attempts.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            Some(end) = attempts.next() => match end {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            },
            () = tokio::time::sleep(HEAD_START), if !left.is_empty() => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address).await.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// A tunnel through a proxy (RFC 9110, 9.3.6).
async fn through(proxy: &Intercept, host: &str, port: u16) -> io::Result<TcpStream> {
    let uri = proxy.uri();
    let (proxy_host, proxy_port) = place(uri).ok_or_else(|| io::Error::other("the proxy's address has no host"))?;
    let failed = |text: String| io::Error::other(format!("the proxy {proxy_host}:{proxy_port} {text}"));
    if uri.scheme_str() != Some("http") {
        return Err(failed(format!(
            "is given as {}://, and the websocket knows http:// proxies only",
            uri.scheme_str().unwrap_or_default()
        )));
    }
    let mut stream = connect(proxy_host, proxy_port).await.map_err(|error| failed(format!("cannot be reached: {error}")))?;
    let login = proxy.basic_auth().map(|value| value.as_bytes());
    stream.write_all(&request(host, port, login)).await.map_err(|error| failed(format!("does not read: {error}")))?;
    let status = status(&mut stream).await.map_err(|error| failed(format!("does not answer as a proxy does: {error}")))?;
    match status {
        200..300 => Ok(stream),
        407 => Err(failed("wants a user name and password, or others than it was given".to_owned())),
        _ => Err(failed(format!("refuses the way to {host}:{port} with status {status}"))),
    }
}

fn request(host: &str, port: u16, login: Option<&[u8]>) -> Bytes {
    let mut text = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(login) = login {
        text.extend_from_slice(b"Proxy-Authorization: ");
        text.extend_from_slice(login);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.into()
}

/// Reads the head of an answer and not one byte more: what follows is the hub's.
async fn status(stream: &mut TcpStream) -> io::Result<u16> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD_BYTES {
            return Err(io::Error::other("its answer does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head);
    let mut words = text.split_ascii_whitespace();
    let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok());
    status.filter(|_| is_http).ok_or_else(|| io::Error::other("its answer is not HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::net::{TcpListener, TcpSocket};

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let mixed = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(alternating(mixed), addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]));
        assert_eq!(alternating(addresses(&["1.1.1.1:1", "[::1]:1"])), addresses(&["1.1.1.1:1", "[::1]:1"]));
        assert!(alternating(Vec::new()).is_empty());
    }

    /// An address that answers nothing at all: its listener's queue is full. The connections that fill it must be kept.
    async fn black_hole() -> (SocketAddr, Vec<TcpStream>, TcpListener) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut filling = Vec::new();
        while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            filling.push(stream.unwrap());
            assert!(filling.len() < 100, "this system has no bound for the queue");
        }
        (address, filling, listener)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_leads_nowhere_costs_a_moment() {
        let (hole, _filling, _kept) = black_hole().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let begun = Instant::now();
        let stream = race([hole, good].into()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(begun.elapsed() >= HEAD_START && begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_address_that_refuses_costs_nothing_and_no_address_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let begun = Instant::now();
        assert_eq!(race([gone, good].into()).await.unwrap().peer_addr().unwrap(), good);
        assert!(begun.elapsed() < HEAD_START, "{:?}", begun.elapsed());
        let error = race([gone, gone].into()).await.unwrap_err();
        assert!(error.to_string().contains(&gone.to_string()), "{error}");
        assert_eq!(race(VecDeque::new()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    /// A proxy that gives `answer` and hangs up; what the way through it ends in.
    async fn answered(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let matcher = Matcher::builder().all(format!("http://u:secret@{address}")).build();
        let proxy = matcher.intercept(&Uri::from_static("https://hub.test")).unwrap();
        through(&proxy, "hub.test", 443).await.map_or_else(|error| error.to_string(), |_| "open".to_owned())
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_named_and_its_password_is_not() {
        assert_eq!(answered("HTTP/1.0 200 Connection established\r\nX: y\r\n\r\n").await, "open");
        for (answer, expected) in [
            ("HTTP/1.1 407 no\r\n\r\n", "user name and password"),
            ("HTTP/1.1 403 no\r\n\r\n", "hub.test:443 with status 403"),
            ("SSH-2.0-x\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 ok\r\n", "does not answer"),
        ] {
            let text = answered(answer).await;
            assert!(text.contains("the proxy 127.0.0.1:") && text.contains(expected) && !text.contains("secret"), "{text}");
        }
    }
}
