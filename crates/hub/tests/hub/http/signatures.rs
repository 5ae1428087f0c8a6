//! Who is let in: wrong, expired, foreign and skewed signatures (semantics 0.9).

use qd_wire::sigv4::Credentials;
use serde_json::json;

use super::client::{MINUTE, ONE, Request, START, TestHub};

const LIST: &str = "ListCommands";

#[tokio::test]
async fn a_good_signature_is_let_in_and_the_answer_has_a_request_id() {
    let hub = TestHub::start().await;
    let answer = hub.call(LIST, &json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "Commands": [] })));
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_told_in_aws_codes() {
    let hub = TestHub::start().await;
    let good = hub.administrator();
    let with = |id: &str, secret: &str, token: Option<&str>| Credentials::new(id, secret, token.map(Into::into));
    let secret = good.secret_access_key.expose();

    let unsigned = hub.raw(&hub.ssm(LIST, &json!({})).bytes()).await;
    assert_eq!(unsigned.code(), "MissingAuthenticationTokenException");

    for (credentials, code) in [
        (with("AKIAAAAAAAAAAAAAAAAA", secret, None), "UnrecognizedClientException"),
        (with(&good.access_key_id, "another secret", None), "InvalidSignatureException"),
        (with(&good.access_key_id, secret, Some("a token of nobody")), "UnrecognizedClientException"),
    ] {
        let mut request = hub.ssm(LIST, &json!({}));
        request.sign(&credentials, "ssm", hub.now());
        let answer = hub.raw(&request.bytes()).await;
        assert_eq!((answer.status, answer.code()), (400, code.to_owned()));
        assert_eq!(answer.header("x-amzn-errortype"), Some(code));
    }

    let mut changed = hub.ssm(LIST, &json!({ "MaxResults": 1 }));
    changed.sign(&good, "ssm", hub.now());
    changed.body = json!({ "MaxResults": 2 }).to_string().into_bytes();
    assert_eq!(hub.raw(&changed.bytes()).await.code(), "InvalidSignatureException");

    for (region, service) in [("us-east-1", "ssm"), ("local-1", "sts"), ("local-1", "s3")] {
        let mut request = hub.ssm(LIST, &json!({}));
        request.sign_for(&good, region, service, hub.now());
        assert_eq!(hub.raw(&request.bytes()).await.code(), "InvalidSignatureException", "{region} {service}");
    }
}

#[tokio::test]
async fn clocks_may_be_ten_minutes_off_but_not_twenty() {
    let hub = TestHub::start().await;
    let good = hub.administrator();
    for (minutes, code) in [(10, None), (-10, None), (20, Some("InvalidSignatureException")), (-20, Some("InvalidSignatureException"))] {
        let mut request = hub.ssm(LIST, &json!({}));
        request.sign(&good, "ssm", START + minutes * MINUTE);
        let answer = hub.raw(&request.bytes()).await;
        match code {
            None => assert_eq!(answer.status, 200, "{minutes}: {}", answer.text()),
            Some(code) => assert_eq!(answer.code(), code, "{minutes}"),
        }
    }
}

#[tokio::test]
async fn a_key_that_is_switched_off_stops_working() {
    use qd_store::table::access_keys;
    let hub = TestHub::start().await;
    assert_eq!(hub.call(LIST, &json!({})).await.status, 200);
    let id = hub.administrator().access_key_id;
    hub.hub.shared().store.write(move |tx| access_keys::set_active(tx, &id, false)).await.unwrap();
    // The memory hears of it with the commit; give the listener of changes its turn.
    let mut answer = hub.call(LIST, &json!({})).await;
    for _ in 0..50 {
        if answer.status != 200 {
            break;
        }
        tokio::task::yield_now().await;
        answer = hub.call(LIST, &json!({})).await;
    }
    assert_eq!(answer.code(), "UnrecognizedClientException");
}

#[tokio::test]
async fn presigned_caller_identity() {
    let hub = TestHub::start().await;
    let good = hub.administrator();
    let presigned = |seconds| {
        let mut request = Request::new("GET", "/", &hub.host());
        request.query = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
        request.presign(&good, "sts", START, seconds);
        request
    };
    let answer = hub.raw(&presigned(60).bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("<Arn>arn:aws:iam::000000000001:user/administrator</Arn>"), "{}", answer.text());
    assert!(answer.text().contains("<Account>000000000001</Account>"));
    hub.clock.advance(2 * MINUTE);
    let late = hub.raw(&presigned(60).bytes()).await;
    assert_eq!(late.status, 403);
    assert!(late.text().contains("<Code>SignatureDoesNotMatch</Code>"), "{}", late.text());
}

#[tokio::test]
async fn a_nodes_credentials_end() {
    let hub = TestHub::start().await;
    let (node, credentials) = hub.node(&ONE).await;
    let ping = |at: i64| {
        let mut request = hub.ssm("UpdateInstanceInformation", &json!({ "InstanceId": node, "PlatformType": "Linux" }));
        request.sign(&credentials, "ssm", at);
        request.bytes()
    };
    assert_eq!(hub.raw(&ping(hub.now())).await.status, 200);
    hub.clock.advance(61 * MINUTE);
    assert_eq!(hub.raw(&ping(hub.now())).await.code(), "ExpiredTokenException");
}
