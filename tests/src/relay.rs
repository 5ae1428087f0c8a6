//! What stands before several hubs: a TCP relay that passes TLS through, as docs/scale-out.md asks for, so that agents with one URL find whichever
//! hub is there.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::TestHub;

/// A relay on a free port of this machine; it leads new connections to one hub at a time. Its threads end with the test's process.
pub struct Relay {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
}

fn address(hub: &TestHub) -> SocketAddr {
    hub.url().trim_start_matches("https://").parse().expect("a hub's URL is an address")
}

impl Relay {
    /// A relay that leads to `hub`.
    pub fn to(hub: &TestHub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("an address");
        let target = Arc::new(Mutex::new(address(hub)));
        let current = target.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let target = *current.lock().unwrap_or_else(PoisonError::into_inner);
                // A hub that is gone is a connection that ends at once.
                if let Ok(server) = TcpStream::connect(target) {
                    pass(&client, &server);
                    pass(&server, &client);
                }
            }
        });
        Self { address: own, target }
    }

    /// Leads connections that are opened from now on to `hub`; those that are open stay where they are.
    pub fn lead_to(&self, hub: &TestHub) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = address(hub);
    }

    /// `https://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

/// Copies one direction until it ends, and then ends both.
fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("a descriptor"), to.try_clone().expect("a descriptor"));
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
