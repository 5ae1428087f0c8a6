use super::*;
use serde_json::json;

fn declare(parameters: Value) -> Vec<Parameter> {
    declared(Some(&parameters), Scope::Command).unwrap()
}

fn given(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    pairs.iter().map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())).collect()
}

fn problems(parameters: Value, pairs: &[(&str, &[&str])]) -> Vec<String> {
    Resolved::resolve(&declare(parameters), &given(pairs)).map_or_else(|error| error.0, |_| Vec::new())
}

#[test]
fn values_take_their_declared_type() {
    let declared = declare(json!({
        "s": {"type": "String"}, "l": {"type": "StringList"}, "i": {"type": "Integer"}, "b": {"type": "Boolean"},
        "m": {"type": "StringMap"}, "ml": {"type": "MapList"}, "d": {"type": "String", "default": 3600},
    }));
    let resolved = Resolved::resolve(
        &declared,
        &given(&[
            ("s", &["a"]),
            ("l", &["a", "b"]),
            ("i", &["-3"]),
            ("b", &["true"]),
            ("m", &[r#"{"path": "https://x"}"#]),
            ("ml", &[r#"{"a": 1}"#, r#"{"b": 2}"#]),
        ]),
    )
    .unwrap();
    assert_eq!(
        Value::Object(resolved.to_map()),
        json!({"s": "a", "l": ["a", "b"], "i": -3, "b": true, "m": {"path": "https://x"}, "ml": [{"a": 1}, {"b": 2}], "d": "3600"})
    );
    let whole = Resolved::resolve(&declare(json!({"ml": {"type": "MapList"}})), &given(&[("ml", &[r#"[{"a": 1}]"#])])).unwrap();
    assert_eq!(whole.get("ml"), Some(&json!([{"a": 1}])));
}

#[test]
fn each_rule_has_its_sentence() {
    let string = |rules: Value| {
        let mut body = json!({"type": "String"});
        body.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        json!({"p": body})
    };
    for (parameters, pairs, expected) in [
        (string(json!({})), &[][..], "Parameter `p` is required."),
        (string(json!({"default": ""})), &[("q", &["x"][..])][..], "Parameter `q` is not defined in the document."),
        (string(json!({})), &[("p", &["a", "b"][..])], "Parameter `p` of type String needs exactly one value."),
        (string(json!({})), &[("p", &[][..])], "Parameter `p` of type String needs exactly one value."),
        (string(json!({"allowedValues": ["a", "b"]})), &[("p", &["c"][..])], "Parameter `p` must be one of: a, b."),
        (string(json!({"allowedPattern": "^[a-z]+$"})), &[("p", &["a1"][..])], "Parameter `p` must match the pattern ^[a-z]+$"),
        (string(json!({"allowedPattern": "[a-z]+"})), &[("p", &["a1"][..])], "Parameter `p` must match the pattern [a-z]+"),
        (string(json!({"allowedPattern": "[a-z]+", "default": "1"})), &[], "Parameter `p` must match the pattern [a-z]+"),
        (string(json!({"minChars": 2})), &[("p", &["a"][..])], "Parameter `p` needs at least 2 characters."),
        (string(json!({"maxChars": "2"})), &[("p", &["abc"][..])], "Parameter `p` takes at most 2 characters."),
        (json!({"p": {"type": "StringList", "minItems": 1}}), &[("p", &[][..])], "Parameter `p` needs at least 1 items."),
        (json!({"p": {"type": "StringList", "maxItems": 1}}), &[("p", &["a", "b"][..])], "Parameter `p` takes at most 1 items."),
        (
            json!({"p": {"type": "StringList", "allowedPattern": "a+"}}),
            &[("p", &["a", "b"][..])],
            "Parameter `p` must match the pattern a+",
        ),
        (json!({"p": {"type": "Integer"}}), &[("p", &["3.1"][..])], "Parameter `p` of type Integer needs a whole number."),
        (json!({"p": {"type": "Boolean"}}), &[("p", &["1"][..])], "Parameter `p` of type Boolean needs true or false."),
        (json!({"p": {"type": "StringMap"}}), &[("p", &["[]"][..])], "Parameter `p` of type StringMap needs a JSON object."),
        (json!({"p": {"type": "MapList"}}), &[("p", &["[1]"][..])], "Parameter `p` of type MapList needs a JSON list of objects."),
    ] {
        assert_eq!(problems(parameters.clone(), pairs), [expected], "{parameters}");
    }
    assert_eq!(problems(string(json!({})), &[("x", &["1"]), ("y", &["2"])]).len(), 3);
    assert!(problems(string(json!({"allowedPattern": "^$|^[a-z]+$", "default": ""})), &[]).is_empty());
}

#[test]
fn messages_hold_no_values() {
    let all =
        problems(json!({"p": {"type": "String", "allowedPattern": "[a-z]+", "maxChars": 3}}), &[("p", &["hunter2"]), ("q", &["s3cret"])]);
    let all = all.join(" ");
    assert!(!all.contains("hunter2") && !all.contains("s3cret"), "{all}");
}

#[test]
fn typed_values_of_a_job_are_taken_and_strangers_dropped() {
    let declared = declare(json!({"s": {"type": "String"}, "l": {"type": "StringList"}, "m": {"type": "StringMap", "default": {}}}));
    let job = json!({"s": ["one"], "l": "single", "m": "{\"a\": \"b\"}", "stranger": 1});
    let resolved = Resolved::resolve_typed(&declared, job.as_object().unwrap()).unwrap();
    assert_eq!(Value::Object(resolved.to_map()), json!({"l": ["single"], "m": {"a": "b"}, "s": "one"}));
    assert!(Resolved::resolve_typed(&declared, json!({"s": {}, "l": []}).as_object().unwrap()).is_err());
}

#[test]
fn bad_declarations_are_refused() {
    for (parameters, part) in [
        (json!([]), "must be a map"),
        (json!({"a_b": {"type": "String"}}), "letters and digits"),
        (json!({"a": "String"}), "must be a map"),
        (json!({"a": {}}), "no type"),
        (json!({"a": {"type": "Text"}}), "unknown type"),
        (json!({"a": {"type": "AWS::EC2::Instance::Id"}}), "unknown type"),
        (json!({"a": {"type": "Boolean", "default": "true"}}), "true or false"),
        (json!({"a": {"type": "Integer", "default": "3"}}), "whole number"),
        (json!({"a": {"type": "Integer", "default": 3.1}}), "whole number"),
        (json!({"a": {"type": "String", "default": ["x"]}}), "not a string"),
        (json!({"a": {"type": "StringMap", "default": []}}), "default that is not"),
        (json!({"a": {"type": "String", "allowedPattern": "("}}), "does not compile"),
        (json!({"a": {"type": "String", "allowedValues": "x"}}), "not a list"),
        (json!({"a": {"type": "String", "displayType": "slider"}}), "displayType"),
        (json!({"a": {"type": "String", "minChars": -1}}), "minChars"),
        (json!({"a": {"type": "String", "minChars": 5, "maxChars": 1}}), "minimum above"),
        (json!({"a": {"type": "StringList", "interpolationType": "ENV_VAR"}}), "takes type String"),
        (json!({"a": {"type": "String", "interpolationType": "SHELL"}}), "only ENV_VAR"),
    ] {
        let error = declared(Some(&parameters), Scope::Command).unwrap_err();
        assert!(error.message.contains(part), "{parameters}: {error}");
    }
    let runbook = declared(
        Some(&json!({"Role_Arn": {"type": "AWS::IAM::Role::Arn"}, "Ids": {"type": "List<AWS::EC2::Instance::Id>"}})),
        Scope::Automation,
    );
    assert_eq!(runbook.unwrap()[1].kind.as_str(), "List<AWS::EC2::Instance::Id>");
}

#[test]
fn describe_speaks_string_and_string_list_alone() {
    let declared = declare(json!({"i": {"type": "Integer", "default": 3}, "l": {"type": "StringList", "default": ["a"]}}));
    let shown: Vec<_> = declared.iter().map(|parameter| serde_json::to_value(parameter.describe()).unwrap()).collect();
    assert_eq!(
        shown,
        [
            json!({"Name": "i", "Type": "String", "DefaultValue": "3"}),
            json!({"Name": "l", "Type": "StringList", "DefaultValue": "[\"a\"]"})
        ]
    );
}
