//! Input without bounds, input that is no input, and peers that take their time.

use std::time::Duration;

use qd_hub::http::Limits;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{DAY, Request, TestHub};

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let hub = TestHub::start().await;
    let mut request = hub.ssm("ListCommands", &json!({}));
    request.body = vec![b' '; 5 * 1024 * 1024];
    request.sign(&hub.administrator(), "ssm", hub.now());
    let answer = hub.raw(&request.bytes()).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "RequestEntityTooLargeException"));
    // Nobody in particular may send far less.
    let mut request = hub.ssm("RegisterManagedInstance", &json!({}));
    request.body = vec![b' '; 70 * 1024];
    assert_eq!(hub.raw(&request.bytes()).await.status, 413);
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let hub = TestHub::start().await;
    let mut large = Request::new("GET", "/quarterdeck/health", &hub.host());
    large.header("x-large", &"a".repeat(200_000));
    assert_eq!(hub.raw(&large.bytes()).await.status, 431);
    let mut many = Request::new("GET", "/quarterdeck/health", &hub.host());
    for n in 0..200 {
        many.header(&format!("x-{n}"), "1");
    }
    assert_eq!(hub.raw(&many.bytes()).await.status, 431);
    assert_eq!(hub.raw(b"nonsense\r\n\r\n").await.status, 400);
}

#[tokio::test]
async fn bodies_that_are_no_input_are_told_so() {
    let hub = TestHub::start().await;
    for body in [&b"{"[..], b"[]", b"\"x\"", b"nul", b"{\"MaxResults\":1}}", b"{\"a\":\"\xff\"}", b"{\"MaxResults\":\"many\"}"] {
        let mut request = hub.ssm("ListCommands", &json!({}));
        request.body = body.to_vec();
        request.sign(&hub.administrator(), "ssm", hub.now());
        let answer = hub.raw(&request.bytes()).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "SerializationException"), "{}", String::from_utf8_lossy(body));
    }
    let mut empty = hub.ssm("ListCommands", &json!({}));
    empty.body.clear();
    empty.sign(&hub.administrator(), "ssm", hub.now());
    assert_eq!(hub.raw(&empty.bytes()).await.status, 200);
}

#[tokio::test]
async fn chunked_bodies_are_accepted() {
    let hub = TestHub::start().await;
    let mut request = hub.ssm("ListCommands", &json!({ "MaxResults": 7 }));
    request.sign(&hub.administrator(), "ssm", hub.now());
    assert_eq!(hub.raw(&request.chunked_bytes()).await.status, 200);
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let hub = TestHub::start().await;
    let mut stream = hub.connect().await;
    for _ in 0..3 {
        let request = format!("GET /quarterdeck/health HTTP/1.1\r\nhost: {}\r\n\r\n", hub.host());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(br#"{"status":"ok"}"#) {
            let mut piece = [0; 512];
            let n = stream.read(&mut piece).await.unwrap();
            assert!(n > 0, "the hub closed the connection");
            seen.extend_from_slice(&piece[..n]);
        }
    }
}

/// Patience that a test waits out. Every other limit of its hub is out of reach.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(600);
const PATIENT: Limits = Limits { connections: 1_000, handshake_within: LONG, header_within: LONG, body_within: LONG };

async fn hub(limits: Limits) -> TestHub {
    TestHub::limited(limits).await
}

/// Reads until the hub closes the connection; what came.
async fn until_closed(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut read = Vec::new();
    // However it ends: a peer that is cut off may see an error in place of an end.
    let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut read)).await.expect("the hub closes the connection");
    read
}

#[tokio::test]
async fn a_peer_that_never_shakes_hands_is_cut_off() {
    let hub = hub(Limits { handshake_within: SHORT, ..PATIENT }).await;
    assert_eq!(until_closed(TcpStream::connect(hub.address).await.unwrap()).await, b"");
    let mut half = TcpStream::connect(hub.address).await.unwrap();
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
    assert_eq!(until_closed(half).await, b"");
}

#[tokio::test]
async fn a_header_that_does_not_end_is_cut_off() {
    let hub = hub(Limits { header_within: SHORT, ..PATIENT }).await;
    let mut half = hub.connect().await;
    half.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\nx-").await.unwrap();
    let read = until_closed(half).await;
    assert!(read.is_empty() || read.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&read));
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let hub = hub(Limits { header_within: SHORT, ..PATIENT }).await;
    let mut stream = hub.connect().await;
    stream.write_all(format!("GET /quarterdeck/health HTTP/1.1\r\nhost: {}\r\n\r\n", hub.host()).as_bytes()).await.unwrap();
    assert!(until_closed(stream).await.starts_with(b"HTTP/1.1 200"));
    // HTTP/2: the preface and empty settings, and then nothing but what the hub asks to be acknowledged.
    let mut stream = hub.connect_with(b"h2").await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let read = until_closed(stream).await;
    assert!(frames(&read).contains(&GO_AWAY), "the hub says that it goes: {read:?}");
}

const GO_AWAY: u8 = 7;

/// The types of HTTP/2 frames.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [a, b, c, kind, ..] = bytes {
        types.push(*kind);
        bytes = bytes.get(9 + (usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c))..).unwrap_or_default();
    }
    types
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let hub = hub(Limits { body_within: SHORT, ..PATIENT }).await;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nx-amz-target: AmazonSSM.RegisterManagedInstance\r\ncontent-length: 100\r\n\r\n{{",
        hub.host()
    );
    let mut stream = hub.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let read = String::from_utf8(until_closed(stream).await).unwrap();
    assert!(read.starts_with("HTTP/1.1 408") && read.contains("RequestTimeoutException"), "{read}");
    // One that ends early is told at once.
    let mut stream = hub.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let read = String::from_utf8(until_closed(stream).await).unwrap();
    assert!(!read.contains("200 OK"), "{read}");
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait() {
    let hub = hub(Limits { connections: 2, ..PATIENT }).await;
    let (first, mut second) = (hub.connect().await, hub.connect().await);
    let address = hub.address;
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(b"no handshake").await.unwrap();
    // Were the third let in, it would be refused while the second is served.
    for _ in 0..3 {
        second.write_all(format!("GET /quarterdeck/health HTTP/1.1\r\nhost: {}\r\n\r\n", hub.host()).as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(br#"{"status":"ok"}"#) {
            assert!(second.read_buf(&mut seen).await.unwrap() > 0);
        }
    }
    let mut byte = [0];
    let err = third.try_read(&mut byte).unwrap_err();
    assert_eq!(err.kind(), std::io::ErrorKind::WouldBlock, "the third waits");
    drop(first);
    until_closed(third).await;
}

#[tokio::test]
async fn the_certificate_is_renewed_while_the_hub_serves() {
    let hub = hub(PATIENT).await;
    let health = format!("GET /quarterdeck/health HTTP/1.1\r\nhost: {}\r\n\r\n", hub.host());
    let leaf = |stream: &tokio_rustls::client::TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let mut old = hub.connect().await;
    assert_eq!(leaf(&old), leaf(&hub.connect().await));
    let first = leaf(&old);
    // Each connection is verified by a clock that goes with the hub's: an old leaf would be refused after ninety days.
    for _ in 0..4 {
        hub.clock.advance(61 * DAY);
        let new = hub.connect().await;
        assert_ne!(leaf(&new), first);
        assert_eq!(leaf(&new), leaf(&hub.connect().await), "one leaf is good for many connections");
    }
    // What is open stays open.
    old.write_all(health.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(br#"{"status":"ok"}"#) {
        assert!(old.read_buf(&mut seen).await.unwrap() > 0);
    }
}
