//! The agent's log: standard error, which a service manager or a terminal keeps, or a file of bounded size where nobody does.

use crate::home;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tracing_subscriber::EnvFilter;

/// Size in bytes at which a log file becomes the previous one. There are at most two, so the log takes at most twice this.
const FILE_LIMIT: u64 = 8 << 20;

/// Starts logging, to `file` if there is one. `QUARTERDECK_LOG` says how much.
pub fn start(file: Option<&Path>) {
    let filter = EnvFilter::try_from_env("QUARTERDECK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // An error means that there is a log already, which is as good.
    let _ = match file {
        Some(path) => log.with_ansi(false).with_writer(Mutex::new(LogFile::new(path, FILE_LIMIT))).try_init(),
        None => log.with_writer(io::stderr).try_init(),
    };
}

/// A file that is appended to until it is full and then becomes the previous one (`<name>.1`). Never fails: a log that cannot be written
/// must not keep the agent from its work.
struct LogFile {
    path: PathBuf,
    limit: u64,
    open: Option<(File, u64)>,
}

impl LogFile {
    fn new(path: &Path, limit: u64) -> Self {
        Self { path: path.to_path_buf(), limit, open: None }
    }

    fn file(&mut self, room_for: u64) -> io::Result<&mut (File, u64)> {
        let mut now = match self.open.take() {
            Some(open) => open,
            None => self.append()?,
        };
        if now.1 > 0 && now.1 + room_for > self.limit {
            // Closed first: Windows does not rename what is open.
            drop(now);
            let mut previous = self.path.clone().into_os_string();
            previous.push(".1");
            std::fs::rename(&self.path, previous)?;
            now = self.append()?;
        }
        Ok(self.open.insert(now))
    }

    fn append(&self) -> io::Result<(File, u64)> {
        let file = home::private_file().append(true).open(&self.path)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        if let Ok((file, size)) = self.file(length)
            && file.write_all(bytes).is_ok()
        {
            *size += length;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_file_stays_small_and_keeps_the_latest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.log");
        for round in 0..3 {
            // Opened anew each time, as by a restarted agent.
            let mut log = LogFile::new(&path, 100);
            for line in 0..4 {
                log.write_all(format!("round {round} line {line} of thirty bytes\n").as_bytes()).unwrap();
            }
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert!(read("agent.log").ends_with("round 2 line 3 of thirty bytes\n"));
        assert!(read("agent.log.1").len() <= 100 && read("agent.log").len() <= 100);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_no_error() {
        let mut log = LogFile::new(Path::new("/no/such/place/agent.log"), 100);
        assert!(log.write_all(b"x").is_ok());
    }
}
