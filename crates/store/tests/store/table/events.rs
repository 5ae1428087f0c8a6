use qd_store::table::events::{self, NewEvent};
use qd_store::testing::TestDatabase;
use qd_store::{Store, StoreError, on_both_engines};

on_both_engines! { numbers_have_no_gap, old_ones_are_pruned_by_age_and_size }

async fn append(store: &Store, time: i64, detail: &'static str) -> i64 {
    store
        .write(move |tx| {
            let event = NewEvent { id: "id", time, source: "aws.ssm", detail_type: "t", resources: "[]", detail };
            events::append(tx, &event)
        })
        .await
        .unwrap()
}

async fn numbers_have_no_gap(database: TestDatabase) {
    let stores = [database.open().await, database.open().await];
    let appends: Vec<_> = (0..60)
        .map(|index| {
            let store = stores[index % 2].clone();
            tokio::spawn(async move {
                if index % 3 == 0 {
                    let undone: Result<(), _> = store
                        .write(|tx| {
                            let event = NewEvent { id: "undone", time: 0, source: "s", detail_type: "t", resources: "[]", detail: "{}" };
                            events::append(tx, &event)?;
                            Err(StoreError::new(qd_store::ErrorCode::Row, "undone"))
                        })
                        .await;
                    assert!(undone.is_err());
                }
                append(&store, 5, "{}").await
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for append in appends {
        numbers.push(append.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    let read = stores[0].read(|tx| events::read_after(tx, 50, 4)).await.unwrap();
    assert_eq!(read.iter().map(|event| event.seq).collect::<Vec<_>>(), [51, 52, 53, 54]);
    assert!(read.iter().all(|event| event.id == "id" && event.source == "aws.ssm" && event.time == 5));
    assert!(stores[0].read(|tx| events::read_after(tx, 60, 10)).await.unwrap().is_empty());
}

async fn old_ones_are_pruned_by_age_and_size(database: TestDatabase) {
    let store = database.open().await;
    for time in 1..=10 {
        append(&store, time * 100, "0123456789").await;
    }
    let prune = |before, bytes, limit| store.write(move |tx| events::prune(tx, before, bytes, limit));
    assert_eq!(prune(0, i64::MAX, 100).await.unwrap(), 0);
    assert_eq!(prune(350, i64::MAX, 2).await.unwrap(), 2, "no more than the limit at once");
    assert_eq!(prune(350, i64::MAX, 100).await.unwrap(), 1);
    assert_eq!(store.read(events::first_seq).await.unwrap(), Some(4));
    // Each has 10 bytes of detail, 2 of id, 7 of source, 1 of type and 2 of resources.
    assert_eq!(prune(0, 22 * 5, 100).await.unwrap(), 2);
    assert_eq!(store.read(events::first_seq).await.unwrap(), Some(6));
    assert_eq!(prune(i64::MAX, 0, 100).await.unwrap(), 5);
    assert_eq!((store.read(events::first_seq).await.unwrap(), store.read(events::last_seq).await.unwrap()), (None, 10));
    assert_eq!(append(&store, 1, "{}").await, 11);
}
