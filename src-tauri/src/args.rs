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
    /// `quarterdeck://CONNECTION/PAGE`: the page of a link, over the connection that it names.
    pub link: Option<Link>,
    /// `--hidden`: start in the tray, as at login.
    pub hidden: bool,
    pub help: bool,
    pub version: bool,
}

pub const HELP: &str = "\
Quarterdeck: Systems Manager for machines you own.

Usage: quarterdeck [--path PAGE] [--hidden] [--data-dir DIR] [LINK]

  LINK             a link that the console copied, such as quarterdeck://local/nodes

  --path PAGE      show this page of the console, such as /nodes; leads a running Quarterdeck there
  --hidden         start in the tray, without a window
  --data-dir DIR   keep the hub, its database and settings in DIR
  --help           show this text
  --version        show the version
";

/// A link into the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Id of a connection.
    pub connection: String,
    pub path: String,
}

/// The scheme of links into the console.
const SCHEME: &str = "quarterdeck://";

fn is_link(text: &str) -> bool {
    text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

impl Link {
    /// Reads `quarterdeck://CONNECTION/PAGE`. Anybody can make one, so nothing but an id and a page of the console is taken from it.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.get(SCHEME.len()..).filter(|_| is_link(text))?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (connection, path) = rest.split_at(end);
        let path = if path.is_empty() { "/" } else { path };
        let is_id = (1..=64).contains(&connection.len()) && connection.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let link = Self { connection: connection.to_ascii_lowercase(), path: path.to_owned() };
        (is_id && is_console_path(path)).then_some(link)
    }
}

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
                other if is_link(other) => {
                    args.link = Some(Link::parse(other).ok_or_else(|| format!("{other} leads to no page of the console"))?);
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
    fn a_link_names_a_connection_and_a_page() {
        let link = |text| Link::parse(text).map(|link| (link.connection, link.path));
        let led = |connection: &str, path: &str| Some((connection.to_owned(), path.to_owned()));
        assert_eq!(link("quarterdeck://local/commands/0f?node=mi-1"), led("local", "/commands/0f?node=mi-1"));
        assert_eq!(link("QUARTERDECK://A1b2"), led("a1b2", "/"));
        assert_eq!(link("quarterdeck://a1/nodes?filter=%ED%95%9C"), led("a1", "/nodes?filter=%ED%95%9C"));
        for bad in [
            "quarterdeck:///nodes",
            "quarterdeck://a b/",
            "quarterdeck://a//evil",
            "quarterdeck://a/\\x",
            "http://a/",
            "quarterdeck://u@h/",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert_eq!(parse(&["quarterdeck://local/nodes"]).unwrap().link, Link::parse("quarterdeck://local/nodes"));
        assert!(parse(&["quarterdeck://local//evil"]).is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(parse(&["--path", "https://evil.example"]).is_err());
        assert!(parse(&["--path"]).is_err());
        assert!(parse(&["--color"]).unwrap_err().contains("--color"));
    }
}
