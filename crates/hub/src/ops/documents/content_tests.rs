use super::*;
use serde_json::json;

fn code(document_type: DocumentType, format: DocumentFormat, content: &str) -> String {
    accept(document_type, format, content).unwrap_err().code.into_owned()
}

fn command(schema_version: &str) -> Value {
    json!({
        "schemaVersion": schema_version,
        "description": "d",
        "parameters": {"p": {"type": "String", "default": "x"}},
        "mainSteps": [{"action": "aws:runShellScript", "name": "s", "inputs": {"runCommand": ["echo {{ p }}"]}}],
    })
}

#[test]
fn a_command_is_accepted_in_both_spellings() {
    let json = command("2.2").to_string();
    let accepted = accept(DocumentType::Command, DocumentFormat::Json, &json).unwrap();
    assert_eq!(accepted.schema_version.as_deref(), Some("2.2"));
    assert_eq!(accepted.description.as_deref(), Some("d"));
    assert_eq!(accepted.platform_types, [PlatformType::Linux, PlatformType::MacOS]);
    let yaml = convert(&json, DocumentFormat::Json, DocumentFormat::Yaml).unwrap();
    let from_yaml = accept(DocumentType::Command, DocumentFormat::Yaml, &yaml).unwrap();
    assert_ne!(from_yaml.hash, accepted.hash, "the hash is that of the text as it was sent");
    assert_eq!(Summary { hash: accepted.hash.clone(), ..from_yaml }, accepted);
    let again = convert(&yaml, DocumentFormat::Yaml, DocumentFormat::Json).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), command("2.2"));
}

#[test]
fn conversion_to_the_same_format_changes_no_byte() {
    let text = "{ \"schemaVersion\":\n\"2.2\" }";
    assert_eq!(convert(text, DocumentFormat::Json, DocumentFormat::Json).unwrap(), text);
    assert_eq!(convert(text, DocumentFormat::Json, DocumentFormat::Text).unwrap(), text);
}

#[test]
fn content_that_cannot_be_used_is_refused() {
    let content = "InvalidDocumentContent";
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, "{"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, "[]"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, "{}"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Yaml, "a: [b"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Text, "text"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, "{\"schemaVersion\": 2.2}"), content);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, &command("0.3").to_string()), "InvalidDocumentSchemaVersion");
    assert_eq!(code(DocumentType::Automation, DocumentFormat::Json, &command("2.2").to_string()), "InvalidDocumentSchemaVersion");
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, &" ".repeat(64 * 1024 + 1)), "MaxDocumentSizeExceeded");
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, "{\"a\": \"\0\"}"), content);
    let mut unknown = command("2.2");
    unknown["mainSteps"][0]["action"] = "aws:fly".into();
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, &unknown.to_string()), content);
    let mut undeclared = command("2.2");
    undeclared["mainSteps"][0]["inputs"]["runCommand"] = json!(["echo {{ q }}"]);
    assert_eq!(code(DocumentType::Command, DocumentFormat::Json, &undeclared.to_string()), content);
    assert_eq!(code(DocumentType::Package, DocumentFormat::Json, r#"{"schemaVersion":"2.0","packages":{},"files":{"a.zip":{}}}"#), content);
    assert_eq!(code(DocumentType::CloudFormation, DocumentFormat::Yaml, "a: b"), content);
}

#[test]
fn sessions_are_checked() {
    let session = |inputs: Value| json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}).to_string();
    let accepted = accept(DocumentType::Session, DocumentFormat::Json, &session(json!({"idleSessionTimeout": "20"}))).unwrap();
    assert_eq!((accepted.schema_version.as_deref(), accepted.platform_types.len()), (Some("1.0"), 3));
    assert!(
        accept(DocumentType::Session, DocumentFormat::Json, &session(json!({"idleSessionTimeout": "", "maxSessionDuration": "1440"})))
            .is_ok()
    );
    for inputs in [json!({"idleSessionTimeout": "61"}), json!({"idleSessionTimeout": 5}), json!({"maxSessionDuration": "0"}), json!([1])] {
        assert_eq!(code(DocumentType::Session, DocumentFormat::Json, &session(inputs)), "InvalidDocumentContent");
    }
    let content = r#"{"schemaVersion":"1.0","sessionType":"Telnet"}"#;
    assert_eq!(code(DocumentType::Session, DocumentFormat::Json, content), "InvalidDocumentContent");
}

#[test]
fn calendars_are_checked() {
    let calendar = |lines: &[&str]| lines.join("\r\n");
    let good =
        ["BEGIN:VCALENDAR", "VERSION:2.0", "X-CALENDAR-TYPE:DEFAULT_OPEN", "BEGIN:VEVENT", "SUMMARY:a", "END:VEVENT", "END:VCALENDAR", ""];
    assert!(accept(DocumentType::ChangeCalendar, DocumentFormat::Text, &calendar(&good)).is_ok());
    for broken in
        [&good[1..], &good[..6], &["BEGIN:VCALENDAR", "END:VCALENDAR"], &["BEGIN:VCALENDAR", "X-CALENDAR-TYPE:OPEN", "END:VCALENDAR"]]
    {
        assert_eq!(code(DocumentType::ChangeCalendar, DocumentFormat::Text, &calendar(broken)), "InvalidDocumentContent");
    }
    assert_eq!(code(DocumentType::ChangeCalendar, DocumentFormat::Json, "{}"), "InvalidDocumentContent");
}

#[test]
fn configuration_may_be_anything() {
    for (format, content) in [(DocumentFormat::Json, "[1]"), (DocumentFormat::Yaml, "a"), (DocumentFormat::Text, "free text")] {
        assert!(accept(DocumentType::ApplicationConfiguration, format, content).is_ok());
    }
    assert_eq!(code(DocumentType::ApplicationConfiguration, DocumentFormat::Json, "free text"), "InvalidDocumentContent");
}
