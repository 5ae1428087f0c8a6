//! A command without a terminal (session-protocol 5.3): no shell, no input but Ctrl-C and Ctrl-\, both streams as they come, and an
//! exit code.

use bytes::{Bytes, BytesMut};
use qd_client::pipe::{Pipe, PipeEvent, PipeSender};
use qd_wire::data_channel::Event;
use qd_wire::payload::stream_data::{PayloadType, StreamFlag};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::life::{Launch, Partner};
use super::terminal::{code_of, signal_group, start_plain};
use super::user::{self, User};
use super::words;

/// Bytes of one message.
const PIECE: usize = 16 * 1024;
/// Keys a client sends for its person's wish to stop the command.
const CTRL_C: u8 = 0x03;
const CTRL_BACKSLASH: u8 = 0x1c;

/// Runs a command to its end. `separate`: the client tells standard error and output apart, and wants `prefixes` in them.
pub async fn run(
    command: &str,
    (separate, prefixes): (bool, &[String; 2]),
    user: User,
    pipe: &mut Pipe,
    partner: Partner,
    cancel: &CancellationToken,
) -> Ended {
    let sender = pipe.sender().clone();
    let mut child = match start(command, user) {
        Ok(child) => child,
        Err(reason) => {
            let kind = if separate { PayloadType::StdErr } else { PayloadType::Output };
            let _ = sender.send(kind, format!("{reason}\n").into()).await;
            tell_code(&sender, separate || partner.ours, 1).await;
            return Ended::failed(reason);
        }
    };
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Ended::failed("the command's output cannot be read");
    };
    let kinds = if separate { [PayloadType::Output, PayloadType::StdErr] } else { [PayloadType::Output; 2] };
    let prefix = |at: usize| Bytes::from(if separate { prefixes[at].clone() } else { String::new() });
    let streams = async { tokio::join!(pump(stdout, &sender, kinds[0], prefix(0)), pump(stderr, &sender, kinds[1], prefix(1))) };
    let ended = tokio::select! {
        _ = streams => None,
        ended = listen(pipe, &child) => Some(ended),
        () = cancel.cancelled() => Some(Ended::well()),
    };
    if let Some(ended) = ended {
        signal_group(&child, 0);
        let _ = child.wait().await;
        return ended;
    }
    // Its output is at its end, so it is about to be, unless it has only closed its streams.
    let status = tokio::select! {
        status = child.wait() => status,
        ended = listen_again(pipe) => {
            signal_group(&child, 0);
            return ended;
        }
        () = cancel.cancelled() => {
            signal_group(&child, 0);
            return Ended::well();
        }
    };
    let code = status.map_or(-1, |status| code_of(&status));
    tell_code(&sender, separate || partner.ours, code).await;
    Ended::well()
}

fn start(command: &str, user: User) -> Result<Child, String> {
    let mut words = words::split(command).map_err(|error| format!("the command cannot be read: {error}"))?;
    let program = words.remove(0);
    let environment = user::environment(&user);
    let launch = Launch { program: program.clone().into(), name: None, arguments: words, environment, user };
    start_plain(&launch).map_err(|error| format!("{program} cannot be started: {error}"))
}

async fn tell_code(sender: &PipeSender, wanted: bool, code: i32) {
    if wanted {
        let _ = sender.send(PayloadType::ExitCode, format!("EXIT_CODE: {code}").into()).await;
    }
}

/// Sends a stream as it comes, no faster than the client takes it.
async fn pump(mut stream: impl AsyncRead + Unpin, sender: &PipeSender, kind: PayloadType, prefix: Bytes) {
    let mut at_start = true;
    let mut buffer = BytesMut::with_capacity(PIECE);
    loop {
        if at_start {
            buffer.extend_from_slice(&prefix);
        }
        let before = buffer.len();
        if !matches!(stream.read_buf(&mut buffer).await, Ok(count) if count > 0) {
            return;
        }
        if before == buffer.len() {
            return;
        }
        at_start = buffer.last() == Some(&b'\n');
        if sender.send(kind, buffer.split().freeze()).await.is_err() {
            return;
        }
        buffer.reserve(PIECE);
    }
}

/// Hears the client until it, or the hub, has had enough.
async fn listen(pipe: &mut Pipe, child: &Child) -> Ended {
    loop {
        match pipe.next().await {
            Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Output, payload })) => {
                for key in payload {
                    match key {
                        CTRL_C => signal_group(child, 2),
                        CTRL_BACKSLASH => signal_group(child, 3),
                        _ => {}
                    }
                }
            }
            other => {
                if let Some(ended) = end_of(other) {
                    return ended;
                }
            }
        }
    }
}

async fn listen_again(pipe: &mut Pipe) -> Ended {
    loop {
        if let Some(ended) = end_of(pipe.next().await) {
            return ended;
        }
    }
}

fn end_of(event: Option<PipeEvent>) -> Option<Ended> {
    match event {
        Some(PipeEvent::Channel(Event::Data { kind: PayloadType::Flag, payload })) => {
            (StreamFlag::from_payload(&payload) == Some(StreamFlag::TerminateSession)).then(Ended::well)
        }
        Some(PipeEvent::Channel(Event::Closed { .. })) | None => Some(Ended::well()),
        Some(PipeEvent::Over(reason)) => Some(Ended::because(reason)),
        Some(_) => None,
    }
}
