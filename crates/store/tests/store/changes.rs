//! Announcements arrive after the commit, here and at other hubs.

use qd_store::testing::{Engine, TestDatabase};
use qd_store::{Change, Changes, Store, StoreError, on_both_engines};

on_both_engines! { committed_topics_are_heard, undone_topics_are_not }

async fn topic(changes: &mut Changes) -> String {
    loop {
        match changes.next().await.expect("the store is open") {
            Change::Topic(topic) => return topic.to_string(),
            // The listener of PostgreSQL says so when it connects.
            Change::Missed => {}
        }
    }
}

async fn announce(store: &Store, topic: String) {
    store
        .write(move |tx| {
            tx.notify(topic.as_str());
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn committed_topics_are_heard(database: TestDatabase) {
    let store = database.open().await;
    let mut changes = store.subscribe();
    store
        .write(|tx| {
            for name in ["it's", "b", "it's", "가\\나"] {
                tx.notify(name);
            }
            tx.notify("x".repeat(5000));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert_eq!(
        (topic(&mut changes).await, topic(&mut changes).await, topic(&mut changes).await),
        ("it's".into(), "b".into(), "가\\나".into())
    );
    assert_eq!(topic(&mut changes).await.len(), qd_store::MAX_TOPIC);
}

async fn undone_topics_are_not(database: TestDatabase) {
    let store = database.open().await;
    let mut changes = store.subscribe();
    let undone = store
        .write(|tx| {
            tx.notify("undone");
            Err::<(), _>(StoreError::new(qd_store::ErrorCode::Row, "no"))
        })
        .await;
    assert!(undone.is_err());
    announce(&store, "done".into()).await;
    assert_eq!(topic(&mut changes).await, "done");
}

/// Two hubs on one database hear each other, each announcement once.
#[tokio::test]
async fn other_hubs_are_heard() {
    let database = TestDatabase::new(Engine::Postgres);
    let (here, there) = (database.open().await, database.open().await);
    let mut at_there = there.subscribe();
    let mut at_here = here.subscribe();
    // Until the other listener is connected, announcements pass it by; it says `Missed` once it is.
    let mut round = 0;
    loop {
        round += 1;
        announce(&here, format!("it's {round}")).await;
        match tokio::time::timeout(std::time::Duration::from_millis(200), topic(&mut at_there)).await {
            Ok(heard) => {
                assert!(heard.starts_with("it's "));
                break;
            }
            Err(_) => assert!(round < 200, "nothing was heard"),
        }
    }
    announce(&there, "back".into()).await;
    let mut own = 0;
    loop {
        let heard = topic(&mut at_here).await;
        if heard == "back" {
            break;
        }
        own += 1;
    }
    assert_eq!(own, round, "a hub hears what it announced itself once");
}
