//! Sessions whole: our client, a real hub, a real agent, real shells and ports.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use qd_client::forward::{Forward, ForwardCalls, Local, StartsSessions};
use qd_client::{Endpoint, OutputOf, Session, SessionEvent, SessionOptions};
use qd_tests::{Engine, TestAgent, TestHub, block_on, program};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn endpoint(hub: &TestHub) -> Endpoint {
    let ca = std::fs::read(hub.ca_file()).expect("the CA");
    Endpoint::hub(hub.url(), "local-1").and_then(|endpoint| endpoint.with_ca(&ca)).expect("an endpoint")
}

fn calls(hub: &TestHub, agent: &TestAgent, document: &str, parameters: Value) -> Arc<StartsSessions> {
    let mut input = json!({ "Target": agent.instance_id });
    if !document.is_empty() {
        input["DocumentName"] = json!(document);
        input["Parameters"] = parameters;
    }
    Arc::new(StartsSessions { client: hub.console(), input })
}

/// A person in a session.
struct Person {
    session: Session,
    screen: Vec<u8>,
    errors: Vec<u8>,
    reconnected: usize,
    closed: Option<(String, Option<i32>)>,
}

impl Person {
    async fn open(hub: &TestHub, agent: &TestAgent, document: &str, parameters: Value, size: (u16, u16)) -> Self {
        let calls = calls(hub, agent, document, parameters);
        let start = calls.start().await.expect("StartSession");
        let options = SessionOptions { cols: size.0, rows: size.1, ..SessionOptions::default() };
        let session = Session::connect(&endpoint(hub), start, options, calls).await.expect("a session");
        Self { session, screen: Vec::new(), errors: Vec::new(), reconnected: 0, closed: None }
    }

    async fn types(&self, text: &str) {
        self.session.input(Bytes::from(text.to_owned())).await.expect("the session is open");
    }

    async fn sees(&mut self, text: &str) {
        let mut looked_at = 0;
        loop {
            if self.screen[looked_at..].windows(text.len()).any(|window| window == text.as_bytes()) {
                return;
            }
            looked_at = self.screen.len().saturating_sub(text.len());
            assert!(self.step().await, "the session ended before {text:?}: {:?}; {:?}", self.closed, String::from_utf8_lossy(&self.screen));
        }
    }

    async fn end(&mut self) -> (String, Option<i32>) {
        while self.step().await {}
        self.closed.clone().expect("an end")
    }

    async fn step(&mut self) -> bool {
        let next = tokio::time::timeout(PATIENCE, self.session.next()).await;
        match next.unwrap_or_else(|_| panic!("nothing happens; the screen is {:?}", String::from_utf8_lossy(&self.screen))) {
            Some(SessionEvent::Output { stream: OutputOf::Standard, bytes }) => self.screen.extend_from_slice(&bytes),
            Some(SessionEvent::Output { stream: OutputOf::Error, bytes }) => self.errors.extend_from_slice(&bytes),
            Some(SessionEvent::Reconnected) => self.reconnected += 1,
            Some(SessionEvent::Closed { reason, exit_code }) => self.closed = Some((reason, exit_code)),
            Some(_) => {}
            None => return false,
        }
        true
    }
}

#[test]
fn a_shell_through_the_hub() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    block_on(async {
        let mut person = Person::open(&hub, &agent, "", Value::Null, (300, 100)).await;
        person.types("PS1='$ '; stty size | tr ' ' x\r").await;
        person.sees("100x300\r\n").await;
        person.session.resize(77, 11);
        person.types("until stty size | grep -q '11 77'; do sleep 0.05; done; stty size | tr ' ' x\r").await;
        person.sees("11x77\r\n").await;
        person.types("yes flood\r").await;
        person.sees("flood\r\nflood").await;
        person.types("\x03").await;
        person.types("echo s''topped\r").await;
        person.sees("stopped\r\n").await;
        // The hub goes away and comes back; the session goes on.
        hub.kill();
        hub.run();
        person.types("echo s''till here\r").await;
        person.sees("still here\r\n").await;
        assert!(person.reconnected > 0);
        person.types("stty -onlcr; seq 1 1400000; echo e''nd\r").await;
        person.sees("end\n").await;
        let text = String::from_utf8_lossy(&person.screen).into_owned();
        let numbers = text.split_once("1\n2\n").expect("the first numbers").1;
        let mut expected = 3;
        for line in numbers.lines().take_while(|line| *line != "end") {
            assert_eq!(line, expected.to_string());
            expected += 1;
        }
        assert_eq!(expected, 1_400_001);
        person.types("exit 7\r").await;
        assert_eq!(person.end().await.1, Some(7));
    });
}

#[test]
fn commands_through_the_hub() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    block_on(async {
        let parameters = json!({ "command": ["sh -c 'echo out; echo err >&2; exit 5'"], "separateOutputStream": ["true"] });
        let mut person = Person::open(&hub, &agent, "AWS-StartNonInteractiveCommand", parameters, (80, 24)).await;
        assert_eq!(person.end().await.1, Some(5));
        assert_eq!((person.screen.as_slice(), person.errors.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        let parameters = json!({ "command": ["echo hello; read x; echo got $x"] });
        let mut person = Person::open(&hub, &agent, "AWS-StartInteractiveCommand", parameters, (80, 24)).await;
        person.sees("hello\r\n").await;
        person.types("there\r").await;
        person.sees("got there\r\n").await;
        assert_eq!(person.end().await.1, Some(0));
    });
}

/// A service that gives back what it gets.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut from, mut to) = (stream.try_clone().expect("a descriptor"), stream);
                std::io::copy(&mut from, &mut to)
            });
        }
    });
    port
}

#[test]
fn a_port_through_the_hub_stays_open_while_the_hub_is_replaced() {
    let mut hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let port = echo();
    block_on(async {
        let calls = calls(&hub, &agent, "AWS-StartPortForwardingSession", json!({ "portNumber": [port.to_string()] }));
        let forward = Forward::open(endpoint(&hub), &Local::Tcp("127.0.0.1".parse().expect("an address"), 0), calls).await.expect("a port");
        let there_and_back = |length: usize, address: String| {
            tokio::task::spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).expect("the port is open");
                let sent: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).expect("small")).collect();
                let (mut writer, bytes) = (stream.try_clone().expect("a descriptor"), sent.clone());
                let writing = std::thread::spawn(move || writer.write_all(&bytes));
                let mut got = vec![0; length];
                stream.read_exact(&mut got).expect("all of it");
                writing.join().expect("a thread").expect("written");
                assert!(got == sent, "other bytes came back");
            })
        };
        let first: Vec<_> = (0..8).map(|_| there_and_back(400_000, forward.local().to_owned())).collect();
        for one in first {
            one.await.expect("whole");
        }
        hub.kill();
        hub.run();
        there_and_back(100_000, forward.local().to_owned()).await.expect("whole");
        forward.close().await;
    });
}

#[test]
fn the_command_carries_bytes_for_ssh_and_nothing_else() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let port = echo();
    let mut child = Command::new(program("quarterdeck-hub"))
        .args(["session", "--target", &agent.instance_id, "--document-name", "AWS-StartSSHSession"])
        .args(["--parameters", &format!("portNumber={port}")])
        .env("AWS_ENDPOINT_URL", hub.url())
        .env("AWS_CA_BUNDLE", hub.ca_file())
        .env("AWS_REGION", "local-1")
        .env("AWS_SHARED_CREDENTIALS_FILE", hub.data_dir().join("credentials"))
        .env_remove("AWS_ACCESS_KEY_ID")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let sent: Vec<u8> = (0..1_000_000).map(|n| u8::try_from(n % 253).expect("small")).collect();
    let (mut stdin, bytes) = (child.stdin.take().expect("piped"), sent.clone());
    let writing = std::thread::spawn(move || {
        stdin.write_all(&bytes).expect("it reads");
        stdin
    });
    let mut got = vec![0; sent.len()];
    child.stdout.as_mut().expect("piped").read_exact(&mut got).expect("all of it");
    assert!(got == sent, "other bytes came back");
    // ssh closes its end when it is done.
    drop(writing.join().expect("a thread"));
    let mut rest = Vec::new();
    child.stdout.take().expect("piped").read_to_end(&mut rest).expect("an end");
    assert!(rest.is_empty());
    child.wait().expect("it ends");
}
