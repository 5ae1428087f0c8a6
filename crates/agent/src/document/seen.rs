//! Which commands were accepted: a command that is delivered again must not run again (agent-protocol 6.9).
//!
//! A hub may redeliver for as long as it has no ack, so a record lives for two days. It is 28 bytes in one of 256 small files,
//! chosen by hash: a million commands cost 28 MB of disk and no memory, and a look-up reads one file of about 100 kB.

use crate::home::{self, Home};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How long a record is kept, in seconds.
pub const KEEP_SECONDS: i64 = 48 * 3600;
const KEY: usize = 20;
const RECORD: usize = KEY + 8;
/// Records kept in memory while the disk is full.
const MEMORY_LIMIT: usize = 10_000;

/// The records.
pub struct Seen {
    dir: PathBuf,
    memory: Mutex<HashSet<[u8; KEY]>>,
}

impl Seen {
    /// Opens the records of a data directory.
    pub fn new(home: &Home) -> Self {
        Self { dir: home.seen(), memory: Mutex::default() }
    }

    /// True if the job was recorded less than two days before `now` (epoch seconds).
    pub fn contains(&self, job_id: &str, now: i64) -> bool {
        let key = key_of(job_id);
        if self.memory.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return true;
        }
        let bytes = home::read_optional(&self.bucket(&key)).ok().flatten().unwrap_or_default();
        bytes.chunks_exact(RECORD).any(|record| record[..KEY] == key && is_fresh(record, now))
    }

    /// Records a job durably. While the disk cannot be written it is kept in memory.
    pub fn record(&self, job_id: &str, now: i64) {
        let key = key_of(job_id);
        if let Err(error) = self.append(&key, now) {
            tracing::warn!(%error, "the record of accepted commands cannot be written; keeping it in memory");
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            if memory.len() < MEMORY_LIMIT {
                memory.insert(key);
            }
        }
    }

    fn append(&self, key: &[u8; KEY], now: i64) -> io::Result<()> {
        let path = self.bucket(key);
        let bytes = home::read_optional(&path)?.unwrap_or_default();
        let mut record = key.to_vec();
        record.extend_from_slice(&now.to_be_bytes());
        // The oldest comes first; a file whose first record has expired, or that was torn, is written anew.
        let expired = bytes.len() >= RECORD && !is_fresh(&bytes[..RECORD], now);
        if expired || !bytes.len().is_multiple_of(RECORD) {
            let mut kept: Vec<u8> = bytes.chunks_exact(RECORD).filter(|r| is_fresh(r, now)).flatten().copied().collect();
            kept.extend_from_slice(&record);
            return home::write_durable(&path, &kept);
        }
        let mut file = home::private_file().append(true).open(&path)?;
        file.write_all(&record)?;
        file.sync_data()?;
        if bytes.is_empty() { home::sync_dir(&self.dir) } else { Ok(()) }
    }

    fn bucket(&self, key: &[u8; KEY]) -> PathBuf {
        self.dir.join(format!("{:02x}", key[0]))
    }
}

fn key_of(job_id: &str) -> [u8; KEY] {
    let mut key = [0; KEY];
    key.copy_from_slice(&Sha256::digest(job_id.as_bytes())[..KEY]);
    key
}

fn is_fresh(record: &[u8], now: i64) -> bool {
    let mut time = [0; 8];
    time.copy_from_slice(&record[KEY..RECORD]);
    now - i64::from_be_bytes(time) < KEEP_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> (tempfile::TempDir, Seen) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        home.create().unwrap();
        (dir, Seen::new(&home))
    }

    #[test]
    fn a_job_is_remembered_for_two_days_and_then_forgotten() {
        let (_dir, seen) = seen();
        seen.record("aws.ssm.a.mi-1", 1000);
        assert!(seen.contains("aws.ssm.a.mi-1", 1000 + KEEP_SECONDS - 1));
        assert!(!seen.contains("aws.ssm.a.mi-1", 1000 + KEEP_SECONDS));
        assert!(!seen.contains("aws.ssm.b.mi-1", 1000));
    }

    #[test]
    fn old_and_torn_records_go_when_a_new_one_comes() {
        let (_dir, seen) = seen();
        seen.record("a", 1000);
        let path = seen.bucket(&key_of("a"));
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"torn").unwrap();
        seen.append(&key_of("a"), 1001).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * RECORD as u64);
        seen.append(&key_of("a"), 1001 + KEEP_SECONDS).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), RECORD as u64);
    }

    #[test]
    fn a_disk_that_cannot_be_written_leaves_it_in_memory() {
        let (dir, seen) = seen();
        std::fs::remove_dir_all(dir.path().join("seen")).unwrap();
        seen.record("a", 1000);
        assert!(seen.contains("a", 1001));
    }
}
