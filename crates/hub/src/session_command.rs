//! `quarterdeck-hub session`: a shell, a command or a forwarded port from a terminal, and ssh's `ProxyCommand`, without the AWS CLI and
//! its plugin. Endpoint, certificate authority, region and credentials come from the variables and files the AWS tools use.
//!
//! Standard output carries the session's bytes and nothing else; what is said to the person goes to standard error.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use qd_client::chain::AwsChain;
use qd_client::forward::{Forward, ForwardCalls, ForwardStatus, Local, StartsSessions};
use qd_client::{Client, ClientOptions, Endpoint, OutputOf, Session, SessionEvent, SessionInput, SessionOptions};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// Bytes of standard input read at a time, and how many such pieces wait.
const INPUT: usize = 16 * 1024;
const PIECES: usize = 4;

#[derive(clap::Args)]
pub struct Arguments {
    /// The node, such as mi-0123456789abcdef0.
    #[arg(long)]
    target: String,
    /// The session document; without one, a shell.
    #[arg(long, value_name = "NAME")]
    document_name: Option<String>,
    /// The document's parameters, as name=value,name=value or as JSON.
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    parameters: Vec<String>,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
    /// Where to listen, for documents that forward a port: [ADDRESS:]PORT, or the path of a Unix socket.
    #[arg(long, value_name = "PLACE")]
    local: Option<String>,
    /// The hub's URL; without it, AWS itself.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    endpoint_url: Option<String>,
    /// The hub's certificate authority.
    #[arg(long, value_name = "FILE", env = "AWS_CA_BUNDLE")]
    ca_bundle: Option<std::path::PathBuf>,
    /// Region; without it, the profile's.
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,
    /// Profile of the shared files.
    #[arg(long)]
    profile: Option<String>,
}

/// Runs a session to its end. The exit code is the remote command's where the node told it.
#[tokio::main]
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let chain = AwsChain::load(arguments.profile.as_deref()).await?;
    let region = arguments.region.clone().or_else(|| chain.region().map(str::to_owned));
    let endpoint = match &arguments.endpoint_url {
        Some(url) => Endpoint::hub(url, region.as_deref().unwrap_or("local-1"))?,
        None => Endpoint::aws(region.as_deref().context("no region: give --region or set AWS_REGION")?)?,
    };
    let endpoint = match &arguments.ca_bundle {
        Some(file) => endpoint.with_ca(&std::fs::read(file).with_context(|| format!("reading {}", file.display()))?)?,
        None => endpoint,
    };
    let client = Client::new(endpoint.clone(), Arc::new(chain), ClientOptions::default())?;
    let parameters = parameters(&arguments.parameters)?;
    let mut input = json!({ "Target": arguments.target });
    if let Some(name) = &arguments.document_name {
        input["DocumentName"] = json!(name);
    }
    if let Some(reason) = &arguments.reason {
        input["Reason"] = json!(reason);
    }
    let forwards = arguments.local.is_some() || arguments.document_name.as_ref().is_some_and(|name| name.contains("PortForwarding"));
    let local = forwards.then(|| local(arguments.local.as_deref(), &parameters)).transpose()?;
    if !parameters.is_empty() {
        input["Parameters"] = Value::Object(parameters);
    }
    let calls = Arc::new(StartsSessions { client, input });
    match local {
        Some(local) => forward(endpoint, &local, calls).await,
        None => session(endpoint, calls).await,
    }
}

/// `portNumber=22,host=db`, several such words, or JSON; values as the API wants them, in lists.
fn parameters(words: &[String]) -> anyhow::Result<Map<String, Value>> {
    let mut found = Map::new();
    for word in words {
        if word.trim_start().starts_with('{') {
            let object: Map<String, Value> = serde_json::from_str(word).context("--parameters is not a JSON object")?;
            for (name, value) in object {
                found.insert(name, if value.is_array() { value } else { json!([value]) });
            }
            continue;
        }
        for pair in word.split(',').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| anyhow!("--parameters: {pair:?} is not name=value; write JSON for values with commas"))?;
            let value = value.trim_start_matches('[').trim_end_matches(']').trim_matches('"');
            found.insert(name.trim().to_owned(), json!([value]));
        }
    }
    Ok(found)
}

/// Where to listen: as asked for, or as the document's parameters say.
fn local(asked: Option<&str>, parameters: &Map<String, Value>) -> anyhow::Result<Local> {
    let parameter = |name: &str| parameters.get(name).and_then(|list| list.get(0)).and_then(Value::as_str).map(str::to_owned);
    let place = asked.map(str::to_owned).or_else(|| parameter("localUnixSocket")).or_else(|| parameter("localPortNumber"));
    let place = place.unwrap_or_else(|| "0".to_owned());
    if place.contains(['/', '\\']) {
        return Ok(Local::Unix(place.into()));
    }
    let (address, port) = place.rsplit_once(':').unwrap_or(("127.0.0.1", &place));
    let address: IpAddr = match address.trim_matches(['[', ']']) {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        other => other.parse().with_context(|| format!("{other} is not an address"))?,
    };
    Ok(Local::Tcp(address, port.parse().with_context(|| format!("{port} is not a port"))?))
}

async fn forward(endpoint: Endpoint, local: &Local, calls: Arc<dyn ForwardCalls>) -> anyhow::Result<ExitCode> {
    let forward = Forward::open(endpoint, local, calls).await.context("listening")?;
    eprintln!("Listening on {}. Ctrl-C ends it.", forward.local());
    let mut status = forward.status();
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            _ = &mut interrupted => break,
            changed = status.changed() => changed?,
        }
        match &*status.borrow_and_update() {
            ForwardStatus::Open { session_id } => eprintln!("Session {session_id} is open."),
            ForwardStatus::Reconnecting { reason, .. } => eprintln!("Reconnecting: {reason}"),
            ForwardStatus::Waiting { reason } => eprintln!("No session: {reason}. The next connection starts one."),
            ForwardStatus::Starting => {}
        }
    }
    forward.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn session(endpoint: Endpoint, calls: Arc<StartsSessions>) -> anyhow::Result<ExitCode> {
    let start = calls.start().await?;
    let (cols, rows) = terminal::size().unwrap_or((80, 24));
    let options = SessionOptions { cols, rows, ..SessionOptions::default() };
    let mut session = Session::connect(&endpoint, start, options, calls).await?;
    let input = session.sender();
    let raw = terminal::Raw::enter();
    let (typed, keys) = mpsc::channel(PIECES);
    std::thread::spawn(move || read_input(&typed));
    let mut typing = None;
    let mut keys = Some(keys);
    let mut resized = terminal::Resizes::new()?;
    let outcome = loop {
        let event = tokio::select! {
            event = session.next() => event,
            () = resized.next() => {
                if let Some((cols, rows)) = terminal::size() {
                    session.resize(cols, rows);
                }
                continue;
            }
        };
        match event {
            Some(SessionEvent::Ready { session_type, .. }) => {
                if let Some(keys) = keys.take() {
                    typing = Some(tokio::spawn(send_input(input.clone(), keys, session_type == "Port")));
                }
            }
            Some(SessionEvent::Output { stream: OutputOf::Standard, bytes }) => show(&mut std::io::stdout(), &bytes)?,
            Some(SessionEvent::Output { stream: OutputOf::Error, bytes }) => show(&mut std::io::stderr(), &bytes)?,
            Some(SessionEvent::Notice(text)) => eprintln!("{text}\r"),
            Some(SessionEvent::Reconnecting { attempt: 1, reason }) => eprintln!("\r\nReconnecting: {reason}\r"),
            Some(SessionEvent::Closed { reason, exit_code }) => break (reason, exit_code),
            Some(_) => {}
            None => break (String::new(), None),
        }
    };
    drop(raw);
    if let Some(typing) = typing {
        typing.abort();
    }
    let (reason, exit_code) = outcome;
    if !reason.is_empty() {
        eprintln!("{reason}");
    }
    let failed = exit_code.is_none() && !reason.is_empty();
    let code = exit_code.unwrap_or(i32::from(failed));
    Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1)))
}

fn show(to: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    if to.write_all(bytes).and_then(|()| to.flush()).is_err() {
        bail!("nobody reads the output any more");
    }
    Ok(())
}

/// A thread of its own, because a read of standard input cannot be taken back.
fn read_input(typed: &mpsc::Sender<Bytes>) {
    let mut buffer = [0; INPUT];
    while let Ok(count @ 1..) = std::io::stdin().read(&mut buffer) {
        if typed.blocking_send(Bytes::copy_from_slice(&buffer[..count])).is_err() {
            return;
        }
    }
}

/// Sends what is typed. The end of it ends a port's session, since ssh closes it when it is done, and is Ctrl-D to a terminal.
async fn send_input(input: SessionInput, mut keys: mpsc::Receiver<Bytes>, port: bool) {
    while let Some(bytes) = keys.recv().await {
        if input.input(bytes).await.is_err() {
            return;
        }
    }
    if port {
        if let Err(error) = input.terminate().await {
            eprintln!("the session could not be ended: {error}");
        }
    } else {
        let _ = input.input(Bytes::from_static(b"\x04")).await;
    }
}

/// The person's own terminal, if there is one.
#[cfg(unix)]
mod terminal {
    use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
    use std::io::stdin;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Columns and rows.
    pub fn size() -> Option<(u16, u16)> {
        let size = tcgetwinsize(stdin()).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }

    /// Keys go through as they are, until this is dropped.
    pub struct Raw(Option<Termios>);

    impl Raw {
        pub fn enter() -> Self {
            let before = if isatty(stdin()) { tcgetattr(stdin()).ok() } else { None };
            if let Some(before) = &before {
                let mut raw = before.clone();
                raw.make_raw();
                let _ = tcsetattr(stdin(), OptionalActions::Now, &raw);
            }
            Self(before)
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                let _ = tcsetattr(stdin(), OptionalActions::Now, before);
            }
        }
    }

    /// Rings when the terminal's size changes.
    pub struct Resizes(Signal);

    impl Resizes {
        pub fn new() -> std::io::Result<Self> {
            signal(SignalKind::window_change()).map(Self)
        }

        pub async fn next(&mut self) {
            if self.0.recv().await.is_none() {
                std::future::pending().await
            }
        }
    }
}

/// Elsewhere lines are sent as they are typed; the console of the desktop app has a whole terminal.
#[cfg(not(unix))]
mod terminal {
    pub fn size() -> Option<(u16, u16)> {
        None
    }

    pub struct Raw;

    impl Raw {
        pub fn enter() -> Self {
            Self
        }
    }

    pub struct Resizes;

    impl Resizes {
        pub fn new() -> std::io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_for_the_aws_cli() {
        let words = |words: &[&str]| parameters(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).map(Value::Object);
        assert_eq!(words(&["portNumber=22,host=db"]).unwrap(), json!({"portNumber": ["22"], "host": ["db"]}));
        assert_eq!(words(&["portNumber=[\"22\"]", "host=db"]).unwrap(), json!({"portNumber": ["22"], "host": ["db"]}));
        assert_eq!(words(&[r#"{"command": ["a,b"], "x": "y"}"#]).unwrap(), json!({"command": ["a,b"], "x": ["y"]}));
        assert!(words(&["22"]).is_err() && words(&["{"]).is_err());
    }

    #[test]
    fn places_to_listen() {
        let none = Map::new();
        let port = parameters(&["localPortNumber=5432".to_owned()]).unwrap();
        assert_eq!(local(None, &port).unwrap(), Local::Tcp("127.0.0.1".parse().unwrap(), 5432));
        assert_eq!(local(Some("[::1]:80"), &port).unwrap(), Local::Tcp("::1".parse().unwrap(), 80));
        assert_eq!(local(Some("localhost:80"), &none).unwrap(), Local::Tcp("127.0.0.1".parse().unwrap(), 80));
        assert_eq!(local(Some("/run/x.sock"), &none).unwrap(), Local::Unix("/run/x.sock".into()));
        assert_eq!(local(None, &none).unwrap(), Local::Tcp("127.0.0.1".parse().unwrap(), 0));
        assert!(local(Some("x:1"), &none).is_err() && local(Some("99999"), &none).is_err());
    }
}
