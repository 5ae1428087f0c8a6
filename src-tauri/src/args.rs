//! What can be said on the command line. Few things, because a desktop starts the app without any.

use std::path::PathBuf;

use crate::window::is_console_path;

/// Options of a start.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// `--data-dir DIR`: keep everything there instead of in the person's data folder; a second, separate Quarterdeck.
    pub data_dir: Option<PathBuf>,
    /// `--path /commands/…`: the page to show; a second start leads the running window there.
    pub path: Option<String>,
    /// `--hidden`: start in the tray, as at login.
    pub hidden: bool,
    pub help: bool,
    pub version: bool,
}

pub const HELP: &str = "\
Quarterdeck: Systems Manager for machines you own.

Usage: quarterdeck [--path PAGE] [--hidden] [--data-dir DIR]

  --path PAGE      show this page of the console, such as /nodes; leads a running Quarterdeck there
  --hidden         start in the tray, without a window
  --data-dir DIR   keep the hub, its database and settings in DIR
  --help           show this text
  --version        show the version
";

impl Args {
    /// Reads arguments without the program's own name. What is not known is an error when the app starts, and ignored when it is
    /// another start's (a newer program may know more).
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--hidden" => args.hidden = true,
                "--help" | "-h" => args.help = true,
                "--version" | "-V" => args.version = true,
                "--data-dir" => args.data_dir = Some(arguments.next().ok_or("--data-dir needs a folder")?.into()),
                "--path" => {
                    let path = arguments.next().ok_or("--path needs a page, such as /nodes")?;
                    if !is_console_path(&path) {
                        return Err(format!("{path} is not a page of the console"));
                    }
                    args.path = Some(path);
                }
                other => return Err(format!("unknown argument {other}; see quarterdeck --help")),
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, String> {
        Args::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn known_arguments() {
        let args = parse(&["--path", "/nodes", "--hidden", "--data-dir", "/tmp/q"]).unwrap();
        assert_eq!(args.path.as_deref(), Some("/nodes"));
        assert!(args.hidden);
        assert_eq!(args.data_dir, Some("/tmp/q".into()));
        assert_eq!(parse(&[]).unwrap(), Args::default());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(parse(&["--path", "https://evil.example"]).is_err());
        assert!(parse(&["--path"]).is_err());
        assert!(parse(&["--color"]).unwrap_err().contains("--color"));
    }
}
