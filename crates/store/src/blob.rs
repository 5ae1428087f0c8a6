//! Why this exists: large values are kept compressed, and what is read back is bounded, whatever the row claims.

use std::io::Read;

use crate::{ErrorCode, StoreError};

/// zstd's own default: about 500 MB/s in, a third of the size for text.
const LEVEL: i32 = 3;

/// `data` compressed with zstd.
pub fn compress(data: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(data, LEVEL)
        .map_err(|error| StoreError::new(ErrorCode::Statement, format!("cannot compress {} bytes: {error}", data.len())))
}

/// What [`compress`] was given; an error if it would be more than `limit` bytes or the data is damaged.
pub fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, StoreError> {
    let damaged = |error: std::io::Error| StoreError::new(ErrorCode::Corrupt, format!("compressed data is damaged: {error}"));
    let decoder = zstd::stream::read::Decoder::new(data).map_err(damaged)?;
    let mut whole = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut whole).map_err(damaged)?;
    if whole.len() > limit {
        return Err(StoreError::new(ErrorCode::Corrupt, format!("compressed data is larger than {limit} bytes")));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_whole_and_bounded() {
        let text = "line of output\n".repeat(5000).into_bytes();
        let packed = compress(&text).unwrap();
        assert!(packed.len() < text.len() / 20);
        assert_eq!(decompress(&packed, text.len()).unwrap(), text);
        assert_eq!(decompress(&packed, text.len() - 1).unwrap_err().code, ErrorCode::Corrupt);
        assert_eq!(decompress(&compress(b"").unwrap(), 0).unwrap(), b"");
    }

    #[test]
    fn every_truncation_is_an_error() {
        let packed = compress(&b"some text, some text, some more text".repeat(20)).unwrap();
        for end in 0..packed.len() {
            // An empty input is an empty stream to zstd; every other cut is damage.
            let cut = decompress(&packed[..end], 1 << 20);
            assert!(cut.is_err() || (end == 0 && cut.unwrap().is_empty()), "cut at {end}");
        }
    }
}
