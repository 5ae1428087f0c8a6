//! A terminal with a shell or a command on it (session-protocol 5.2, 5.3).
//!
//! Bytes go through one small buffer a direction. What the client has no room for stays in the kernel's terminal, where it holds up the
//! program, and Ctrl-C throws it away; so a flood never grows anything, and its end is quick.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use qd_client::pipe::{Pipe, PipeEvent};
use qd_wire::data_channel::Event;
use qd_wire::payload::TerminalSize;
use qd_wire::payload::stream_data::{PayloadType, StreamFlag};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::life::{Launch, Partner, aside};
use super::plan::{Kind, Plan};
use super::terminal::{Screen, Terminal};
use super::timers::{Struck, Timers};
use super::user::{self, User};

/// What is left on a terminal whose program has ended is waited for this long: something else may keep it open.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// Runs the terminal of a session to its end.
pub async fn run(plan: &Plan, user: User, pipe: &mut Pipe, partner: Partner, cancel: &CancellationToken) -> Ended {
    let launch = launch(plan, user);
    let mut terminal = match Terminal::start(&launch, partner.size) {
        Ok(terminal) => terminal,
        Err(error) => return Ended::failed(format!("{} cannot be started for {}: {error}", launch.program.display(), launch.user.name)),
    };
    let mut desk = Desk::new(plan, &partner);
    let (ended, code) = desk.serve(&mut terminal, pipe, cancel).await;
    if partner.ours
        && let Some(code) = code
    {
        let _ = pipe.sender().send(PayloadType::ExitCode, format!("EXIT_CODE: {code}").into()).await;
    }
    terminal.end().await;
    ended
}

fn launch(plan: &Plan, user: User) -> Launch {
    let mut environment = user::environment(&user);
    environment.push(("TERM".to_owned(), "xterm-256color".to_owned()));
    match &plan.kind {
        Kind::Interactive { command } => {
            let (program, arguments) = user::command_line(command);
            Launch { program, name: None, arguments, environment, user }
        }
        _ => {
            let (program, name, arguments) = user::login_shell(&user);
            Launch { program, name, arguments, environment, user }
        }
    }
}

/// What is between the terminal and the client.
struct Desk {
    /// For the terminal.
    typed: BytesMut,
    /// For the client.
    shown: BytesMut,
    timers: Timers,
    reading: bool,
    /// The program's exit code, and until when its leftovers are waited for.
    ended: Option<(i32, Instant)>,
}

impl Desk {
    fn new(plan: &Plan, partner: &Partner) -> Self {
        let mut typed = BytesMut::new();
        if !plan.profile.trim().is_empty() && plan.kind == Kind::Shell {
            typed.extend_from_slice(user::typed(&plan.profile).as_bytes());
        }
        for piece in &partner.typed {
            typed.extend_from_slice(piece);
        }
        let mut shown = BytesMut::new();
        for line in &plan.not_done {
            shown.extend_from_slice(&aside(line));
        }
        let timers = Timers::new(plan.idle, plan.longest, Instant::now());
        Self { typed, shown, timers, reading: true, ended: None }
    }

    /// Until the program has ended, the client or the hub does not want it any more, or time is up.
    async fn serve(&mut self, terminal: &mut Terminal, pipe: &mut Pipe, cancel: &CancellationToken) -> (Ended, Option<i32>) {
        let sender = pipe.sender().clone();
        loop {
            if let Some((code, _)) = self.ended.filter(|_| !self.reading && self.shown.is_empty()) {
                return (Ended::well(), Some(code));
            }
            let far = Instant::now() + Duration::from_secs(3600);
            let late = self.ended.filter(|_| self.reading).map_or(far, |(_, until)| until);
            let (has_typed, has_shown, running) = (!self.typed.is_empty(), !self.shown.is_empty(), self.ended.is_none());
            tokio::select! {
                () = cancel.cancelled() => return (Ended::well(), None),
                slot = sender.slot(), if has_shown => match slot {
                    Ok(slot) => slot.send(PayloadType::Output, self.shown.split().freeze()),
                    Err(_) => return (Ended::well(), None),
                },
                // One buffer is filled while the last one is on its way, and no more.
                read = terminal.screen.read(&mut self.shown), if self.reading && !has_shown => {
                    self.reading = matches!(read, Ok(count) if count > 0);
                }
                taken = terminal.screen.write(&self.typed), if has_typed => match taken {
                    Ok(count) => self.typed.advance(count),
                    Err(_) => self.typed.clear(),
                },
                code = terminal.program.wait(), if running => self.ended = Some((code, Instant::now() + LEFTOVERS)),
                event = pipe.next(), if !has_typed => {
                    if let Some(ended) = self.heard(event, &terminal.screen) {
                        return (ended, None);
                    }
                }
                () = tokio::time::sleep_until(late) => self.reading = false,
                () = tokio::time::sleep_until(self.timers.due_at().unwrap_or(far)) => {
                    match self.timers.struck(Instant::now()) {
                        Some(Struck::Warn(text)) => self.shown.extend_from_slice(&aside(&text)),
                        Some(Struck::End(text)) => {
                            let _ = sender.send(PayloadType::Output, aside(&text)).await;
                            return (Ended::because(text), None);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    fn heard(&mut self, event: Option<PipeEvent>, screen: &Screen) -> Option<Ended> {
        match event {
            Some(PipeEvent::Channel(Event::Data { kind, payload })) => self.input(kind, payload, screen),
            Some(PipeEvent::Channel(Event::Closed { .. })) | None => Some(Ended::well()),
            Some(PipeEvent::Over(reason)) => Some(Ended::because(reason)),
            Some(_) => None,
        }
    }

    fn input(&mut self, kind: PayloadType, payload: Bytes, screen: &Screen) -> Option<Ended> {
        self.timers.active(Instant::now());
        match kind {
            PayloadType::Output => self.typed.extend_from_slice(&user::keys(&payload)),
            PayloadType::Size => {
                if let Ok(size) = TerminalSize::from_payload(&payload) {
                    screen.resize(size);
                }
            }
            PayloadType::Flag if StreamFlag::from_payload(&payload) == Some(StreamFlag::TerminateSession) => return Some(Ended::well()),
            _ => {}
        }
        None
    }
}
