use qd_store::table::leases;
use qd_store::testing::TestDatabase;
use qd_store::{StoreError, on_both_engines};

on_both_engines! { one_owner_at_a_time, several_hubs_agree_on_one }

async fn one_owner_at_a_time(database: TestDatabase) {
    let store = database.open().await;
    let acquire = |owner: &'static str, now, ttl| store.write(move |tx| leases::acquire(tx, "task", owner, now, ttl));
    assert!(acquire("a", 1000, 50).await.unwrap());
    assert!(!acquire("b", 1049, 50).await.unwrap());
    assert!(acquire("a", 1049, 50).await.unwrap(), "the owner renews");
    assert!(!acquire("b", 1060, 50).await.unwrap());
    assert!(acquire("b", 1099, 50).await.unwrap(), "it has expired");
    assert!(!acquire("a", 1100, 50).await.unwrap());
    assert_eq!(store.read(|tx| leases::holder(tx, "task", 1100)).await.unwrap().unwrap().owner, "b");
    assert!(store.read(|tx| leases::holder(tx, "task", 1149)).await.unwrap().is_none());
    assert!(!store.write(|tx| leases::release(tx, "task", "a")).await.unwrap());
    assert!(store.write(|tx| leases::release(tx, "task", "b")).await.unwrap());
    assert!(acquire("a", 1100, 50).await.unwrap());
    let left = store
        .write(|tx| {
            leases::acquire(tx, "other", "a", 0, 10)?;
            assert_eq!(leases::sweep(tx, 500)?, 1);
            leases::release_all(tx, "a")
        })
        .await
        .unwrap();
    assert_eq!(left, 1);
}

async fn several_hubs_agree_on_one(database: TestDatabase) {
    let stores = [database.open().await, database.open().await, database.open().await];
    let tries: Vec<_> = (0..30)
        .map(|index| {
            let store = stores[index % 3].clone();
            tokio::spawn(async move {
                let owner = format!("hub-{index}");
                Ok::<_, StoreError>(store.write(move |tx| leases::acquire(tx, "command:1", &owner, 0, 1000)).await? as u32)
            })
        })
        .collect();
    let mut taken = 0;
    for attempt in tries {
        taken += attempt.await.unwrap().unwrap();
    }
    assert_eq!(taken, 1);
}
