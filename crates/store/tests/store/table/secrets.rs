use qd_store::on_both_engines;
use qd_store::table::secrets;
use qd_store::testing::TestDatabase;

on_both_engines! { are_kept_replaced_and_forgotten }

async fn are_kept_replaced_and_forgotten(database: TestDatabase) {
    let store = database.open().await;
    assert_eq!(store.read(|tx| secrets::get(tx, "ca")).await.unwrap(), None);
    assert!(store.write(|tx| secrets::create(tx, "ca", b"one", 1)).await.unwrap());
    assert!(!store.write(|tx| secrets::create(tx, "ca", b"two", 2)).await.unwrap(), "the first hub's stays");
    assert_eq!(store.read(|tx| secrets::get(tx, "ca")).await.unwrap().unwrap(), b"one");
    store.write(|tx| secrets::put(tx, "ca", b"\0\xff", 3)).await.unwrap();
    assert_eq!(store.read(|tx| secrets::get(tx, "ca")).await.unwrap().unwrap(), b"\0\xff");
    assert!(store.write(|tx| secrets::delete(tx, "ca")).await.unwrap());
    assert!(!store.write(|tx| secrets::delete(tx, "ca")).await.unwrap());
}
