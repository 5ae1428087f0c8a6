//! UpdateInstanceInformation, the heartbeat (agent-protocol 3.2). Most heartbeats say nothing new: those only note the time in memory, and
//! a task writes the times of all nodes at once. So ten thousand nodes cost a few statements every ten seconds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qd_model::ApiError;
use qd_model::agent_operations::shapes::{UpdateInstanceInformationInput, UpdateInstanceInformationOutput};
use qd_store::StoreError;
use qd_store::table::nodes::{self, Information};
use serde_json::json;

use super::gone;
use crate::cx::Cx;
use crate::events;
use crate::fault::Fault;
use crate::hub::Shared;

/// After this long what a node says is written again even if it is the same: another hub may have written in between.
const TRUSTED_MS: i64 = 3_600_000;

struct Known {
    information: Information,
    written_at: i64,
    /// Epoch milliseconds of a heartbeat that is not written yet.
    unwritten: Option<i64>,
}

/// What each node last said, and the heartbeats that wait to be written. One entry per registered node that this hub has heard of.
#[derive(Default)]
pub struct Heartbeats {
    known: Mutex<HashMap<String, Known>>,
}

impl Heartbeats {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        // Every change is one assignment, so a panic while holding the lock leaves nothing half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a heartbeat; `true` when it said nothing new and needs no write now.
    fn note(&self, instance_id: &str, said: &Information, now: i64) -> bool {
        let mut known = self.known();
        match known.get_mut(instance_id) {
            Some(entry) if now - entry.written_at < TRUSTED_MS && adds_nothing(&entry.information, said) => {
                entry.unwritten = Some(now);
                true
            }
            _ => false,
        }
    }

    fn written(&self, instance_id: &str, said: &Information, now: i64) {
        let mut known = self.known();
        match known.get_mut(instance_id) {
            Some(entry) => {
                merge(&mut entry.information, said);
                entry.written_at = now;
                entry.unwritten = None;
            }
            None => {
                known.insert(instance_id.to_owned(), Known { information: said.clone(), written_at: now, unwritten: None });
            }
        }
    }

    /// Forgets a node that is no longer registered.
    pub fn forget(&self, instance_id: &str) {
        self.known().remove(instance_id);
    }

    /// Takes the heartbeats that wait to be written.
    fn take(&self) -> Vec<(String, i64)> {
        self.known().iter_mut().filter_map(|(id, entry)| entry.unwritten.take().map(|at| (id.clone(), at))).collect()
    }
}

/// Every member of an [`Information`], in one order.
fn members(information: &Information) -> [&String; 10] {
    let i = information;
    [
        &i.agent_name,
        &i.agent_version,
        &i.agent_status,
        &i.platform_type,
        &i.platform_name,
        &i.platform_version,
        &i.computer_name,
        &i.ip_address,
        &i.availability_zone,
        &i.connection_channel,
    ]
}

/// Whether all that is said is known. A member left empty says nothing (the stock agent's first ping has three).
fn adds_nothing(known: &Information, said: &Information) -> bool {
    members(known).into_iter().zip(members(said)).all(|(known, said)| said.is_empty() || known == said)
}

fn merge(known: &mut Information, said: &Information) {
    let k = known;
    let parts = [
        (&mut k.agent_name, &said.agent_name),
        (&mut k.agent_version, &said.agent_version),
        (&mut k.agent_status, &said.agent_status),
        (&mut k.platform_type, &said.platform_type),
        (&mut k.platform_name, &said.platform_name),
        (&mut k.platform_version, &said.platform_version),
        (&mut k.computer_name, &said.computer_name),
        (&mut k.ip_address, &said.ip_address),
        (&mut k.availability_zone, &said.availability_zone),
        (&mut k.connection_channel, &said.connection_channel),
    ];
    for (known, said) in parts.into_iter().filter(|(_, said)| !said.is_empty()) {
        known.clone_from(said);
    }
}

pub(super) async fn run(cx: &Cx, input: UpdateInstanceInformationInput) -> Result<UpdateInstanceInformationOutput, ApiError> {
    let instance_id = input.instance_id.clone();
    let said = information(input);
    let now = cx.now_ms();
    let heartbeats = &cx.shared().front.heartbeats;
    if heartbeats.note(&instance_id, &said, now) {
        return Ok(UpdateInstanceInformationOutput {});
    }
    let (id, information, arn) = (instance_id.clone(), said.clone(), cx.shared().node_arn(&instance_id));
    let registered = cx.store().write(move |tx| record(tx, &id, &information, now, &arn)).await.map_err(ApiError::from)?;
    if !registered {
        return Err(gone());
    }
    heartbeats.written(&instance_id, &said, now);
    Ok(UpdateInstanceInformationOutput {})
}

/// Writes what the node says; an event when that differs from what was stored. `false` when it is not registered.
fn record(tx: &mut qd_store::Tx<'_>, instance_id: &str, said: &Information, now: i64, arn: &String) -> Result<bool, Fault> {
    let Some(before) = nodes::get(tx, instance_id)? else { return Ok(false) };
    nodes::set_information(tx, instance_id, said, now)?;
    if before.last_ping_at == 0 || !adds_nothing(&before.information, said) {
        let detail = json!({
            "instance-id": instance_id,
            "agent-version": said.agent_version,
            "platform-type": said.platform_type,
            "platform-name": said.platform_name,
            "platform-version": said.platform_version,
            "first": before.last_ping_at == 0,
        });
        events::emit(tx, now, events::OURS, "Quarterdeck Node Information Change", std::slice::from_ref(arn), &detail)?;
    }
    Ok(true)
}

/// The members as stored: an absent one is empty. PostgreSQL keeps no NUL in a text, and nobody means one.
fn information(input: UpdateInstanceInformationInput) -> Information {
    let text = |member: Option<String>| member.map(|text| text.replace('\0', "")).unwrap_or_default();
    Information {
        agent_name: text(input.agent_name),
        agent_version: text(input.agent_version),
        agent_status: text(input.agent_status),
        platform_type: input.platform_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        platform_name: text(input.platform_name),
        platform_version: text(input.platform_version),
        computer_name: text(input.computer_name),
        ip_address: text(input.ip_address.map(String::from)),
        availability_zone: text(input.availability_zone),
        connection_channel: text(input.ssm_connection_channel),
    }
}

/// Writes the heartbeats that were only noted. Lost with a crash, they are at most one interval old.
pub async fn flush(shared: &Shared) -> Result<(), StoreError> {
    let pings = shared.front.heartbeats.take();
    if pings.is_empty() {
        return Ok(());
    }
    shared.store.write(move |tx| nodes::touch(tx, &pings)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn information(ip: &str) -> Information {
        Information { agent_version: "3.3.0.0".into(), ip_address: ip.into(), ..Information::default() }
    }

    #[test]
    fn what_says_nothing_new_is_only_noted() {
        let heartbeats = Heartbeats::default();
        assert!(!heartbeats.note("mi-1", &information("10.0.0.1"), 1_000));
        heartbeats.written("mi-1", &information("10.0.0.1"), 1_000);
        assert!(heartbeats.take().is_empty());
        assert!(heartbeats.note("mi-1", &information("10.0.0.1"), 2_000));
        // The short ping of an agent that starts leaves members out.
        assert!(heartbeats.note("mi-1", &information(""), 3_000));
        assert_eq!(heartbeats.take(), [("mi-1".to_owned(), 3_000)]);
        assert!(heartbeats.take().is_empty());
        assert!(!heartbeats.note("mi-1", &information("10.0.0.2"), 4_000));
        heartbeats.written("mi-1", &information("10.0.0.2"), 4_000);
        assert!(!heartbeats.note("mi-1", &information("10.0.0.2"), 4_000 + TRUSTED_MS));
        heartbeats.forget("mi-1");
        assert!(!heartbeats.note("mi-1", &information("10.0.0.2"), 5_000));
    }
}
