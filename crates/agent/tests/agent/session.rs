//! Sessions of a real agent program with the real client, over real websockets: shells, commands, floods, lost sockets.

use crate::channel::{Running, register};
use crate::hub::Hub;
use crate::life::wait;
use bytes::Bytes;
use qd_client::credentials::BoxFuture;
use qd_client::{CallError, Endpoint, OutputOf, Session, SessionCalls, SessionEvent, SessionOptions, SessionStart};
use qd_wire::agent_message::{AgentMessage, MessageType};
use qd_wire::payload::agent_job_reply::DocumentStatus;
use qd_wire::payload::{AgentTaskComplete, ChannelClosed, InteractiveShell, Payload};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

/// A node with its agent, and a person in front of a terminal.
pub struct Place {
    pub hub: Arc<Hub>,
    _agent: Running,
    pub dir: tempfile::TempDir,
    pub runtime: tokio::runtime::Runtime,
}

/// The calls a session makes: the relay takes any token.
struct Calls {
    hub: String,
    resumed: AtomicUsize,
}

impl SessionCalls for Calls {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>> {
        self.resumed.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(Some(start_of(&self.hub, session_id))) })
    }

    fn terminate<'a>(&'a self, _session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Ok(()) })
    }
}

pub fn start_of(hub: &str, session_id: &str) -> SessionStart {
    let url = format!("{}/v1/data-channel/{session_id}", hub.replace("http", "ws"));
    SessionStart { session_id: session_id.into(), stream_url: url, token_value: "token".into() }
}

impl Place {
    pub fn new() -> Self {
        let (hub, dir) = (Arc::new(Hub::start()), tempfile::tempdir().unwrap());
        assert!(register(&hub, dir.path()).status.success());
        // No user is made on the machine that runs the tests.
        std::fs::write(dir.path().join("agent.json"), r#"{"SessionUser":""}"#).unwrap();
        let mut command = crate::channel::program(&["run"], dir.path());
        command.env("AWS_SECRET_ACCESS_KEY", "the-agents-own").env("QUARTERDECK_X", "1");
        let agent = Running::of(command);
        hub.wait(|seen| (!seen.opened.is_empty()).then_some(()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { hub, _agent: agent, dir, runtime }
    }

    pub fn order(&self, session_id: &str, document: Value) {
        let content = json!({"DocumentName": "D", "DocumentContent": document, "SessionId": session_id, "Parameters": {}, "RunAsUser": ""});
        let order = InteractiveShell { content: content.to_string(), task_id: session_id.into(), topic: "t".into(), schema_version: 1 };
        self.hub.to_agent.send(Some(AgentMessage::carrying(&order, Uuid::new_v4(), 1))).unwrap();
    }

    pub fn open(&self, document: Value, options: SessionOptions) -> Person<'_> {
        let session_id = format!("u-{}", Uuid::new_v4().simple());
        self.order(&session_id, document);
        let endpoint = Endpoint::hub(&self.hub.url, "local-1").unwrap();
        let calls = Arc::new(Calls { hub: self.hub.url.clone(), resumed: AtomicUsize::new(0) });
        let start = start_of(&self.hub.url, &session_id);
        let session = self.runtime.block_on(Session::connect(&endpoint, start, options, calls.clone())).unwrap();
        Person { place: self, session, session_id, calls, screen: Vec::new(), errors: Vec::new(), events: Vec::new() }
    }

    pub fn complete(&self, session_id: &str) -> AgentTaskComplete {
        self.hub.wait(|seen| {
            let ends = seen.messages.iter().filter(|message| message.message_type == MessageType::AgentTaskComplete);
            ends.map(|message| AgentTaskComplete::decode(&message.payload).unwrap()).find(|end| end.task_id == session_id)
        })
    }
}

pub struct Person<'a> {
    place: &'a Place,
    pub session: Session,
    pub session_id: String,
    calls: Arc<Calls>,
    pub screen: Vec<u8>,
    errors: Vec<u8>,
    events: Vec<SessionEvent>,
}

impl Person<'_> {
    pub fn types(&self, text: &str) {
        self.place.runtime.block_on(self.session.input(Bytes::from(text.to_owned()))).unwrap();
    }

    /// Looks until `done` says so, or the session is over.
    pub fn look(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            let next = self.place.runtime.block_on(async { tokio::time::timeout(left, self.session.next()).await });
            match next {
                Ok(Some(SessionEvent::Output { stream: OutputOf::Standard, bytes })) => self.screen.extend_from_slice(&bytes),
                Ok(Some(SessionEvent::Output { stream: OutputOf::Error, bytes })) => self.errors.extend_from_slice(&bytes),
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => return,
                Err(_) => panic!("waited in vain; {:?}; the screen ends with {:?}", self.events, self.text(600)),
            }
        }
    }

    fn sees(&mut self, text: &str) {
        let mut looked_at = 0;
        self.look(|person| {
            let found = person.screen[looked_at..].windows(text.len()).any(|window| window == text.as_bytes());
            looked_at = person.screen.len().saturating_sub(text.len());
            found
        });
        assert!(self.contains(text), "the session ended before {text:?}: {:?}; {:?}", self.events, self.text(600));
    }

    fn contains(&self, text: &str) -> bool {
        self.screen.windows(text.len()).any(|window| window == text.as_bytes())
    }

    fn text(&self, last: usize) -> String {
        String::from_utf8_lossy(&self.screen[self.screen.len().saturating_sub(last)..]).into_owned()
    }

    pub fn end(&mut self) -> (String, Option<i32>) {
        self.look(|_| false);
        match self.events.last() {
            Some(SessionEvent::Closed { reason, exit_code }) => (reason.clone(), *exit_code),
            other => panic!("{other:?}"),
        }
    }
}

fn shell() -> Value {
    json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"shellProfile": {"linux": "PS1='$ '"}}})
}

fn command(kind: &str, line: &str) -> Value {
    let own = json!({"commands": line, "separateOutputStream": true});
    json!({"schemaVersion": "1.0", "sessionType": kind, "properties": {"linux": own.clone(), "macos": own}})
}

pub fn sized(cols: u16, rows: u16) -> SessionOptions {
    SessionOptions { cols, rows, ..SessionOptions::default() }
}

/// As a stock client: no offer, no size before the handshake is over.
pub fn stock() -> SessionOptions {
    SessionOptions { fast: false, ..SessionOptions::default() }
}

#[test]
fn a_shell_is_a_login_of_its_user_and_knows_nothing_of_the_agents() {
    let place = Place::new();
    for options in [sized(300, 100), stock(), sized(1, 1)] {
        let mut person = place.open(shell(), options);
        let (rows, cols) = if options.cols == 80 { (24, 80) } else { (options.rows, options.cols) };
        person.types("stty size | tr ' ' x; echo s=$0 t=$TERM h=$HOME k=[$AWS_SECRET_ACCESS_KEY$QUARTERDECK_X] d=$PWD. | tr -d '\\r'\r");
        person.sees(&format!("{rows}x{cols}\r\n"));
        if options.cols > 1 {
            person.sees("k=[]");
            person.sees("t=xterm-256color");
            let home = std::env::var("HOME").unwrap();
            person.sees(&format!("h={home} "));
            person.sees("s=-");
        }
        person.session.resize(77, 11);
        person.types("until stty size | grep -q '11 77'; do sleep 0.05; done; stty size | tr ' ' x\r");
        person.sees("11x77\r\n");
        person.types("exit 3\r");
        let (_, code) = person.end();
        assert_eq!(code, (options.fast).then_some(3), "a stock client would show it as text");
        assert_eq!(place.complete(&person.session_id).final_task_status, DocumentStatus::Success);
    }
}

#[test]
fn a_flood_is_held_up_and_ends_at_ctrl_c() {
    let place = Place::new();
    let mut person = place.open(shell(), sized(80, 24));
    person.sees("$ ");
    person.types("yes flood\r");
    person.sees("flood\r\nflood");
    let before = place.hub.relay.counts.lock().unwrap().get(&true).copied().unwrap_or_default();
    // Nobody looks.
    std::thread::sleep(Duration::from_millis(700));
    let between = place.hub.relay.counts.lock().unwrap().get(&true).copied().unwrap_or_default();
    std::thread::sleep(Duration::from_millis(700));
    let after = place.hub.relay.counts.lock().unwrap().get(&true).copied().unwrap_or_default();
    assert!(after - between < 10, "it goes on although nobody looks: {before}, {between}, {after}");
    person.types("\x03");
    person.screen.clear();
    person.types("echo d''one\r");
    person.sees("done\r\n");
    assert!(person.screen.len() < 4 << 20, "{} bytes came after Ctrl-C", person.screen.len());
}

#[test]
fn ten_megabytes_and_a_paste_arrive_whole_over_cut_sockets() {
    let place = Place::new();
    let mut person = place.open(shell(), sized(80, 24));
    person.sees("$ ");
    person.types("stty -onlcr; seq 1 1400000; echo e''nd\r");
    let cuts = [2_000_000, 5_000_000, 8_000_000];
    for at in cuts {
        person.look(|person| person.screen.len() > at);
        place.hub.relay.cut();
    }
    person.sees("end\n");
    let text = String::from_utf8(std::mem::take(&mut person.screen)).unwrap();
    let numbers = text.split_once("1\n2\n").unwrap().1;
    let mut expected = 3;
    for line in numbers.lines() {
        if line == "end" {
            break;
        }
        assert_eq!(line, expected.to_string());
        expected += 1;
    }
    assert_eq!(expected, 1_400_001);
    assert!(person.calls.resumed.load(Ordering::SeqCst) >= 3);
    assert!(person.events.contains(&SessionEvent::Reconnected), "{:?}", person.events);
    // And the other way: ten thousand lines, counted by what reads them.
    let file = place.dir.path().join("pasted");
    person.types(&format!("stty -echo; echo g''o; cat > {}; stty echo; echo p''asted\r", file.display()));
    // The line editor takes keys in its own way; what is pasted is for the program.
    person.sees("go\n");
    let lines: String = (0..10_000).map(|line| format!("line {line} of a long paste\r")).collect();
    // In pieces and while the screen is looked at, as a terminal does.
    let (input, pasted) = (person.session.sender(), Bytes::from(lines.clone() + "\x04"));
    place.runtime.spawn(async move { input.input(pasted).await });
    person.sees("pasted\n");
    let pasted = std::fs::read_to_string(file).unwrap();
    assert_eq!(pasted, lines.replace('\r', "\n"));
}

#[test]
fn any_byte_goes_through_and_a_flood_of_them_harms_nothing() {
    let place = Place::new();
    let mut person = place.open(shell(), sized(80, 24));
    person.sees("$ ");
    person.types("stty raw -echo; head -c 3000000 /dev/urandom; echo; echo b''ytes\r");
    person.sees("bytes");
    assert!(person.screen.len() >= 3_000_000);
    person.types("exit\r");
    person.end();
}

#[test]
fn interactive_commands_end_with_the_command() {
    let place = Place::new();
    let mut person = place.open(command("InteractiveCommands", "echo hello; read x; echo got $x; exit 7"), sized(80, 24));
    person.sees("hello\r\n");
    person.types("there\r");
    person.sees("got there");
    assert_eq!(person.end().1, Some(7));
}

#[test]
fn a_command_without_a_terminal_has_two_streams_and_a_code() {
    let place = Place::new();
    for options in [sized(80, 24), stock()] {
        let mut person = place.open(command("NonInteractiveCommands", "sh -c 'echo out; echo err >&2; exit 5'"), options);
        assert_eq!(person.end().1, Some(5));
        assert_eq!((person.screen.as_slice(), person.errors.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    }
    let mut person = place.open(command("NonInteractiveCommands", "no-such-program-here x"), sized(80, 24));
    assert_eq!(person.end().1, Some(1));
    assert!(String::from_utf8_lossy(&person.errors).contains("no-such-program-here"));
    let mut person = place.open(command("NonInteractiveCommands", "sh -c 'echo ready; sleep 600'"), sized(80, 24));
    person.look(|person| person.contains("ready"));
    person.types("\x03");
    assert_eq!(person.end().1, Some(130));
}

#[test]
fn what_keeps_a_session_from_starting_is_told() {
    let place = Place::new();
    for (id, document, word) in [
        ("s-1", json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"runAsEnabled": []}}), "runAsEnabled"),
        ("s-2", json!("nonsense"), "DocumentContent"),
        ("s-3", json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"kmsKeyId": "k"}}), "KMS"),
    ] {
        place.order(id, document);
        let end = place.complete(id);
        assert_eq!(end.final_task_status, DocumentStatus::Failed);
        assert!(end.output.contains(word), "{}", end.output);
    }
    let named = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream",
        "inputs": {"runAsEnabled": true, "runAsDefaultUser": "no-such-user-here"}});
    place.order("s-4", named);
    assert!(place.complete("s-4").output.contains("no-such-user-here"));
}

#[test]
fn the_hubs_end_of_a_session_ends_everything_in_it_but_what_was_to_stay() {
    let place = Place::new();
    let mut person = place.open(shell(), sized(80, 24));
    let mark = format!("qd-{}", Uuid::new_v4().simple());
    person.sees("$ ");
    let go = place.dir.path().join("go");
    let waits = format!("while [ ! -e {} ]; do sleep 0.1; done", go.display());
    person.types(&format!("sh -c '{waits}; : {mark}-a' & nohup sh -c '{waits}; : {mark}-b' >/dev/null 2>&1 & echo s''tarted\r"));
    person.sees("started");
    let running = |mark: &str| {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.map(|entry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
        lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
    };
    if cfg!(target_os = "linux") {
        assert!(running(&format!("{mark}-a")) > 0);
    }
    let closed = ChannelClosed::new(Uuid::new_v4(), "mi-1", &person.session_id, 1);
    place.hub.to_agent.send(Some(AgentMessage::carrying(&closed, Uuid::new_v4(), 1))).unwrap();
    assert_eq!(place.complete(&person.session_id).final_task_status, DocumentStatus::Success);
    if cfg!(target_os = "linux") {
        wait(|| (running(&format!("{mark}-a")) == 0).then_some(()));
        assert!(running(&format!("{mark}-b")) > 0, "what ignores the hang-up was to stay");
    }
    std::fs::write(go, "").unwrap();
    wait(|| (running(&mark) == 0).then_some(()));
}
