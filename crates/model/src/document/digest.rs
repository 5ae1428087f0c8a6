//! Hashes of a document's stored text, as DescribeDocument and SendCommand's DocumentHash have them (semantics 3.2.5, 2.1.2).

use crate::shapes::shared::DocumentHashType;
use sha1::Digest;

/// Lower-case hex of the SHA-256 of the text.
pub fn sha256(text: &str) -> String {
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}

/// Lower-case hex of the SHA-1 of the text; AWS still returns it for old documents.
pub fn sha1(text: &str) -> String {
    hex::encode(sha1::Sha1::digest(text.as_bytes()))
}

/// Whether `given` is the text's hash, in any letter case. Without a type the length tells it.
pub fn matches(text: &str, given: &str, kind: Option<DocumentHashType>) -> bool {
    let kind = kind.unwrap_or(if given.len() == 40 { DocumentHashType::Sha1 } else { DocumentHashType::Sha256 });
    let real = match kind {
        DocumentHashType::Sha1 => sha1(text),
        DocumentHashType::Sha256 => sha256(text),
    };
    real.eq_ignore_ascii_case(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_known_values() {
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(matches("abc", "A9993E364706816ABA3E25717850C26C9CD0D89D", None));
        assert!(matches("abc", &sha256("abc"), Some(DocumentHashType::Sha256)));
        assert!(!matches("abc", &sha256("abc"), Some(DocumentHashType::Sha1)));
    }
}
