//! Background tasks. Each is idempotent, takes no input, and runs on a signal and on a timer, so that a crash at any point only means that
//! the next run does what is left (house habit 1).

mod dispatch_commands;
mod flush_heartbeats;
mod hub_presence;
mod resend_jobs;
mod retention;
mod sessions;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::hub::Shared;

/// Topic on which hubs tell each other that commands were added or changed by hand.
pub const COMMANDS: &str = "commands";
/// Topic on which a hub says that it released invocations for nodes of other hubs.
pub const RELEASED: &str = "released";

/// Starts every task; they end when the hub shuts down.
pub fn start(shared: &Arc<Shared>) {
    // The one list of tasks.
    tokio::spawn(dispatch_commands::run(shared.clone()));
    tokio::spawn(resend_jobs::run(shared.clone()));
    tokio::spawn(hub_presence::run(shared.clone()));
    tokio::spawn(retention::run(shared.clone()));
    tokio::spawn(sessions::run(shared.clone()));
    tokio::spawn(flush_heartbeats::run(shared.clone()));
}

/// Signals from requests and channels to the tasks of this hub.
#[derive(Default)]
pub struct Wakers {
    commands: Mutex<HashSet<String>>,
    signal: Notify,
}

impl Wakers {
    /// Asks the dispatcher to look at a command. Many askings before it looks are one.
    pub fn command(&self, command_id: &str) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).insert(command_id.to_owned());
        self.signal.notify_one();
    }

    /// Waits until there is something to look at and takes all of it.
    async fn commands(&self) -> Vec<String> {
        loop {
            let taken: Vec<String> = self.commands.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            if !taken.is_empty() {
                return taken;
            }
            self.signal.notified().await;
        }
    }
}
