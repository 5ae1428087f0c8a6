//! Fetching content to the node: one file per kind of source, and what they share.

pub mod digest_auth;
pub mod git;
pub mod http;

use std::io;
use std::path::{Component, Path, PathBuf};

/// Files and directories copied out of a repository at most.
const ENTRY_LIMIT: usize = 100_000;

/// `name:version` in two; a colon inside an ARN does not count.
pub fn split_version(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((before, version)) if !version.contains('/') && !version.is_empty() && (!name.starts_with("arn:") || before.contains('/')) => {
            (before, Some(version))
        }
        _ => (name, None),
    }
}

/// Where a single file goes: `destination` itself, or inside it under `name` if it is a directory or ends like one.
pub fn file_target(destination: &str, downloads: &Path, name: &str) -> PathBuf {
    let path = below(downloads, destination);
    if destination.is_empty() || destination.ends_with(['/', '\\']) || path.is_dir() { path.join(name) } else { path }
}

/// A destination: absolute as given, else below the command's downloads.
pub fn below(downloads: &Path, destination: &str) -> PathBuf {
    let path = Path::new(destination);
    if path.is_absolute() { path.to_path_buf() } else { downloads.join(path) }
}

/// A name that is safe as a file name, from the end of a URL or path.
pub fn last_name(path: &str) -> String {
    let name = path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')).collect();
    if name.is_empty() || name == "." || name == ".." { "download".to_owned() } else { name }
}

/// A path inside a repository or folder: relative, without a way out of it.
pub fn inner_path(path: &str) -> Result<PathBuf, String> {
    let inner: PathBuf = Path::new(path.trim_start_matches('/')).components().filter(|c| *c != Component::CurDir).collect();
    if inner.components().all(|c| matches!(c, Component::Normal(_))) {
        Ok(inner)
    } else {
        Err(format!("the path {path} leads out of its source"))
    }
}

/// Copies a file or a directory, without `.git`. Links are copied as links, so that none leads the copy astray.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<usize> {
    let mut copied = 0;
    let mut stack = vec![(from.to_path_buf(), to.to_path_buf())];
    while let Some((from, to)) = stack.pop() {
        copied += 1;
        if copied > ENTRY_LIMIT {
            return Err(io::Error::other(format!("there are more than {ENTRY_LIMIT} files")));
        }
        let kind = std::fs::symlink_metadata(&from)?.file_type();
        if kind.is_dir() {
            std::fs::create_dir_all(&to)?;
            for entry in std::fs::read_dir(&from)? {
                let entry = entry?;
                if entry.file_name() != ".git" {
                    stack.push((entry.path(), to.join(entry.file_name())));
                }
            }
        } else if kind.is_symlink() {
            copy_link(&from, &to)?;
        } else {
            std::fs::copy(&from, &to)?;
        }
    }
    Ok(copied)
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    let target = std::fs::read_link(from)?;
    let _ = std::fs::remove_file(to);
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    // Links need a privilege here; their content serves as well.
    std::fs::copy(from, to).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_split_from_names() {
        assert_eq!(split_version("Doc"), ("Doc", None));
        assert_eq!(split_version("Doc:3"), ("Doc", Some("3")));
        let arn = "arn:aws:ssm:local-1:123456789012:document/Doc";
        assert_eq!(split_version(arn), (arn, None));
        assert_eq!(split_version(&format!("{arn}:$LATEST")), (arn, Some("$LATEST")));
    }

    #[test]
    fn destinations_and_names() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(file_target("", dir.path(), "a.sh"), dir.path().join("a.sh"));
        assert_eq!(file_target("sub/", dir.path(), "a.sh"), dir.path().join("sub/a.sh"));
        assert_eq!(file_target("b.sh", dir.path(), "a.sh"), dir.path().join("b.sh"));
        assert_eq!(last_name("https://h/p/a%20b.sh"), "a%20b.sh");
        assert_eq!(last_name("https://h/.."), "download");
        assert!(inner_path("a/../../b").is_err());
        assert_eq!(inner_path("/./a/b").unwrap(), Path::new("a/b"));
    }

    #[test]
    fn a_tree_is_copied_without_its_repository() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        std::fs::create_dir_all(from.join(".git")).unwrap();
        std::fs::create_dir_all(from.join("a")).unwrap();
        std::fs::write(from.join("a/x"), "x").unwrap();
        copy_tree(&from, &dir.path().join("to")).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("to/a/x")).unwrap(), "x");
        assert!(!dir.path().join("to/.git").exists());
    }
}
