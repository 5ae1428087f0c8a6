//! Downloads over HTTP from a server on the loopback that asks who is there.

use qd_agent::download::http::{Proof, Trust, fetch};
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
