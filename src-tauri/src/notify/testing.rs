//! A session bus of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use zbus::Connection;

/// Ends with the test.
pub struct PrivateBus {
    daemon: Child,
    address: String,
}

impl PrivateBus {
    /// None on a machine without `dbus-daemon`, which then has no desktop to test on either.
    pub fn start() -> Option<Self> {
        let started = Command::new("dbus-daemon").args(["--session", "--nofork", "--print-address=1"]).stdout(Stdio::piped()).spawn();
        let Ok(mut daemon) = started else {
            eprintln!("dbus-daemon is missing; nothing was tested");
            return None;
        };
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { daemon, address: address.trim().to_owned() })
    }

    pub async fn connect(&self) -> Connection {
        zbus::connection::Builder::address(self.address.as_str()).build().await.unwrap()
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
