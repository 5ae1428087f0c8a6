use super::*;
use crate::Operation;
use crate::shape::Member;
use serde_json::json;
use std::collections::BTreeSet;

fn violations(operation: Operation, body: Value) -> Vec<String> {
    match check(operation.input(), &body) {
        Ok(()) => Vec::new(),
        Err(Invalid::Constraints(violations)) => violations,
        Err(Invalid::Serialization(message)) => vec![format!("SerializationException: {message}")],
    }
}

const NODE: &str = r"(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)";

#[test]
fn each_kind_of_violation_has_awss_text() {
    let cases: Vec<(Operation, Value, Vec<String>)> = vec![
        (Operation::SendCommand, json!({}), vec!["Value null at 'documentName' failed to satisfy constraint: Member must not be null".to_owned()]),
        (
            Operation::SendCommand,
            json!({"DocumentName": "a b"}),
            vec![
                r"Value 'a b' at 'documentName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9_\-.:/]{3,128}$".to_owned(),
            ],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "TimeoutSeconds": 29}),
            vec!["Value '29' at 'timeoutSeconds' failed to satisfy constraint: Member must have value greater than or equal to 30".to_owned()],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "Comment": "x".repeat(101), "MaxConcurrency": "0"}),
            vec![
                format!(
                    "Value '{}' at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100",
                    "x".repeat(101)
                ),
                "Value '0' at 'maxConcurrency' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$".to_owned(),
            ],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "DocumentHashType": "Md5"}),
            vec!["Value 'Md5' at 'documentHashType' failed to satisfy constraint: Member must satisfy enum value set: [Sha256, Sha1]".to_owned()],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "Targets": [{"Key": "tag:a", "Values": ["b"]}, {"Key": ""}]}),
            vec!["Value '' at 'targets.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned()],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-12345678", "x"]}),
            vec![format!(
                "Value '[i-12345678, x]' at 'instanceIds' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy regular expression pattern: {NODE}]"
            )],
        ),
        (
            Operation::SendCommand,
            json!({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-12345678", null]}),
            vec!["Value null at 'instanceIds.2.member' failed to satisfy constraint: Member must not be null".to_owned()],
        ),
        (
            Operation::GetCommandInvocation,
            json!({"CommandId": "x", "InstanceId": "i-12345678"}),
            vec!["Value 'x' at 'commandId' failed to satisfy constraint: Member must have length greater than or equal to 36".to_owned()],
        ),
        (
            Operation::ListCommands,
            json!({"MaxResults": 51, "Filters": [{"key": "Nope", "value": "a"}]}),
            vec![
                "Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50".to_owned(),
                "Value 'Nope' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum value set: [InvokedAfter, InvokedBefore, Status, ExecutionStage, DocumentName]".to_owned(),
            ],
        ),
        (
            Operation::GetParameters,
            json!({"Names": []}),
            vec!["Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned()],
        ),
        (
            Operation::AddTagsToResource,
            json!({"ResourceType": "Document", "ResourceId": "x", "Tags": [{"Key": "k"}]}),
            vec!["Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null".to_owned()],
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(violations(operation, body.clone()), expected, "{operation} {body}");
    }
}

#[test]
fn the_exception_counts_in_awss_grammar() {
    let one: ApiError = check(Operation::ListCommands.input(), &json!({"MaxResults": 0})).unwrap_err().into();
    assert_eq!(one.code, "ValidationException");
    assert_eq!(
        one.message,
        "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
    let two: ApiError = check(Operation::GetCommandInvocation.input(), &json!({"CommandId": "x", "InstanceId": "y"})).unwrap_err().into();
    assert_eq!(
        two.message,
        format!(
            "2 validation errors detected: Value 'x' at 'commandId' failed to satisfy constraint: Member must have length greater than or equal to 36; Value 'y' at 'instanceId' failed to satisfy constraint: Member must satisfy regular expression pattern: {NODE}"
        )
    );
}

#[test]
fn maps_are_reported_by_key_and_value() {
    let metadata = |metadata: Value| violations(Operation::CreateOpsMetadata, json!({"ResourceId": "arn:aws:x", "Metadata": metadata}));
    assert!(metadata(json!({"a": {"Value": "b"}})).is_empty());
    assert_eq!(
        metadata(json!({"a": {"Value": ""}})),
        ["Value '' at 'metadata.a.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1"]
    );
    assert_eq!(
        metadata(json!({"  ": {"Value": "b"}})),
        [
            "Value '{  =MetadataValue(value=b)}' at 'metadata' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ^(?!\\s*$).+]"
        ]
    );
    let values =
        violations(Operation::StartAutomationExecution, json!({"DocumentName": "AWS-Noop", "Parameters": {"Name": [&"x".repeat(600)]}}));
    assert_eq!(values.len(), 1);
    assert!(
        values[0].ends_with(
            "' at 'parameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50, Member must have length greater than or equal to 0, Member must satisfy constraint: [Member must have length less than or equal to 512, Member must have length greater than or equal to 1]]"
        ),
        "{}",
        values[0]
    );
}

#[test]
fn secrets_are_not_echoed() {
    let texts = violations(
        Operation::CreateMaintenanceWindow,
        json!({"Name": "win", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": true, "Description": "hunter2".repeat(40)}),
    );
    assert_eq!(texts, ["Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 128"]);
}

#[test]
fn wrong_types_are_serialization_errors() {
    let document = "AWS-RunShellScript";
    for (body, expected) in [
        (json!({"DocumentName": 5}), "NUMBER_VALUE can not be converted to a String"),
        (json!({"DocumentName": true}), "TRUE_VALUE can not be converted to a String"),
        (json!({"DocumentName": [document]}), "Start of list found where not expected"),
        (json!({"DocumentName": {}}), "Start of structure or map found where not expected."),
        (json!({"DocumentName": document, "TimeoutSeconds": "60"}), "STRING_VALUE can not be converted to an Integer"),
        (json!({"DocumentName": document, "TimeoutSeconds": 60.5}), "NUMBER_VALUE can not be converted to an Integer"),
        (json!({"DocumentName": document, "TimeoutSeconds": 1u64 << 40}), "NUMBER_VALUE can not be converted to an Integer"),
        (json!({"DocumentName": document, "InstanceIds": "i-12345678"}), "Expected list or null"),
        (json!({"DocumentName": document, "Targets": ["a"]}), "Expected null"),
        (json!({"DocumentName": document, "Parameters": "a"}), "Expected map or null"),
        (json!({"DocumentName": document, "Parameters": {"a": "b"}}), "Expected list or null"),
        (json!([]), "Start of list found where not expected"),
        (json!("x"), "Expected null"),
    ] {
        assert_eq!(check(Operation::SendCommand.input(), &body), Err(Invalid::Serialization(expected.to_owned())), "{body}");
    }
    assert_eq!(
        check(Operation::CreateActivation.input(), &json!({"IamRole": "role", "ExpirationDate": "soon"})),
        Err(Invalid::Serialization("STRING_VALUE can not be converted to a Timestamp".to_owned()))
    );
}

#[test]
fn good_bodies_pass() {
    for (operation, body) in [
        (
            Operation::SendCommand,
            json!({"DocumentName": "arn:aws:ssm:us-east-1:123456789012:document/Doc", "Targets": [{"Key": "tag:role", "Values": ["web"]}],
                "Parameters": {"commands": ["echo hi"]}, "TimeoutSeconds": 30, "MaxErrors": "0", "Unknown": {"is": "ignored"}, "Comment": null}),
        ),
        (Operation::ListCommands, json!({})),
        (Operation::CreateActivation, json!({"IamRole": "role", "ExpirationDate": 1_795_343_637.5, "Tags": [{"Key": "a", "Value": ""}]})),
        (Operation::CreateActivation, json!({"IamRole": "role", "ExpirationDate": "2026-12-01T00:00:00Z"})),
        (Operation::PutParameter, json!({"Name": "/a", "Value": "v", "Type": "SecureString"})),
    ] {
        assert_eq!(violations(operation, body), Vec::<String>::new());
    }
}

#[test]
fn messages_are_bounded() {
    let huge = "é".repeat(100_000);
    let texts = violations(Operation::SendCommand, json!({"DocumentName": huge}));
    assert!(texts.iter().all(|text| text.len() < 4096));
    let many: Vec<Value> = (0..2000).map(|_| json!({})).collect();
    assert_eq!(
        violations(Operation::AddTagsToResource, json!({"ResourceType": "Document", "ResourceId": "x", "Tags": many})).len(),
        MAX_VIOLATIONS
    );
}

#[test]
fn lengths_are_utf16_units() {
    let at_limit = json!({"DocumentName": "AWS-RunShellScript", "Comment": "😀".repeat(50)});
    assert!(violations(Operation::SendCommand, at_limit).is_empty());
    let over = json!({"DocumentName": "AWS-RunShellScript", "Comment": "😀".repeat(51)});
    assert_eq!(violations(Operation::SendCommand, over).len(), 1);
}

#[test]
fn blobs_are_measured_decoded() {
    assert_eq!(decoded_length("AP8H"), 3.0);
    assert_eq!(decoded_length("AA=="), 1.0);
    assert_eq!(decoded_length(""), 0.0);
}

/// Walks every shape reachable from every operation, each once.
fn every_shape(mut visit: impl FnMut(&'static Shape)) {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&'static Shape> = Operation::ALL.iter().flat_map(|operation| [operation.input(), operation.output()]).collect();
    while let Some(shape) = open.pop() {
        if !seen.insert(std::ptr::from_ref(shape) as usize) {
            continue;
        }
        visit(shape);
        match &shape.kind {
            Kind::Structure { members, .. } => open.extend(members.iter().map(|member: &Member| member.shape)),
            Kind::List(element) => open.push(element),
            Kind::Map { key, value } => open.extend([*key, *value]),
            _ => {}
        }
    }
}

#[test]
fn every_pattern_of_the_model_compiles() {
    let mut patterns = BTreeSet::new();
    every_shape(|shape| {
        if let Some(pattern) = shape.pattern
            && patterns.insert(pattern.source)
        {
            Matcher::compile(pattern.source).unwrap_or_else(|error| panic!("{}: {error}", pattern.source));
        }
    });
    assert!(patterns.len() >= 60, "{}", patterns.len());
}

#[test]
fn an_empty_object_names_exactly_the_required_members() {
    for operation in Operation::ALL {
        let required = operation.input().members().iter().filter(|member| member.required).count();
        assert_eq!(violations(*operation, json!({})).len(), required, "{operation}");
    }
}
