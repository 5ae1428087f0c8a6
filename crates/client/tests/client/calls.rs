//! Signing, retries, failures and limits of calls.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use qd_client::retry::RetryPolicy;
use qd_client::{Anonymous, CallError, Client, ClientOptions, CredentialSource, Credentials, Endpoint, Request, Secret, StaticCredentials};
use qd_wire::sigv4::{AuthError, Body, DEFAULT_MAX_SKEW, RequestParts, parse, verify};
use serde_json::json;

use crate::server::{Received, Script, Server, answer};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn keys() -> Arc<dyn CredentialSource> {
    Arc::new(StaticCredentials(Credentials::new("AKIDEXAMPLE", SECRET, Some(Secret::new("token")))))
}

fn client(url: &str, source: Arc<dyn CredentialSource>) -> Client {
    let options = ClientOptions {
        retry: RetryPolicy { attempts: 3, base: Duration::ZERO, cap: Duration::ZERO },
        clock: Arc::new(now),
        max_answer_bytes: 1000,
        ..ClientOptions::default()
    };
    Client::new(Endpoint::hub(url, "local-1").unwrap(), source, options).unwrap()
}

async fn start(script: impl FnMut(usize, &Received) -> String + Send + 'static) -> (Server, Client) {
    let server = Server::start(Box::new(script) as Script).await;
    let client = client(&server.url, keys());
    (server, client)
}

fn check(received: &Received, at: Timestamp) -> Result<(), AuthError> {
    let headers = received.headers();
    let parts = RequestParts {
        method: &received.method,
        path: &received.path,
        query: &received.query,
        headers: &headers,
        body: Body::Bytes(&received.body),
    };
    verify(&parse(&parts)?, &parts, &Secret::new(SECRET), at, DEFAULT_MAX_SKEW)
}

#[tokio::test]
async fn a_call_is_signed_and_its_answer_read() {
    let (server, client) = start(|_, _| answer(200, "", r#"{"CommandId":"c"}"#)).await;
    let output = client.call("ssm", "AmazonSSM.SendCommand", &json!({"Comment": "é"})).await.unwrap();
    assert_eq!(output, json!({"CommandId": "c"}));
    let received = server.last();
    check(&received, now()).unwrap();
    assert_eq!(received.header("x-amz-target"), Some("AmazonSSM.SendCommand"));
    assert_eq!(received.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(received.header("x-amz-security-token"), Some("token"));
    assert!(received.header("authorization").unwrap().contains("/20261122/local-1/ssm/aws4_request"));
    assert_eq!(received.body, r#"{"Comment":"é"}"#.as_bytes());
}

#[tokio::test]
async fn raw_requests_are_signed_with_path_and_query() {
    let (server, client) = start(|_, _| answer(201, "x-amzn-requestid: r-1\r\ncontent-type: text/xml\r\n", "<R/>")).await;
    let request = Request::get("ssm", "/quarterdeck/v1/commands/a%20b").with_query("after", "x/y +&=é").with_query("a", "");
    let got = client.send(request).await.unwrap();
    assert_eq!((got.status, got.request_id.as_deref(), got.content_type.as_deref()), (201, Some("r-1"), Some("text/xml")));
    let received = server.last();
    check(&received, now()).unwrap();
    assert_eq!((received.path.as_str(), received.query.as_str()), ("/quarterdeck/v1/commands/a%20b", "after=x%2Fy%20%2B%26%3D%C3%A9&a="));
    let post = Request::post("ssmmessages", "/v1/control-channel/mi-1", "{}");
    client.send(post).await.unwrap();
    check(&server.last(), now()).unwrap();
    assert_eq!(server.last().header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn anonymous_calls_carry_no_signature_and_others_need_one() {
    let (server, _) = start(|_, _| answer(200, "", "")).await;
    let client = client(&server.url, Arc::new(Anonymous));
    assert_eq!(client.call_anonymous("ssm", "AmazonSSM.RegisterManagedInstance", &json!({})).await.unwrap(), json!({}));
    assert_eq!(server.last().header("authorization"), None);
    let error = client.call("ssm", "AmazonSSM.ListCommands", &json!({})).await.unwrap_err();
    assert_eq!((error.code(), server.count()), ("NoCredentials", 1));
}

#[tokio::test]
async fn signed_headers_fit_the_request_they_are_for() {
    let client = client("http://localhost:8443", keys());
    let request = Request::get("ssmmessages", "/v1/control-channel/mi-1").with_query("role", "subscribe").with_query("stream", "input");
    let (url, mut headers) = client.signed_headers(request).await.unwrap();
    assert_eq!(url.as_str(), "http://localhost:8443/v1/control-channel/mi-1?role=subscribe&stream=input");
    headers.push(("Host".into(), "localhost:8443".into()));
    let received =
        Received { method: "GET".into(), path: url.path().into(), query: url.query().unwrap().into(), headers, body: Vec::new() };
    check(&received, now()).unwrap();
}

#[tokio::test]
async fn failures_carry_code_text_and_request_id() {
    let (server, client) = start(|count, _| match count {
        1 => answer(400, "x-amzn-requestid: r-7\r\n", r#"{"__type":"a#InvalidDocument","message":"no such","Extra":1}"#),
        2 => answer(403, "", "<AccessDeniedException><Message>not &lt;you&gt;</Message></AccessDeniedException>"),
        3 => answer(403, "", "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>m</Message></Error></ErrorResponse>"),
        4 => answer(404, "", "nothing here"),
        _ => answer(200, "", "no json"),
    })
    .await;
    let mut errors = Vec::new();
    for _ in 0..5 {
        errors.push(client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap_err());
    }
    let first = errors[0].service().unwrap();
    assert_eq!((first.status, first.code.as_str(), first.message.as_str()), (400, "InvalidDocument", "no such"));
    assert_eq!((errors[0].request_id(), &first.members["Extra"]), (Some("r-7"), &json!(1)));
    assert_eq!(errors[1].to_string(), "AccessDeniedException: not <you>");
    assert_eq!(errors[2].to_string(), "InvalidClientTokenId: m");
    assert_eq!(errors[3].to_string(), "UnknownError: the service answered with status 404 and no message");
    assert_eq!(errors[4], CallError::Answer("it is not JSON"));
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn only_safe_calls_are_repeated() {
    let throttle = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let (server, client) = start(move |count, _| match count {
        1 | 2 => answer(400, "", throttle),
        3 => answer(200, "", "{}"),
        // From here on the connection breaks without an answer.
        4..=7 => String::new(),
        _ => answer(500, "", r#"{"__type":"InternalServerError"}"#),
    })
    .await;
    client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap();
    assert_eq!(server.count(), 3);
    let error = client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap_err();
    assert_eq!((error.code(), server.count()), ("ConnectionInterrupted", 4));
    assert_eq!(client.call("ssm", "AmazonSSM.ListCommands", &json!({})).await.unwrap_err().code(), "ConnectionInterrupted");
    assert_eq!(server.count(), 7);
    assert_eq!(client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap_err().code(), "InternalServerError");
    assert_eq!(server.count(), 8);
    let repeated = client.call("ssm", "AmazonSSM.CreateX", &json!({"ClientToken": "t"})).await.unwrap_err();
    assert_eq!((repeated.code(), server.count()), ("InternalServerError", 11));
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_once() {
    let served = now() + SignedDuration::from_hours(3);
    let date = jiff::fmt::rfc2822::to_string(&served.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let (server, client) = start(move |_, received| match check(received, served) {
        Ok(()) => answer(200, "", "{}"),
        Err(error) => {
            let body = json!({"__type": error.code(), "message": error.to_string()}).to_string();
            answer(400, &format!("date: {date}\r\n"), &body)
        }
    })
    .await;
    client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap();
    assert_eq!(server.count(), 2);
    client.call("ssm", "AmazonSSM.SendCommand", &json!({})).await.unwrap();
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn answers_are_bounded_and_redirects_are_not_followed() {
    let (server, client) = start(|count, _| match count {
        1 => answer(200, "", &"x".repeat(1001)),
        _ => answer(302, "location: /elsewhere\r\n", ""),
    })
    .await;
    let read = Request::get("ssm", "/quarterdeck/v1/x");
    assert_eq!(client.send(read.clone()).await.unwrap_err(), CallError::Answer("it is too large"));
    assert_eq!(client.send(read).await.unwrap_err().service().unwrap().status, 302);
    assert_eq!(server.count(), 2);
    let huge = Request::post("ssm", "/x", vec![b' '; 17 * 1024 * 1024]);
    assert_eq!(client.send(huge).await.unwrap_err().code(), "InvalidRequest");
    assert_eq!(client.call("ssm", "nonsense", &json!({})).await.unwrap_err().code(), "InvalidRequest");
}

#[tokio::test]
async fn a_stream_is_read_as_it_comes_and_may_be_longer_than_an_answer() {
    let (_server, client) = start(|_, _| answer(200, "x-quarterdeck: yes\r\n", &"x".repeat(100_000))).await;
    let mut stream = client.stream(Request::get("ssm", "/quarterdeck/v1/events")).await.unwrap();
    assert_eq!(stream.header("X-Quarterdeck"), Some("yes"));
    let mut length = 0;
    while let Some(chunk) = stream.next_chunk().await.unwrap() {
        length += chunk.len();
    }
    assert_eq!(length, 100_000);
}

#[tokio::test]
async fn nobody_listening_is_a_connection_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url, keys()).call("ssm", "AmazonSSM.ListCommands", &json!({})).await.unwrap_err();
    assert_eq!(error.code(), "ConnectionFailed");
}
