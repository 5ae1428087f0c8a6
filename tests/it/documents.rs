//! A document through its life, with a crash in the middle. All its operations, with both clients, are in `clients`.

use qd_tests::{Engine, TestHub};
use serde_json::json;

/// A Command document that says `text`.
fn content(text: &str) -> String {
    let step = json!({ "action": "aws:runShellScript", "name": "say", "inputs": { "runCommand": [format!("echo {text}")] } });
    json!({ "schemaVersion": "2.2", "mainSteps": [step] }).to_string()
}

fn a_document_lives_and_dies(engine: Engine) {
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

qd_tests::on_both_engines!(a_document_lives_and_dies);
