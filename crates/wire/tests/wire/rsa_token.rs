//! The RSA flavour against an independent implementation: the golden signature was made with pyca/cryptography from the request
//! a stock agent sends (agent-protocol 2.6), and what we sign is verified with the `rsa` crate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use qd_wire::rsa_token::{KeyError, PrivateKey, pkcs1_of_spki, sign, verify};
use qd_wire::sigv4::{AuthError, Body, DEFAULT_MAX_SKEW, RequestParts, parse};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;

/// A key made for this test and used nowhere else.
const PRIVATE_KEY: &str = "MIIEogIBAAKCAQEAomrWAmlyfwxD/hIdTOyV74pSC7Z3Iiuya04jGvVIt5NxaSwyN65MwkLByInUtP5AT2YzVqLXiT4EB/urXNZUg2hFC9nE82ibUnXwOjpJCvOhQ6e8aULeoztKoy7arNfoexpWRVg+hfiPhIYQTYF6kvCz8mdlevb0XHV6wqVk8Lr59U3BYqT/6Ho/YaxAdZt6pQ7qaZBXUZxVfNnztu8CePQcP+3kipiJP5KaNIo1qqXFmcnPOZrThBltt/oiYA1/EzF9yXZyI01zt2bwpp72SGzCviZujZT/aWlT1CW6+pth0cjDJ1hbpAMH01YeOF0iAImHtHjBhy76q1YmMQOX6wIDAQABAoIBAE8psYvVZ5gjG1TP8XYX7nClw52v3ttJ3xnMKPIv0bSgaeuwPf3Dt+gLb7ZV79YUArZwgt9cWZ+sGXzmnryOPv0ZqmW/S+6z8ti7YU6QMB/lZZm7POs1S5zV/mgRI0aRqd+uk5QTEc5su08FpRaR4HOUXLDu0pifm7UhEaejw9JNGOMiP6wKSHRiv1t0VyQ2j/ekDgriBUStpn7eQ6H7TTkB5p2+/7HVmfRjAdAOY4YDWcP9H33No921h+AmEEu/Nc9WyqIWq782daIV/JS6+cpA0DkIo+qjXHVYhEZwpXby4oxLbhRbQxXOP+im+qWJqFkgGuCSW4RZzrcLBCjVILECgYEA2i4DREBq4YnZBBusU0VaBB+yKJJVt8Po7sZTpmYAja41/qz3Op4tZAb9J1jJaB/WXcbBQF/T5fuvUdo22SAVG+r4BebMK+Ufucm0aO38XLeyeaZ5dozdtrSGIuXZgHD6LC8ZNQYSAP9O/C0CClIBftue8GIL+ee/ODDedPoMV/MCgYEAvpJMq5UGHCsauuIUhLfNtA2MegqVfvQwIEFdqFkrsRCaImrjISMfIbX7w+wb0P4/sgKAvHn/VcF3Be8KxyXMsnIq2bmCZ5lnSTo2dLCJSV9nKmg0RjAWC0WBWQ8FS4oFBfkgvu48t6YD1HTI+sVcWfnBgHvfdJCwDLc//czi9ikCgYAgSSLOnMG0MlPc2cN8ZwzVA2O3wT/R+7mia9LBEuMOFDOFRk8na3TIEoivo+HZ+KweIGVEg2m15LKi6Cmpo6e8A99D8E1SSYuSUJjT1jO7/Kr6eXoL4viEKt6Wl3DCIvXCSA3w3L8ZSq6Dfp2IrW3vOcyhQcEH8BVJ2WFx6fadpQKBgBMIJ1IHavnLMDszstriRE/T/pB9mBp6pofCH2ldpmhjgREo3ZAEoupJ81/Ip6qCibfsWhD4mhBlZs6X5dqnor67eh4OUcCo6FC+2ItkygEi3vm0OGw+ByWPBnDveBboLMJA9A09W6D3mnBQTXYF2cg+kh2TwWgxvvM2JdTh7lSpAoGAU+aGblxePM+n3yxSwrLqPUMC+Ks7UCxQO8fBAbEMXONpq2PpVqfUCBLiyh4+IZBe1Q7C9/eLm15o1Ibh5ZOjK5HbCM/Y3xfOANYqtOLUwkz+gZ5AtBWZkLQxHmLVc2x7ciQ4hb8XbmixCnwo1/AKtcxSgiIaB8Dhg0CdIDkb9eM=";
const PUBLIC_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAomrWAmlyfwxD/hIdTOyV74pSC7Z3Iiuya04jGvVIt5NxaSwyN65MwkLByInUtP5AT2YzVqLXiT4EB/urXNZUg2hFC9nE82ibUnXwOjpJCvOhQ6e8aULeoztKoy7arNfoexpWRVg+hfiPhIYQTYF6kvCz8mdlevb0XHV6wqVk8Lr59U3BYqT/6Ho/YaxAdZt6pQ7qaZBXUZxVfNnztu8CePQcP+3kipiJP5KaNIo1qqXFmcnPOZrThBltt/oiYA1/EzF9yXZyI01zt2bwpp72SGzCviZujZT/aWlT1CW6+pth0cjDJ1hbpAMH01YeOF0iAImHtHjBhy76q1YmMQOX6wIDAQAB";
const SIGNATURE: &str = "cvOqGGjYTVQZ4pQPG1HmLiIATW3QNvcjbaY3UABUo+g8aiZ8qzNtkR6JoFrm0NqaKMQPBItjT1DR/A442B8u7HU4LZaKqP3sL16ilP5XQ9JVcmRlUYjm1dcK50XPrENXFsGJ2lrNOjDtZISzzmYSSb/KS4iqTZUeTzHdO8VkZ/u/GH9vq81jqX8Da/82MezH09omgYTi1NL1mIAD/v0vONVnw1b54N6vgoLGqZ8GCWpLnCsgNrEbIiyBRCC1yKm4RC2pW4ntrFJr/FX5qQgXI87Ik4GS2i3sR0zmoKB7ImSk2dxBdMC2VMknYL1jU2ETjZcljRivUbiARPBlAf1mlA==";
/// The same with a salt of 20 bytes, which a stock agent does not make.
const SHORT_SALT: &str = "lDrPxInobOa7OHtOtIIQKZaihWLhjHaMdzLQ9zieXr8jwcpn8bsJitek9O2xH9TG94Ch/gv67XIBeWtZ0FmoWVM4MyOEEA+O0wwPzWlzfgY2YEHrnPdzhpXqx8JO1EP15l8bn6UxaChm3mp8fCQk4wRGs/e4Zhzkz8nCOHuwnkQe+kbslymnKoFpKkDNqDyWz+KjP4PLXG3azjhXcH09wMClcPslZCM6s+17Bx4SLEXSBJn925Fsk1HHB4xy7qRFL9xYgkZu3URqz3CIw/IuEenXx6K/juChgXDYoe8oy2RLWXCxoaUz214WwU+K7Fu4AcoaU04JwlsF3GKlUSGfJQ==";
const BODY: &[u8] = br#"{"Fingerprint":"00000000-0000-4000-8000-000000000000"}"#;
const ID: &str = "mi-0123456789abcdef0";
const SENT: &[(&str, &str)] = &[
    ("Host", "ssm.local-1.hub.test:8443"),
    ("X-Amz-Target", "AmazonSSM.RequestManagedInstanceRoleToken"),
    ("Content-Type", "application/x-amz-json-1.1"),
];

fn now() -> Timestamp {
    "2026-11-22T10:33:37Z".parse().unwrap()
}

fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn parts<'a>(headers: &'a [(&'a str, &'a str)]) -> RequestParts<'a> {
    RequestParts { method: "POST", path: "/", query: "", headers, body: Body::Bytes(BODY) }
}

fn authorization(signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ID}/20261122/local-1/ssm/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}"
    )
}

fn received<'a>(authorization: &'a str, sha256: &'a str) -> Vec<(&'a str, &'a str)> {
    let rest = [("X-Amz-Date", "20261122T103337Z"), ("X-Amz-Content-Sha256", sha256), ("Authorization", authorization)];
    SENT.iter().copied().chain(rest).collect()
}

#[test]
fn a_stock_agents_request_verifies() {
    let (authorization, sha256) = (authorization(SIGNATURE), Body::Bytes(BODY).hex().unwrap());
    let headers = received(&authorization, &sha256);
    let parts = parts(&headers);
    let presented = parse(&parts).unwrap();
    assert_eq!(presented.access_key_id, ID);
    assert_eq!(verify(&presented, &parts, &der(PUBLIC_KEY), now(), DEFAULT_MAX_SKEW), Ok(()));
    let late = now() + DEFAULT_MAX_SKEW + DEFAULT_MAX_SKEW;
    assert!(matches!(verify(&presented, &parts, &der(PUBLIC_KEY), late, DEFAULT_MAX_SKEW), Err(AuthError::Expired { .. })));
    let other = RequestParts { body: Body::Bytes(b"{}"), ..parts };
    assert_eq!(verify(&presented, &other, &der(PUBLIC_KEY), now(), DEFAULT_MAX_SKEW), Err(AuthError::ContentSha256));
    let other = RequestParts { path: "/x", ..parts };
    assert_eq!(verify(&presented, &other, &der(PUBLIC_KEY), now(), DEFAULT_MAX_SKEW), Err(AuthError::Mismatch));
    assert_eq!(verify(&presented, &parts, b"", now(), DEFAULT_MAX_SKEW), Err(AuthError::UnrecognizedClient));
}

#[test]
fn other_signatures_do_not() {
    for signature in [SHORT_SALT, "", "AAAA", "not base64", &SIGNATURE.replace('A', "B")] {
        let (authorization, sha256) = (authorization(signature), Body::Bytes(BODY).hex().unwrap());
        let headers = received(&authorization, &sha256);
        let parts = parts(&headers);
        let result = parse(&parts).and_then(|presented| verify(&presented, &parts, &der(PUBLIC_KEY), now(), DEFAULT_MAX_SKEW));
        assert!(result.is_err(), "{signature}");
    }
}

#[test]
fn what_we_sign_another_implementation_verifies() {
    let key = PrivateKey::from_pkcs1(&der(PRIVATE_KEY)).unwrap();
    let added = sign(&parts(SENT), ID, &key, "local-1", now()).unwrap();
    let headers: Vec<_> = SENT.iter().copied().chain(added.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
    let parts = parts(&headers);
    let presented = parse(&parts).unwrap();
    assert_eq!(presented.signed_headers.join(";"), "content-type;host;x-amz-date;x-amz-target");
    assert_eq!(presented.signature.len(), 344);
    assert_eq!(verify(&presented, &parts, &der(PUBLIC_KEY), now(), DEFAULT_MAX_SKEW), Ok(()));

    let public = rsa::RsaPublicKey::from_public_key_der(&der(PUBLIC_KEY)).unwrap();
    let verifier = rsa::pss::VerifyingKey::<rsa::sha2::Sha256>::new(public);
    let signature = key.sign(b"message").unwrap();
    let signature = rsa::pss::Signature::try_from(der(&signature).as_slice()).unwrap();
    verifier.verify(b"message", &signature).unwrap();
    assert!(!format!("{key:?}").contains("MII"));
}

#[test]
fn only_whole_rsa_keys_are_taken() {
    let spki = der(PUBLIC_KEY);
    assert_eq!(pkcs1_of_spki(&spki), Ok(&spki[24..]));
    for end in 0..spki.len() {
        assert_eq!(pkcs1_of_spki(&spki[..end]), Err(KeyError::Public), "{end}");
    }
    // Every changed byte of the structure in front of the modulus is noticed.
    for at in 0..32 {
        let mut changed = spki.clone();
        changed[at] ^= 0xff;
        assert_eq!(pkcs1_of_spki(&changed), Err(KeyError::Public), "{at}");
    }
    let mut longer = spki;
    longer.push(0);
    assert_eq!(pkcs1_of_spki(&longer), Err(KeyError::Public));
    assert_eq!(PrivateKey::from_pkcs1(&der(PUBLIC_KEY)).map(|_| ()), Err(KeyError::Private));
}
