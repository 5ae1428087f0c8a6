//! Downloads over HTTP from a server on the loopback that asks who is there.

use crate::life::{Life, config};
use qd_agent::download::http::{Proof, Trust, fetch};
use qd_client::{Credentials, Secret};
use qd_wire::payload::agent_job_reply::DocumentStatus;
use qd_wire::sigv4::{self, Body, RequestParts};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers `/open`, `/basic` (u:p) and `/digest` (a challenge, then anything that answers it).
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let has = |text: &str| head.contains(text);
            let (status, more) = if has("get /basic") && !has("authorization: basic dtpw\r\n") {
                ("401 no", "www-authenticate: Basic realm=\"x\"\r\n")
            } else if has("get /digest") && !(has("authorization: digest username=\"u\"") && has("nc=00000001")) {
                ("401 no", "www-authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"\r\n")
            } else if has("get /absent") {
                ("404 no", "")
            } else {
                ("200 ok", "")
            };
            let answer = format!("HTTP/1.1 {status}\r\n{more}content-length: 7\r\nconnection: close\r\n\r\ncontent");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn each_kind_of_proof_is_given() {
    let (url, dir) = (server().await, tempfile::tempdir().unwrap());
    let login = || ("u".to_owned(), "p".to_owned());
    for (path, proof) in
        [("open", Proof::None), ("basic", Proof::Basic(login().0, login().1)), ("digest", Proof::Digest(login().0, login().1))]
    {
        let target = dir.path().join("deep").join(path);
        assert_eq!(fetch(&format!("{url}/{path}"), &proof, Trust::System, true, &target).await, Ok(7), "{path}");
        assert_eq!(std::fs::read(&target).unwrap(), b"content");
    }
}

#[tokio::test]
async fn what_fails_says_so_and_leaves_nothing() {
    let (url, dir) = (server().await, tempfile::tempdir().unwrap());
    let target = dir.path().join("x");
    let failed = async |path: &str, proof: Proof, insecure| {
        fetch(&format!("{url}/{path}"), &proof, Trust::System, insecure, &target).await.unwrap_err()
    };
    assert!(failed("absent", Proof::None, true).await.contains("404"));
    assert!(failed("basic", Proof::Basic("u".into(), "wrong".into()), true).await.contains("401"));
    assert!(failed("open", Proof::None, false).await.contains("allowInsecureDownload"));
    assert!(fetch("ftp://h/x", &Proof::None, Trust::System, true, &target).await.unwrap_err().contains("ftp"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Answers one request with `answer`; what was asked comes out.
async fn once(answer: String) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (url, asked)
}

#[tokio::test]
async fn a_signature_is_not_carried_on_to_where_a_server_leads() {
    let (elsewhere, asked_elsewhere) = once("HTTP/1.1 200 ok\r\ncontent-length: 1\r\n\r\nx".to_owned()).await;
    let (url, asked) = once(format!("HTTP/1.1 307 go\r\nlocation: {elsewhere}/x\r\ncontent-length: 0\r\n\r\n")).await;
    let proof = Proof::Headers(vec![("x-amz-security-token".to_owned(), "t".to_owned())]);
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&format!("{url}/x"), &proof, Trust::System, true, &dir.path().join("x")).await.unwrap_err();
    assert!(error.contains("307"), "{error}");
    assert!(asked.await.unwrap().contains("x-amz-security-token: t"));
    assert!(!asked_elsewhere.is_finished());
    asked_elsewhere.abort();
}

#[test]
fn an_object_of_the_hub_is_asked_for_with_a_signature_over_all_of_its_address() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = "HTTP/1.1 200 ok\r\ncontent-length: 7\r\nconnection: close\r\n\r\ncontent";
    let (url, asked) = runtime.block_on(once(answer.to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let life = Life::begin_at(dir.path(), config(), "boot", true, &url);
    life.agent.link.set_credentials(Credentials::new("ASIATEST", "secret", Some(Secret::new("token".to_owned()))));
    let target = dir.path().join("got");
    let job = life.send(
        "c1",
        json!({"schemaVersion":"2.2","mainSteps":[{"action":"aws:downloadContent","name":"get","inputs":{"sourceType":"S3",
            "destinationPath":target,"sourceInfo":json!({"path":format!("{url}/bucket/a%20b.sh?versionId=3%2F4%20x&z=1")}).to_string()}}]}),
    );
    let last = life.last(&job);
    assert_eq!(last.document_status, DocumentStatus::Success, "{last:?}");
    assert_eq!(std::fs::read(&target).unwrap(), b"content");
    let head = runtime.block_on(asked).unwrap();
    let (first, rest) = head.split_once("\r\n").unwrap();
    let headers: Vec<(&str, &str)> = rest.lines().filter_map(|line| line.split_once(": ")).collect();
    let (path, query) = first.split(' ').nth(1).unwrap().split_once('?').expect("the query is sent");
    assert_eq!(query, "versionId=3%2F4%20x&z=1");
    let parts = RequestParts { method: "GET", path, query, headers: &headers, body: Body::Bytes(b"") };
    let presented = sigv4::parse(&parts).unwrap();
    sigv4::verify(&presented, &parts, &Secret::new("secret".to_owned()), jiff::Timestamp::now(), sigv4::DEFAULT_MAX_SKEW).unwrap();
}
