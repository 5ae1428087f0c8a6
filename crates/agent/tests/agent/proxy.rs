//! A node that reaches its hub through a proxy only.

use crate::channel::{Running, program, registration};
use crate::hub::Hub;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A proxy on the loopback that asks for a login. It leads everything to one place, as only the proxy knows the way there, and remembers
/// what it was asked for.
struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(hub: &Hub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, target) = (heads.clone(), hub.url.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (seen, target) = (seen.clone(), target.clone());
                std::thread::spawn(move || pass(client, &target, &seen));
            }
        });
        Self { address, heads }
    }

    /// First lines of requests.
    fn asked(&self) -> Vec<String> {
        self.heads.lock().unwrap().iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }
}

fn pass(mut client: TcpStream, target: &str, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    seen.lock().unwrap().push(text.clone());
    if !text.to_ascii_lowercase().contains("proxy-authorization: basic dtpw\r\n") {
        return client.write_all(b"HTTP/1.1 407 who\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok();
    }
    let mut hub = TcpStream::connect(target).ok()?;
    if text.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 ok\r\nvia: test\r\n\r\n").ok()?;
    } else {
        hub.write_all(&head).ok()?;
    }
    let (mut from, mut to) = (client.try_clone().ok()?, hub.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut hub, &mut client);
    client.shutdown(std::net::Shutdown::Both).ok()
}

fn with(mut command: Command, variables: &[(&str, &str)]) -> Command {
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

/// Where nobody listens: a node that does not ask the proxy gets nowhere.
const ELSEWHERE: &str = "http://127.0.0.1:9";

#[test]
fn calls_and_channel_go_through_the_proxy() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    let proxy = Proxy::to(&hub);
    let variable = format!("http://u:p@{}", proxy.address);
    let done = with(registration(ELSEWHERE, dir.path()), &[("http_proxy", &variable)]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut agent = Running::of(with(program(&["run"], dir.path()), &[("http_proxy", &variable)]));
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    assert!(proxy.asked().contains(&"CONNECT 127.0.0.1:9 HTTP/1.1".to_owned()), "{:?}", proxy.asked());
    agent.signal(rustix::process::Signal::TERM);
    let before = proxy.asked().len();
    // Hosts that are excepted are reached directly, the channel's too.
    let excepted = [("http_proxy", variable.as_str()), ("no_proxy", "127.0.0.1")];
    let _agent = Running::of(with(program(&["run", "--endpoint", &hub.url], dir.path()), &excepted));
    hub.wait(|seen| (seen.opened.len() == 2).then_some(()));
    assert_eq!(proxy.asked().len(), before);
}
