//! Input without bounds, and input that is no input.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{Request, TestHub};

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
