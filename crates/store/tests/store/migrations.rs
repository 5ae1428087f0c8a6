//! Databases are brought forward, and those of a newer program are left alone.

use qd_store::testing::TestDatabase;
use qd_store::{ErrorCode, Migration, Store, on_both_engines};

on_both_engines! { are_applied_once, a_newer_database_is_refused, several_hubs_may_start_at_once, a_failing_one_changes_nothing, tables_come_forward }

const FIRST: &[&[Migration]] = &[&[Migration { id: "a/1", sql: "CREATE TABLE a (x TEXT PRIMARY KEY); INSERT INTO a (x) VALUES ('one');" }]];
const SECOND: &[&[Migration]] = &[
    &[
        Migration { id: "a/1", sql: "CREATE TABLE a (x TEXT PRIMARY KEY); INSERT INTO a (x) VALUES ('one');" },
        Migration { id: "a/2", sql: "ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 7" },
    ],
    &[Migration { id: "b/1", sql: "CREATE TABLE b (x BIGINT PRIMARY KEY)" }],
];
const BROKEN: &[&[Migration]] = &[&[
    Migration { id: "c/1", sql: "CREATE TABLE c (x BIGINT PRIMARY KEY)" },
    Migration { id: "c/2", sql: "CREATE TABLE c (again BIGINT)" },
]];

async fn rows(store: &Store, sql: &'static str) -> Result<usize, ErrorCode> {
    store.read(move |tx| tx.query(sql, &[])).await.map(|rows| rows.len()).map_err(|error| error.code)
}

async fn are_applied_once(database: TestDatabase) {
    for _ in 0..2 {
        let store = Store::open_with(database.location(), FIRST).await.unwrap();
        assert_eq!(rows(&store, "SELECT x FROM a").await, Ok(1));
        store.close().await;
    }
}

async fn tables_come_forward(database: TestDatabase) {
    Store::open_with(database.location(), FIRST).await.unwrap().close().await;
    let store = Store::open_with(database.location(), SECOND).await.unwrap();
    assert_eq!(rows(&store, "SELECT x FROM a WHERE y = 7").await, Ok(1));
    assert_eq!(rows(&store, "SELECT id FROM migrations").await, Ok(3));
}

async fn a_newer_database_is_refused(database: TestDatabase) {
    Store::open_with(database.location(), SECOND).await.unwrap().close().await;
    let refused = Store::open_with(database.location(), FIRST).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Newer);
    assert!(refused.message.contains("Update Quarterdeck"), "{refused}");
    let store = Store::open_with(database.location(), SECOND).await.unwrap();
    assert_eq!(rows(&store, "SELECT id FROM migrations").await, Ok(3));
}

async fn several_hubs_may_start_at_once(database: TestDatabase) {
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let location = database.location().clone();
            tokio::spawn(async move { Store::open(&location).await })
        })
        .collect();
    for store in opening {
        let store = store.await.unwrap().unwrap();
        assert_eq!(rows(&store, "SELECT last_seq FROM event_counter").await, Ok(1));
    }
}

async fn a_failing_one_changes_nothing(database: TestDatabase) {
    let failed = Store::open_with(database.location(), BROKEN).await.unwrap_err();
    assert!(failed.message.contains("c/2"), "{failed}");
    let store = Store::open_with(database.location(), FIRST).await.unwrap();
    assert_eq!(rows(&store, "SELECT x FROM c").await, Err(ErrorCode::Statement));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "these are notes, not a database, and long enough to be read as a header of one").unwrap();
    let refused = Store::open(&qd_store::Location::Sqlite(path.clone())).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Location);
    assert!(refused.message.contains("notes.txt"));
    assert!(std::fs::read_to_string(path).unwrap().starts_with("these are notes"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::new(qd_store::testing::Engine::Sqlite);
    let store = database.open().await;
    store.write(|tx| qd_store::table::secrets::put(tx, "key", b"x", 0)).await.unwrap();
    let qd_store::Location::Sqlite(path) = database.location() else { unreachable!("a file was asked for") };
    for suffix in ["", "-wal"] {
        let file = std::path::PathBuf::from(format!("{}{suffix}", path.display()));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    store.close().await;
}

#[tokio::test]
async fn an_unreachable_server_is_an_error_without_the_password() {
    let location = qd_store::Location::Postgres("postgres://hub:secret@127.0.0.1:9/hub?connect_timeout=2".into());
    let error = Store::open(&location).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("cannot connect to PostgreSQL"), "{error}");
    assert!(!format!("{error:?} {location:?}").contains("secret"));
}
