//! Where the app writes what it does: to standard error, and to a file in the data folder, because a program that a desktop starts has no
//! terminal. The file stays small: when it is full it becomes the one file before, and a new one begins.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

const NAME: &str = "quarterdeck.log";
const BEFORE: &str = "quarterdeck.1.log";

/// Longest file, in bytes. There are two at most.
const FULL: u64 = 4 * 1024 * 1024;

static FILE: OnceLock<Mutex<LogFile>> = OnceLock::new();

/// Folder of the log files of a data folder.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

/// Begins to log, for now to standard error alone. A panic is logged too.
pub fn init() {
    let filter = EnvFilter::try_from_env("QUARTERDECK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let on_screen = fmt::layer().with_writer(io::stderr);
    let in_file = fmt::layer().with_ansi(false).with_writer(|| Kept);
    tracing_subscriber::registry().with(filter).with(on_screen).with(in_file).init();
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        earlier(panic);
    }));
}

/// Logs to the data folder as well from now on. The folder is this process's own.
pub fn keep(data_dir: &Path) -> io::Result<()> {
    let file = LogFile::open(&folder(data_dir), FULL)?;
    let _ = FILE.set(Mutex::new(file));
    Ok(())
}

/// Writes to the file, once there is one.
struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = FILE.get() {
            file.lock().unwrap_or_else(PoisonError::into_inner).append(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct LogFile {
    folder: PathBuf,
    file: File,
    length: u64,
    full: u64,
}

impl LogFile {
    fn open(folder: &Path, full: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = appended(&folder.join(NAME))?;
        let length = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, length, full })
    }

    /// Appends one entry; it stands in one file as a whole.
    fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        if self.length > 0 && self.length + entry.len() as u64 > self.full {
            let path = self.folder.join(NAME);
            // An earlier file that cannot be replaced is no reason to grow: this one begins anew then.
            if std::fs::rename(&path, self.folder.join(BEFORE)).is_err() {
                self.file.set_len(0)?;
            }
            self.file = appended(&path)?;
            self.length = 0;
        }
        self.file.write_all(entry)?;
        self.length += entry.len() as u64;
        Ok(())
    }
}

fn appended(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_becomes_the_one_before_and_there_are_never_more_than_two() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let mut log = LogFile::open(folder.path(), 10).unwrap();
        for entry in ["1234\n", "5678\n", "abcd\n"] {
            log.append(entry.as_bytes()).unwrap();
        }
        assert_eq!((read(BEFORE).as_str(), read(NAME).as_str()), ("1234\n5678\n", "abcd\n"));
        // Another start goes on where this one was.
        drop(log);
        let mut log = LogFile::open(folder.path(), 10).unwrap();
        for entry in ["efgh\n", "longer than a file\n", "x\n"] {
            log.append(entry.as_bytes()).unwrap();
        }
        assert_eq!((read(BEFORE).as_str(), read(NAME).as_str()), ("longer than a file\n", "x\n"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
