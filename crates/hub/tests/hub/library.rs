//! The AWS-owned documents against the table of their parameters (semantics 3.8).

use qd_hub::library;
use qd_model::Operation;
use qd_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::TestHub;

/// Name, schema version, platforms, and each parameter: `*` marks one that must be given, otherwise its default follows.
type Row = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const TABLE: &[Row] = &[
    ("AWS-RunShellScript", "1.2", "Linux MacOS", &[("commands", "*"), ("workingDirectory", ""), ("executionTimeout", "3600")]),
    ("AWS-RunPowerShellScript", "1.2", "Windows", &[("commands", "*"), ("workingDirectory", ""), ("executionTimeout", "3600")]),
    (
        "AWS-RunRemoteScript",
        "2.2",
        "Linux MacOS Windows",
        &[("sourceType", "*"), ("sourceInfo", "*"), ("commandLine", "*"), ("workingDirectory", ""), ("executionTimeout", "3600")],
    ),
    (
        "AWS-RunDocument",
        "2.2",
        "Linux MacOS Windows",
        &[("sourceType", "*"), ("sourceInfo", "{}"), ("documentPath", "*"), ("documentParameters", "{}")],
    ),
    ("AWS-DownloadContent", "2.2", "Linux MacOS Windows", &[("sourceType", "*"), ("sourceInfo", "*"), ("destinationPath", "")]),
    ("AWS-RefreshAssociation", "2.2", "Linux MacOS Windows", &[("associationIds", "[]")]),
    (
        "AWS-RunSaltState",
        "2.0",
        "Linux MacOS",
        &[("state", ""), ("stateurl", ""), ("pillars", ""), ("test", "False"), ("timeoutSeconds", "3600")],
    ),
    (
        "AWS-RunAnsiblePlaybook",
        "2.0",
        "Linux MacOS",
        &[("playbook", ""), ("playbookurl", ""), ("extravars", "SSM=True"), ("check", "False"), ("timeoutSeconds", "3600")],
    ),
    (
        "AWS-ApplyAnsiblePlaybooks",
        "2.2",
        "Linux",
        &[
            ("SourceType", "*"),
            ("SourceInfo", "*"),
            ("InstallDependencies", "True"),
            ("PlaybookFile", "*"),
            ("ExtraVariables", "SSM=True"),
            ("Check", "False"),
            ("Verbose", "-v"),
            ("TimeoutSeconds", "3600"),
        ],
    ),
    ("AWS-RunInspecChecks", "2.2", "Linux", &[("sourceType", "*"), ("sourceInfo", "*")]),
    (
        "AmazonCloudWatch-ManageAgent",
        "2.2",
        "Linux MacOS Windows",
        &[
            ("action", "configure"),
            ("mode", "ec2"),
            ("optionalConfigurationSource", "ssm"),
            ("optionalConfigurationLocation", ""),
            ("optionalRestart", "yes"),
        ],
    ),
    (
        "AWS-ConfigureAWSPackage",
        "2.2",
        "Linux MacOS Windows",
        &[("action", "*"), ("installationType", "Uninstall and reinstall"), ("name", "*"), ("version", ""), ("additionalArguments", "{}")],
    ),
    ("AWS-ConfigureDocker", "2.0", "Linux Windows", &[("action", "Install")]),
    (
        "AWS-RunDockerAction",
        "2.0",
        "Linux Windows",
        &[
            ("action", "*"),
            ("container", ""),
            ("image", ""),
            ("cmd", ""),
            ("memory", ""),
            ("cpuShares", ""),
            ("volume", "[]"),
            ("env", ""),
            ("user", ""),
            ("publish", ""),
        ],
    ),
    ("AWS-InstallApplication", "1.2", "Windows", &[("action", "Install"), ("parameters", ""), ("source", "*"), ("sourceHash", "")]),
    (
        "AWS-InstallPowerShellModule",
        "1.2",
        "Windows",
        &[("commands", "[]"), ("executionTimeout", "3600"), ("source", "*"), ("sourceHash", ""), ("workingDirectory", "")],
    ),
    ("AWS-StartSSHSession", "1.0", "Linux MacOS Windows", &[("portNumber", "22")]),
    ("AWS-StartPortForwardingSession", "1.0", "Linux MacOS Windows", &[("portNumber", "80"), ("localPortNumber", "0")]),
    (
        "AWS-StartPortForwardingSessionToRemoteHost",
        "1.0",
        "Linux MacOS Windows",
        &[("portNumber", "80"), ("localPortNumber", "0"), ("host", "*")],
    ),
    ("AWS-StartPortForwardingSessionToSocket", "1.0", "Linux MacOS Windows", &[("portNumber", "80"), ("localUnixSocket", "*")]),
    ("AWS-StartInteractiveCommand", "1.0", "Linux MacOS Windows", &[("command", "*")]),
    (
        "AWS-StartNonInteractiveCommand",
        "1.0",
        "Linux MacOS Windows",
        &[("command", "*"), ("separateOutputStream", "false"), ("stdOutSeparatorPrefix", ""), ("stdErrSeparatorPrefix", "")],
    ),
    ("AWS-UpdateSSMAgent", "1.2", "Linux MacOS Windows", &[("version", ""), ("allowDowngrade", "false")]),
];

#[test]
fn every_document_of_the_library_is_in_the_table() {
    let mut expected: Vec<&str> = TABLE.iter().map(|row| row.0).collect();
    expected.sort_unstable();
    let found: Vec<&str> = library::all().iter().map(|document| document.document.name.as_str()).collect();
    assert_eq!(found, expected);
}

#[test]
fn defaults_meet_their_own_patterns_whole() {
    for document in library::all() {
        let content: Value = serde_json::from_str(&document.content).unwrap();
        for (name, declaration) in content["parameters"].as_object().unwrap() {
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "the stock agent drops a parameter named {name}");
            let Some(pattern) = declaration.get("allowedPattern") else { continue };
            let pattern = pattern.as_str().unwrap();
            // The agent matches anywhere in the text, the service the whole of it: anchors make both the same.
            assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{pattern}");
            let regex = regex::Regex::new(pattern).unwrap();
            if let Some(default) = declaration.get("default") {
                assert!(regex.is_match(default.as_str().unwrap()), "{name} of {}", document.document.name);
            }
        }
    }
}

async fn described_as_the_table_says(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    for (name, schema_version, platforms, parameters) in TABLE {
        let answer = hub.ok(Operation::DescribeDocument, json!({"Name": name})).await;
        let document = &answer["Document"];
        assert_eq!(document["Owner"], "Amazon");
        assert_eq!(document["SchemaVersion"], *schema_version, "{name}");
        assert_eq!((&document["DocumentVersion"], &document["Status"]), (&json!("1"), &json!("Active")));
        assert_eq!(document["DocumentFormat"], "JSON");
        let mut found: Vec<&str> = document["PlatformTypes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), *platforms, "{name}");
        let found: Vec<(&str, &str)> = document["Parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["Name"].as_str().unwrap(), p.get("DefaultValue").map_or("*", |default| default.as_str().unwrap())))
            .collect();
        assert_eq!(found, *parameters, "{name}");
    }
}

async fn served_under_name_and_arn_in_both_formats(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let region = hub.hub.shared().region.clone();
    let by_name = hub.ok(Operation::GetDocument, json!({"Name": "AWS-RunShellScript"})).await;
    let arn = format!("arn:aws:ssm:{region}::document/AWS-RunShellScript");
    assert_eq!(hub.ok(Operation::GetDocument, json!({"Name": arn, "DocumentVersion": "$LATEST"})).await, by_name);
    let content: Value = serde_json::from_str(by_name["Content"].as_str().unwrap()).unwrap();
    assert_eq!(content["runtimeConfig"]["aws:runShellScript"]["properties"][0]["id"], "0.aws:runShellScript");
    let yaml = hub.ok(Operation::GetDocument, json!({"Name": "AWS-RunShellScript", "DocumentFormat": "YAML"})).await;
    assert!(yaml["Content"].as_str().unwrap().starts_with("schemaVersion:"));
    for (input, code) in [
        (json!({"Name": "AWS-RunShellScript", "DocumentVersion": "2"}), "InvalidDocumentVersion"),
        (json!({"Name": "AWS-RunShellScript", "VersionName": "v"}), "InvalidDocumentVersion"),
        (json!({"Name": format!("arn:aws:ssm:elsewhere-1::document/AWS-RunShellScript")}), "InvalidDocument"),
        (json!({"Name": format!("arn:aws:ssm:{region}:999999999999:document/AWS-RunShellScript")}), "InvalidDocument"),
    ] {
        assert_eq!(hub.refused(Operation::GetDocument, input).await, code);
    }
}

async fn cannot_be_changed(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let name = "AWS-RunShellScript";
    for (operation, input) in [
        (Operation::UpdateDocument, json!({"Name": name, "Content": "{}", "DocumentVersion": "$LATEST"})),
        (Operation::DeleteDocument, json!({"Name": name})),
        (Operation::UpdateDocumentDefaultVersion, json!({"Name": name, "DocumentVersion": "1"})),
        (Operation::DescribeDocumentPermission, json!({"Name": name, "PermissionType": "Share"})),
        (Operation::ModifyDocumentPermission, json!({"Name": name, "PermissionType": "Share", "AccountIdsToAdd": ["all"]})),
        (Operation::UpdateDocumentMetadata, json!({"Name": name, "DocumentReviews": {"Action": "Approve"}})),
    ] {
        assert_eq!(hub.refused(operation, input).await, "AccessDeniedException", "{operation}");
    }
}

qd_store::on_both_engines!(described_as_the_table_says, served_under_name_and_arn_in_both_formats, cannot_be_changed);
