//! `quarterdeck_output`: our agent sends the output of a step while it runs; ours alone, announced in the opening text.
//!
//! Payload: `u16` big-endian length of a JSON header, the header, then raw bytes, so that binary output costs no escaping.
//! Header: `{"jobId","step","stream":"stdout"|"stderr","offset","last"}`; `offset` counts bytes from the start of that stream of
//! that step. `last` says that the stream ends after these bytes, which may then be none. Chunks repeat until acknowledged
//! ([`super::OutputAck`]), so a reader takes what lies beyond its own end and ignores the rest.

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::{JobId, Payload, PayloadError, from_json, to_json};
use crate::agent_message::MessageType;
use crate::reader::Reader;

/// The most raw bytes in one chunk.
pub const MAX_DATA_BYTES: usize = 64 * 1024;
const MAX_HEADER_BYTES: usize = 4096;
/// The longest step name; a document allows less.
pub const MAX_STEP_BYTES: usize = 256;

/// Which of a step's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputStream {
    Stdout,
    Stderr,
}

impl OutputStream {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl std::fmt::Display for OutputStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct OutputChunk {
    pub job_id: JobId,
    /// Step name, or plugin name for schema 1.x; the key of the step in the reply. At most [`MAX_STEP_BYTES`].
    pub step: String,
    pub stream: OutputStream,
    /// Offset of the first byte of `data` in the stream.
    pub offset: u64,
    /// The stream ends after `data`.
    pub last: bool,
    /// At most [`MAX_DATA_BYTES`].
    pub data: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    job_id: JobId,
    step: std::borrow::Cow<'a, str>,
    stream: OutputStream,
    offset: u64,
    #[serde(default)]
    last: bool,
}

impl Payload for OutputChunk {
    const MESSAGE_TYPE: MessageType = MessageType::QuarterdeckOutput;

    fn encode(&self) -> Bytes {
        let header = to_json(&Header {
            job_id: self.job_id.clone(),
            step: self.step.as_str().into(),
            stream: self.stream,
            offset: self.offset,
            last: self.last,
        });
        let mut out = BytesMut::with_capacity(2 + header.len() + self.data.len());
        out.put_u16(u16::try_from(header.len()).unwrap_or(u16::MAX));
        out.put_slice(&header);
        out.put_slice(&self.data);
        out.freeze()
    }

    fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(payload);
        let length = usize::from(reader.u16().map_err(|_| PayloadError::Malformed("no header length"))?);
        if length > MAX_HEADER_BYTES {
            return Err(PayloadError::Malformed("header too long"));
        }
        let header: Header = from_json(reader.take(length).map_err(|_| PayloadError::Malformed("header cut short"))?)?;
        let data = reader.rest();
        if data.len() > MAX_DATA_BYTES {
            return Err(PayloadError::TooLong(data.len()));
        }
        if header.step.is_empty() || header.step.len() > MAX_STEP_BYTES {
            return Err(PayloadError::Malformed("step name empty or too long"));
        }
        // A database's text cannot hold it, and one such name would take the whole batch it is written with along.
        if header.step.contains('\0') {
            return Err(PayloadError::Malformed("step name with a NUL"));
        }
        if header.offset.checked_add(data.len() as u64).is_none_or(|end| end > i64::MAX as u64) {
            return Err(PayloadError::Malformed("offset out of range"));
        }
        Ok(Self {
            job_id: header.job_id,
            step: header.step.into_owned(),
            stream: header.stream,
            offset: header.offset,
            last: header.last,
            data: Bytes::copy_from_slice(data),
        })
    }
}

/// Output is never logged.
impl std::fmt::Debug for OutputChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "OutputChunk({} {} {} {}+{}{})",
            self.job_id,
            self.step,
            self.stream,
            self.offset,
            self.data.len(),
            if self.last { " last" } else { "" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(data: &'static [u8]) -> OutputChunk {
        OutputChunk {
            job_id: JobId::new("c", "mi-1").unwrap(),
            step: "run".into(),
            stream: OutputStream::Stderr,
            offset: 7,
            last: true,
            data: Bytes::from_static(data),
        }
    }

    #[test]
    fn golden() {
        let mut golden = vec![0, 78];
        golden.extend_from_slice(br#"{"jobId":"aws.ssm.c.mi-1","step":"run","stream":"stderr","offset":7,"last":true}"#);
        golden[1] = u8::try_from(golden.len() - 2).unwrap();
        golden.extend_from_slice(b"\x00\xff\n");
        assert_eq!(chunk(b"\x00\xff\n").encode(), golden);
        assert_eq!(OutputChunk::decode(&golden).unwrap(), chunk(b"\x00\xff\n"));
        assert_eq!(format!("{:?}", chunk(b"secret")), "OutputChunk(aws.ssm.c.mi-1 run stderr 7+6 last)");
    }

    #[test]
    fn every_cut_of_the_header_is_refused_and_data_is_bounded() {
        let bytes = chunk(b"").encode();
        for end in 0..bytes.len() {
            assert!(OutputChunk::decode(&bytes[..end]).is_err(), "{end}");
        }
        let mut big = bytes.to_vec();
        big.resize(big.len() + MAX_DATA_BYTES, b'x');
        assert_eq!(OutputChunk::decode(&big).unwrap().data.len(), MAX_DATA_BYTES);
        big.push(b'x');
        assert_eq!(OutputChunk::decode(&big), Err(PayloadError::TooLong(MAX_DATA_BYTES + 1)));
        let mut far = chunk(b"x");
        far.offset = u64::MAX;
        assert!(OutputChunk::decode(&far.encode()).is_err());
    }

    #[test]
    fn a_step_name_that_no_store_can_hold_is_refused() {
        for (step, fits) in [("a\0b", false), ("\0", false), ("", false), ("a b\u{7}é", true)] {
            let named = OutputChunk { step: step.into(), ..chunk(b"x") };
            assert_eq!(OutputChunk::decode(&named.encode()).is_ok(), fits, "{step:?}");
        }
    }
}
