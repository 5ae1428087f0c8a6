//! Many connections in one stream of bytes, as the stock client and agent do it for forwarded ports: smux version 1 (session-protocol
//! 5.4), and version 2 between our own ends, where each connection has a window of its own and a slow one holds up no other.
//!
//! A frame is version, command, length (little endian, 16 bits), stream (little endian, 32 bits), data. A state machine: bytes in, what
//! they mean out; what is written is gathered until it is taken.

use std::collections::HashMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

const HEADER_BYTES: usize = 8;
/// The longest data of one frame, as the stock ends have it.
pub const MAX_DATA_BYTES: usize = 32 * 1024;
/// What one connection may send before the other side has taken it, in version 2.
pub const STREAM_WINDOW: u32 = 256 * 1024;
/// Connections at a time.
pub const MAX_STREAMS: usize = 1024;

const SYN: u8 = 0;
const FIN: u8 = 1;
const PSH: u8 = 2;
const NOP: u8 = 3;
const UPD: u8 = 4;

/// What the other side did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuxEvent {
    /// It opened a connection.
    Opened(u32),
    Data(u32, Bytes),
    /// It sends nothing more on a connection. In version 1 it does not take anything more either.
    Finished(u32),
    /// It takes more on a connection, in version 2.
    Room(u32),
}

/// Bytes that are not smux: the session cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    #[error("version {0} of smux is not the one that was agreed on")]
    Version(u8),
    #[error("command {0} of smux is not known")]
    Command(u8),
    #[error("a frame of smux has a length that none of its kind has")]
    Length,
    #[error("the other side sends more on a connection than it was told it may")]
    Window,
}

#[derive(Default)]
struct Stream {
    /// The other side, and this one, have sent their last.
    theirs_done: bool,
    ours_done: bool,
    sent: u32,
    their_consumed: u32,
    received: u32,
    consumed: u32,
    /// Of `consumed`, what was told.
    told: u32,
}

/// One end.
pub struct Mux {
    version: u8,
    next: u32,
    streams: HashMap<u32, Stream>,
    input: BytesMut,
    output: BytesMut,
}

impl Mux {
    /// The end that opens connections.
    pub fn client(version: u8) -> Self {
        Self { version, next: 1, streams: HashMap::new(), input: BytesMut::new(), output: BytesMut::new() }
    }

    /// The end that is asked for them.
    pub fn server(version: u8) -> Self {
        Self { next: 0, ..Self::client(version) }
    }

    /// Takes bytes, cut as they may be. What came before an error is lost with the session.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Vec<MuxEvent>, MuxError> {
        self.input.extend_from_slice(bytes);
        let mut events = Vec::new();
        while self.input.len() >= HEADER_BYTES {
            let (version, command) = (self.input[0], self.input[1]);
            let length = usize::from(u16::from_le_bytes([self.input[2], self.input[3]]));
            let id = u32::from_le_bytes([self.input[4], self.input[5], self.input[6], self.input[7]]);
            if version != self.version {
                return Err(MuxError::Version(version));
            }
            if self.input.len() < HEADER_BYTES + length {
                break;
            }
            self.input.advance(HEADER_BYTES);
            let data = self.input.split_to(length).freeze();
            events.extend(self.frame(command, id, data)?);
        }
        Ok(events)
    }

    fn frame(&mut self, command: u8, id: u32, data: Bytes) -> Result<Option<MuxEvent>, MuxError> {
        match command {
            SYN | FIN | NOP if !data.is_empty() => Err(MuxError::Length),
            NOP => Ok(None),
            SYN if self.streams.contains_key(&id) => Ok(None),
            SYN if self.streams.len() >= MAX_STREAMS => {
                self.write_frame(FIN, id, &[]);
                Ok(None)
            }
            SYN => {
                self.streams.insert(id, Stream::default());
                Ok(Some(MuxEvent::Opened(id)))
            }
            FIN => {
                let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.theirs_done) else { return Ok(None) };
                stream.theirs_done = true;
                self.forget_if_done(id);
                Ok(Some(MuxEvent::Finished(id)))
            }
            PSH => {
                let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.theirs_done) else { return Ok(None) };
                stream.received = stream.received.wrapping_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
                if self.version == 2 && stream.received.wrapping_sub(stream.consumed) > STREAM_WINDOW {
                    return Err(MuxError::Window);
                }
                Ok((!data.is_empty()).then_some(MuxEvent::Data(id, data)))
            }
            UPD if self.version == 2 => {
                let numbers: [u8; 8] = data.as_ref().try_into().map_err(|_| MuxError::Length)?;
                let consumed = u32::from_le_bytes([numbers[0], numbers[1], numbers[2], numbers[3]]);
                let Some(stream) = self.streams.get_mut(&id) else { return Ok(None) };
                if stream.sent.wrapping_sub(consumed) > STREAM_WINDOW {
                    return Err(MuxError::Window);
                }
                stream.their_consumed = consumed;
                Ok(Some(MuxEvent::Room(id)))
            }
            other => Err(MuxError::Command(other)),
        }
    }

    /// Opens a connection. `None` when there are too many.
    pub fn open(&mut self) -> Option<u32> {
        if self.streams.len() >= MAX_STREAMS {
            return None;
        }
        self.next = self.next.wrapping_add(2);
        self.streams.insert(self.next, Stream::default());
        self.write_frame(SYN, self.next, &[]);
        Some(self.next)
    }

    /// How many bytes a connection may send now; none on one that is not there.
    pub fn room(&self, id: u32) -> usize {
        match self.streams.get(&id).filter(|stream| !stream.ours_done) {
            None => 0,
            Some(_) if self.version != 2 => usize::MAX,
            Some(stream) => STREAM_WINDOW.saturating_sub(stream.sent.wrapping_sub(stream.their_consumed)) as usize,
        }
    }

    /// Sends on a connection; keep to [`Mux::room`].
    pub fn write(&mut self, id: u32, data: &[u8]) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.ours_done) else { return };
        stream.sent = stream.sent.wrapping_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
        for piece in data.chunks(MAX_DATA_BYTES) {
            self.write_frame(PSH, id, piece);
        }
    }

    /// Sends nothing more on a connection.
    pub fn finish(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.ours_done) else { return };
        stream.ours_done = true;
        self.write_frame(FIN, id, &[]);
        // In version 1 it is over with the first end that says so.
        if self.version != 2 {
            self.streams.remove(&id);
        }
        self.forget_if_done(id);
    }

    /// A connection's data has been taken by whom it was for.
    pub fn consumed(&mut self, id: u32, bytes: usize) {
        let version = self.version;
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.consumed = stream.consumed.wrapping_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if version == 2 && !stream.theirs_done && stream.consumed.wrapping_sub(stream.told) >= STREAM_WINDOW / 2 {
            stream.told = stream.consumed;
            let mut numbers = [0; 8];
            numbers[..4].copy_from_slice(&stream.consumed.to_le_bytes());
            numbers[4..].copy_from_slice(&STREAM_WINDOW.to_le_bytes());
            self.write_frame(UPD, id, &numbers);
        }
    }

    fn forget_if_done(&mut self, id: u32) {
        if self.streams.get(&id).is_some_and(|stream| stream.ours_done && stream.theirs_done) {
            self.streams.remove(&id);
        }
    }

    /// A sign of life, for a peer that wants one.
    pub fn keep_alive(&mut self) {
        self.write_frame(NOP, 0, &[]);
    }

    fn write_frame(&mut self, command: u8, id: u32, data: &[u8]) {
        self.output.put_u8(self.version);
        self.output.put_u8(command);
        // Data is cut to less than that before.
        self.output.put_u16_le(u16::try_from(data.len()).unwrap_or(u16::MAX));
        self.output.put_u32_le(id);
        self.output.put_slice(data);
    }

    /// Bytes that wait to be sent.
    pub fn waiting(&self) -> usize {
        self.output.len()
    }

    /// Up to `most` bytes to send.
    pub fn take_output(&mut self, most: usize) -> Bytes {
        let count = self.output.len().min(most);
        self.output.split_to(count).freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mux: &mut Mux) -> Bytes {
        mux.take_output(usize::MAX)
    }

    #[test]
    fn golden_frames() {
        let mut mux = Mux::client(1);
        assert_eq!(mux.open(), Some(3));
        mux.write(3, b"hi");
        mux.keep_alive();
        mux.finish(3);
        let expected =
            [&[1, 0, 0, 0, 3, 0, 0, 0][..], &[1, 2, 2, 0, 3, 0, 0, 0, b'h', b'i'], &[1, 3, 0, 0, 0, 0, 0, 0], &[1, 1, 0, 0, 3, 0, 0, 0]];
        assert_eq!(all(&mut mux), expected.concat());
        assert_eq!(mux.open(), Some(5));
        assert_eq!(mux.room(3), 0);
    }

    #[test]
    fn cut_anywhere_it_means_the_same() {
        let mut client = Mux::client(1);
        let id = client.open().unwrap();
        client.write(id, &vec![7; MAX_DATA_BYTES + 1]);
        client.finish(id);
        let bytes = all(&mut client);
        let whole = Mux::server(1).receive(&bytes).unwrap();
        assert_eq!(whole.len(), 4);
        for cut in [1, 7, 8, 9, 1000, 32_777] {
            let mut server = Mux::server(1);
            let mut events = Vec::new();
            for piece in bytes.chunks(cut) {
                events.extend(server.receive(piece).unwrap());
            }
            assert_eq!(events, whole, "{cut}");
        }
    }

    #[test]
    fn in_version_two_a_slow_connection_is_held_up_by_itself() {
        let (mut client, mut server) = (Mux::client(2), Mux::server(2));
        let (slow, quick) = (client.open().unwrap(), client.open().unwrap());
        client.write(slow, &vec![0; client.room(slow)]);
        assert_eq!(client.room(slow), 0);
        assert!(client.room(quick) > 0);
        let events = server.receive(&all(&mut client)).unwrap();
        let bytes: usize = events.iter().map(|event| if let MuxEvent::Data(_, data) = event { data.len() } else { 0 }).sum();
        assert_eq!(bytes, STREAM_WINDOW as usize);
        server.consumed(slow, bytes);
        assert_eq!(client.receive(&all(&mut server)).unwrap(), [MuxEvent::Room(slow)]);
        assert_eq!(client.room(slow), STREAM_WINDOW as usize);
        // One side is done, the other goes on.
        client.finish(slow);
        assert_eq!(server.receive(&all(&mut client)).unwrap(), [MuxEvent::Finished(slow)]);
        server.write(slow, b"still here");
        assert_eq!(client.receive(&all(&mut server)).unwrap().len(), 1);
        server.finish(slow);
        assert_eq!(client.receive(&all(&mut server)).unwrap(), [MuxEvent::Finished(slow)]);
        assert_eq!(client.streams.len(), 1);
    }

    #[test]
    fn what_is_not_smux_is_an_error_and_nothing_else() {
        assert_eq!(Mux::server(1).receive(&[2, 0, 0, 0, 3, 0, 0, 0]), Err(MuxError::Version(2)));
        assert_eq!(Mux::server(1).receive(&[1, 4, 0, 0, 3, 0, 0, 0]), Err(MuxError::Command(4)));
        assert_eq!(Mux::server(1).receive(&[1, 0, 1, 0, 3, 0, 0, 0, 9]), Err(MuxError::Length));
        assert_eq!(Mux::server(2).receive(&[2, 4, 1, 0, 3, 0, 0, 0, 9]), Err(MuxError::Length));
        let mut server = Mux::server(2);
        server.receive(&[2, 0, 0, 0, 3, 0, 0, 0]).unwrap();
        let piece = [&[2, 2, 0, 128, 3, 0, 0, 0][..], &[0; 32 * 1024]].concat();
        let sent = (0..100).take_while(|_| server.receive(&piece).is_ok()).count();
        assert_eq!(sent, STREAM_WINDOW as usize / piece.len().min(32 * 1024));
        // Data, ends and openings of nothing and of what is there already.
        let mut server = Mux::server(1);
        for frame in [&[1, 2, 1, 0, 9, 0, 0, 0, 1][..], &[1, 1, 0, 0, 9, 0, 0, 0]] {
            assert!(server.receive(frame).unwrap().is_empty());
        }
        for id in 0..2000u32 {
            let mut frame = vec![1, 0, 0, 0];
            frame.extend(id.to_le_bytes());
            server.receive(&frame).unwrap();
        }
        assert_eq!(server.streams.len(), MAX_STREAMS);
    }
}
