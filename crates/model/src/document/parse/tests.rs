use super::*;
use crate::document::Outcome;
use serde_json::json;
use std::collections::BTreeMap;

/// A document from JSON that must be good.
pub fn document(value: Value) -> Document {
    Document::from_value(value).unwrap()
}

fn refusal(value: Value) -> DocumentError {
    Document::from_value(value).unwrap_err()
}

const SHELL: &str = r#"{
  "schemaVersion": "1.2", "description": "Run a script",
  "parameters": {
    "commands": {"type": "StringList", "minItems": 1, "displayType": "textarea"},
    "workingDirectory": {"type": "String", "default": "", "maxChars": 4096},
    "executionTimeout": {"type": "String", "default": "3600", "allowedPattern": "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})"}
  },
  "runtimeConfig": {"aws:runShellScript": {"properties": [
    {"id": "0.aws:runShellScript", "runCommand": "{{ commands }}", "workingDirectory": "{{ workingDirectory }}", "timeoutSeconds": "{{ executionTimeout }}"}
  ]}}
}"#;

#[test]
fn schema_1_2_names_the_step_by_its_plugin() {
    let document = Document::parse(SHELL, DocumentFormat::Json).unwrap();
    assert_eq!(document.schema_version, SchemaVersion::V1_2);
    assert_eq!(document.description.as_deref(), Some("Run a script"));
    assert_eq!(document.plugin_names().collect::<Vec<_>>(), ["aws:runShellScript"]);
    let step = &document.steps[0];
    assert_eq!((step.plugin_folder().as_str(), step.output_folder().as_str()), ("awsrunShellScript", "0.awsrunShellScript"));
    assert_eq!(document.platform_types(), [PlatformType::Linux, PlatformType::MacOS]);
    let given = BTreeMap::from([("commands".to_owned(), vec!["echo 1".to_owned(), "echo 2".to_owned()])]);
    let resolved = Resolved::resolve(&document.parameters, &given).unwrap();
    assert_eq!(document.timeout_seconds(&resolved), 3600);
    let rendered = step.render(&resolved);
    assert_eq!(
        Value::Object(rendered.inputs.clone()),
        json!({"runCommand": ["echo 1", "echo 2"], "workingDirectory": "", "timeoutSeconds": "3600"})
    );
    assert!(!format!("{rendered:?} {resolved:?}").contains("echo"));
}

#[test]
fn schema_1_2_takes_one_property_or_several() {
    let one = document(json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": {"runCommand": ["x"]}}}}));
    assert_eq!((one.steps[0].name.as_str(), one.steps[0].id.as_str()), ("aws:runShellScript", "0.aws:runShellScript"));
    let several = document(json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": [
        {"id": "first", "runCommand": ["x"]}, {"runCommand": ["y"]}]}}}));
    assert_eq!(several.plugin_names().collect::<Vec<_>>(), ["aws:runShellScript"], "one plugin, one result");
    assert_eq!(several.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["first", "1.aws:runShellScript"]);
}

#[test]
fn schema_2_names_the_step_by_itself() {
    let yaml = "schemaVersion: '2.2'\nparameters:\n  who:\n    type: String\n    default: world\n    interpolationType: ENV_VAR\nmainSteps:\n- action: aws:runShellScript\n  name: hello\n  precondition:\n    StringEquals: [platformType, Linux]\n  inputs:\n    timeoutSeconds: 60\n    onFailure: exit\n    runCommand:\n    - echo hello {{ who }}\n    - docker ps --format '{{.Names}}'\n- action: aws:runPowerShellScript\n  name: bye\n  inputs:\n    finallyStep: true\n    runCommand: ['Write-Output {{ who }}']\n";
    let document = Document::parse(yaml, DocumentFormat::Yaml).unwrap();
    assert_eq!(document.plugin_names().collect::<Vec<_>>(), ["hello", "bye"]);
    assert_eq!(document.steps[0].flow.on_failure, Some(OnFailure::Exit));
    assert!(document.steps[1].flow.finally);
    let resolved = Resolved::resolve(&document.parameters, &BTreeMap::new()).unwrap();
    assert_eq!(document.timeout_seconds(&resolved), 3660);
    let precondition = document.steps[0].precondition.as_ref().unwrap();
    assert_eq!(precondition.evaluate(PlatformType::MacOS, &resolved), Outcome::NotMet);
    let hello = document.steps[0].render(&resolved);
    assert_eq!(hello.inputs["runCommand"], json!(["echo hello ${SSM_who}", "docker ps --format '{{.Names}}'"]));
    assert_eq!(hello.environment, [("SSM_who".to_owned(), "world".to_owned())]);
    assert_eq!(document.steps[1].render(&resolved).inputs["runCommand"], json!(["Write-Output ${Env:SSM_who}"]));
}

#[test]
fn every_known_schema_reads_and_no_other() {
    for version in ["2.0", "2.0.1", "2.0.2", "2.0.3", "2.2"] {
        let body = json!({"schemaVersion": version, "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {}}]});
        assert_eq!(document(body).schema_version.as_str(), version);
    }
    let number = json!({"schemaVersion": 2.2, "mainSteps": [{"action": "aws:runShellScript", "name": "a"}]});
    assert_eq!(document(number).schema_version, SchemaVersion::V2_2);
    for version in ["1.0", "2.1", "0.3", "3.0", "", "2"] {
        let error = refusal(json!({"schemaVersion": version, "mainSteps": [{"action": "aws:runShellScript", "name": "a"}]}));
        assert_eq!(error.code(), "InvalidDocumentSchemaVersion", "{version}");
    }
}

#[test]
fn bad_documents_say_what_is_wrong() {
    let step = json!({"action": "aws:runShellScript", "name": "a", "inputs": {}});
    let two = |steps: Value| json!({"schemaVersion": "2.2", "mainSteps": steps});
    for (value, part) in [
        (json!([]), "schemaVersion"),
        (json!({}), "no schemaVersion"),
        (json!({"schemaVersion": true}), "must be a string"),
        (json!({"schemaVersion": "2.2"}), "mainSteps"),
        (json!({"schemaVersion": "1.2"}), "runtimeConfig"),
        (json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:nope": {"properties": {}}}}), "`aws:nope` is unknown"),
        (json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": []}}}), "no properties"),
        (two(json!([])), "at least one step"),
        (two(json!(["x"])), "Step 1 must be a map"),
        (two(json!([{"name": "a"}])), "no action"),
        (two(json!([{"action": "aws:runShellScript"}])), "needs a name"),
        (two(json!([{"action": "aws:runShellScript", "name": "../x"}])), "needs a name"),
        (two(json!([{"action": "aws:runShellScript", "name": ".."}])), "needs a name"),
        (two(json!([{"action": "aws:runshellscript", "name": "a"}])), "is unknown"),
        (two(json!([{"action": "aws:runShellScript", "name": "a", "inputs": []}])), "must be a map"),
        (two(json!([step.clone(), step.clone()])), "`a` stands twice"),
        (two(json!([{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["{{ nope }}"]}}])), "`nope`, which"),
        (two(json!([{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["{{ssm:x}}"]}}])), "Parameter Store directly"),
        (two(json!([{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["{{ssm-secure:x}}"]}}])), "ssm-secure"),
        (
            two(json!([{"action": "aws:runShellScript", "name": "a", "precondition": {"StringEquals": ["{{ nope }}", "x"]}}])),
            "`nope`, which",
        ),
        (two(json!([{"action": "aws:runShellScript", "name": "a", "inputs": {"onFailure": "retry"}}])), "exit or successAndExit"),
        (two(json!([{"action": "aws:runShellScript", "name": "z", "inputs": {"finallyStep": "true"}}, step.clone()])), "not the last"),
        (
            json!({"schemaVersion": "2.0", "mainSteps": [{"action": "aws:runShellScript", "name": "a",
            "precondition": {"StringEquals": ["platformType", "Linux"]}}]}),
            "needs schema 2.2",
        ),
        (
            json!({"schemaVersion": "2.2", "parameters": {"t": {"type": "StringList"}}, "mainSteps": [
            {"action": "aws:runShellScript", "name": "a", "inputs": {"timeoutSeconds": "{{ t }}"}}]}),
            "takes a String",
        ),
        (json!({"schemaVersion": "2.2", "description": 5, "mainSteps": [step]}), "description must be a string"),
    ] {
        let error = refusal(value.clone());
        assert_eq!(error.code(), "InvalidDocumentContent", "{value}");
        assert!(error.message.contains(part), "{value}: {error}");
    }
    let many: Vec<Value> = (0..=MAX_STEPS).map(|index| json!({"action": "aws:runShellScript", "name": format!("s{index}")})).collect();
    assert!(refusal(two(json!(many))).message.contains("at most"));
    let secure = json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:downloadContent", "name": "a",
        "inputs": {"sourceType": "GitHub", "sourceInfo": "{\"tokenInfo\": \"{{ssm-secure:t}}\"}"}}]});
    assert_eq!(document(secure).steps.len(), 1);
}
