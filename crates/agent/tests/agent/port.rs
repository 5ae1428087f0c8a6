//! Ports through a real agent and the real client: many connections, slow ones, closed ports, lost sockets, one stream.

use crate::hub::Hub;
use crate::life::wait;
use crate::session::{Place, sized, start_of, stock};
use qd_client::credentials::BoxFuture;
use qd_client::forward::{Forward, ForwardCalls, ForwardStatus, Local};
use qd_client::{CallError, Endpoint, SessionCalls, SessionStart};
use qd_wire::agent_message::AgentMessage;
use qd_wire::payload::InteractiveShell;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

struct Calls {
    hub: Arc<Hub>,
    document: Value,
}

impl SessionCalls for Calls {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, CallError>> {
        Box::pin(async move { Ok(Some(start_of(&self.hub.url, session_id))) })
    }

    fn terminate<'a>(&'a self, _session_id: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Ok(()) })
    }
}

impl ForwardCalls for Calls {
    fn start(&self) -> BoxFuture<'_, Result<SessionStart, CallError>> {
        let session_id = format!("p-{}", Uuid::new_v4().simple());
        let content = json!({"DocumentName": "D", "DocumentContent": self.document, "SessionId": session_id, "Parameters": {}});
        let order = InteractiveShell { content: content.to_string(), task_id: session_id.clone(), topic: "t".into(), schema_version: 1 };
        self.hub.to_agent.send(Some(AgentMessage::carrying(&order, Uuid::new_v4(), 1))).unwrap();
        Box::pin(async move { Ok(start_of(&self.hub.url, &session_id)) })
    }
}

fn document(properties: Value) -> Value {
    json!({"schemaVersion": "1.0", "sessionType": "Port", "properties": properties})
}

fn forwarding(port: u16) -> Value {
    document(json!({"portNumber": port.to_string(), "type": "LocalPortForwarding"}))
}

/// A service that gives back what it gets, in its own time: a connection whose first byte is `s` is never read further.
fn echo(place: &Place) -> u16 {
    let listener = place.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    place.runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let first = stream.read_u8().await.unwrap_or(b's');
                if first == b's' {
                    return std::future::pending::<()>().await;
                }
                let _ = stream.write_u8(first).await;
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    port
}

fn open(place: &Place, document: Value) -> Forward {
    let endpoint = Endpoint::hub(&place.hub.url, "local-1").unwrap();
    let calls = Arc::new(Calls { hub: place.hub.clone(), document });
    place.runtime.block_on(Forward::open(endpoint, &Local::Tcp("127.0.0.1".parse().unwrap(), 0), calls)).unwrap()
}

/// Sends bytes nobody else sends and takes them back.
async fn there_and_back(address: String, seed: u8, length: usize) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let sent: Vec<u8> = (0..length).map(|n| b'A' + (u8::try_from(n % 23).unwrap() ^ seed) % 26).collect();
    let expected = sent.clone();
    let writing = tokio::spawn(async move {
        to.write_all(&sent).await.unwrap();
        to
    });
    let mut got = vec![0; length];
    from.read_exact(&mut got).await.unwrap();
    assert!(got == expected, "other bytes came back on connection {seed}");
    drop(writing.await.unwrap());
}

#[test]
fn many_connections_go_side_by_side_and_a_slow_one_holds_up_no_other() {
    let place = Place::new();
    let port = echo(&place);
    let forward = open(&place, forwarding(port));
    let address = forward.local().to_owned();
    place.runtime.block_on(async {
        let mut slow = TcpStream::connect(&address).await.unwrap();
        let full = tokio::time::timeout(Duration::from_secs(2), async {
            loop {
                slow.write_all(&[b's'; 64 * 1024]).await.unwrap();
            }
        });
        assert!(full.await.is_err(), "a connection that nobody reads is held up");
        let all: Vec<_> = (0..24).map(|seed| tokio::spawn(there_and_back(address.clone(), seed, 200_000))).collect();
        for one in all {
            one.await.unwrap();
        }
    });
    let counters = forward.counters();
    assert_eq!(counters.opened.load(Ordering::SeqCst), 25);
    assert!(counters.received.load(Ordering::SeqCst) >= 24 * 200_000);
    wait(|| (counters.open.load(Ordering::SeqCst) == 1).then_some(()));
}

#[test]
fn a_transfer_survives_cut_sockets_and_the_port_stays_open() {
    let place = Place::new();
    let port = echo(&place);
    let forward = open(&place, forwarding(port));
    let address = forward.local().to_owned();
    let moving = place.runtime.spawn(there_and_back(address.clone(), 1, 12_000_000));
    for at in [1_000_000, 5_000_000] {
        wait(|| (forward.counters().received.load(Ordering::SeqCst) > at).then_some(()));
        place.hub.relay.cut();
    }
    place.runtime.block_on(moving).unwrap();
    place.runtime.block_on(there_and_back(address, 2, 1000));
    assert!(matches!(*forward.status().borrow(), ForwardStatus::Open { .. }));
}

#[test]
fn a_closed_port_closes_the_connection_and_nothing_else() {
    let place = Place::new();
    let gone = place.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap().local_addr().unwrap().port();
    let forward = open(&place, forwarding(gone));
    place.runtime.block_on(async {
        for _ in 0..2 {
            let mut stream = TcpStream::connect(forward.local()).await.unwrap();
            assert_eq!(stream.read(&mut [0; 10]).await.unwrap_or(0), 0);
        }
    });
    wait(|| (forward.counters().refused.load(Ordering::SeqCst) == 2).then_some(()));
}

#[test]
fn a_socket_of_the_node_is_reached_too() {
    let place = Place::new();
    let path = place.dir.path().join("service.sock");
    let listener = {
        let _inside = place.runtime.enter();
        tokio::net::UnixListener::bind(&path).unwrap()
    };
    place.runtime.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"hello from a socket").await.unwrap();
    });
    let forward = open(&place, document(json!({"unixSocket": path.to_str().unwrap(), "type": "LocalPortForwarding"})));
    let mut text = String::new();
    place.runtime.block_on(async {
        let mut stream = TcpStream::connect(forward.local()).await.unwrap();
        stream.read_to_string(&mut text).await.unwrap();
    });
    assert_eq!(text, "hello from a socket");
}

#[test]
fn one_stream_is_what_ssh_needs() {
    let place = Place::new();
    let port = echo(&place);
    for options in [sized(80, 24), stock()] {
        let mut person = place.open(document(json!({"portNumber": port.to_string()})), options);
        person.types("SSH-2.0-\n\x00\r\n");
        person.look(|person| person.screen.len() >= 12);
        assert_eq!(person.screen, b"SSH-2.0-\n\x00\r\n");
        drop(person);
    }
    let gone = place.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap().local_addr().unwrap().port();
    let mut person = place.open(document(json!({"portNumber": gone.to_string()})), sized(80, 24));
    person.end();
    let end = place.complete(&person.session_id);
    assert!(end.output.contains(&format!("port {gone}")), "{}", end.output);
}
