//! A process killed at any moment: after reopening, every write it saw answered is there, and the rest is whole or absent.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use qd_store::table::events::{self, NewEvent};
use qd_store::testing::{Engine, TestDatabase};
use qd_store::{Location, Store, StoreError};

const WRITER: &str = "QD_STORE_TEST_WRITER";

/// The process that is killed: this test binary, started again with a database to write to. Started otherwise, it checks that it is not one.
#[test]
fn writer() {
    let Ok(path) = std::env::var(WRITER) else {
        assert!(std::env::var_os(WRITER).is_none());
        return;
    };
    let location = if path.starts_with("postgres") { Location::Postgres(path) } else { Location::Sqlite(PathBuf::from(path)) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&location).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let store = store.clone();
            tasks.spawn(async move {
                for index in 0.. {
                    let id = format!("{task}-{index}");
                    let seq = store.write(move |tx| two_events(tx, &id)).await.unwrap();
                    println!("kept {seq}");
                }
            });
        }
        tasks.join_all().await;
    });
}

fn two_events(tx: &mut qd_store::Tx<'_>, id: &str) -> Result<i64, StoreError> {
    let detail = "x".repeat(3000);
    let event = NewEvent { id, time: 1, source: "quarterdeck", detail_type: "test", resources: "[]", detail: &detail };
    events::append(tx, &event)?;
    events::append(tx, &event)
}

async fn kill_and_reopen(database: TestDatabase) {
    let path = match database.location() {
        Location::Sqlite(path) => path.to_str().unwrap().to_owned(),
        Location::Postgres(url) => url.clone(),
    };
    let mut last = 0;
    for kill_after in [1, 40, 173, 300] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writer", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answered = Vec::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        for line in lines.by_ref() {
            answered.extend(line.strip_prefix("kept ").map(|seq| seq.parse::<i64>().unwrap()));
            if answered.len() == kill_after {
                child.kill().unwrap();
                break;
            }
        }
        // What it said before it died still counts; a line may be cut.
        answered.extend(lines.filter_map(|line| line.strip_prefix("kept ")?.parse::<i64>().ok()).filter(|seq| seq % 2 == 0));
        child.wait().unwrap();
        assert!(answered.len() >= kill_after);
        last = check(&database, last, &answered).await;
    }
}

/// The stream has no gap, whole pairs only, and all that was answered.
async fn check(database: &TestDatabase, last: i64, answered: &[i64]) -> i64 {
    let store = database.open().await;
    let mut seq = 0;
    let mut ids = Vec::new();
    loop {
        let page = store.read(move |tx| events::read_after(tx, seq, 500)).await.unwrap();
        for event in &page {
            assert_eq!(event.seq, seq + 1, "a gap");
            seq = event.seq;
            ids.push(event.id.clone());
        }
        if page.is_empty() {
            break;
        }
    }
    assert!(ids.chunks(2).all(|pair| pair.len() == 2 && pair[0] == pair[1]), "half a write was kept");
    let newest = answered.iter().copied().max().unwrap_or(0);
    // A cut line may name a smaller number than was kept, never a larger one.
    assert!(seq >= newest && seq > last, "answered up to {newest}, kept up to {seq}");
    assert_eq!(store.read(events::last_seq).await.unwrap(), seq);
    store.close().await;
    seq
}

#[tokio::test]
async fn a_killed_process_keeps_what_it_answered_on_sqlite() {
    kill_and_reopen(TestDatabase::new(Engine::Sqlite)).await;
}

#[tokio::test]
async fn a_killed_process_keeps_what_it_answered_on_postgres() {
    kill_and_reopen(TestDatabase::new(Engine::Postgres)).await;
}
