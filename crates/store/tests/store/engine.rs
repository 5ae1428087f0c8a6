//! What every closure may rely on, the same on both engines.

use qd_store::testing::TestDatabase;
use qd_store::{ErrorCode, Store, StoreError, on_both_engines, params, placeholders};

on_both_engines! {
    values_come_back, rollback_is_per_closure, a_failed_statement_ends_the_closure, a_panic_is_answered, reads_are_snapshots,
    writers_never_lose_an_update, texts_sort_by_code_point, aggregates_have_our_types, placeholders_in_any_order, closing_keeps_what_was_queued,
    paging_by_row_values, wrong_statements_are_errors,
    a_changed_table_is_prepared_anew,
}

async fn with_table(database: &TestDatabase) -> Store {
    let store = database.open().await;
    store
        .write(|tx| tx.execute("CREATE TABLE things (name TEXT PRIMARY KEY, number BIGINT, part DOUBLE PRECISION, data BYTEA)", &[]))
        .await
        .unwrap();
    store
}

async fn count(store: &Store) -> i64 {
    store.read(|tx| tx.query_one("SELECT COUNT(*) FROM things", &[])?.expect("a count").int(0)).await.unwrap()
}

async fn values_come_back(database: TestDatabase) {
    let store = with_table(&database).await;
    let data: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let expected = data.clone();
    store
        .write(move |tx| {
            let sql = "INSERT INTO things (name, number, part, data) VALUES ($1, $2, $3, $4)";
            tx.execute(sql, params!["한국어 \u{10348} 'quoted' \\", i64::MIN, 0.1, &data])?;
            tx.execute(sql, params!["nothing", None::<i64>, None::<f64>, None::<Vec<u8>>])?;
            tx.execute(sql, params!["", i64::MAX, -0.0, b""])
        })
        .await
        .unwrap();
    let rows = store.read(|tx| tx.query("SELECT name, number, part, data FROM things ORDER BY name", &[])).await.unwrap();
    assert_eq!((rows[0].text(0).unwrap(), rows[0].int(1).unwrap(), rows[0].blob(3).unwrap()), (String::new(), i64::MAX, vec![]));
    assert_eq!((rows[1].opt_int(1).unwrap(), rows[1].get::<Option<f64>>(2).unwrap(), rows[1].opt_blob(3).unwrap()), (None, None, None));
    assert_eq!((rows[2].text(0).unwrap().as_str(), rows[2].int(1).unwrap()), ("한국어 \u{10348} 'quoted' \\", i64::MIN));
    assert_eq!(rows[2].real(2).unwrap(), 0.1);
    assert!(rows[2].blob(3).unwrap() == expected);
}

#[derive(Debug, PartialEq)]
enum Refused {
    Odd(i64),
    Store(ErrorCode),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Store(error.code)
    }
}

async fn rollback_is_per_closure(database: TestDatabase) {
    let store = with_table(&database).await;
    let writes = (0..200_i64).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    tx.execute("INSERT INTO things (name, number) VALUES ($1, $2)", params![format!("n{number}"), number])?;
                    if number % 2 == 1 { Err(Refused::Odd(number)) } else { Ok(number) }
                })
                .await
        })
    });
    for (number, write) in writes.collect::<Vec<_>>().into_iter().enumerate() {
        let number = number as i64;
        let expected = if number % 2 == 1 { Err(Refused::Odd(number)) } else { Ok(number) };
        assert_eq!(write.await.unwrap(), expected);
    }
    assert_eq!(count(&store).await, 100);
    let odd = store.read(|tx| tx.query("SELECT 1 FROM things WHERE number % 2 = 1", &[])).await.unwrap();
    assert!(odd.is_empty());
}

async fn a_failed_statement_ends_the_closure(database: TestDatabase) {
    let store = with_table(&database).await;
    let insert = "INSERT INTO things (name) VALUES ($1)";
    let ended = store
        .write(move |tx| {
            tx.execute(insert, params!["a"])?;
            let again = tx.execute(insert, params!["a"]).unwrap_err();
            assert!(again.is_conflict());
            assert!(tx.execute(insert, params!["b"]).unwrap_err().is_conflict());
            Ok::<_, StoreError>(())
        })
        .await;
    assert_eq!(ended.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(count(&store).await, 0);
    let null = store.write(|tx| tx.execute("INSERT INTO events (seq, id) VALUES (1, 'x')", &[])).await;
    assert_eq!(null.unwrap_err().code, ErrorCode::Constraint);
    store.write(move |tx| tx.execute(insert, params!["a"])).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

async fn a_panic_is_answered(database: TestDatabase) {
    let store = with_table(&database).await;
    let panicked = store
        .write(|tx| {
            tx.execute("INSERT INTO things (name) VALUES ('lost')", &[])?;
            if count_is_one(tx)? {
                panic!("a defect of a closure")
            }
            Ok::<_, StoreError>(())
        })
        .await;
    assert_eq!(panicked.unwrap_err().code, ErrorCode::Panicked);
    assert_eq!(count(&store).await, 0);
    store.write(|tx| tx.execute("INSERT INTO things (name) VALUES ('kept')", &[])).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

fn count_is_one(tx: &mut qd_store::Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.query("SELECT 1 FROM things", &[])?.len() == 1)
}

async fn reads_are_snapshots(database: TestDatabase) {
    let store = with_table(&database).await;
    let (started, begin) = std::sync::mpsc::channel();
    let (go_on, proceed) = std::sync::mpsc::channel::<()>();
    let proceed = std::sync::Mutex::new(proceed);
    let reading = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .read(move |tx| {
                    let before = tx.query("SELECT 1 FROM things", &[])?.len();
                    started.send(()).unwrap();
                    proceed.lock().unwrap().recv().unwrap();
                    Ok::<_, StoreError>((before, tx.query("SELECT 1 FROM things", &[])?.len()))
                })
                .await
        }
    });
    tokio::task::spawn_blocking(move || begin.recv().unwrap()).await.unwrap();
    store.write(|tx| tx.execute("INSERT INTO things (name) VALUES ('meanwhile')", &[])).await.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), (0, 0));
    assert_eq!(count(&store).await, 1);
    let refused = store.read(|tx| tx.execute("INSERT INTO things (name) VALUES ('by a reader')", &[])).await;
    assert!(refused.is_err());
    assert_eq!(count(&store).await, 1);
}

async fn writers_never_lose_an_update(database: TestDatabase) {
    let first = with_table(&database).await;
    let second = database.open().await;
    first.write(|tx| tx.execute("INSERT INTO things (name, number) VALUES ('counter', 0)", &[])).await.unwrap();
    let writes: Vec<_> = (0..120)
        .map(|index| {
            let store = if index % 2 == 0 { first.clone() } else { second.clone() };
            tokio::spawn(async move {
                store
                    .write(|tx| {
                        let number = tx.query_one("SELECT number FROM things WHERE name = 'counter'", &[])?.expect("the counter").int(0)?;
                        tx.execute("UPDATE things SET number = $1 WHERE name = 'counter'", params![number + 1])
                    })
                    .await
            })
        })
        .collect();
    for write in writes {
        assert_eq!(write.await.unwrap().unwrap(), 1);
    }
    let number = first.read(|tx| tx.query_one("SELECT number FROM things", &[])?.expect("the counter").int(0)).await.unwrap();
    assert_eq!(number, 120);
}

async fn texts_sort_by_code_point(database: TestDatabase) {
    let store = database.open().await;
    let names = ["b", "A", "a", "B", "ä", "Z", "_", "-", "10", "9", "가"];
    store
        .write(move |tx| {
            for name in names {
                qd_store::table::secrets::put(tx, name, b"", 0)?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let sorted = store.read(|tx| tx.query("SELECT name FROM secrets ORDER BY name", &[])).await.unwrap();
    let sorted: Vec<String> = sorted.iter().map(|row| row.text(0).unwrap()).collect();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let like = store.read(|tx| tx.query(r"SELECT name FROM secrets WHERE name LIKE $1 ESCAPE '\'", params!["a%"])).await.unwrap();
    assert_eq!(like.len(), 1, "LIKE tells capitals apart");
}

async fn aggregates_have_our_types(database: TestDatabase) {
    let store = with_table(&database).await;
    let row = store
        .write(|tx| {
            for (name, number) in [("a", 70_000_i64), ("b", 80_000)] {
                tx.execute("INSERT INTO things (name, number, part) VALUES ($1, $2, $3)", params![name, number, 1.5])?;
            }
            tx.query_one(
                "SELECT SUM(number), COUNT(*), MAX(name), SUM(part), EXISTS (SELECT 1 FROM things WHERE number > $1),
                        COALESCE(MAX(number), 0), CASE WHEN MIN(number) > 5 THEN 'many' ELSE 'few' END FROM things",
                params![75_000_i64],
            )
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.int(0).unwrap(), row.int(1).unwrap(), row.text(2).unwrap().as_str(), row.real(3).unwrap()), (150_000, 2, "b", 3.0));
    assert_eq!((row.flag(4).unwrap(), row.int(5).unwrap(), row.text(6).unwrap().as_str()), (true, 80_000, "many"));
}

async fn placeholders_in_any_order(database: TestDatabase) {
    let store = with_table(&database).await;
    let rows = store
        .write(|tx| {
            tx.execute("INSERT INTO things (number, name) VALUES ($2, $1), ($3, $1 || '2'), ($2, '$2')", params!["x", 7_i64, 8_i64])?;
            let sql = format!("SELECT name FROM things WHERE number = $1 AND name IN ({}) ORDER BY name", placeholders(2, 3));
            tx.query(&sql, params![7_i64, "$2", "x", "x2"])
        })
        .await
        .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(names, ["$2", "x"]);
}

async fn closing_keeps_what_was_queued(database: TestDatabase) {
    let store = with_table(&database).await;
    let writes: Vec<_> = (0..50)
        .map(|index| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(move |tx| tx.execute("INSERT INTO things (name) VALUES ($1)", params![format!("{index}")])).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut kept = 0;
    for write in writes {
        match write.await.unwrap() {
            Ok(_) => kept += 1,
            Err(error) => assert_eq!(error.code, ErrorCode::Closed),
        }
    }
    assert_eq!(store.write(|tx| tx.execute("DELETE FROM things", &[])).await.unwrap_err().code, ErrorCode::Closed);
    assert!(store.subscribe().next().await.is_none());
    assert_eq!(count(&database.open().await).await, kept);
}

async fn paging_by_row_values(database: TestDatabase) {
    let store = with_table(&database).await;
    let names = store
        .write(|tx| {
            for index in 0..10_i64 {
                tx.execute("INSERT INTO things (name, number) VALUES ($1, $2)", params![format!("n{index}"), index / 4])?;
            }
            let mut names = Vec::new();
            let mut last = (-1_i64, String::new());
            loop {
                let page = tx.query(
                    "SELECT number, name FROM things WHERE (number, name) > ($1, $2) ORDER BY number, name LIMIT $3",
                    params![last.0, &last.1, 3_i64],
                )?;
                let Some(end) = page.last() else { break };
                last = (end.int(0)?, end.text(1)?);
                for row in &page {
                    names.push(row.text(1)?);
                }
            }
            Ok::<_, StoreError>(names)
        })
        .await
        .unwrap();
    assert_eq!(names, (0..10).map(|index| format!("n{index}")).collect::<Vec<_>>());
}

async fn wrong_statements_are_errors(database: TestDatabase) {
    let store = with_table(&database).await;
    for (sql, values) in [
        ("SELECT nothing FROM nowhere", vec![]),
        ("SELECT name FROM things WHERE name = $1", vec![]),
        ("SELECT name FROM things WHERE name = $1 AND number = $3", vec!["a", "b"]),
    ] {
        let error = store
            .read(move |tx| tx.query(sql, &values.iter().map(|value| qd_store::Param::from(*value)).collect::<Vec<_>>()))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::Statement, "{sql}: {error}");
    }
    assert_eq!(count(&store).await, 0);
}

/// Another hub, of a newer program, changes a table whose statements this one has prepared.
async fn a_changed_table_is_prepared_anew(database: TestDatabase) {
    let (older, newer) = (with_table(&database).await, database.open().await);
    let all = "SELECT * FROM things";
    assert!(older.write(move |tx| tx.query(all, &[])).await.unwrap().is_empty());
    assert!(older.read(move |tx| tx.query(all, &[])).await.unwrap().is_empty());
    newer.write(|tx| tx.execute("ALTER TABLE things ADD COLUMN added BIGINT", &[])).await.unwrap();
    newer.write(|tx| tx.execute("INSERT INTO things (name, added) VALUES ('a', 5)", &[])).await.unwrap();
    assert_eq!(older.write(move |tx| tx.query(all, &[])).await.unwrap()[0].int(4).unwrap(), 5);
    // Every reader has its own connection.
    for _ in 0..20 {
        assert_eq!(older.read(move |tx| tx.query(all, &[])).await.unwrap()[0].int(4).unwrap(), 5);
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let database = TestDatabase::new(qd_store::testing::Engine::Sqlite);
    let store = with_table(&database).await;
    // As large as it is now, and no larger.
    store.write(|tx| tx.query("PRAGMA max_page_count = 1", &[])).await.unwrap();
    let data = vec![7_u8; 500_000];
    let writes: Vec<_> = (0..6)
        .map(|index| {
            let (store, data) = (store.clone(), data.clone());
            tokio::spawn(async move {
                let name = format!("{index}");
                store.write(move |tx| tx.execute("INSERT INTO things (name, data) VALUES ($1, $2)", params![&name, &data])).await
            })
        })
        .collect();
    for write in writes {
        assert_eq!(write.await.unwrap().unwrap_err().code, ErrorCode::Full);
    }
    assert_eq!(count(&store).await, 0);
    store.write(|tx| tx.query("PRAGMA max_page_count = 1000000", &[])).await.unwrap();
    store.write(|tx| tx.execute("INSERT INTO things (name) VALUES ('kept')", &[])).await.unwrap();
    assert_eq!(count(&store).await, 1);
}
