//! The check of a document that is being written says what CreateDocument says, word for word.

use serde_json::{Value, json};

use super::client::{Answer, Request, TestHub};

async fn ask(hub: &TestHub, path: &str, body: &Value) -> Answer {
    let mut request = Request::new("POST", &format!("/quarterdeck/v1/documents/{path}"), &hub.host());
    request.header("content-type", "application/json");
    request.body = body.to_string().into_bytes();
    request.sign(&hub.administrator(), "ssm", hub.now());
    hub.raw(&request.bytes()).await
}

fn step(change: &Value) -> Value {
    let mut step = json!({ "action": "aws:runShellScript", "name": "run", "inputs": { "runCommand": ["true"] } });
    for (name, value) in change.as_object().into_iter().flatten() {
        step[name] = value.clone();
    }
    step
}

fn document(schema: &str, steps: &[Value], parameters: &Value) -> String {
    json!({ "schemaVersion": schema, "parameters": parameters, "mainSteps": steps }).to_string()
}

fn with(parameter: &Value) -> String {
    document("2.2", &[step(&Value::Null)], &json!({ "p": parameter }))
}

/// Good and bad documents of every kind, as (type, format, content).
fn table() -> Vec<(&'static str, &'static str, String)> {
    let none = Value::Null;
    let mut json_commands: Vec<String> = vec![
        document("2.2", &[step(&none)], &none),
        document("2.0", &[step(&none)], &none),
        document("2.1", &[step(&none)], &none),
        document("0.3", &[step(&none)], &none),
        json!({ "schemaVersion": "1.2", "runtimeConfig": { "aws:runShellScript": { "properties": [{ "runCommand": ["true"] }] } } })
            .to_string(),
        json!({ "schemaVersion": "1.2", "runtimeConfig": {} }).to_string(),
        json!({ "schemaVersion": 2.2, "mainSteps": [step(&none)] }).to_string(),
        json!({ "mainSteps": [step(&none)] }).to_string(),
        json!({ "schemaVersion": "2.2", "mainSteps": [] }).to_string(),
        json!({ "schemaVersion": "2.2", "mainSteps": "x" }).to_string(),
        "[]".to_owned(),
        "{".to_owned(),
        "   ".to_owned(),
        r#"{"schemaVersion":"2.2","schemaVersion":"2.2"}"#.to_owned(),
        document("2.2", &[step(&json!({ "action": "aws:runShelScript" }))], &none),
        document("2.2", &[step(&json!({ "action": null }))], &none),
        document("2.2", &[step(&json!({ "name": "" }))], &none),
        document("2.2", &[step(&json!({ "name": "../up" }))], &none),
        document("2.2", &[step(&none), step(&none)], &none),
        document("2.2", &[step(&json!({ "inputs": [] }))], &none),
        document("2.2", &[step(&json!({ "inputs": { "runCommand": ["{{ nobody }}"] } }))], &none),
        document("2.2", &[step(&json!({ "inputs": { "runCommand": ["{{ ssm:x }}"] } }))], &none),
        document("2.2", &[step(&json!({ "inputs": { "onFailure": "stop" } }))], &none),
        document("2.2", &[step(&json!({ "inputs": { "finallyStep": true } })), step(&json!({ "name": "b" }))], &none),
        document("2.2", &[step(&json!({ "precondition": { "StringEquals": ["platformType", "Linux"] } }))], &none),
        document("2.2", &[step(&json!({ "precondition": { "StringEquals": ["platformType", "Solaris"] } }))], &none),
        document("2.2", &[step(&json!({ "precondition": { "StringLike": ["a", "b"] } }))], &none),
        document("2.2", &[step(&json!({ "precondition": { "StringEquals": ["platformType", "Windows"] } }))], &none),
        document("2.0", &[step(&json!({ "precondition": { "StringEquals": ["platformType", "Linux"] } }))], &none),
        document("2.2", &[step(&none)], &json!("x")),
        document("2.2", &[step(&none)], &json!({ "a-b": { "type": "String" } })),
        format!("{}{}", document("2.2", &[step(&none)], &none), " ".repeat(70_000)),
        document("2.2", &(0..201).map(|n| step(&json!({ "name": format!("s{n}") }))).collect::<Vec<_>>(), &none),
    ];
    json_commands.extend(
        [
            json!({ "type": "String" }),
            json!({ "type": "Text" }),
            json!({}),
            json!({ "type": "Boolean", "default": "true" }),
            json!({ "type": "Boolean", "default": true }),
            json!({ "type": "Integer", "default": "3" }),
            json!({ "type": "Integer", "default": 3 }),
            json!({ "type": "StringList", "default": ["a"] }),
            json!({ "type": "StringMap", "default": { "a": "b" } }),
            json!({ "type": "MapList", "default": [{ "a": "b" }] }),
            json!({ "type": "MapList", "default": { "a": "b" } }),
            json!({ "type": "String", "allowedPattern": "[" }),
            json!({ "type": "String", "allowedValues": "a" }),
            json!({ "type": "String", "displayType": "slider" }),
            json!({ "type": "String", "minChars": 5, "maxChars": 2 }),
            json!({ "type": "StringList", "minItems": -1 }),
            json!({ "type": "StringList", "interpolationType": "ENV_VAR" }),
            json!({ "type": "String", "interpolationType": "ENV_VAR" }),
        ]
        .iter()
        .map(with),
    );
    let mut table: Vec<_> = json_commands.into_iter().map(|content| ("Command", "JSON", content)).collect();
    let yaml = "schemaVersion: '2.2'\nmainSteps:\n  - action: aws:runShellScript\n    name: run\n    inputs:\n      runCommand: ['true']\n";
    for content in
        [yaml.to_owned(), yaml.replace("'2.2'", "2.2"), yaml.replace("name: run", "name run"), format!("{yaml}\u{0}"), "a: b: c".into()]
    {
        table.push(("Command", "YAML", content));
    }
    table.push(("Command", "TEXT", "x".into()));
    table.push(("Policy", "JSON", r#"{"schemaVersion":"1.2","runtimeConfig":{"aws:softwareInventory":{"properties":[{}]}}}"#.into()));
    table.push(("Package", "JSON", r#"{"schemaVersion":"2.0","version":"1","packages":{},"files":{}}"#.into()));
    for content in [
        r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{}}"#,
        r#"{"schemaVersion":"1.0","sessionType":"Other","inputs":{}}"#,
        r#"{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"90"}}"#,
    ] {
        table.push(("Session", "JSON", content.into()));
    }
    for content in [
        r#"{"schemaVersion":"0.3","mainSteps":[{"name":"s","action":"aws:sleep","inputs":{"Duration":"PT1S"}}]}"#,
        r#"{"schemaVersion":"2.2","mainSteps":[]}"#,
    ] {
        table.push(("Automation", "JSON", content.into()));
    }
    table.push(("ChangeCalendar", "TEXT", "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nEND:VCALENDAR\n".into()));
    table.push(("ChangeCalendar", "TEXT", "BEGIN:VCALENDAR\n".into()));
    table
}

#[tokio::test]
async fn a_draft_is_judged_as_it_is_when_it_is_created() {
    let hub = TestHub::start().await;
    let (mut good, mut bad) = (0, 0);
    for (index, (kind, format, content)) in table().into_iter().enumerate() {
        let checked = ask(&hub, "check", &json!({ "content": content, "format": format, "documentType": kind })).await;
        assert_eq!(checked.status, 200, "{}", checked.text());
        let checked = checked.json();
        let input = json!({ "Name": format!("draft-{index}"), "Content": content, "DocumentFormat": format, "DocumentType": kind });
        let created = hub.call("CreateDocument", &input).await;
        let shown: String = content.chars().take(300).collect();
        if created.status == 200 {
            good += 1;
            assert_eq!(checked["problem"], Value::Null, "{shown}");
            assert_eq!(checked["platformTypes"], created.json()["DocumentDescription"]["PlatformTypes"], "{shown}");
        } else {
            bad += 1;
            assert_eq!(checked["problem"]["code"], created.code(), "{shown}");
            assert_eq!(checked["problem"]["message"], created.json()["message"], "{shown}");
        }
    }
    assert!(good >= 15 && bad >= 35, "{good} good, {bad} bad");
}

#[tokio::test]
async fn a_draft_is_read_in_the_other_format() {
    let hub = TestHub::start().await;
    let content = document("2.2", &[step(&Value::Null)], &Value::Null);
    let yaml = ask(&hub, "convert", &json!({ "content": content, "from": "JSON", "to": "YAML" })).await.json()["content"].clone();
    assert!(yaml.as_str().unwrap().starts_with("schemaVersion: '2.2'\n"), "{yaml}");
    let back = ask(&hub, "convert", &json!({ "content": yaml, "from": "YAML", "to": "JSON" })).await.json();
    assert_eq!(serde_json::from_str::<Value>(back["content"].as_str().unwrap()).unwrap(), serde_json::from_str::<Value>(&content).unwrap());
    assert_eq!(ask(&hub, "convert", &json!({ "content": "{", "from": "JSON", "to": "YAML" })).await.code(), "InvalidDocumentContent");
    assert_eq!(ask(&hub, "check", &json!({ "content": "{}" })).await.code(), "ValidationException");
    let listed = hub.call("ListDocuments", &json!({ "Filters": [{ "Key": "Owner", "Values": ["Self"] }] })).await.json();
    assert_eq!(listed["DocumentIdentifiers"], json!([]), "nothing was stored");
}
