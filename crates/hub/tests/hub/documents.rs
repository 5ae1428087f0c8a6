//! The twelve operations of documents.

use qd_model::Operation;
use qd_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::TestHub;

/// A Command document that says `text`.
fn content(text: &str) -> String {
    json!({
        "schemaVersion": "2.2",
        "description": "says something",
        "parameters": {"who": {"type": "String", "default": "you"}, "list": {"type": "StringList", "default": ["a"]}},
        "mainSteps": [{"action": "aws:runShellScript", "name": "say", "inputs": {"runCommand": [format!("echo {text} {{{{ who }}}}")]}}],
    })
    .to_string()
}

async fn create(hub: &TestHub, name: &str) -> Value {
    hub.ok(Operation::CreateDocument, json!({"Name": name, "Content": content("one")})).await["DocumentDescription"].take()
}

async fn update(hub: &TestHub, name: &str, text: &str) -> Value {
    let input = json!({"Name": name, "Content": content(text), "DocumentVersion": "$LATEST"});
    hub.ok(Operation::UpdateDocument, input).await["DocumentDescription"].take()
}

async fn describe(hub: &TestHub, input: Value) -> Value {
    hub.ok(Operation::DescribeDocument, input).await["Document"].take()
}

async fn a_document_is_created_and_described(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let input = json!({
        "Name": "Say", "Content": content("one"), "DisplayName": "Say it", "VersionName": "first", "TargetType": "/AWS::EC2::Instance",
        "Requires": [{"Name": "Other", "Version": "1"}], "Tags": [{"Key": "role", "Value": "web"}],
    });
    let created = hub.ok(Operation::CreateDocument, input.clone()).await["DocumentDescription"].take();
    assert_eq!(created["Status"], "Creating");
    let mut described = describe(&hub, json!({"Name": "Say"})).await;
    assert_eq!(described["Status"], "Active");
    assert_eq!(described["Owner"], json!(hub.hub.shared().account));
    assert_eq!(described["Tags"], json!([{"Key": "role", "Value": "web"}]));
    assert_eq!(described["Requires"], json!([{"Name": "Other", "Version": "1"}]));
    assert_eq!(described["PlatformTypes"].as_array().unwrap().len(), 2);
    assert_eq!(
        described["Parameters"],
        json!([{"Name": "who", "Type": "String", "DefaultValue": "you"}, {"Name": "list", "Type": "StringList", "DefaultValue": "[\"a\"]"}])
    );
    for (member, value) in [
        ("DocumentVersion", "1"),
        ("DefaultVersion", "1"),
        ("LatestVersion", "1"),
        ("VersionName", "first"),
        ("DisplayName", "Say it"),
        ("TargetType", "/AWS::EC2::Instance"),
        ("SchemaVersion", "2.2"),
        ("DocumentType", "Command"),
        ("DocumentFormat", "JSON"),
        ("HashType", "Sha256"),
        ("Description", "says something"),
    ] {
        assert_eq!(described[member], value, "{member}");
    }
    described["Status"] = "Creating".into();
    assert_eq!(described, created);
    assert_eq!(hub.refused(Operation::CreateDocument, input).await, "DocumentAlreadyExists");
}

async fn creation_is_refused(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let input = |extra: Value| {
        let mut input = json!({"Name": "Say", "Content": content("one")});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    for (extra, code) in [
        (json!({"Name": "AWS-Say"}), "ValidationException"),
        (json!({"Name": "amazonSay"}), "ValidationException"),
        (json!({"Name": "Amzn-Say"}), "ValidationException"),
        (json!({"Name": "Sa"}), "ValidationException"),
        (json!({"Name": "Say it"}), "ValidationException"),
        (json!({"DocumentType": "Script"}), "ValidationException"),
        (json!({"TargetType": "AWS"}), "ValidationException"),
        (json!({"Content": "{"}), "InvalidDocumentContent"),
        (json!({"DocumentFormat": "TEXT"}), "InvalidDocumentContent"),
        (json!({"DocumentType": "Automation"}), "InvalidDocumentSchemaVersion"),
        (json!({"Content": " ".repeat(70_000)}), "MaxDocumentSizeExceeded"),
        (json!({"Tags": [{"Key": "aws:a", "Value": "b"}]}), "ValidationException"),
        (json!({"Attachments": [{"Key": "SourceUrl", "Values": ["s3://bucket/a"]}]}), "ValidationException"),
        (json!({"Attachments": [{"Key": "AttachmentReference", "Values": ["Doc/1/file"]}]}), "ValidationException"),
    ] {
        assert_eq!(hub.refused(Operation::CreateDocument, input(extra.clone())).await, code, "{extra}");
    }
    assert_eq!(hub.refused(Operation::DescribeDocument, json!({"Name": "Say"})).await, "InvalidDocument");
}

async fn versions_are_added_and_selected(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    let second = json!({"Name": "Say", "Content": content("two"), "DocumentVersion": "1", "VersionName": "second", "DisplayName": "d"});
    let second = hub.ok(Operation::UpdateDocument, second).await["DocumentDescription"].take();
    assert_eq!((&second["Status"], &second["DocumentVersion"]), (&json!("Updating"), &json!("2")));
    assert_eq!((&second["LatestVersion"], &second["DefaultVersion"]), (&json!("2"), &json!("1")));
    assert_eq!(update(&hub, "Say", "three").await["DisplayName"], "d", "a display name is inherited");

    let version = |selector: Value| {
        let (hub, mut input) = (&hub, json!({"Name": "Say"}));
        input.as_object_mut().unwrap().extend(selector.as_object().unwrap().clone());
        async move { describe(hub, input).await["DocumentVersion"].take() }
    };
    assert_eq!(version(json!({})).await, "1");
    assert_eq!(version(json!({"DocumentVersion": "$DEFAULT"})).await, "1");
    assert_eq!(version(json!({"DocumentVersion": "$LATEST"})).await, "3");
    assert_eq!(version(json!({"VersionName": "second"})).await, "2");
    assert_eq!(version(json!({"VersionName": "second", "DocumentVersion": "2"})).await, "2");
    for (selector, code) in [
        (json!({"DocumentVersion": "9"}), "InvalidDocumentVersion"),
        (json!({"DocumentVersion": "99999999999999999999"}), "InvalidDocumentVersion"),
        (json!({"VersionName": "other"}), "InvalidDocumentVersion"),
        (json!({"VersionName": "second", "DocumentVersion": "3"}), "InvalidDocument"),
        (json!({"DocumentVersion": "0"}), "ValidationException"),
        (json!({"Name": "Sey"}), "InvalidDocument"),
    ] {
        let mut input = json!({"Name": "Say"});
        input.as_object_mut().unwrap().extend(selector.as_object().unwrap().clone());
        assert_eq!(hub.refused(Operation::GetDocument, input.clone()).await, code, "{input}");
        assert_eq!(hub.refused(Operation::DescribeDocument, input.clone()).await, code, "{input}");
    }
    let arn = hub.hub.shared().arn("document/Say");
    assert_eq!(describe(&hub, json!({"Name": arn})).await, describe(&hub, json!({"Name": "Say"})).await);

    let (versions, pages) = hub.pages(Operation::ListDocumentVersions, json!({"Name": "Say", "MaxResults": 2}), "DocumentVersions").await;
    let numbers: Vec<&str> = versions.iter().filter_map(|v| v["DocumentVersion"].as_str()).collect();
    assert_eq!((numbers, pages), (vec!["3", "2", "1"], 2));
    assert_eq!((&versions[2]["IsDefaultVersion"], &versions[0]["IsDefaultVersion"]), (&json!(true), &json!(false)));
}

async fn updates_are_refused(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    let named = json!({"Name": "Say", "Content": content("two"), "DocumentVersion": "$LATEST", "VersionName": "second"});
    hub.ok(Operation::UpdateDocument, named).await;
    let input = |extra: Value| {
        let mut input = json!({"Name": "Say", "Content": content("three"), "DocumentVersion": "$LATEST"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    for (extra, code) in [
        (json!({"DocumentVersion": "1"}), "InvalidDocumentVersion"),
        (json!({"DocumentVersion": "7"}), "InvalidDocumentVersion"),
        (json!({"Content": content("one")}), "DuplicateDocumentContent"),
        (json!({"VersionName": "second"}), "DuplicateDocumentVersionName"),
        (json!({"Content": "{}"}), "InvalidDocumentContent"),
        (json!({"Name": "Sey"}), "InvalidDocument"),
        (json!({"Attachments": [{"Key": "S3FileUrl", "Values": ["s3://bucket/a"]}]}), "ValidationException"),
    ] {
        assert_eq!(hub.refused(Operation::UpdateDocument, input(extra.clone())).await, code, "{extra}");
    }
    assert_eq!(hub.refused(Operation::UpdateDocument, json!({"Name": "Say", "Content": content("x")})).await, "InvalidDocumentVersion");
    // The same content for another target type is another version.
    hub.ok(Operation::UpdateDocument, input(json!({"Content": content("one"), "TargetType": "/"}))).await;
}

async fn the_default_version_moves_and_stays(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    update(&hub, "Say", "two").await;
    let moved = hub.ok(Operation::UpdateDocumentDefaultVersion, json!({"Name": "Say", "DocumentVersion": "2"})).await;
    assert_eq!(moved, json!({"Description": {"Name": "Say", "DefaultVersion": "2"}}));
    assert_eq!(describe(&hub, json!({"Name": "Say"})).await["DocumentVersion"], "2");
    for (version, code) in [("3", "InvalidDocumentVersion"), ("$LATEST", "ValidationException")] {
        let input = json!({"Name": "Say", "DocumentVersion": version});
        assert_eq!(hub.refused(Operation::UpdateDocumentDefaultVersion, input).await, code);
    }
}

async fn versions_and_documents_are_deleted(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    update(&hub, "Say", "two").await;
    let delete = |version: &str| json!({"Name": "Say", "DocumentVersion": version});
    for version in ["1", "$DEFAULT"] {
        assert_eq!(hub.refused(Operation::DeleteDocument, delete(version)).await, "InvalidDocumentOperation");
    }
    assert_eq!(hub.ok(Operation::DeleteDocument, delete("$LATEST")).await, json!({}));
    assert_eq!(describe(&hub, json!({"Name": "Say"})).await["LatestVersion"], "1");
    assert_eq!(update(&hub, "Say", "three").await["DocumentVersion"], "3", "a number is not given out twice");
    let share = |list: &str| json!({"Name": "Say", "PermissionType": "Share", list: ["999999999999"]});
    hub.ok(Operation::ModifyDocumentPermission, share("AccountIdsToAdd")).await;
    assert_eq!(hub.refused(Operation::DeleteDocument, json!({"Name": "Say"})).await, "InvalidDocumentOperation");
    hub.ok(Operation::ModifyDocumentPermission, share("AccountIdsToRemove")).await;
    hub.ok(Operation::DeleteDocument, json!({"Name": "Say"})).await;
    assert_eq!(hub.refused(Operation::DeleteDocument, json!({"Name": "Say"})).await, "InvalidDocument");
    assert_eq!(create(&hub, "Say").await["DocumentVersion"], "1");

    let schema = json!({"Name": "Schema", "DocumentType": "ApplicationConfigurationSchema", "Content": "{}"});
    hub.ok(Operation::CreateDocument, schema).await;
    assert_eq!(hub.refused(Operation::DeleteDocument, json!({"Name": "Schema"})).await, "InvalidDocumentOperation");
    hub.ok(Operation::DeleteDocument, json!({"Name": "Schema", "Force": true})).await;
}

async fn content_is_converted_on_read(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let yaml = "schemaVersion: '2.2'\n# a remark\nmainSteps:\n- action: aws:runShellScript\n  name: s\n  inputs:\n    runCommand: [yes]\n";
    let created = hub.ok(Operation::CreateDocument, json!({"Name": "Yaml", "Content": yaml, "DocumentFormat": "YAML"})).await;
    assert_eq!(created["DocumentDescription"]["DocumentFormat"], "YAML");
    let json = hub.ok(Operation::GetDocument, json!({"Name": "Yaml"})).await;
    assert_eq!(json["DocumentFormat"], "JSON");
    let value: Value = serde_json::from_str(json["Content"].as_str().unwrap()).unwrap();
    assert_eq!(value["mainSteps"][0]["inputs"]["runCommand"], json!(["yes"]));
    for format in ["YAML", "TEXT"] {
        let stored = hub.ok(Operation::GetDocument, json!({"Name": "Yaml", "DocumentFormat": format})).await;
        assert_eq!((&stored["DocumentFormat"], &stored["Content"]), (&json!(format), &json!(yaml)));
    }
    let calendar = "BEGIN:VCALENDAR\r\nX-CALENDAR-TYPE:DEFAULT_CLOSED\r\nEND:VCALENDAR\r\n";
    hub.ok(
        Operation::CreateDocument,
        json!({"Name": "Cal", "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT", "Content": calendar}),
    )
    .await;
    let stored = hub.ok(Operation::GetDocument, json!({"Name": "Cal", "DocumentFormat": "JSON"})).await;
    assert_eq!((&stored["DocumentFormat"], &stored["Content"]), (&json!("TEXT"), &json!(calendar)));
}

async fn names(hub: &TestHub, filters: Value) -> Vec<String> {
    let (rows, _) = hub.pages(Operation::ListDocuments, json!({"Filters": filters}), "DocumentIdentifiers").await;
    rows.iter().filter_map(|row| row["Name"].as_str()).map(str::to_owned).collect()
}

async fn documents_are_listed_and_filtered(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let tagged = json!({"Name": "Web-Say", "Content": content("one"), "Tags": [{"Key": "role", "Value": "web"}], "DisplayName": "Greeting",
        "TargetType": "/AWS::EC2::Instance"});
    hub.ok(Operation::CreateDocument, tagged).await;
    create(&hub, "Other").await;
    let runbook = json!({"schemaVersion": "0.3", "mainSteps": [{"name": "s", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]});
    hub.ok(Operation::CreateDocument, json!({"Name": "Book", "DocumentType": "Automation", "Content": runbook.to_string()})).await;

    let (all, pages) = hub.pages(Operation::ListDocuments, json!({"MaxResults": 3}), "DocumentIdentifiers").await;
    let every: Vec<&str> = all.iter().filter_map(|row| row["Name"].as_str()).collect();
    assert!(every.is_sorted(), "{every:?}");
    assert_eq!((every.len(), pages), (26, 9));
    assert_eq!(names(&hub, json!([{"Key": "Owner", "Values": ["Self"]}])).await, ["Book", "Other", "Web-Say"]);
    assert_eq!(names(&hub, json!([{"Key": "Owner", "Values": ["Amazon"]}])).await.len(), 23);
    assert_eq!(names(&hub, json!([{"Key": "Owner", "Values": ["ThirdParty"]}])).await, [""; 0]);
    assert_eq!(names(&hub, json!([{"Key": "Owner", "Values": ["All"]}])).await.len(), 26);
    let own = json!({"Key": "Owner", "Values": ["Self"]});
    for (filter, expected) in [
        (json!({"Key": "Name", "Values": ["Web", "Oth"]}), vec!["Other", "Web-Say"]),
        (json!({"Key": "DocumentType", "Values": ["Automation"]}), vec!["Book"]),
        (json!({"Key": "PlatformTypes", "Values": ["Windows"]}), vec!["Book"]),
        (json!({"Key": "TargetType", "Values": ["/AWS::EC2::Instance"]}), vec!["Web-Say"]),
        (json!({"Key": "tag:role", "Values": ["db", "web"]}), vec!["Web-Say"]),
        (json!({"Key": "tag:role", "Values": ["db"]}), vec![]),
        (json!({"Key": "SearchKeyword", "Values": ["greet"]}), vec!["Web-Say"]),
    ] {
        assert_eq!(names(&hub, json!([own, filter])).await, expected, "{filter}");
    }
    let legacy = json!({"DocumentFilterList": [{"key": "Owner", "value": "Self"}, {"key": "Name", "value": "B"}]});
    let (rows, _) = hub.pages(Operation::ListDocuments, legacy, "DocumentIdentifiers").await;
    assert_eq!(rows.len(), 1);
    for (input, code) in [
        (json!({"Filters": [{"Key": "Colour", "Values": ["a"]}]}), "InvalidFilterKey"),
        (json!({"Filters": [own], "DocumentFilterList": [{"key": "Owner", "value": "Self"}]}), "ValidationException"),
        (json!({"MaxResults": 51}), "ValidationException"),
        (json!({"NextToken": "garbage"}), "InvalidNextToken"),
    ] {
        assert_eq!(hub.refused(Operation::ListDocuments, input.clone()).await, code, "{input}");
    }
    let token = hub.ok(Operation::ListDocuments, json!({"MaxResults": 1})).await["NextToken"].take();
    assert_eq!(hub.refused(Operation::ListDocuments, json!({"Filters": [own], "NextToken": token})).await, "InvalidNextToken");
    assert_eq!(hub.refused(Operation::ListDocumentVersions, json!({"Name": "Other", "NextToken": token})).await, "InvalidNextToken");
}

async fn documents_are_shared(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    let modify = |extra: Value| {
        let mut input = json!({"Name": "Say", "PermissionType": "Share"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let accounts: Vec<String> = (0..20).map(|n| format!("{n:012}")).collect();
    hub.ok(Operation::ModifyDocumentPermission, modify(json!({"AccountIdsToAdd": accounts, "SharedDocumentVersion": "$ALL"}))).await;
    for (add, remove) in [("All", "all"), ("000000000000", "000000000000")] {
        let both = json!({"AccountIdsToAdd": [add], "AccountIdsToRemove": [remove]});
        hub.ok(Operation::ModifyDocumentPermission, modify(both)).await;
    }
    for operation in [Operation::ModifyDocumentPermission, Operation::DescribeDocumentPermission] {
        let kind = |kind: Value| json!({"Name": "Say", "PermissionType": kind, "AccountIdsToAdd": ["000000000000"]});
        assert_eq!(hub.refused(operation, kind(json!("Own"))).await, "InvalidPermissionType", "{operation}");
        assert_eq!(hub.refused(operation, kind(json!(null))).await, "ValidationException", "{operation}");
        let two = json!({"Name": "?", "PermissionType": "Own"});
        assert_eq!(hub.refused(operation, two).await, "ValidationException", "{operation}: more than one member is wrong");
    }
    let input = json!({"Name": "Say", "PermissionType": "Share", "MaxResults": 10});
    let (shares, pages) = hub.pages(Operation::DescribeDocumentPermission, input, "AccountSharingInfoList").await;
    assert_eq!((shares.len(), pages), (19, 2));
    assert_eq!(shares[0], json!({"AccountId": "000000000001", "SharedDocumentVersion": "$ALL"}));
    for (extra, code) in [
        (json!({"AccountIdsToAdd": ["All", "000000000000"]}), "DocumentPermissionLimit"),
        (json!({"AccountIdsToAdd": ["12"]}), "ValidationException"),
        (json!({"AccountIdsToAdd": (0..21).map(|n| format!("{n:012}")).collect::<Vec<_>>()}), "ValidationException"),
        (json!({"AccountIdsToAdd": ["all"], "SharedDocumentVersion": "1"}), "ValidationException"),
        (json!({}), "ValidationException"),
        (json!({"Name": "Sey", "AccountIdsToAdd": ["all"]}), "InvalidDocument"),
    ] {
        assert_eq!(hub.refused(Operation::ModifyDocumentPermission, modify(extra.clone())).await, code, "{extra}");
    }
}

async fn public_documents_are_limited_and_can_be_switched_off(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let share = |name: &str| json!({"Name": name, "PermissionType": "Share", "AccountIdsToAdd": ["all"]});
    for n in 0..5 {
        create(&hub, &format!("Say{n}")).await;
        hub.ok(Operation::ModifyDocumentPermission, share(&format!("Say{n}"))).await;
    }
    create(&hub, "Say5").await;
    assert_eq!(hub.refused(Operation::ModifyDocumentPermission, share("Say5")).await, "DocumentPermissionLimit");
    assert_eq!(names(&hub, json!([{"Key": "Owner", "Values": ["Public"]}])).await.len(), 5);
    let setting = json!({"SettingId": "/ssm/documents/console/public-sharing-permission", "SettingValue": "Disable"});
    hub.ok(Operation::UpdateServiceSetting, setting).await;
    assert_eq!(hub.refused(Operation::ModifyDocumentPermission, share("Say5")).await, "ValidationException");
}

async fn reviews_take_their_steps(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    create(&hub, "Say").await;
    let runbook = |text: &str| {
        json!({"schemaVersion": "0.3", "description": text, "mainSteps": [{"name": "s", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]})
            .to_string()
    };
    let template = json!({"Name": "Change", "DocumentType": "Automation.ChangeTemplate", "Content": runbook("one")});
    assert_eq!(hub.ok(Operation::CreateDocument, template).await["DocumentDescription"]["ReviewStatus"], "NOT_REVIEWED");
    let step = |action: &str, comment: Option<&str>| {
        let comment = comment.map(|text| json!([{"Type": "Comment", "Content": text}])).unwrap_or(json!([]));
        json!({"Name": "Change", "DocumentReviews": {"Action": action, "Comment": comment}})
    };
    let review = Operation::UpdateDocumentMetadata;
    let mut not_reviewed = step("SendForReview", None);
    not_reviewed["Name"] = "Say".into();
    assert_eq!(hub.refused(review, not_reviewed).await, "InvalidDocumentOperation");
    for early in ["Approve", "Reject", "UpdateReview"] {
        assert_eq!(hub.refused(review, step(early, Some("x"))).await, "InvalidDocumentOperation", "{early}");
    }
    hub.ok(review, step("SendForReview", Some("please"))).await;
    assert_eq!(hub.refused(review, step("SendForReview", None)).await, "InvalidDocumentOperation");
    hub.ok(review, step("UpdateReview", Some("please look"))).await;
    assert_eq!(describe(&hub, json!({"Name": "Change"})).await["PendingReviewVersion"], "1");
    hub.ok(review, step("Reject", Some("no"))).await;
    hub.ok(review, step("SendForReview", None)).await;
    hub.ok(review, step("Approve", None)).await;
    assert_eq!(hub.refused(review, step("Approve", None)).await, "InvalidDocumentOperation");
    let described = describe(&hub, json!({"Name": "Change"})).await;
    assert_eq!((&described["ReviewStatus"], &described["ApprovedVersion"]), (&json!("APPROVED"), &json!("1")));
    assert_eq!(described["ReviewInformation"].as_array().unwrap().len(), 4);

    let mut answer =
        hub.ok(Operation::ListDocumentMetadataHistory, json!({"Name": "Change", "Metadata": "DocumentReviews", "MaxResults": 3})).await;
    assert_eq!((&answer["Name"], &answer["DocumentVersion"]), (&json!("Change"), &json!("1")));
    let mut entries = answer["Metadata"]["ReviewerResponse"].take().as_array().cloned().unwrap();
    let next = json!({"Name": "Change", "Metadata": "DocumentReviews", "MaxResults": 3, "NextToken": answer["NextToken"]});
    let mut answer = hub.ok(Operation::ListDocumentMetadataHistory, next).await;
    assert!(answer.get("NextToken").is_none());
    entries.extend(answer["Metadata"]["ReviewerResponse"].take().as_array().cloned().unwrap());
    let said: Vec<_> = entries.iter().map(|e| (e["ReviewStatus"].as_str().unwrap(), e["Comment"][0]["Content"].as_str())).collect();
    assert_eq!(said, [("APPROVED", None), ("PENDING", None), ("REJECTED", Some("no")), ("PENDING", Some("please look"))]);

    let update = json!({"Name": "Change", "Content": runbook("two"), "DocumentVersion": "$LATEST"});
    assert_eq!(hub.ok(Operation::UpdateDocument, update).await["DocumentDescription"]["ReviewStatus"], "NOT_REVIEWED");
    let missing = json!({"Name": "Change", "Metadata": "DocumentReviews", "DocumentVersion": "9"});
    assert_eq!(hub.refused(Operation::ListDocumentMetadataHistory, missing).await, "InvalidDocumentVersion");
}

async fn documents_survive_a_restart(database: TestDatabase) {
    let store = database.location().clone();
    let directory = tempfile::tempdir().unwrap();
    let config = || qd_hub::HubConfig { store: store.clone(), ..qd_hub::HubConfig::embedded(directory.path()) };
    let hub = qd_hub::Hub::open(config()).await.unwrap();
    let input = json!({"Name": "Say", "Content": content("one")});
    hub.call(&hub.administrator(), Operation::CreateDocument, input).await.unwrap();
    hub.close().await;
    let hub = qd_hub::Hub::open(config()).await.unwrap();
    let found = hub.call(&hub.administrator(), Operation::GetDocument, json!({"Name": "Say"})).await.unwrap();
    assert_eq!(found["Content"], content("one"));
    hub.close().await;
}

qd_store::on_both_engines!(
    a_document_is_created_and_described,
    creation_is_refused,
    versions_are_added_and_selected,
    updates_are_refused,
    the_default_version_moves_and_stays,
    versions_and_documents_are_deleted,
    content_is_converted_on_read,
    documents_are_listed_and_filtered,
    documents_are_shared,
    public_documents_are_limited_and_can_be_switched_off,
    reviews_take_their_steps,
    documents_survive_a_restart
);
