//! Signatures of others: AWS's published test vectors, and requests signed by botocore with the same well-known keys.

use jiff::{SignedDuration, Timestamp};
use qd_wire::sigv4::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DATE: &str = "20150830T123600Z";

fn now() -> Timestamp {
    "2015-08-30T12:36:00Z".parse().unwrap()
}

fn credentials(token: Option<&str>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", SECRET, token.map(Secret::from))
}

struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    query: &'static str,
    service: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    token: Option<&'static str>,
    signed: &'static str,
    signature: &'static str,
}

const VANILLA: Case = Case {
    name: "get-vanilla",
    method: "GET",
    path: "/",
    query: "",
    service: "service",
    headers: &[("Host", "example.amazonaws.com")],
    body: b"",
    token: None,
    signed: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};
const JSON: &[(&str, &str)] = &[
    ("Host", "hub.example:8443"),
    ("Content-Type", "application/x-amz-json-1.1"),
    ("X-Amz-Target", "AmazonSSM.ListCommands"),
    ("User-Agent", "aws-cli/2"),
];

/// The first six are AWS's own vectors, the rest is what botocore sends.
const CASES: &[Case] = &[
    VANILLA,
    Case {
        name: "get-vanilla-query-order-key-case",
        query: "Param2=value2&Param1=value1",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ..VANILLA
    },
    Case { name: "post-vanilla", method: "POST", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", ..VANILLA },
    Case {
        name: "post-x-www-form-urlencoded",
        method: "POST",
        headers: &[("Content-Type", "application/x-www-form-urlencoded"), ("Host", "example.amazonaws.com")],
        body: b"Param1=value1",
        signed: "content-type;host;x-amz-date",
        signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ..VANILLA
    },
    Case { name: "get-utf8", path: "/\u{1234}", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85", ..VANILLA },
    Case {
        name: "get-header-value-trim",
        headers: &[("Host", "example.amazonaws.com"), ("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        signed: "host;my-header1;my-header2;x-amz-date",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ..VANILLA
    },
    Case {
        name: "ssm by botocore",
        method: "POST",
        service: "ssm",
        headers: JSON,
        body: b"{\"MaxResults\":1}",
        signed: "content-type;host;x-amz-date;x-amz-target",
        signature: "626bf21d729303715088f508a04c751646046a0ee631b79def6e5d40bd9b09c9",
        ..VANILLA
    },
    Case {
        name: "ssm with session token by botocore",
        method: "POST",
        service: "ssm",
        headers: JSON,
        body: b"{\"MaxResults\":1}",
        token: Some("tok/en+1=="),
        signed: "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        signature: "35353f9360985b1f8a1f9eac72b39743f152328994cb684f7b31916cffcf346b",
        ..VANILLA
    },
    Case {
        name: "path of another service by botocore",
        path: "/v1/control-channel/a%20b/../mi-1",
        query: "stream=input&role=subscribe",
        service: "ssmmessages",
        headers: &[("Host", "hub.example")],
        signature: "4b615f5a26bf1f13b293ce39fd5752ceed7fd72f8180b8279739772bc2d994a8",
        ..VANILLA
    },
    Case {
        name: "s3 by botocore",
        method: "PUT",
        path: "/a%20b//c/../d%2Be.txt",
        service: "s3",
        headers: &[("Host", "bucket.s3.example"), ("Content-Type", "text/plain")],
        body: b"hello",
        signed: "content-type;host;x-amz-content-sha256;x-amz-date",
        signature: "f66da6ad138ba267002a8d39da0258d247f6aa4dbdf35804aa83d539e1dc9cdf",
        ..VANILLA
    },
];

impl Case {
    fn parts(&self) -> RequestParts<'_> {
        RequestParts { method: self.method, path: self.path, query: self.query, headers: self.headers, body: Body::Bytes(self.body) }
    }

    fn authorization(&self) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{}/aws4_request, SignedHeaders={}, Signature={}",
            self.service, self.signed, self.signature
        )
    }

    /// The request as it arrives.
    fn received(&self) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = self.headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        headers.push(("X-Amz-Date".into(), DATE.into()));
        headers.push(("Authorization".into(), self.authorization()));
        headers.extend(self.token.map(|token| ("X-Amz-Security-Token".to_owned(), token.to_owned())));
        if self.service == "s3" {
            headers.push(("x-amz-content-sha256".into(), Body::Bytes(self.body).hex().unwrap()));
        }
        headers
    }
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn check(parts: &RequestParts, at: Timestamp) -> Result<Presented, AuthError> {
    let presented = parse(parts)?;
    verify(&presented, parts, &Secret::new(SECRET), at, DEFAULT_MAX_SKEW)?;
    Ok(presented)
}

#[test]
fn signing_gives_the_published_signatures() {
    for case in CASES {
        let added = sign(&case.parts(), &credentials(case.token), "us-east-1", case.service, now());
        let (name, value) = added.last().unwrap();
        assert_eq!((name.as_str(), value), ("authorization", &case.authorization()), "{}", case.name);
    }
}

#[test]
fn verifying_takes_them_and_nothing_near_them() {
    for case in CASES {
        let owned = case.received();
        let headers = borrowed(&owned);
        let parts = RequestParts { headers: &headers, ..case.parts() };
        let presented = check(&parts, now()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!((presented.access_key_id.as_str(), presented.scope.service.as_str()), ("AKIDEXAMPLE", case.service));
        assert_eq!(presented.session_token.as_ref().map(Secret::expose), case.token);
        let other_secret = verify(&presented, &parts, &Secret::new("wrong"), now(), DEFAULT_MAX_SKEW);
        assert_eq!(other_secret, Err(AuthError::Mismatch), "{}", case.name);
        for changed in [
            RequestParts { method: "PATCH", ..parts },
            RequestParts { path: "/other", ..parts },
            RequestParts { query: "x=1", ..parts },
            RequestParts { body: Body::Bytes(b"other"), ..parts },
        ] {
            assert!(check(&changed, now()).is_err(), "{}", case.name);
        }
        for at in 0..case.headers.len() {
            if case.signed.split(';').any(|name| name.eq_ignore_ascii_case(case.headers[at].0)) {
                let mut changed = headers.clone();
                changed[at].1 = "other";
                assert_eq!(check(&RequestParts { headers: &changed, ..parts }, now()).unwrap_err(), AuthError::Mismatch, "{}", case.name);
            }
        }
    }
}

#[test]
fn skew_is_told_in_awss_words() {
    let owned = VANILLA.received();
    let headers = borrowed(&owned);
    let parts = RequestParts { headers: &headers, ..VANILLA.parts() };
    for minutes in [-15, -10, 10, 15] {
        check(&parts, now() + SignedDuration::from_mins(minutes)).unwrap();
    }
    let late = check(&parts, now() + SignedDuration::from_secs(901)).unwrap_err();
    assert_eq!(late.code(), "InvalidSignatureException");
    assert_eq!(late.to_string(), "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)");
    let early = check(&parts, now() - SignedDuration::from_secs(901)).unwrap_err();
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"
    );
}

#[test]
fn a_stock_agents_content_hash_may_be_sent_without_being_signed() {
    let mut owned = CASES[6].received();
    let hash = Body::Bytes(CASES[6].body).hex().unwrap();
    owned.push(("X-Amz-Content-Sha256".into(), hash));
    owned.push(("Transfer-Encoding".into(), "chunked".into()));
    let headers = borrowed(&owned);
    let parts = RequestParts { headers: &headers, ..CASES[6].parts() };
    check(&parts, now()).unwrap();
    let other = RequestParts { body: Body::Bytes(b"{}"), ..parts };
    assert_eq!(check(&other, now()).unwrap_err(), AuthError::ContentSha256);
    // Not read yet: the stated hash is what was signed.
    check(&RequestParts { body: Body::Unread, ..parts }, now()).unwrap();
}

#[test]
fn an_unsigned_body_is_for_s3_only() {
    for (service, wanted) in [("s3", true), ("ssm", false)] {
        let base = [("host", "h"), ("x-amz-content-sha256", UNSIGNED_PAYLOAD)];
        let parts = RequestParts { method: "PUT", path: "/k", query: "", headers: &base, body: Body::Unread };
        let added = sign(&parts, &credentials(None), "r", service, now());
        let headers: Vec<_> = base.into_iter().chain(borrowed(&added)).collect();
        let received = RequestParts { headers: &headers, body: Body::Bytes(b"anything"), ..parts };
        assert_eq!(check(&received, now()).is_ok(), wanted, "{service}");
    }
}

const STS_URL: &str = "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok%2Fen%2B1%3D%3D&X-Amz-Signature=39dd72abc2cea5c5480262846f8cdbea6c4cf0b1f9d087d6777222b440c4afc8";
const S3_URL: &str = "response-content-type=text%2Fplain&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=7e85d3b8b9a56bcdaf696149405a4f20a32789ce2d86de900b406658fe518a0a";

#[test]
fn presigned_urls_of_botocore_both_ways() {
    for (service, host, path, query, full, token, seconds) in [
        ("sts", "sts.example", "/", "Action=GetCallerIdentity&Version=2011-06-15", STS_URL, Some("tok/en+1=="), 60),
        ("s3", "bucket.s3.example", "/a%20b", "response-content-type=text%2Fplain", S3_URL, None, 3600),
    ] {
        let headers = [("host", host)];
        let parts = RequestParts { method: "GET", path, query, headers: &headers, body: Body::Bytes(b"") };
        assert_eq!(presign(&parts, &credentials(token), "us-east-1", service, now(), seconds), full);
        let received = RequestParts { query: full, ..parts };
        let last = now() + SignedDuration::from_secs(seconds.into());
        let presented = check(&received, last).unwrap();
        assert_eq!((presented.expires, presented.session_token.as_ref().map(Secret::expose)), (Some(seconds), token));
        let over = check(&received, last + SignedDuration::from_secs(1)).unwrap_err();
        assert!(matches!(over, AuthError::UrlExpired { .. }), "{over}");
        assert!(matches!(check(&received, now() - SignedDuration::from_hours(1)).unwrap_err(), AuthError::NotYetCurrent { .. }));
        let longer = full.replace("Expires=60", "Expires=61").replace("Expires=3600", "Expires=3601");
        assert_eq!(check(&RequestParts { query: &longer, ..parts }, now()).unwrap_err(), AuthError::Mismatch);
        for limit in ["0", "604801", "-1", "x", ""] {
            let other = full.replace(&format!("Expires={seconds}"), &format!("Expires={limit}"));
            assert_eq!(check(&RequestParts { query: &other, ..parts }, now()).unwrap_err().code(), "IncompleteSignatureException");
        }
    }
}

fn refused(authorization: Option<&str>, date: Option<&str>) -> AuthError {
    let mut headers = vec![("host", "h")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    headers.extend(date.map(|value| ("x-amz-date", value)));
    parse(&RequestParts { method: "POST", path: "/", query: "", headers: &headers, body: Body::Bytes(b"") }).unwrap_err()
}

#[test]
fn what_cannot_be_read_has_its_code() {
    assert_eq!(refused(None, None).code(), "MissingAuthenticationTokenException");
    assert_eq!(refused(Some(""), None).code(), "MissingAuthenticationTokenException");
    let nothing = refused(Some("AWS4-HMAC-SHA256"), None).to_string();
    for name in ["'Credential'", "'Signature'", "'SignedHeaders'", "'X-Amz-Date'"] {
        assert!(nothing.contains(name), "{nothing}");
    }
    let long = format!("AWS4-HMAC-SHA256 Credential={}", "a".repeat(10_000));
    for authorization in [
        "Basic dTpw",
        "AWS4-ECDSA-P256-SHA256 Credential=a/20150830/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=AK/20150830/r/s, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=AK/2015083/r/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=/20150830/r/s/aws4_request, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=AK/20150830/r/s/aws4_request, SignedHeaders=host;;x, Signature=x",
        &long,
    ] {
        assert_eq!(refused(Some(authorization), Some(DATE)).code(), "IncompleteSignatureException", "{authorization}");
    }
    let good = VANILLA.authorization();
    for date in ["", "2015-08-30T12:36:00Z", "20151330T123600Z", "20150830T123600", "20150830T12360é"] {
        assert_eq!(refused(Some(&good), Some(date)).code(), "IncompleteSignatureException", "{date}");
    }
    let hostless = good.replace("host;", "");
    assert_eq!(refused(Some(&hostless), Some(DATE)).code(), "InvalidSignatureException");
}

#[test]
fn a_target_must_be_signed_and_the_day_must_be_the_scopes() {
    let headers = [("host", "h"), ("x-amz-date", DATE), ("x-amz-target", "AmazonSSM.X"), ("authorization", &VANILLA.authorization())];
    let parts = RequestParts { headers: &headers, ..VANILLA.parts() };
    assert!(parse(&parts).unwrap_err().to_string().contains("X-Amz-Target"));
    let other_day = VANILLA.authorization().replace("20150830/", "20150829/");
    let headers = [("host", "example.amazonaws.com"), ("x-amz-date", DATE), ("authorization", &other_day)];
    let error = check(&RequestParts { headers: &headers, ..VANILLA.parts() }, now()).unwrap_err();
    assert!(error.to_string().starts_with("Date in Credential scope does not match"), "{error}");
}

#[test]
fn an_http_date_serves_when_there_is_no_other() {
    let headers = [("host", "h"), ("date", "Sun, 30 Aug 2015 12:36:00 GMT"), ("authorization", &VANILLA.authorization())];
    let presented = parse(&RequestParts { headers: &headers, ..VANILLA.parts() }).unwrap();
    assert_eq!((presented.time, presented.amz_date.as_str()), (now(), DATE));
}
