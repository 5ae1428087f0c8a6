use qd_store::on_both_engines;
use qd_store::table::tags::{self, Tag};
use qd_store::testing::TestDatabase;

on_both_engines! { resources_are_found_by_tag, many_resources_are_read_at_once }

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

async fn resources_are_found_by_tag(database: TestDatabase) {
    let store = database.open().await;
    store
        .write(|tx| {
            for (id, key, value) in
                [("n1", "role", "web"), ("n2", "role", "db"), ("n3", "role", ""), ("n2", "env", "prod"), ("n4", "Role", "web")]
            {
                tags::put(tx, "ManagedInstance", id, key, value)?;
            }
            tags::put(tx, "Document", "n1", "role", "web")?;
            tags::put(tx, "ManagedInstance", "n1", "role", "app")
        })
        .await
        .unwrap();
    store
        .read(|tx| {
            let with = |tx: &mut _, values: &[&str]| tags::resource_ids_with(tx, "ManagedInstance", "role", values);
            assert_eq!(with(tx, &["app", "db"])?, ["n1", "n2"]);
            assert_eq!(with(tx, &["web"])?, [""; 0], "the value was replaced, and a key is case-sensitive");
            assert_eq!(with(tx, &[""])?, ["n3"]);
            assert_eq!(with(tx, &[])?, [""; 0]);
            assert_eq!(tags::resource_ids_with_key(tx, "ManagedInstance", &["env", "role"])?, ["n1", "n2", "n3"]);
            assert_eq!(tags::of(tx, "ManagedInstance", "n2")?, [tag("env", "prod"), tag("role", "db")]);
            assert_eq!(tags::of(tx, "Document", "n1")?, [tag("role", "web")]);
            Ok::<_, qd_store::StoreError>(())
        })
        .await
        .unwrap();
    store
        .write(|tx| {
            tags::remove(tx, "ManagedInstance", "n2", "env")?;
            tags::remove(tx, "ManagedInstance", "n2", "env")?;
            tags::remove_all(tx, "ManagedInstance", "n1")?;
            assert_eq!(tags::of(tx, "ManagedInstance", "n2")?, [tag("role", "db")]);
            assert_eq!(tags::of(tx, "ManagedInstance", "n1")?, []);
            assert_eq!(tags::of(tx, "Document", "n1")?, [tag("role", "web")]);
            Ok::<_, qd_store::StoreError>(())
        })
        .await
        .unwrap();
}

async fn many_resources_are_read_at_once(database: TestDatabase) {
    let store = database.open().await;
    let ids: Vec<String> = (0..1200).map(|n| format!("n{n:04}")).collect();
    let written = ids.clone();
    store
        .write(move |tx| {
            for id in &written {
                tags::put(tx, "ManagedInstance", id, "name", id)?;
            }
            Ok::<_, qd_store::StoreError>(())
        })
        .await
        .unwrap();
    store
        .read(move |tx| {
            let found = tags::of_many(tx, "ManagedInstance", &ids)?;
            assert_eq!(found.len(), 1200);
            assert_eq!(found["n1199"], [tag("name", "n1199")]);
            assert_eq!(tags::resource_ids_with(tx, "ManagedInstance", "name", &ids)?, ids);
            assert!(tags::of_many(tx, "ManagedInstance", &["absent"])?.is_empty());
            Ok::<_, qd_store::StoreError>(())
        })
        .await
        .unwrap();
}
