//! HTTP Digest authentication (RFC 7616), for servers that ask for it: MD5 and SHA-256, with `qop=auth` or without.

use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The `Authorization` value that answers `challenge` (a `WWW-Authenticate` value), or `None` if it is none we can answer.
pub fn answer(challenge: &str, method: &str, uri: &str, username: &str, password: &str, client_nonce: &str) -> Option<String> {
    let fields = parse(challenge.trim().strip_prefix("Digest ").or_else(|| challenge.trim().strip_prefix("digest "))?);
    let field = |name: &str| fields.get(name).map(String::as_str);
    let (realm, nonce) = (field("realm")?, field("nonce")?);
    let algorithm = field("algorithm").unwrap_or("MD5");
    let upper = algorithm.to_ascii_uppercase();
    let hash: fn(&str) -> String = match upper.trim_end_matches("-SESS") {
        "MD5" => |text| hex::encode(<md5::Md5 as md5::Digest>::digest(text.as_bytes())),
        "SHA-256" => |text| hex::encode(Sha256::digest(text.as_bytes())),
        _ => return None,
    };
    let mut first = hash(&format!("{username}:{realm}:{password}"));
    if upper.ends_with("-SESS") {
        first = hash(&format!("{first}:{nonce}:{client_nonce}"));
    }
    let second = hash(&format!("{method}:{uri}"));
    let qop = field("qop").map(|list| list.split(',').any(|word| word.trim() == "auth"));
    let response = match qop {
        Some(false) => return None,
        Some(true) => hash(&format!("{first}:{nonce}:00000001:{client_nonce}:auth:{second}")),
        None => hash(&format!("{first}:{nonce}:{second}")),
    };
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", algorithm={algorithm}, response=\"{response}\"",
        quoted(username),
        quoted(realm),
        quoted(nonce),
        quoted(uri)
    );
    if qop.is_some() {
        value.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{client_nonce}\""));
    }
    if let Some(opaque) = field("opaque") {
        value.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
    }
    Some(value)
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// `a="b, c", d=e` as a map with lower-case names.
fn parse(text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, left) = match after.strip_prefix('"') {
            Some(after) => quoted_value(after),
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        fields.insert(name.trim_matches([' ', ',']).to_ascii_lowercase(), value);
        rest = left;
    }
    fields
}

fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &text[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard() {
        let challenge = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let of = |algorithm: &str| {
            answer(
                &challenge(algorithm),
                "GET",
                "/dir/index.html",
                "Mufasa",
                "Circle of Life",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            )
            .unwrap()
        };
        assert!(of("MD5").contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
        assert!(of("SHA-256").contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
    }

    #[test]
    fn other_challenges_are_not_answered() {
        assert!(answer("Basic realm=\"x\"", "GET", "/", "u", "p", "c").is_none());
        assert!(answer("Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"", "GET", "/", "u", "p", "c").is_none());
        assert!(answer("Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256", "GET", "/", "u", "p", "c").is_none());
    }
}
