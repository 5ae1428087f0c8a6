//! Registration, when it fails, when its answer is lost, and when it makes another node of this machine.

use crate::channel::{Running, program, register, registration};
use crate::hub::Hub;
use qd_agent::home::Home;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The files that make up who a node is.
fn identity(dir: &Path) -> BTreeMap<String, String> {
    let names = ["registration.json", "key.json", "key.next.json", "credentials.json", "ca.pem"];
    names.iter().filter_map(|name| Some(((*name).to_owned(), std::fs::read_to_string(dir.join(name)).ok()?))).collect()
}

fn again(hub: &Hub, dir: &Path) -> std::process::Output {
    registration(&hub.url, dir).arg("--force").output().unwrap()
}

fn public_keys(hub: &Hub) -> Vec<String> {
    let seen = hub.seen.lock().unwrap();
    let calls = seen.calls.iter().filter(|(name, ..)| name == "RegisterManagedInstance");
    calls.map(|(_, _, body)| body["PublicKey"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_registration_that_fails_leaves_the_node_as_it_was() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let mut agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 1).then_some(()));
    agent.signal(rustix::process::Signal::TERM);
    let before = identity(dir.path());
    assert_eq!(before.len(), 3, "{before:?}");
    let refusal = json!({"__type": "InvalidActivation", "message": "The activation is not valid."});
    hub.answers.lock().unwrap().insert("RegisterManagedInstance", (400, refusal.to_string()));
    let failed = again(&hub, dir.path());
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("The activation is not valid."));
    hub.answers.lock().unwrap().insert("RegisterManagedInstance", (200, json!({"InstanceId": "../x"}).to_string()));
    assert!(!again(&hub, dir.path()).status.success());
    assert_eq!(identity(dir.path()), before);
    // The node works on, with its own key: its token is asked for anew.
    std::fs::remove_file(dir.path().join("credentials.json")).unwrap();
    let _agent = Running::start(dir.path());
    hub.wait(|seen| (seen.opened.len() == 2).then_some(()));
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    hub.answers.lock().unwrap().insert("RegisterManagedInstance", (0, String::new()));
    assert!(!register(&hub, dir.path()).status.success());
    assert!(identity(dir.path()).is_empty());
    hub.answers.lock().unwrap().clear();
    assert!(register(&hub, dir.path()).status.success());
    let mut keys = public_keys(&hub);
    assert!(keys.len() > 2);
    keys.dedup();
    assert_eq!(keys.len(), 1, "one key for all attempts");
    let stored: Value = serde_json::from_str(&identity(dir.path())["key.json"]).unwrap();
    assert_eq!(stored["PublicKey"], keys[0]);
    assert!(!dir.path().join("key.pending.json").exists());
    // What comes after a registration that came about has a key of its own.
    assert!(again(&hub, dir.path()).status.success());
    assert_ne!(public_keys(&hub).pop().unwrap(), keys[0]);
}

#[test]
fn another_node_does_not_take_over_the_work_of_the_one_before() {
    let (hub, dir) = (Hub::start(), tempfile::tempdir().unwrap());
    assert!(register(&hub, dir.path()).status.success());
    let home = Home::new(dir.path());
    let work = [home.documents(), home.replies(), home.seen()];
    let fill = || {
        for place in work.iter().cloned().chain(home.volatile()) {
            std::fs::create_dir_all(place.join("of-the-old-node")).unwrap();
        }
    };
    let left = || work.iter().map(|place| std::fs::read_dir(place).unwrap().count()).sum::<usize>();
    fill();
    assert!(again(&hub, dir.path()).status.success());
    assert_eq!(left(), 3, "the hub says that it is the same node");
    hub.answers.lock().unwrap().insert("RegisterManagedInstance", (200, json!({"InstanceId": "mi-0000000000000000f"}).to_string()));
    assert!(again(&hub, dir.path()).status.success());
    assert_eq!(left(), 0);
    assert!(home.volatile().is_none_or(|dir| !dir.exists()));
    let status = program(&["status"], dir.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("mi-0000000000000000f"));
}
