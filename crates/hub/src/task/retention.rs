//! Forgets what is older than it is kept: commands and sessions after 30 days (semantics 2.3.5, 13.1.3), whole outputs
//! and recordings by age and size, events by age.

use std::sync::Arc;
use std::time::Duration;

use qd_store::StoreError;
use qd_store::table::{commands, events, invocation_steps, invocations, output_chunks, output_digests, recordings, sessions};

use crate::hub::Shared;
use crate::ops::settings;

const TICK: Duration = Duration::from_secs(600);
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Commands with their invocations and steps.
const COMMANDS_MS: i64 = 30 * DAY_MS;
/// Whole outputs; AWS-sized ones stay with their command.
const OUTPUT_MS: i64 = 30 * DAY_MS;
/// Bytes of compressed output kept at most; the oldest goes first.
const OUTPUT_BYTES: i64 = 20 * 1024 * 1024 * 1024;
const EVENTS_MS: i64 = 7 * DAY_MS;
const EVENTS_BYTES: i64 = 2 * 1024 * 1024 * 1024;
/// Sessions that ended (semantics 13.1.3); their recordings are kept by a setting, and by size.
const SESSIONS_MS: i64 = 30 * DAY_MS;
const RECORDINGS_BYTES: i64 = 20 * 1024 * 1024 * 1024;
/// Recordings removed by one transaction.
const RECORDINGS: u32 = 50;
/// Outputs and events removed by one transaction.
const OUTPUTS: u32 = 200;
const EVENTS: u32 = 5_000;
/// Commands removed by one transaction.
const BATCH: i64 = 50;

/// Runs until the hub shuts down.
pub async fn run(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = once(&shared).await {
            tracing::error!(%error, "old records could not be removed");
        }
    }
}

/// Removes everything that is too old now.
pub async fn once(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let now = shared.clock.now_ms();
    loop {
        let removed = shared
            .store
            .write(move |tx| {
                let ids = commands::ended_before(tx, now - COMMANDS_MS, BATCH)?;
                for id in &ids {
                    // A command whose output is not gone yet stays for the next round.
                    if output_chunks::delete_of_command(tx, id, OUTPUTS)? >= u64::from(OUTPUTS) {
                        continue;
                    }
                    invocation_steps::delete(tx, id)?;
                    output_digests::delete(tx, id)?;
                    invocations::delete(tx, id)?;
                    commands::delete(tx, id)?;
                }
                Ok::<_, StoreError>(ids.len())
            })
            .await?;
        if removed == 0 {
            break;
        }
    }
    loop {
        let full = shared
            .store
            .write(move |tx| {
                let outputs = output_chunks::prune(tx, now - OUTPUT_MS, OUTPUT_BYTES, OUTPUTS)?;
                let events = events::prune(tx, now - EVENTS_MS, EVENTS_BYTES, EVENTS)?;
                let sessions = sessions::prune(tx, now - SESSIONS_MS, BATCH)?.len();
                let days: i64 = settings::value(tx, settings::SESSION_RECORDING_DAYS)?.parse().unwrap_or(0);
                let before = if days > 0 { now - days * DAY_MS } else { 0 };
                let recordings = recordings::prune(tx, before, RECORDINGS_BYTES, RECORDINGS)?;
                let left = sessions as i64 >= BATCH || recordings >= u64::from(RECORDINGS);
                Ok::<_, StoreError>(left || outputs >= u64::from(OUTPUTS) || events >= u64::from(EVENTS))
            })
            .await?;
        if !full {
            return Ok(());
        }
    }
}
