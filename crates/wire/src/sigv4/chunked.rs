//! The aws-chunked body: `<hex size>[;chunk-signature=<hex>]\r\n<data>\r\n` …, ended by a chunk of size 0 and perhaps a trailer
//! (agent-protocol 6.8; S3's "signature calculations for chunked upload").
//!
//! Each chunk's signature covers its data and the signature before it, so a chunk is handed out only when it is whole and
//! verified. Sans-IO: [`ChunkedDecoder::push`] bytes as they come, [`ChunkedDecoder::next_chunk`] until it has none, and
//! [`ChunkedDecoder::finish`] at the end of the body.

use bytes::{Buf, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{ContentSha256, Presented, Scope, SigningKey};

/// The largest chunk that is buffered. Clients send 64 KiB to 8 MiB.
pub const MAX_CHUNK_BYTES: usize = 16 * 1024 * 1024;
const MAX_LINE_BYTES: usize = 1024;
const MAX_TRAILER_LINES: usize = 16;

/// Why a chunked body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    #[error("the chunked body is malformed: {0}")]
    Malformed(&'static str),
    #[error("a chunk has {0} bytes, more than {MAX_CHUNK_BYTES}")]
    TooLong(u64),
    #[error("a chunk does not have the signature that was stated")]
    Signature,
    #[error("the body ended before its last chunk")]
    Incomplete,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    ChunkHeader,
    Chunk {
        size: usize,
        signature: Option<String>,
    },
    Trailer,
    Done,
    /// Refused; nothing that follows is taken.
    Failed,
}

/// Takes an aws-chunked body apart and verifies it on the way.
#[derive(Debug)]
pub struct ChunkedDecoder {
    buffer: BytesMut,
    state: State,
    /// `None` for chunks without signatures.
    seal: Option<Seal>,
    has_trailer: bool,
    trailers: Vec<(String, String)>,
}

/// What chunk signatures are made of.
#[derive(Debug)]
struct Seal {
    key: SigningKey,
    amz_date: String,
    scope: Scope,
    previous: String,
}

impl ChunkedDecoder {
    /// For a request whose own signature was verified with `key`. `None` when its body is not chunked.
    pub fn new(presented: &Presented, key: &SigningKey) -> Option<Self> {
        let (signed, has_trailer) = match presented.content_sha256 {
            ContentSha256::Streaming => (true, false),
            ContentSha256::StreamingTrailer => (true, true),
            ContentSha256::StreamingUnsignedTrailer => (false, true),
            ContentSha256::Absent | ContentSha256::Hex(_) | ContentSha256::Unsigned => return None,
        };
        let seal = signed.then(|| Seal {
            key: key.clone(),
            amz_date: presented.amz_date.clone(),
            scope: presented.scope.clone(),
            previous: presented.signature.clone(),
        });
        Some(Self { buffer: BytesMut::new(), state: State::ChunkHeader, seal, has_trailer, trailers: Vec::new() })
    }

    /// Takes bytes as they arrive. To stay bounded, take the chunks out before pushing more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next verified chunk, or `None` when more bytes are needed or the body is complete.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>, ChunkError> {
        loop {
            match std::mem::replace(&mut self.state, State::Failed) {
                State::ChunkHeader => {
                    let Some(line) = self.line()? else {
                        self.state = State::ChunkHeader;
                        return Ok(None);
                    };
                    let (size, signature) = read_chunk_header(&line, self.seal.is_some())?;
                    self.state = State::Chunk { size, signature };
                }
                State::Chunk { size, signature } => {
                    let ends_with_crlf = size > 0 || !self.has_trailer;
                    let wanted = size + if ends_with_crlf { 2 } else { 0 };
                    if self.buffer.len() < wanted {
                        self.state = State::Chunk { size, signature };
                        return Ok(None);
                    }
                    let data = self.buffer.split_to(size).freeze();
                    if ends_with_crlf && self.buffer.split_to(2)[..] != *b"\r\n" {
                        return Err(ChunkError::Malformed("no line end after a chunk"));
                    }
                    if let Some(seal) = &mut self.seal {
                        seal.check_chunk(&data, &signature.unwrap_or_default())?;
                    }
                    match (size, self.has_trailer) {
                        (0, true) => self.state = State::Trailer,
                        (0, false) => self.state = State::Done,
                        _ => {
                            self.state = State::ChunkHeader;
                            return Ok(Some(data));
                        }
                    }
                }
                State::Trailer => match self.line()? {
                    None => {
                        self.state = State::Trailer;
                        return Ok(None);
                    }
                    Some(line) if line.is_empty() => {
                        self.check_trailers()?;
                        self.state = State::Done;
                    }
                    Some(line) => {
                        self.take_trailer(&line)?;
                        self.state = State::Trailer;
                    }
                },
                State::Done if self.buffer.is_empty() => {
                    self.state = State::Done;
                    return Ok(None);
                }
                State::Done => return Err(ChunkError::Malformed("bytes after the end")),
                State::Failed => return Err(ChunkError::Malformed("refused before")),
            }
        }
    }

    /// To be called when the body has ended and no chunk is left.
    pub fn finish(&self) -> Result<(), ChunkError> {
        if self.state == State::Done && self.buffer.is_empty() { Ok(()) } else { Err(ChunkError::Incomplete) }
    }

    /// Trailing headers, lower-case names, complete after [`ChunkedDecoder::finish`].
    pub fn trailers(&self) -> &[(String, String)] {
        &self.trailers
    }

    /// One line without its end.
    fn line(&mut self) -> Result<Option<String>, ChunkError> {
        let window = &self.buffer[..self.buffer.len().min(MAX_LINE_BYTES)];
        let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
            return if self.buffer.len() >= MAX_LINE_BYTES { Err(ChunkError::Malformed("line too long")) } else { Ok(None) };
        };
        let line = self.buffer.split_to(end);
        self.buffer.advance(2);
        String::from_utf8(line.to_vec()).map(Some).map_err(|_| ChunkError::Malformed("a line is not text"))
    }

    fn take_trailer(&mut self, line: &str) -> Result<(), ChunkError> {
        let (name, value) = line.split_once(':').ok_or(ChunkError::Malformed("a trailer without colon"))?;
        if self.trailers.len() >= MAX_TRAILER_LINES {
            return Err(ChunkError::Malformed("too many trailers"));
        }
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    fn check_trailers(&mut self) -> Result<(), ChunkError> {
        let Some(seal) = &mut self.seal else {
            return Ok(());
        };
        let at = self.trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature");
        let (_, stated) = at.map(|at| self.trailers.remove(at)).ok_or(ChunkError::Malformed("no trailer signature"))?;
        let canonical: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let wanted = seal.next_signature("AWS4-HMAC-SHA256-TRAILER", &[canonical.as_bytes()]);
        same(&wanted, &stated)
    }
}

impl Seal {
    /// Chunk: hash of nothing, then of the data. Trailer: hash of the trailer alone.
    fn next_signature(&self, label: &str, hashed: &[&[u8]]) -> String {
        let mut text = format!("{label}\n{}\n{}\n{}", self.amz_date, self.scope, self.previous);
        for part in hashed {
            text.push('\n');
            text.push_str(&hex::encode(Sha256::digest(part)));
        }
        self.key.signature(&text)
    }

    fn check_chunk(&mut self, data: &[u8], stated: &str) -> Result<(), ChunkError> {
        let wanted = self.next_signature("AWS4-HMAC-SHA256-PAYLOAD", &[b"", data]);
        same(&wanted, stated)?;
        self.previous = wanted;
        Ok(())
    }
}

fn same(wanted: &str, stated: &str) -> Result<(), ChunkError> {
    if bool::from(wanted.as_bytes().ct_eq(stated.as_bytes())) { Ok(()) } else { Err(ChunkError::Signature) }
}

fn read_chunk_header(line: &str, signed: bool) -> Result<(usize, Option<String>), ChunkError> {
    let (size, extension) = line.split_once(';').unwrap_or((line, ""));
    if size.is_empty() || size.len() > 16 || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ChunkError::Malformed("the chunk size is not a number"));
    }
    let size = u64::from_str_radix(size, 16).map_err(|_| ChunkError::Malformed("the chunk size is not a number"))?;
    let bounded = usize::try_from(size).ok().filter(|size| *size <= MAX_CHUNK_BYTES).ok_or(ChunkError::TooLong(size))?;
    let signature = extension.strip_prefix("chunk-signature=").map(str::to_owned);
    if signed && signature.is_none() {
        return Err(ChunkError::Malformed("a chunk without signature"));
    }
    Ok((bounded, signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::Secret;

    /// The worked example of S3's documentation: 66,560 bytes of `a` in two chunks.
    fn published() -> (Presented, SigningKey, Vec<u8>) {
        let scope = Scope { date: "20130524".into(), region: "us-east-1".into(), service: "s3".into() };
        let key = SigningKey::for_scope(&Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), &scope);
        let presented = Presented {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            scope,
            signed_headers: vec![],
            signature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9".into(),
            time: "2013-05-24T00:00:00Z".parse().unwrap(),
            amz_date: "20130524T000000Z".into(),
            session_token: None,
            expires: None,
            content_sha256: ContentSha256::Streaming,
        };
        let mut body = b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n".to_vec();
        body.extend(vec![b'a'; 65536]);
        body.extend(b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n");
        body.extend(vec![b'a'; 1024]);
        body.extend(b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n");
        (presented, key, body)
    }

    fn decode(presented: &Presented, key: &SigningKey, body: &[u8], step: usize) -> Result<Vec<u8>, ChunkError> {
        let mut decoder = ChunkedDecoder::new(presented, key).unwrap();
        let mut out = Vec::new();
        for piece in body.chunks(step) {
            decoder.push(piece);
            while let Some(chunk) = decoder.next_chunk()? {
                out.extend_from_slice(&chunk);
            }
        }
        decoder.finish()?;
        Ok(out)
    }

    #[test]
    fn the_published_body_decodes_however_it_is_cut() {
        let (presented, key, body) = published();
        for step in [7, 1000, body.len()] {
            assert_eq!(decode(&presented, &key, &body, step).unwrap(), vec![b'a'; 66560]);
        }
    }

    #[test]
    fn changes_and_truncations_are_refused() {
        let (presented, key, body) = published();
        let mut changed = body.clone();
        changed[7000] = b'b';
        assert_eq!(decode(&presented, &key, &changed, 4096), Err(ChunkError::Signature));
        let second = body.len() - 1024 - 200;
        for end in (0..90).chain(second..body.len()) {
            assert!(decode(&presented, &key, &body[..end], 9000).is_err(), "{end}");
        }
        let mut longer = body;
        longer.push(b'x');
        assert_eq!(decode(&presented, &key, &longer, 9000), Err(ChunkError::Malformed("bytes after the end")));
    }

    #[test]
    fn headers_are_bounded() {
        let (presented, key, _) = published();
        for (body, error) in [
            (&b"zz\r\n"[..], ChunkError::Malformed("the chunk size is not a number")),
            (b"+1;chunk-signature=x\r\n", ChunkError::Malformed("the chunk size is not a number")),
            (b"1\r\na\r\n", ChunkError::Malformed("a chunk without signature")),
            (b"ffffffffffffffff;chunk-signature=x\r\n", ChunkError::TooLong(u64::MAX)),
            (&[b'1'; 2000], ChunkError::Malformed("line too long")),
        ] {
            assert_eq!(decode(&presented, &key, body, 4096), Err(error));
        }
    }

    #[test]
    fn trailers_come_with_and_without_signatures() {
        let (mut presented, key, _) = published();
        presented.content_sha256 = ContentSha256::StreamingUnsignedTrailer;
        let body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let mut decoder = ChunkedDecoder::new(&presented, &key).unwrap();
        decoder.push(body);
        assert_eq!(decoder.next_chunk().unwrap().unwrap(), "hello");
        assert_eq!(decoder.next_chunk(), Ok(None));
        decoder.finish().unwrap();
        assert_eq!(decoder.trailers(), [("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())]);

        presented.content_sha256 = ContentSha256::StreamingTrailer;
        let mut seal = Seal {
            key: key.clone(),
            amz_date: presented.amz_date.clone(),
            scope: presented.scope.clone(),
            previous: presented.signature.clone(),
        };
        let mut signed = Vec::new();
        for data in [&b"hello"[..], b""] {
            let signature = seal.next_signature("AWS4-HMAC-SHA256-PAYLOAD", &[b"", data]);
            signed.extend(format!("{:x};chunk-signature={signature}\r\n", data.len()).bytes());
            signed.extend(data);
            signed.extend(if data.is_empty() { &b""[..] } else { b"\r\n" });
            seal.previous = signature;
        }
        let trailer = seal.next_signature("AWS4-HMAC-SHA256-TRAILER", &[b"x-amz-checksum-crc32:NhCmhg==\n"]);
        let whole = |checksum: &str| {
            let mut body = signed.clone();
            body.extend(format!("x-amz-checksum-crc32:{checksum}\r\nx-amz-trailer-signature:{trailer}\r\n\r\n").bytes());
            body
        };
        assert_eq!(decode(&presented, &key, &whole("NhCmhg=="), 3).unwrap(), b"hello");
        assert_eq!(decode(&presented, &key, &whole("AAAAAA=="), 3), Err(ChunkError::Signature));
        assert_eq!(decode(&presented, &key, &signed, 3), Err(ChunkError::Incomplete));
    }
}
