//! The fingerprint: a random id that follows the machine, not the disk (agent-protocol 2.4).
//!
//! It stays as long as the machine is plausibly the same one. A copied disk in another machine gets a new one, which the hub
//! refuses: telling clones apart is the hub's part, being honest about them is ours.

use crate::digest::hex_of;
use crate::home::{self, Home};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    fingerprint: String,
    hardware: BTreeMap<String, String>,
}

/// The fingerprint of this machine; made and stored when there is none or the machine is another one.
pub fn current(home: &Home, threshold: u64) -> io::Result<String> {
    let facts: BTreeMap<String, String> =
        crate::platform::hardware_facts().into_iter().map(|(name, value)| (name.to_owned(), hex_of(value.as_bytes()))).collect();
    decide(home, threshold, facts)
}

fn decide(home: &Home, threshold: u64, facts: BTreeMap<String, String>) -> io::Result<String> {
    let stored: Option<Stored> = home::read_json(&home.fingerprint()).unwrap_or_else(|error| {
        tracing::warn!(%error, "the stored fingerprint cannot be read; making a new one");
        None
    });
    match stored {
        Some(stored) if is_same_machine(&stored.hardware, &facts, threshold) => {
            // Facts drift one at a time (a new disk, a new address); keeping up lets them. One that cannot be read now stays as it was.
            let mut hardware = stored.hardware.clone();
            hardware.extend(facts);
            if stored.hardware != hardware {
                let kept = Stored { fingerprint: stored.fingerprint.clone(), hardware };
                if let Err(error) = home::write_json(&home.fingerprint(), &kept) {
                    tracing::warn!(%error, "changed hardware facts cannot be written");
                }
            }
            Ok(stored.fingerprint)
        }
        before => {
            if before.is_some() {
                tracing::warn!("this is another machine than the one that was registered; it gets a fingerprint of its own");
            }
            let stored = Stored { fingerprint: uuid::Uuid::new_v4().to_string(), hardware: facts };
            home::write_json(&home.fingerprint(), &stored)?;
            Ok(stored.fingerprint)
        }
    }
}

/// A different machine id is a different machine; else the same address is the same machine; else `threshold` percent of the
/// saved facts must be as they were. 0 turns the test off.
///
/// A machine id that was known and cannot be read now says that the system does not answer at the moment, not that this is another
/// machine; and a fact that cannot be read is no difference.
fn is_same_machine(saved: &BTreeMap<String, String>, now: &BTreeMap<String, String>, threshold: u64) -> bool {
    if threshold == 0 {
        return true;
    }
    match (saved.get("machine-id"), now.get("machine-id")) {
        (Some(_), None) => return true,
        (Some(a), Some(b)) if a != b => return false,
        _ => {}
    }
    if saved.get("ip").is_some_and(|ip| now.get("ip") == Some(ip)) {
        return true;
    }
    let known: Vec<bool> = saved.iter().filter_map(|(name, value)| now.get(name).map(|now| now == value)).collect();
    let same = known.iter().filter(|same| **same).count();
    !saved.is_empty() && (same * 100) as u64 >= threshold * known.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_same_machine_keeps_its_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let first = current(&home, 40).unwrap();
        assert_eq!(current(&home, 40).unwrap(), first);
        assert_eq!(uuid::Uuid::parse_str(&first).unwrap().get_version_num(), 4);
    }

    #[test]
    fn another_machine_gets_another_one() {
        let saved = facts(&[("machine-id", "a"), ("ip", "1"), ("mac", "x"), ("bios", "y"), ("memory", "z")]);
        let mut now = saved.clone();
        now.insert("machine-id".into(), "b".into());
        assert!(!is_same_machine(&saved, &now, 40));
        assert!(is_same_machine(&saved, &now, 0));
        // Same id, other address: two of five facts are just enough.
        let moved = facts(&[("machine-id", "a"), ("ip", "2"), ("mac", "x"), ("bios", "n"), ("memory", "n")]);
        assert!(is_same_machine(&saved, &moved, 40));
        assert!(!is_same_machine(&saved, &moved, 41));
    }

    #[test]
    fn facts_that_cannot_be_read_now_change_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let whole = facts(&[("machine-id", "a"), ("ip", "1"), ("mac", "x"), ("bios", "y"), ("memory", "z")]);
        let first = decide(&home, 40, whole.clone()).unwrap();
        let stored = || home::read_json::<Stored>(&home.fingerprint()).unwrap().unwrap().hardware;
        // Without the machine id, and with it but without nearly everything else, on another address.
        assert_eq!(decide(&home, 40, facts(&[("ip", "2"), ("hostname", "h")])).unwrap(), first);
        assert_eq!(decide(&home, 40, facts(&[("machine-id", "a"), ("ip", "3")])).unwrap(), first);
        let mut expected = whole;
        expected.extend(facts(&[("ip", "3"), ("hostname", "h")]));
        assert_eq!(stored(), expected, "nothing that was known is lost");
        let clone = facts(&[("machine-id", "b"), ("ip", "3"), ("mac", "x")]);
        assert_ne!(decide(&home, 40, clone).unwrap(), first);
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        std::fs::write(home.fingerprint(), "{").unwrap();
        assert!(!current(&home, 40).unwrap().is_empty());
    }
}
