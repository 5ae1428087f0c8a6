//! Which service a request is for, and the ones without a signature.

use serde_json::json;
use sha2::Digest as _;

use super::client::{ONE, Request, TWO, TestHub};

#[tokio::test]
async fn unknown_operations_and_services_are_told_in_their_own_shape() {
    let hub = TestHub::start().await;
    assert_eq!(hub.call("NoSuchOperation", &json!({})).await.code(), "UnknownOperationException");
    assert_eq!(hub.call("PutParameter", &json!({ "Name": "a", "Value": "b" })).await.code(), "UnknownOperationException");

    let mut logs = Request::new("POST", "/", &hub.host());
    logs.header("x-amz-target", "Logs_20140328.CreateLogGroup");
    logs.body = b"{}".to_vec();
    logs.sign(&hub.administrator(), "logs", hub.now());
    assert_eq!(hub.raw(&logs.bytes()).await.code(), "UnknownOperationException");

    let mut bucket = Request::new("GET", "/bucket/key", &hub.host());
    bucket.sign(&hub.administrator(), "s3", hub.now());
    let answer = hub.raw(&bucket.bytes()).await;
    assert_eq!(answer.status, 501);
    assert!(answer.text().contains("<Code>NotImplemented</Code>"), "{}", answer.text());

    let mut role = Request::new("POST", "/", &hub.host());
    role.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    role.body = b"Action=AssumeRole&Version=2011-06-15".to_vec();
    role.sign(&hub.administrator(), "sts", hub.now());
    let answer = hub.raw(&role.bytes()).await;
    assert!(answer.status == 400 && answer.text().contains("<Code>InvalidAction</Code>"), "{}", answer.text());
}

#[tokio::test]
async fn anyone_may_fetch_what_is_not_secret() {
    let hub = TestHub::start().await;
    let get = |path: &str| Request::new("GET", path, &hub.host()).bytes();
    let ca = hub.raw(&get("/quarterdeck/ca.pem")).await;
    assert_eq!(ca.body, std::fs::read(hub.dir.path().join("ca.pem")).unwrap());
    let script = hub.raw(&get("/quarterdeck/install.sh")).await;
    assert!(script.text().starts_with("#!/bin/sh"));
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    for missing in ["/quarterdeck/ca.key", "/quarterdeck/credentials", "/quarterdeck/agent/plan9-x86_64", "/quarterdeck/console/index.html"]
    {
        assert_eq!(hub.raw(&get(missing)).await.status, 404, "{missing}");
    }
    assert_eq!(hub.raw(&get("/quarterdeck/v1/overview")).await.code(), "MissingAuthenticationTokenException");
    assert_eq!(hub.raw(&Request::new("POST", "/quarterdeck/health", &hub.host()).bytes()).await.status, 405);
}

#[tokio::test]
async fn the_console_is_served_with_a_policy_and_without_leaving_its_folder() {
    let files = tempfile::tempdir().unwrap();
    std::fs::create_dir(files.path().join("assets")).unwrap();
    std::fs::write(files.path().join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(files.path().join("assets/app-1.js"), "1").unwrap();
    let hub = TestHub::start_with(|config| config.console = Some(files.path().to_owned())).await;
    let get = |path: &str| Request::new("GET", path, &hub.host()).bytes();
    let page = hub.raw(&get("/quarterdeck/console/")).await;
    assert_eq!((page.status, page.text().as_str()), (200, "<!doctype html>"));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self';"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let script = hub.raw(&get("/quarterdeck/console/assets/app-1.js")).await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(script.header("cache-control").unwrap().contains("immutable"));
    // A route of the page's own router is the page; a missing file is missing.
    assert_eq!(hub.raw(&get("/quarterdeck/console/nodes/mi-1")).await.text(), "<!doctype html>");
    assert_eq!(hub.raw(&get("/quarterdeck/console/assets/gone.js")).await.status, 404);
    for outside in ["/quarterdeck/console/../ca.pem", "/quarterdeck/console/%2e%2e/master.key", "/quarterdeck/console/..%5cmaster.key"] {
        assert_eq!(hub.raw(&get(outside)).await.status, 404, "{outside}");
    }
    let config = hub.raw(&get("/quarterdeck/console/config.json")).await.json();
    assert_eq!(config["region"], "local-1");
    let ca = hub.raw(&get("/quarterdeck/ca.pem")).await.text();
    assert_eq!(config["caSha256"], hex::encode(sha2::Sha256::digest(ca.as_bytes())));
    let root = hub.raw(&get("/")).await;
    assert_eq!((root.status, root.header("location")), (303, Some("/quarterdeck/console/")));
}

#[tokio::test]
async fn a_control_channel_is_the_nodes_own() {
    let hub = TestHub::start().await;
    let (one, credentials) = hub.node(&ONE).await;
    let (two, _) = hub.node(&TWO).await;
    let create = |node: &str| {
        let mut request = Request::new("POST", &format!("/v1/control-channel/{node}"), &hub.host());
        request.header("content-type", "application/json");
        request.body = br#"{"MessageSchemaVersion":"1.0","RequestId":"6f3bd912-a4f9-487c-98c7-bae4db329857"}"#.to_vec();
        request.sign(&credentials, "ssmmessages", hub.now());
        request.bytes()
    };
    let own = hub.raw(&create(&one)).await;
    assert_eq!(own.status, 201, "{}", own.text());
    assert!(own.text().contains("<TokenValue>"));
    let other = hub.raw(&create(&two)).await;
    assert_eq!(other.status, 403);
    assert!(other.text().contains("<AccessDeniedException>"), "{}", other.text());

    let mut plain = Request::new("GET", &format!("/v1/control-channel/{one}"), &hub.host());
    plain.query = "role=subscribe&stream=input".to_owned();
    plain.sign(&credentials, "ssmmessages", hub.now());
    assert_eq!(hub.raw(&plain.bytes()).await.status, 400);
    let mut upgrade = Request::new("GET", &format!("/v1/control-channel/{one}"), &hub.host());
    upgrade.query = "role=subscribe&stream=input".to_owned();
    upgrade.sign(&credentials, "ssmmessages", hub.now());
    let bytes = String::from_utf8(upgrade.bytes()).unwrap().replace(
        "connection: close\r\n",
        "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    // The first frame never comes whole; the hub must still have said yes.
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = hub.connect().await;
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
}

#[tokio::test]
async fn two_hubs_do_not_share_a_data_directory() {
    let hub = TestHub::start().await;
    let second = qd_hub::Hub::open(qd_hub::HubConfig::embedded(hub.dir.path())).await;
    assert!(second.err().unwrap().to_string().contains("another hub is running"));
}

#[tokio::test]
async fn the_first_start_keeps_its_secrets_to_its_owner_and_a_second_finds_them() {
    let hub = TestHub::start().await;
    let before = (hub.hub.shared().front.fingerprint(), hub.administrator());
    #[cfg(unix)]
    for file in ["credentials", "ca.key", "master.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(hub.dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    hub.hub.close().await;
    let TestHub { hub: first, dir, .. } = hub;
    drop(first);
    // Both files come back from the store; only master.key can not.
    std::fs::remove_file(dir.path().join("credentials")).unwrap();
    std::fs::remove_file(dir.path().join("ca.key")).unwrap();
    let mut config = qd_hub::HubConfig::embedded(dir.path());
    config.clock = std::sync::Arc::new(qd_hub::clock::TestClock::at(super::client::START));
    let again = qd_hub::Hub::open(config).await.unwrap();
    assert_eq!(again.shared().front.fingerprint(), before.0);
    let text = std::fs::read_to_string(dir.path().join("credentials")).unwrap();
    assert!(text.contains(before.1.secret_access_key.expose()));
    again.close().await;
}

#[tokio::test]
async fn a_poll_for_messages_is_held_and_ends_with_the_hub() {
    let hub = TestHub::start().await;
    let (one, credentials) = hub.node(&ONE).await;
    let ask = |operation: &str, input: serde_json::Value| {
        let mut request = Request::new("POST", "/", &hub.host());
        request.header("content-type", "application/x-amz-json-1.1");
        request.header("x-amz-target", &format!("EC2WindowsMessageDeliveryService.{operation}"));
        request.body = input.to_string().into_bytes();
        request.sign(&credentials, "ec2messages", hub.now());
        request.bytes()
    };
    let poll = |destination: &str| json!({ "Destination": destination, "MessagesRequestId": "r", "VisibilityTimeoutInSeconds": 10 });
    assert_eq!(hub.raw(&ask("GetMessages", poll("mi-99999999999999999"))).await.code(), "AccessDeniedException");
    assert_eq!(hub.raw(&ask("AcknowledgeMessage", json!({ "MessageId": "m" }))).await.code(), "InvalidMessageId");
    let bytes = ask("GetMessages", poll(&one));
    let held = hub.raw(&bytes);
    let close = async {
        // Long enough for the poll to arrive; were it answered at once, that would show below.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        hub.hub.shared().shutdown.cancel();
        std::time::Instant::now()
    };
    let answered = async { (held.await, std::time::Instant::now()) };
    let ((answer, answered), closed) = tokio::join!(answered, close);
    assert_eq!(answer.json(), json!({ "Destination": one, "MessagesRequestId": "r", "Messages": [] }));
    assert!(answered >= closed, "the poll was not held");
}

#[tokio::test]
async fn events_are_streamed_from_a_cursor() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let hub = TestHub::start().await;
    let (node, credentials) = hub.node(&ONE).await;
    let stream_from = |cursor: &str, credentials: &qd_wire::sigv4::Credentials| {
        let mut request = Request::new("GET", "/quarterdeck/v1/events", &hub.host());
        request.query = format!("cursor={cursor}");
        request.sign(credentials, "ssm", hub.now());
        request.bytes()
    };
    assert_eq!(hub.raw(&stream_from("-1", &hub.administrator())).await.code(), "ValidationException");
    assert_eq!(hub.raw(&stream_from("0", &credentials)).await.code(), "AccessDeniedException");
    let mut stream = hub.connect().await;
    stream.write_all(&stream_from("0", &hub.administrator())).await.unwrap();
    let mut seen = String::new();
    while !seen.contains("SSM Managed Instance Registration") {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).await.unwrap();
        assert!(n > 0, "the stream ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..n]));
    }
    assert!(seen.contains("application/x-ndjson") && seen.contains(&node), "{seen}");
}
