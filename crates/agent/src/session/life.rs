//! One session from its order to its end: the data channel, the agreement with the client, what the session is for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use qd_client::pipe::{Pipe, PipeEvent};
use qd_wire::data_channel::{Client, Event};
use qd_wire::payload::stream_data::PayloadType;
use qd_wire::payload::{SessionState, TerminalSize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::plan::{Kind, Plan};
use super::user::{self, User};
use super::{Ended, channel, command, port, shell};
use crate::agent::Agent;

/// How long a session waits for somebody to come.
const NOBODY: Duration = Duration::from_secs(600);
/// How long a client may think about the handshake (session-protocol 4.2), after the channel noticed its silence.
const SILENT: Duration = Duration::from_secs(12);
/// A stock client tells its terminal's size right after the handshake; a shell that starts before has none.
const SIZE: Duration = Duration::from_millis(400);
/// The size of a terminal that nobody told.
const DEFAULT_SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

/// A program to start.
pub struct Launch {
    pub program: std::path::PathBuf,
    /// What it is told that it is called; Windows has no such thing.
    #[cfg_attr(windows, allow(dead_code))]
    pub name: Option<String>,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub user: User,
}

/// A client that takes part, and what it sent before the session began.
pub struct Partner {
    pub client: Client,
    pub size: TerminalSize,
    pub typed: Vec<Bytes>,
    /// The client is one of ours: it can be told an exit code that a stock one would show as text.
    pub ours: bool,
}

/// Runs a session. Comes back when it is over and everything it started is gone.
pub async fn run(agent: &Arc<Agent>, plan: Plan, cancel: CancellationToken) -> Ended {
    let mut pipe = channel::open(agent, &plan);
    let ended = conduct(agent, &plan, &mut pipe, &cancel).await;
    // The hub gives a client its output before it hears of the end.
    let last = Some((plan.session_id.clone(), SessionState::Terminating));
    if !cancel.is_cancelled() && pipe.sender().close(last).await.is_ok() {
        while pipe.next().await.is_some() {}
    }
    ended
}

async fn conduct(agent: &Arc<Agent>, plan: &Plan, pipe: &mut Pipe, cancel: &CancellationToken) -> Ended {
    let (user, properties) = match &plan.kind {
        Kind::Port(port) => (None, port.properties.clone()),
        _ => match user::of(&plan.account, &agent.config).await {
            Ok(user) => (Some(user), Value::Null),
            Err(reason) => return Ended::failed(reason),
        },
    };
    if pipe.sender().begin(plan.session_type(), properties, 2).await.is_err() {
        return over(pipe).await;
    }
    let agreed = tokio::select! {
        agreed = agreement(plan, pipe) => agreed,
        () = cancel.cancelled() => Err(Ended::well()),
    };
    let partner = match agreed {
        Ok(partner) => partner,
        Err(ended) => return ended,
    };
    match (&plan.kind, user) {
        (Kind::Shell | Kind::Interactive { .. }, Some(user)) => shell::run(plan, user, pipe, partner, cancel).await,
        (Kind::Command { command, separate, prefixes }, Some(user)) => {
            command::run(command, (*separate, prefixes), user, pipe, partner, cancel).await
        }
        (Kind::Port(port), _) => port::run(port, pipe, partner, cancel).await,
        (_, None) => Ended::failed("the session has no user"),
    }
}

/// Why a channel is closed.
async fn over(pipe: &mut Pipe) -> Ended {
    while let Some(event) = pipe.next().await {
        match event {
            PipeEvent::Over(reason) => return Ended::failed(format!("the node has no connection for the session: {reason}")),
            PipeEvent::Channel(Event::Closed { .. }) => return Ended::well(),
            _ => {}
        }
    }
    Ended::well()
}

/// Waits until there is a client, and until it has said what it says first.
async fn agreement(plan: &Plan, pipe: &mut Pipe) -> Result<Partner, Ended> {
    let terminal = matches!(plan.kind, Kind::Shell | Kind::Interactive { .. });
    let mut partner = Partner { client: Client::default(), size: DEFAULT_SIZE, typed: Vec::new(), ours: false };
    let mut until = tokio::time::Instant::now() + NOBODY;
    let mut agreed = false;
    loop {
        let event = tokio::select! {
            event = pipe.next() => event,
            () = tokio::time::sleep_until(until) => return if agreed { Ok(partner) } else { Err(Ended::failed("no client took part in the session")) },
        };
        match event {
            Some(PipeEvent::Channel(Event::Agreed(Ok(client)))) => {
                agreed = true;
                partner.ours = client.size.is_some() || client.mux > 1;
                let size = client.size;
                partner.client = client;
                if let Some(size) = size {
                    partner.size = size;
                    return Ok(partner);
                }
                if !terminal {
                    return Ok(partner);
                }
                until = tokio::time::Instant::now() + SIZE;
            }
            Some(PipeEvent::Channel(Event::Agreed(Err(reason)))) => return Err(Ended::failed(reason)),
            // Clients older than the handshake show a shell's output as it comes.
            Some(PipeEvent::Channel(Event::Unanswered)) if terminal => return Ok(partner),
            Some(PipeEvent::Channel(Event::Unanswered)) => until = tokio::time::Instant::now() + SILENT,
            Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Size, payload })) => {
                if let Ok(size) = TerminalSize::from_payload(&payload) {
                    partner.size = size;
                    if agreed {
                        return Ok(partner);
                    }
                }
            }
            Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Output, payload })) if partner.typed.len() < 64 => {
                partner.typed.push(payload);
            }
            Some(PipeEvent::Channel(Event::Closed { .. })) | None => return Err(Ended::well()),
            Some(PipeEvent::Over(reason)) => {
                return Err(Ended::failed(format!("the node has no connection for the session: {reason}")));
            }
            Some(_) => {}
        }
    }
}

/// A line of the agent's own on the person's terminal.
pub fn aside(text: &str) -> Bytes {
    format!("\r\n[quarterdeck] {text}\r\n").into()
}
