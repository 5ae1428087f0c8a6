//! Connections that PostgreSQL ends at any moment: every answered write is there, and every write is there at most once.

use std::time::Duration;

use qd_store::testing::{Engine, TestDatabase};
use qd_store::{ErrorCode, Store, StoreError, params};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_connections_lose_and_repeat_nothing() {
    let database = TestDatabase::new(Engine::Postgres);
    let store = database.open().await;
    // No key: a write that ran twice would be seen.
    store.write(|tx| tx.execute("CREATE TABLE written (number BIGINT NOT NULL)", &[])).await.unwrap();
    let qd_store::Location::Postgres(url) = database.location().clone() else { unreachable!("PostgreSQL was asked for") };
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let ending = tokio::spawn(async move {
        for _ in 0..12 {
            client
                .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quarterdeck' AND datname = current_database()", &[])
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(37)).await;
        }
    });
    let writers: Vec<_> = (0..4_i64).map(|writer| tokio::spawn(write_many(store.clone(), writer))).collect();
    let mut answered = Vec::new();
    let mut unknown = Vec::new();
    for writer in writers {
        let (mut sure, mut unsure) = writer.await.unwrap();
        answered.append(&mut sure);
        unknown.append(&mut unsure);
    }
    ending.await.unwrap();
    let rows = store.read(|tx| tx.query("SELECT number FROM written ORDER BY number", &[])).await.unwrap();
    let mut there: Vec<i64> = rows.iter().map(|row| row.int(0).unwrap()).collect();
    let all = there.len();
    there.dedup();
    assert_eq!(there.len(), all, "a write ran twice");
    there.retain(|number| !unknown.contains(number));
    answered.sort_unstable();
    assert_eq!(there, answered);
}

/// What was answered as done, and what was not known.
async fn write_many(store: Store, writer: i64) -> (Vec<i64>, Vec<i64>) {
    let (mut sure, mut unsure) = (Vec::new(), Vec::new());
    for index in 0..150 {
        let number = writer * 1000 + index;
        match store.write(move |tx| tx.execute("INSERT INTO written (number) VALUES ($1)", params![number])).await {
            Ok(_) => sure.push(number),
            Err(StoreError { code: ErrorCode::OutcomeUnknown, .. }) => unsure.push(number),
            Err(error) => assert_eq!(error.code, ErrorCode::Unavailable, "{error}"),
        }
    }
    (sure, unsure)
}
