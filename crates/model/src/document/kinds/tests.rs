use super::*;
use serde_json::json;

fn code(kind: DocumentType, format: DocumentFormat, text: &str) -> &'static str {
    check(kind, format, text).map_or_else(|error| error.code(), |_| "")
}

fn json_code(kind: DocumentType, value: Value) -> &'static str {
    code(kind, DocumentFormat::Json, &value.to_string())
}

const CONTENT: &str = "InvalidDocumentContent";
const SCHEMA: &str = "InvalidDocumentSchemaVersion";

#[test]
fn each_type_has_its_schema_version() {
    let step = json!([{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["x"]}}]);
    let sleep = json!([{"action": "aws:sleep", "name": "a", "inputs": {"Duration": "PT1S"}}]);
    for (kind, value, expected) in [
        (DocumentType::Command, json!({"schemaVersion": "2.2", "mainSteps": step}), ""),
        (DocumentType::Command, json!({"schemaVersion": "0.3", "mainSteps": sleep}), SCHEMA),
        (DocumentType::Command, json!({"mainSteps": step}), CONTENT),
        (DocumentType::Policy, json!({"schemaVersion": "2.0", "mainSteps": step}), ""),
        (
            DocumentType::Policy,
            json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": {"runCommand": ["x"]}}}}),
            SCHEMA,
        ),
        (DocumentType::Automation, json!({"schemaVersion": "0.3", "mainSteps": sleep}), ""),
        (DocumentType::Automation, json!({"schemaVersion": "2.2", "mainSteps": step}), SCHEMA),
        (DocumentType::AutomationChangeTemplate, json!({"schemaVersion": "0.3", "mainSteps": sleep}), ""),
        (DocumentType::Session, json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}), ""),
        (DocumentType::Session, json!({"schemaVersion": "2.2", "sessionType": "Standard_Stream"}), SCHEMA),
        (DocumentType::Session, json!({"schemaVersion": "1.0", "sessionType": "Telnet"}), CONTENT),
        (
            DocumentType::Package,
            json!({"schemaVersion": "2.0", "packages": {"debian": {"_any": {"x86_64": {"file": "a.zip"}}}}, "files": {"a.zip": {}}}),
            "",
        ),
        (
            DocumentType::Package,
            json!({"schemaVersion": "2.0", "packages": {"debian": {"_any": {"x86_64": {"file": "b.zip"}}}}, "files": {"a.zip": {}}}),
            CONTENT,
        ),
        (DocumentType::Package, json!({"schemaVersion": "2.0", "packages": {"debian": {}}, "files": {"a.zip": {}}}), CONTENT),
        (DocumentType::CloudFormation, json!({"Resources": {}}), ""),
    ] {
        assert_eq!(json_code(kind, value.clone()), expected, "{kind} {value}");
    }
    let calendar = "BEGIN:VCALENDAR\r\nPRODID:-//AWS//Change Calendar 1.0//EN\r\nEND:VCALENDAR\r\n";
    assert_eq!(code(DocumentType::ChangeCalendar, DocumentFormat::Text, calendar), "");
    assert_eq!(code(DocumentType::ChangeCalendar, DocumentFormat::Json, "{}"), CONTENT);
    assert_eq!(code(DocumentType::ChangeCalendar, DocumentFormat::Text, "hello"), CONTENT);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Text, "hello"), CONTENT);
    assert_eq!(code(DocumentType::ApplicationConfiguration, DocumentFormat::Text, "a=b"), "");
    assert_eq!(code(DocumentType::ApplicationConfiguration, DocumentFormat::Json, "{"), CONTENT);
    assert_eq!(code(DocumentType::ApplicationConfiguration, DocumentFormat::Text, " \n"), CONTENT);
    assert_eq!(code(DocumentType::ApplicationConfiguration, DocumentFormat::Text, &"x".repeat(MAX_BYTES + 1)), "MaxDocumentSizeExceeded");
}

#[test]
fn a_summary_says_what_describe_document_shows() {
    let text = "schemaVersion: '2.2'\ndescription: Say it\nparameters:\n  what:\n    type: String\n    default: hi\nmainSteps:\n- action: aws:runShellScript\n  name: say\n  inputs:\n    runCommand: ['echo {{ what }}']\n";
    let summary = check(DocumentType::Command, DocumentFormat::Yaml, text).unwrap();
    assert_eq!(summary.schema_version.as_deref(), Some("2.2"));
    assert_eq!(summary.description.as_deref(), Some("Say it"));
    assert_eq!(summary.parameters[0].name, "what");
    assert_eq!(summary.platform_types, [PlatformType::Linux, PlatformType::MacOS]);
    assert_eq!(summary.hash, digest::sha256(text));
}

#[test]
fn runbooks_are_checked_for_shape() {
    let runbook = |steps: Value| {
        json_code(DocumentType::Automation, json!({"schemaVersion": "0.3", "parameters": {"Id": {"type": "String"}}, "mainSteps": steps}))
    };
    let sleep = |name: &str| json!({"action": "aws:sleep", "name": name, "inputs": {"Duration": "PT1S"}});
    assert_eq!(runbook(json!([sleep("a"), sleep("b")])), "");
    assert_eq!(runbook(json!([sleep("a"), sleep("a")])), CONTENT);
    assert_eq!(runbook(json!([sleep("a-b")])), CONTENT);
    assert_eq!(runbook(json!([])), CONTENT);
    assert_eq!(runbook(json!([{"action": "aws:teleport", "name": "a", "inputs": {}}])), CONTENT);
    assert_eq!(runbook(json!([{"action": "aws:sleep", "name": "a", "inputs": {}, "nextStep": "b"}])), CONTENT);
    assert_eq!(runbook(json!([{"action": "aws:sleep", "name": "a", "inputs": {}, "onFailure": "step:b"}, sleep("b")])), "");
    assert_eq!(
        runbook(json!([{"action": "aws:executeAwsApi", "name": "a", "inputs": {"Id": "{{ Id }} {{ global:REGION }} {{ b.Out }}"}}])),
        ""
    );
    assert_eq!(runbook(json!([{"action": "aws:executeAwsApi", "name": "a", "inputs": {"Id": "{{ Nope }}"}}])), CONTENT);
    assert_eq!(runbook(json!([{"action": "aws:executeAwsApi", "name": "a", "inputs": {"Id": "{{ssm:x}}"}}])), CONTENT);
    let branch = |choice: Value| {
        runbook(json!([{"action": "aws:branch", "name": "a", "inputs": {"Choices": [choice], "Default": "b"}}, sleep("b")]))
    };
    assert_eq!(branch(json!({"NextStep": "b", "Variable": "{{ Id }}", "StringEquals": "x"})), "");
    assert_eq!(
        branch(
            json!({"NextStep": "b", "Or": [{"Variable": "{{ Id }}", "StartsWith": "x"}, {"Not": {"Variable": "{{ Id }}", "Contains": "y"}}]})
        ),
        ""
    );
    assert_eq!(branch(json!({"NextStep": "b", "Variable": "{{ Id }}", "Matches": "x"})), CONTENT);
    assert_eq!(branch(json!({"NextStep": "c", "Variable": "{{ Id }}", "StringEquals": "x"})), CONTENT);
    let looped = |steps: Value| runbook(json!([{"action": "aws:loop", "name": "l", "inputs": {"Iterators": [1], "Steps": steps}}]));
    assert_eq!(looped(json!([sleep("inner")])), "");
    assert_eq!(looped(json!([sleep("l")])), CONTENT);
    assert_eq!(looped(json!([])), CONTENT);
}
