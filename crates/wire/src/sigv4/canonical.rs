//! The canonical request and the string to sign, which both sides must build alike to the byte.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{ALGORITHM, RequestParts};

/// The string to sign. `amz_date` is `YYYYMMDDTHHMMSSZ`, `scope` the credential scope without the access key.
pub fn string_to_sign(parts: &RequestParts, signed_headers: &[String], amz_date: &str, scope: &super::Scope, payload_hash: &str) -> String {
    let request = canonical_request(parts, signed_headers, &scope.service, payload_hash);
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{}", hex::encode(Sha256::digest(request)))
}

/// The canonical request. `signed_headers` are lower-case names in the order they are listed in the signature.
pub fn canonical_request(parts: &RequestParts, signed_headers: &[String], service: &str, payload_hash: &str) -> String {
    let mut out = format!("{}\n{}\n{}\n", parts.method, canonical_path(parts.path, service), canonical_query(parts.query));
    for name in signed_headers {
        out.push_str(name);
        out.push(':');
        out.push_str(&canonical_header(parts, name));
        out.push('\n');
    }
    out.push('\n');
    out.push_str(&signed_headers.join(";"));
    out.push('\n');
    out.push_str(payload_hash);
    out
}

/// S3 signs its path as sent, encoded once. Every other service drops empty and dot segments and encodes what is on the wire
/// once more.
pub fn canonical_path(path: &str, service: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    if service == "s3" {
        return percent_encode(&percent_decode(path), true);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut normal = String::with_capacity(path.len());
    for segment in &segments {
        normal.push('/');
        normal.push_str(segment);
    }
    let directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if normal.is_empty() || directory {
        normal.push('/');
    }
    percent_encode(normal.as_bytes(), true)
}

/// Pairs decoded, encoded alike and sorted; the signature of a presigned URL is left out.
pub fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_encode(&percent_decode(name), false), percent_encode(&percent_decode(value), false)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let joined: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

/// Values of that name in order of appearance, joined by commas, outer blanks removed and inner runs of them made one.
fn canonical_header(parts: &RequestParts, name: &str) -> String {
    let mut out = String::new();
    let values = parts.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    for (index, (_, value)) in values.enumerate() {
        if index > 0 {
            out.push(',');
        }
        for (index, word) in value.split_ascii_whitespace().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// Percent-encodes all but RFC 3986 unreserved characters, and slashes when they separate.
pub fn percent_encode(bytes: &[u8], keep_slash: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Decodes percent triplets; what is not one stays. A plus sign is a plus sign.
pub fn percent_decode(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_their_service() {
        for (path, service, s3) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("//example//", "/example/", "//example//"),
            ("/./", "/", "/./"),
            ("/./example", "/example", "/./example"),
            ("/example1/example2/../..", "/", "/example1/example2/../.."),
            ("/a/../../b", "/b", "/a/../../b"),
            ("/a%20b", "/a%2520b", "/a%20b"),
            ("/ሴ", "/%E1%88%B4", "/%E1%88%B4"),
            ("/a+b(1)/%e1%88%b4", "/a%2Bb%281%29/%25e1%2588%25b4", "/a%2Bb%281%29/%E1%88%B4"),
        ] {
            assert_eq!(canonical_path(path, "ssm"), service, "{path}");
            assert_eq!(canonical_path(path, "s3"), s3, "{path}");
        }
    }

    #[test]
    fn queries_are_sorted_after_encoding() {
        assert_eq!(canonical_query("b=2&a=%7e&a=1&B&X-Amz-Signature=f&&c=x%2fy+z"), "B=&a=1&a=~&b=2&c=x%2Fy%2Bz");
        assert_eq!(canonical_query(""), "");
        assert_eq!(canonical_query("%zz=%"), "%25zz=%25");
    }
}
