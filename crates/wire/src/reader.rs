//! A cursor that cannot leave its slice: every length a peer names is checked against what is really there.

/// The input ended before the value did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("truncated: {wanted} bytes wanted at offset {offset}, {left} left")]
pub struct Truncated {
    pub offset: usize,
    pub wanted: usize,
    pub left: usize,
}

/// Reads big-endian values from the front of a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Bytes consumed so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not yet consumed.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `wanted` bytes; nothing is consumed when there are fewer.
    pub fn take(&mut self, wanted: usize) -> Result<&'a [u8], Truncated> {
        let (offset, left) = (self.offset, self.left());
        if wanted > left {
            return Err(Truncated { offset, wanted, left });
        }
        self.offset += wanted;
        Ok(&self.bytes[offset..offset + wanted])
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.offset..];
        self.offset = self.bytes.len();
        rest
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, Truncated> {
        self.array().map(i64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_order_and_stops_at_the_end() {
        let mut reader = Reader::new(&[0, 1, 0, 0, 0, 2, 9, 9]);
        assert_eq!(reader.u16(), Ok(1));
        assert_eq!(reader.u32(), Ok(2));
        assert_eq!(reader.u32(), Err(Truncated { offset: 6, wanted: 4, left: 2 }));
        assert_eq!(reader.rest(), &[9, 9]);
        assert_eq!(reader.left(), 0);
        assert!(reader.take(usize::MAX).is_err());
    }
}
