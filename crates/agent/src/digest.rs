//! Digests used for names: a long or hostile text becomes a short safe one.

use sha2::{Digest, Sha256};

/// Lower-case hex SHA-256 of `bytes`.
pub fn hex_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A stable id made from `parts`: the same parts give the same UUID on every run, so a reply made again after a crash
/// carries the message id it had before and the hub recognises it.
pub fn stable_uuid(parts: &[&str]) -> uuid::Uuid {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// `text` if it is safe as one file name, otherwise its digest.
pub fn file_name_of(text: &str) -> String {
    let safe = !text.is_empty()
        && text.len() <= 100
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if safe { text.to_owned() } else { hex_of(text.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe() {
        assert_eq!(file_name_of("0b5f1c9e-1111-4222-8333-444455556666"), "0b5f1c9e-1111-4222-8333-444455556666");
        for hostile in ["../../etc", "", ".", "..", "a/b", "a\\b", "한글", &"x".repeat(101)] {
            let name = file_name_of(hostile);
            assert_eq!(name.len(), 64, "{hostile:?} became {name:?}");
        }
    }

    #[test]
    fn stable_ids_depend_on_where_the_parts_end() {
        assert_eq!(stable_uuid(&["a", "b"]), stable_uuid(&["a", "b"]));
        assert_ne!(stable_uuid(&["ab", ""]), stable_uuid(&["a", "b"]));
    }
}
