//! One stream of a step on disk: kept up to a limit, and usable on a disk that fills up under it.
//!
//! What is kept is always a prefix of the stream, so that byte offsets mean the same on the node and on the hub. When the disk is
//! full, up to [`PENDING_LIMIT`] bytes wait in memory for space; after that the rest of the stream is counted and dropped.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Bytes held in memory for a disk that may find space again.
const PENDING_LIMIT: usize = 1024 * 1024;

/// Bytes set aside for a stream when the disk is nearly full: enough for what an AWS caller is shown.
pub const RESERVE: u64 = 64 * 1024;

/// A file that takes a stream and never fails.
pub struct KeptStream {
    file: Option<File>,
    written: u64,
    limit: u64,
    dropped: u64,
    pending: Vec<u8>,
}

impl KeptStream {
    /// Creates the file. A file that cannot be created leaves a stream that keeps its first megabyte in memory only.
    pub fn create(path: &Path, limit: u64, reserve: bool) -> Self {
        let file = crate::home::private_file().truncate(true).open(path).ok();
        if let Some(file) = file.as_ref().filter(|_| reserve) {
            reserve_space(file, RESERVE);
        }
        Self { file, written: 0, limit, dropped: 0, pending: Vec::new() }
    }

    /// Takes the next bytes of the stream.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.dropped > 0 {
            self.dropped += bytes.len() as u64;
            return;
        }
        let room = self.limit.saturating_sub(self.written + self.pending.len() as u64);
        let take = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let (kept, over) = bytes.split_at(take);
        self.keep(kept);
        self.dropped += over.len() as u64;
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.flush();
        let rest = if self.pending.is_empty() {
            let done = self.write_some(bytes);
            &bytes[done..]
        } else {
            bytes
        };
        let take = rest.len().min(PENDING_LIMIT - self.pending.len());
        self.pending.extend_from_slice(&rest[..take]);
        self.dropped += (rest.len() - take) as u64;
    }

    /// Tries again to write what waits in memory. True when nothing waits.
    pub fn flush(&mut self) -> bool {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            let done = self.write_some(&pending);
            self.pending = pending[done..].to_vec();
        }
        self.pending.is_empty()
    }

    fn write_some(&mut self, bytes: &[u8]) -> usize {
        let Some(file) = self.file.as_mut() else { return 0 };
        let mut done = 0;
        while done < bytes.len() {
            match file.write(&bytes[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.written += done as u64;
        done
    }

    /// Gives up what could not be written. Returns bytes kept and bytes dropped.
    pub fn finish(&mut self) -> (u64, u64) {
        self.flush();
        self.dropped += self.pending.len() as u64;
        self.pending = Vec::new();
        (self.written, self.dropped)
    }
}

/// Sets blocks aside for a file without changing its length, so that a later write of that many bytes succeeds on a full disk.
pub fn reserve_space(file: &File, bytes: u64) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (file, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_prefix_and_counts_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stdout");
        let mut stream = KeptStream::create(&path, 5, false);
        stream.write(b"abc");
        stream.write(b"defg");
        stream.write(b"h");
        assert_eq!(stream.finish(), (5, 3));
        assert_eq!(std::fs::read(&path).unwrap(), b"abcde");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_holds_a_megabyte_and_then_drops() {
        let mut stream = KeptStream::create(Path::new("/dev/full"), u64::MAX, false);
        stream.write(&vec![1; PENDING_LIMIT]);
        assert!(!stream.flush());
        assert_eq!(stream.dropped, 0);
        stream.write(b"x");
        stream.write(b"y");
        assert_eq!(stream.finish(), (0, PENDING_LIMIT as u64 + 2));
    }
}
