//! The three operations of tags.

use qd_model::Operation;
use qd_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::TestHub;

async fn with_document(database: TestDatabase) -> TestHub {
    let hub = TestHub::open(database).await;
    let content = r#"{"schemaVersion":"2.2","mainSteps":[{"action":"aws:runShellScript","name":"s","inputs":{"runCommand":["true"]}}]}"#;
    hub.ok(Operation::CreateDocument, json!({"Name": "Doc", "Content": content, "Tags": [{"Key": "role", "Value": "web"}]})).await;
    hub
}

fn target(id: &str, extra: Value) -> Value {
    let mut input = json!({"ResourceType": "Document", "ResourceId": id});
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    input
}

async fn tags(hub: &TestHub) -> Vec<(String, String)> {
    let answer = hub.ok(Operation::ListTagsForResource, target("Doc", json!({}))).await;
    let text = |tag: &Value, part: &str| tag[part].as_str().unwrap().to_owned();
    answer["TagList"].as_array().unwrap().iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

async fn tags_are_set_listed_and_removed(database: TestDatabase) {
    let hub = with_document(database).await;
    let add = json!({"Tags": [{"Key": "role", "Value": "db"}, {"Key": "역할", "Value": ""}]});
    assert_eq!(hub.ok(Operation::AddTagsToResource, target("Doc", add)).await, json!({}));
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    assert_eq!(tags(&hub).await, [pair("role", "db"), pair("역할", "")]);
    let remove = json!({"TagKeys": ["role", "absent"]});
    assert_eq!(hub.ok(Operation::RemoveTagsFromResource, target("Doc", remove)).await, json!({}));
    assert_eq!(tags(&hub).await, [pair("역할", "")]);
    // The tags of a document go with it.
    hub.ok(Operation::DeleteDocument, json!({"Name": "Doc"})).await;
    assert_eq!(hub.refused(Operation::ListTagsForResource, target("Doc", json!({}))).await, "InvalidResourceId");
}

async fn fifty_tags_are_the_most(database: TestDatabase) {
    let hub = with_document(database).await;
    let many = |n: usize| json!({"Tags": (0..n).map(|i| json!({"Key": format!("k{i}"), "Value": "v"})).collect::<Vec<_>>()});
    assert_eq!(hub.refused(Operation::AddTagsToResource, target("Doc", many(50))).await, "TooManyTagsError");
    assert_eq!(tags(&hub).await.len(), 1, "a refused call changes nothing");
    hub.ok(Operation::AddTagsToResource, target("Doc", many(49))).await;
    hub.ok(Operation::AddTagsToResource, target("Doc", many(49))).await;
    assert_eq!(tags(&hub).await.len(), 50);
}

async fn what_cannot_be_tagged_is_refused(database: TestDatabase) {
    let hub = with_document(database).await;
    let tags = json!({"Tags": [{"Key": "a", "Value": "b"}]});
    for resource_type in
        ["MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem", "OpsMetadata", "Automation", "Association", "ManagedInstance"]
    {
        let mut input = target("mi-0123456789abcdef0", tags.clone());
        input["ResourceType"] = resource_type.into();
        assert_eq!(hub.refused(Operation::AddTagsToResource, input).await, "InvalidResourceId", "{resource_type}");
    }
    assert_eq!(hub.refused(Operation::AddTagsToResource, target("AWS-RunShellScript", tags.clone())).await, "InvalidResourceId");
    let mut input = target("Doc", tags);
    input["ResourceType"] = "Bucket".into();
    assert_eq!(hub.refused(Operation::AddTagsToResource, input).await, "ValidationException");
    for bad in [json!([{"Key": "aws:x", "Value": "v"}]), json!([{"Key": "", "Value": "v"}]), json!([{"Key": "a", "Value": "<"}])] {
        assert_eq!(hub.refused(Operation::AddTagsToResource, target("Doc", json!({"Tags": bad}))).await, "ValidationException");
    }
    let remove = json!({"TagKeys": ["aws:x"]});
    assert_eq!(hub.refused(Operation::RemoveTagsFromResource, target("Doc", remove)).await, "ValidationException");
}

qd_store::on_both_engines!(tags_are_set_listed_and_removed, fifty_tags_are_the_most, what_cannot_be_tagged_is_refused);
