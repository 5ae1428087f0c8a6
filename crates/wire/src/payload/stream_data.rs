//! Constants of `input_stream_data` and `output_stream_data`, the data channel's two streams (agent-protocol 4.13).

/// The longest payload of one stream message a stock agent sends.
pub const CHUNK_BYTES: usize = 1024;
/// Messages a peer buffers that arrived before their turn.
pub const MAX_BUFFERED: usize = 100_000;

/// What a stream message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum PayloadType {
    Output = 1,
    Error = 2,
    Size = 3,
    Parameter = 4,
    HandshakeRequest = 5,
    HandshakeResponse = 6,
    HandshakeComplete = 7,
    EncryptionChallengeRequest = 8,
    EncryptionChallengeResponse = 9,
    Flag = 10,
    StdErr = 11,
    ExitCode = 12,
}

impl PayloadType {
    /// `None` for a kind this build does not know; it is to be acknowledged and ignored.
    pub fn from_u32(value: u32) -> Option<Self> {
        use PayloadType::*;
        [
            Output,
            Error,
            Size,
            Parameter,
            HandshakeRequest,
            HandshakeResponse,
            HandshakeComplete,
            EncryptionChallengeRequest,
            EncryptionChallengeResponse,
            Flag,
            StdErr,
            ExitCode,
        ]
        .into_iter()
        .find(|kind| *kind as u32 == value)
    }
}

/// The four big-endian bytes of a [`PayloadType::Flag`] message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum StreamFlag {
    DisconnectToPort = 1,
    TerminateSession = 2,
    ConnectToPortError = 3,
}

impl StreamFlag {
    pub fn from_payload(payload: &[u8]) -> Option<Self> {
        match u32::from_be_bytes(payload.try_into().ok()?) {
            1 => Some(Self::DisconnectToPort),
            2 => Some(Self::TerminateSession),
            3 => Some(Self::ConnectToPortError),
            _ => None,
        }
    }

    pub fn to_payload(self) -> [u8; 4] {
        (self as u32).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_flags_come_back() {
        for value in 1..=12 {
            assert_eq!(PayloadType::from_u32(value).map(|kind| kind as u32), Some(value));
        }
        assert_eq!(PayloadType::from_u32(0), None);
        assert_eq!(PayloadType::from_u32(13), None);
        assert_eq!(StreamFlag::from_payload(&StreamFlag::TerminateSession.to_payload()), Some(StreamFlag::TerminateSession));
        assert_eq!(StreamFlag::from_payload(&[0, 0, 0, 4]), None);
        assert_eq!(StreamFlag::from_payload(&[2]), None);
    }
}
