//! One step of a command: expire, stop, release, settle. Idempotent and within one transaction, so that any hub may take it at any moment,
//! after any crash, and nothing is handed out twice (house habit 1).

use qd_store::table::commands::{self, Command, Stage};
use qd_store::table::invocations::{self, Change, Invocation};
use qd_store::{StoreError, Tx};

use super::moves::{Moves, settle};
use super::status::errors;
use crate::hub::Shared;

/// Rows changed by one transaction at most; a larger fleet takes several, so that readers and other writers get their turn.
const BATCH: i64 = 1_000;

/// What a step did.
#[derive(Debug, Default)]
pub struct Advanced {
    /// Invocations that this hub must send now, marked as sent.
    pub send: Vec<String>,
    /// Nodes that may still have the job of an invocation that was given up, and are told to leave it.
    pub stop: Vec<String>,
    /// Whether there is more to do at once.
    pub more: bool,
    /// When something is due next, in milliseconds since the epoch.
    pub due: Option<i64>,
}

/// Where events of a transaction come from: what `Shared` knows, without the rest of it.
#[derive(Clone)]
pub struct Scene {
    pub hub_id: String,
    pub region: String,
    pub account: String,
    pub now: i64,
}

impl Scene {
    /// The scene of `shared` at this moment.
    pub fn of(shared: &Shared) -> Self {
        Self { hub_id: shared.hub_id.clone(), region: shared.region.clone(), account: shared.account.clone(), now: shared.clock.now_ms() }
    }
}

/// Takes the next step of a command whose targets are resolved.
pub fn advance(tx: &mut Tx<'_>, scene: &Scene, command_id: &str) -> Result<Advanced, StoreError> {
    let Some(command) = commands::get(tx, command_id)? else { return Ok(Advanced::default()) };
    if command.finished_at.is_some() || !command.resolved {
        return Ok(Advanced::default());
    }
    let mut advanced = Advanced::default();
    let mut moves = Moves::new(scene);
    if scene.now >= command.expires_at {
        advanced.more = expire(tx, &mut moves, &command)?;
    } else if scene.now >= command.deliver_before {
        advanced.more = give_up_delivery(tx, &mut moves, &command, &mut advanced.stop)?;
    } else if errors(&command.counts) > command.max_errors {
        advanced.more = terminate(tx, &mut moves, &command)?;
    } else {
        release(tx, scene, &mut moves, &command, &mut advanced)?;
    }
    let mut settled = moves.close(tx)?.pop();
    if settled.is_none() {
        settled = settle(tx, scene, command_id)?;
    }
    advanced.due =
        settled.filter(|c| c.finished_at.is_none()).map(|c| if scene.now < c.deliver_before { c.deliver_before } else { c.expires_at });
    Ok(advanced)
}

/// Everything still open times out (semantics 2.2.3).
fn expire(tx: &mut Tx<'_>, moves: &mut Moves<'_>, command: &Command) -> Result<bool, StoreError> {
    let mut more = false;
    for stage in Stage::ALL.into_iter().filter(|s| !s.is_terminal()) {
        let end = if stage == Stage::Cancelling { Stage::Cancelled } else { Stage::DeliveryTimedOut };
        more |= move_all(tx, moves, command, stage, end)?;
    }
    Ok(more)
}

/// What no node took in time does not run (semantics 2.2.1); what runs goes on.
fn give_up_delivery(tx: &mut Tx<'_>, moves: &mut Moves<'_>, command: &Command, stop: &mut Vec<String>) -> Result<bool, StoreError> {
    let mut more = false;
    for stage in [Stage::Pending, Stage::Delayed, Stage::Released, Stage::Unacknowledged] {
        for invocation in invocations::at_stage(tx, &command.command_id, stage, BATCH)? {
            let known = qd_store::table::nodes::exists(tx, &invocation.instance_id)?;
            let end = if known { Stage::DeliveryTimedOut } else { Stage::Undeliverable };
            moves.to(tx, &invocation, end)?;
            more = true;
            if invocation.first_sent_at.is_some() {
                stop.push(invocation.instance_id);
            }
        }
    }
    // A cancel for something that never arrived has nothing to wait for.
    for invocation in invocations::at_stage(tx, &command.command_id, Stage::Cancelling, BATCH)? {
        if invocation.started_at.is_none() {
            moves.to(tx, &invocation, Stage::Cancelled)?;
            more = true;
        }
    }
    Ok(more)
}

/// After too many errors, what was never handed out does not run; what was runs to its end, also where its node is away (semantics 1.8).
fn terminate(tx: &mut Tx<'_>, moves: &mut Moves<'_>, command: &Command) -> Result<bool, StoreError> {
    let mut more = false;
    for stage in [Stage::Pending, Stage::Delayed] {
        for invocation in invocations::unsent_at_stage(tx, &command.command_id, stage, BATCH)? {
            moves.to(tx, &invocation, Stage::Terminated)?;
            more = true;
        }
    }
    Ok(more)
}

/// Hands out as many as MaxConcurrency and the ramp-up allow (semantics 1.9), and parks what no hub can reach: an absent node takes no slot.
fn release(tx: &mut Tx<'_>, scene: &Scene, moves: &mut Moves<'_>, command: &Command, advanced: &mut Advanced) -> Result<(), StoreError> {
    if command.counts.of(Stage::Pending) == 0 {
        return Ok(());
    }
    let slots = command.max_concurrency - command.counts.sum(Stage::is_in_flight);
    let ramping = command.ramp < command.max_concurrency;
    let waiting = command.counts.of(Stage::Released) + command.counts.of(Stage::Unacknowledged) > 0;
    let allowed = match (ramping, waiting) {
        (true, true) => 0,
        (true, false) => slots.min(command.ramp),
        (false, _) => slots,
    };
    if allowed <= 0 {
        return Ok(());
    }
    // A few more than allowed, because some may be parked.
    let limit = allowed.clamp(64, BATCH);
    let next = invocations::pending(tx, &command.command_id, limit)?;
    let mut handed_out = 0;
    for (invocation, hub_id) in &next {
        match hub_id {
            None => drop(moves.to(tx, invocation, Stage::Delayed)?),
            Some(_) if handed_out == allowed => {}
            Some(hub_id) => {
                handed_out += 1;
                if *hub_id != scene.hub_id {
                    moves.to(tx, invocation, Stage::Released)?;
                    tx.notify("released");
                } else if mark_sent(tx, scene, moves, invocation)? {
                    advanced.send.push(invocation.instance_id.clone());
                }
            }
        }
    }
    if ramping && handed_out > 0 {
        commands::set_ramp(tx, &command.command_id, command.ramp.saturating_mul(2).min(command.max_concurrency))?;
    }
    advanced.more = next.len() as i64 == limit && handed_out < allowed;
    Ok(())
}

/// Marks an invocation as sent before it is: a crash between the two leads to a second delivery of the same job, which agents recognise.
pub fn mark_sent(tx: &mut Tx<'_>, scene: &Scene, moves: &mut Moves<'_>, invocation: &Invocation) -> Result<bool, StoreError> {
    moves.change(tx, invocation, &Change { sent_at: Some(scene.now), ..Change::to(Stage::Unacknowledged, scene.now) })
}

fn move_all(tx: &mut Tx<'_>, moves: &mut Moves<'_>, command: &Command, from: Stage, to: Stage) -> Result<bool, StoreError> {
    let batch = invocations::at_stage(tx, &command.command_id, from, BATCH)?;
    for invocation in &batch {
        moves.to(tx, invocation, to)?;
    }
    Ok(!batch.is_empty())
}
