//! The twelve operations of documents, with tags and service settings, as the AWS CLI and boto3 see them.

use qd_tests::{Engine, TestHub};
use serde_json::{Value, json};

/// A Command document that says `text`.
fn content(text: &str) -> String {
    let step = json!({ "action": "aws:runShellScript", "name": "say", "inputs": { "runCommand": [format!("echo {text}")] } });
    json!({ "schemaVersion": "2.2", "mainSteps": [step] }).to_string()
}

fn life_of_a_document(engine: Engine) {
    let mut hub = TestHub::start(engine);
    let aws = hub.aws();
    let created = aws.call(
        "create-document",
        &json!({ "Name": "Say", "DocumentType": "Command", "Content": content("one"), "Tags": [{ "Key": "role", "Value": "web" }] }),
    );
    assert_eq!(created["DocumentDescription"]["Status"], "Creating");
    assert_eq!(aws.error("create-document", &json!({ "Name": "Say", "Content": content("one") })), "DocumentAlreadyExists");

    let update = json!({ "Name": "Say", "Content": content("two"), "DocumentVersion": "$LATEST", "VersionName": "second" });
    assert_eq!(aws.call("update-document", &update)["DocumentDescription"]["LatestVersion"], "2");
    assert_eq!(aws.error("update-document", &update), "DuplicateDocumentContent");
    let moved = aws.call("update-document-default-version", &json!({ "Name": "Say", "DocumentVersion": "2" }));
    assert_eq!(moved["Description"]["DefaultVersionName"], "second");

    // What was answered survives a crash.
    hub.kill();
    hub.run();
    let aws = hub.aws();
    let described = aws.call("describe-document", &json!({ "Name": "Say" }));
    let document = &described["Document"];
    assert_eq!((&document["Status"], &document["DocumentVersion"]), (&json!("Active"), &json!("2")));
    assert_eq!(document["Tags"], json!([{ "Key": "role", "Value": "web" }]));
    let got = aws.call("get-document", &json!({ "Name": "Say", "DocumentVersion": "1" }));
    assert_eq!(got["Content"].as_str(), Some(content("one").as_str()));
    assert_eq!(aws.error("get-document", &json!({ "Name": "Say", "DocumentVersion": "9" })), "InvalidDocumentVersion");
    assert_eq!(aws.error("get-document", &json!({ "Name": "Sey" })), "InvalidDocument");

    let share = json!({ "Name": "Say", "PermissionType": "Share", "AccountIdsToAdd": ["All"] });
    aws.call("modify-document-permission", &share);
    let shared = aws.call("describe-document-permission", &json!({ "Name": "Say", "PermissionType": "Share" }));
    assert_eq!(shared["AccountSharingInfoList"], json!([{ "AccountId": "all", "SharedDocumentVersion": "$DEFAULT" }]));
    assert_eq!(aws.error("delete-document", &json!({ "Name": "Say" })), "InvalidDocumentOperation");
    aws.call("modify-document-permission", &json!({ "Name": "Say", "PermissionType": "Share", "AccountIdsToRemove": ["All"] }));
    aws.call("delete-document", &json!({ "Name": "Say", "DocumentVersion": "1" }));
    assert_eq!(aws.error("delete-document", &json!({ "Name": "Say", "DocumentVersion": "2" })), "InvalidDocumentOperation");
    aws.call("delete-document", &json!({ "Name": "Say" }));
    assert_eq!(aws.error("describe-document", &json!({ "Name": "Say" })), "InvalidDocument");
    assert_eq!(aws.error("delete-document", &json!({ "Name": "AWS-RunShellScript" })), "AccessDeniedException");
}

#[test]
fn a_document_lives_and_dies_on_sqlite() {
    life_of_a_document(Engine::Sqlite);
}

#[test]
fn a_document_lives_and_dies_on_postgresql() {
    life_of_a_document(Engine::Postgres);
}

#[test]
fn a_change_template_is_reviewed() {
    let hub = TestHub::start(Engine::Sqlite);
    let aws = hub.aws();
    let sleep = json!({ "name": "wait", "action": "aws:sleep", "inputs": { "Duration": "PT1S" } });
    let template = json!({ "schemaVersion": "0.3", "mainSteps": [sleep] }).to_string();
    aws.call("create-document", &json!({ "Name": "Change", "DocumentType": "Automation.ChangeTemplate", "Content": template }));
    let review = |action: &str, comment: &str| {
        let reviews = json!({ "Action": action, "Comment": [{ "Type": "Comment", "Content": comment }] });
        json!({ "Name": "Change", "DocumentReviews": reviews })
    };
    assert_eq!(aws.error("update-document-metadata", &review("Approve", "early")), "InvalidDocumentOperation");
    aws.call("update-document-metadata", &review("SendForReview", "please"));
    aws.call("update-document-metadata", &review("Approve", "fine"));
    let history = aws.call("list-document-metadata-history", &json!({ "Name": "Change", "Metadata": "DocumentReviews" }));
    let said: Vec<&str> = history["Metadata"]["ReviewerResponse"]
        .as_array()
        .expect("responses")
        .iter()
        .filter_map(|response| response["Comment"][0]["Content"].as_str())
        .collect();
    assert_eq!(said, ["fine", "please"]);
}

fn paged(engine: Engine) {
    let hub = TestHub::start(engine);
    let seen = hub.aws().boto3(
        "step = {'action': 'aws:runShellScript', 'name': 's', 'inputs': {'runCommand': ['true']}}
def content(n): return json.dumps({'schemaVersion': '2.2', 'description': str(n), 'mainSteps': [step]})
for n in range(7):
    ssm.create_document(Name='Doc-%d' % n, Content=content(0))
for n in range(1, 5):
    ssm.update_document(Name='Doc-0', Content=content(n), DocumentVersion='$LATEST')
own = [{'Key': 'Owner', 'Values': ['Self']}]
def names(**more):
    pages = ssm.get_paginator('list_documents').paginate(PaginationConfig={'PageSize': 3}, **more)
    return [d['Name'] for page in pages for d in page['DocumentIdentifiers']]
pages = ssm.get_paginator('list_document_versions').paginate(Name='Doc-0', PaginationConfig={'PageSize': 2})
versions = [v['DocumentVersion'] for page in pages for v in page['DocumentVersions']]
print(json.dumps({'own': names(Filters=own), 'all': names(), 'versions': versions}))",
    );
    let list = |name: &str| -> Vec<&str> { seen[name].as_array().expect("a list").iter().filter_map(Value::as_str).collect() };
    assert_eq!(list("own"), ["Doc-0", "Doc-1", "Doc-2", "Doc-3", "Doc-4", "Doc-5", "Doc-6"]);
    assert_eq!(list("versions"), ["5", "4", "3", "2", "1"]);
    let all = list("all");
    assert!(all.contains(&"AWS-RunShellScript") && all.contains(&"Doc-6") && all.is_sorted(), "{all:?}");
}

#[test]
fn boto3_pages_documents_and_versions_on_sqlite() {
    paged(Engine::Sqlite);
}

#[test]
fn boto3_pages_documents_and_versions_on_postgresql() {
    paged(Engine::Postgres);
}

#[test]
fn tags_and_settings_are_set_and_taken_back() {
    let hub = TestHub::start(Engine::Sqlite);
    let aws = hub.aws();
    aws.call("create-document", &json!({ "Name": "Say", "Content": content("one") }));
    let target = json!({ "ResourceType": "Document", "ResourceId": "Say" });
    let with = |key: &str, value: Value| {
        let mut input = target.clone();
        input[key] = value;
        input
    };
    aws.call("add-tags-to-resource", &with("Tags", json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }])));
    aws.call("remove-tags-from-resource", &with("TagKeys", json!(["a", "absent"])));
    assert_eq!(aws.call("list-tags-for-resource", &target)["TagList"], json!([{ "Key": "b", "Value": "2" }]));
    assert_eq!(aws.error("list-tags-for-resource", &json!({ "ResourceType": "Document", "ResourceId": "Sey" })), "InvalidResourceId");

    let setting = json!({ "SettingId": "/ssm/managed-instance/activation-tier" });
    let value = |answer: &Value| answer["ServiceSetting"]["SettingValue"].as_str().expect("a value").to_owned();
    assert_eq!(value(&aws.call("get-service-setting", &setting)), "standard");
    let mut update = setting.clone();
    update["SettingValue"] = "advanced".into();
    aws.call("update-service-setting", &update);
    assert_eq!(value(&aws.call("get-service-setting", &setting)), "advanced");
    assert_eq!(value(&aws.call("reset-service-setting", &setting)), "standard");
    assert_eq!(aws.error("get-service-setting", &json!({ "SettingId": "/ssm/none" })), "ServiceSettingNotFound");
}
