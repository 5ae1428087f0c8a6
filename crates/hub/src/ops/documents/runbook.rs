//! What CreateDocument refuses in a runbook (schema 0.3, semantics 3.1.4 and 4): steps that cannot be reached by name, actions and operators
//! that do not exist, references to what is not there. Whether a step's inputs make sense is found out when it runs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Every action (semantics 4.3).
const ACTIONS: &[&str] = &[
    "aws:approve",
    "aws:assertAwsResourceProperty",
    "aws:branch",
    "aws:changeInstanceState",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:createTags",
    "aws:deleteImage",
    "aws:deleteStack",
    "aws:executeAutomation",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:executeStateMachine",
    "aws:invokeLambdaFunction",
    "aws:invokeWebhook",
    "aws:loop",
    "aws:pause",
    "aws:runCommand",
    "aws:runInstances",
    "aws:sleep",
    "aws:updateVariable",
    "aws:waitForAwsResourceProperty",
];

/// Every operator of a choice (semantics 4.4).
const OPERATORS: &[&str] = &[
    "StringEquals",
    "EqualsIgnoreCase",
    "StartsWith",
    "EndsWith",
    "Contains",
    "NumericEquals",
    "NumericGreater",
    "NumericLesser",
    "NumericGreaterOrEquals",
    "NumericLesserOrEquals",
    "BooleanEquals",
];

/// References that neither the runbook nor its steps declare: a maintenance window or a target fills them in.
const FILLED_IN: &[&str] = &["RESOURCE_ID", "TARGET_ID", "RESOURCE_TYPE", "WINDOW_ID", "WINDOW_TASK_ID", "WINDOW_EXECUTION_ID"];

/// What a reference may name.
struct Names<'a> {
    parameters: BTreeSet<&'a str>,
    variables: BTreeSet<&'a str>,
    steps: BTreeSet<&'a str>,
}

/// Checks a runbook; the error is the reason, a sentence.
pub fn check(root: &Map<String, Value>) -> Result<(), String> {
    let keys = |part: &str| match root.get(part) {
        None => Ok(BTreeSet::new()),
        Some(Value::Object(declared)) => Ok(declared.keys().map(String::as_str).collect()),
        Some(_) => Err(format!("{part} is not an object.")),
    };
    let mut names = Names { parameters: keys("parameters")?, variables: keys("variables")?, steps: BTreeSet::new() };
    check_parameters(root)?;
    let steps = steps_of(root, "mainSteps")?;
    collect(steps, &mut names)?;
    if let Some(role) = root.get("assumeRole") {
        let role = role.as_str().ok_or("assumeRole is not a string.")?;
        references("assumeRole", role, &names)?;
    }
    for step in steps {
        check_step(step, &names)?;
    }
    Ok(())
}

fn check_parameters(root: &Map<String, Value>) -> Result<(), String> {
    for (name, declaration) in root.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        if declaration.get("type").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("The parameter {name} has no type."));
        }
    }
    Ok(())
}

fn steps_of<'a>(holder: &'a Map<String, Value>, part: &str) -> Result<&'a [Value], String> {
    match holder.get(part) {
        Some(Value::Array(steps)) if !steps.is_empty() => Ok(steps),
        Some(Value::Array(_)) => Err(format!("{part} is empty.")),
        Some(_) => Err(format!("{part} is not a list.")),
        None => Err(format!("{part} is missing.")),
    }
}

/// Gathers the names of steps, those within loops too: they share one space of names.
fn collect<'a>(steps: &'a [Value], names: &mut Names<'a>) -> Result<(), String> {
    for step in steps {
        let step = step.as_object().ok_or("A step is not an object.")?;
        let name = step.get("name").and_then(Value::as_str).ok_or("A step has no name.")?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("The step name {name} holds other characters than letters, digits and _."));
        }
        if !names.steps.insert(name) {
            return Err(format!("Two steps have the name {name}."));
        }
        let action = step.get("action").and_then(Value::as_str).ok_or_else(|| format!("The step {name} has no action."))?;
        if !ACTIONS.contains(&action) {
            return Err(format!("The step {name} has the action {action}, which does not exist."));
        }
        if action == "aws:loop" {
            let inputs = step.get("inputs").and_then(Value::as_object).ok_or_else(|| format!("The step {name} has no inputs."))?;
            collect(steps_of(inputs, "Steps").map_err(|reason| format!("In the step {name}: {reason}"))?, names)?;
        }
    }
    Ok(())
}

fn check_step(step: &Value, names: &Names<'_>) -> Result<(), String> {
    let name = step["name"].as_str().unwrap_or_default();
    let action = step["action"].as_str().unwrap_or_default();
    let is_step = |target: &str| names.steps.contains(target);
    if let Some(next) = step.get("nextStep") {
        next.as_str().filter(|next| is_step(next)).ok_or_else(|| format!("The nextStep of the step {name} is not a step."))?;
    }
    for (part, words) in [("onFailure", &["Abort", "Continue"][..]), ("onCancel", &["Abort"][..])] {
        let Some(value) = step.get(part) else { continue };
        let word = value.as_str().unwrap_or_default();
        if !words.contains(&word) && !word.strip_prefix("step:").is_some_and(is_step) {
            return Err(format!("{part} of the step {name} is neither {} nor step: and the name of a step.", words.join(", ")));
        }
    }
    let Some(inputs) = step.get("inputs") else { return Ok(()) };
    let inputs = inputs.as_object().ok_or_else(|| format!("The inputs of the step {name} are not an object."))?;
    if action == "aws:branch" {
        check_choices(name, inputs, names)?;
    }
    if action == "aws:loop" {
        if let Some(condition) = inputs.get("LoopCondition") {
            check_condition(name, condition)?;
        }
        for inner in steps_of(inputs, "Steps")? {
            check_step(inner, names)?;
        }
    }
    for (input, value) in inputs {
        // A script is a text of its own; the inner steps of a loop were looked at above.
        let is_own_text = (action == "aws:executeScript" && input == "Script") || (action == "aws:loop" && input == "Steps");
        if !is_own_text {
            check_references(name, value, names)?;
        }
    }
    Ok(())
}

fn check_choices(name: &str, inputs: &Map<String, Value>, names: &Names<'_>) -> Result<(), String> {
    let choices = steps_of(inputs, "Choices").map_err(|reason| format!("In the step {name}: {reason}"))?;
    for choice in choices {
        let next = choice.get("NextStep").and_then(Value::as_str).unwrap_or_default();
        if !names.steps.contains(next) {
            return Err(format!("A choice of the step {name} leads to {next}, which is not a step."));
        }
        check_condition(name, choice)?;
    }
    match inputs.get("Default") {
        Some(default) if !default.as_str().is_some_and(|default| names.steps.contains(default)) => {
            Err(format!("The Default of the step {name} is not a step."))
        }
        _ => Ok(()),
    }
}

/// `{Variable, <operator>}`, or `And`, `Or` over a list, or `Not` over one.
fn check_condition(name: &str, condition: &Value) -> Result<(), String> {
    let condition = condition.as_object().ok_or_else(|| format!("A condition of the step {name} is not an object."))?;
    let mut operators = 0;
    for (key, value) in condition {
        match key.as_str() {
            "NextStep" | "Variable" => continue,
            "And" | "Or" => {
                let parts = value.as_array().ok_or_else(|| format!("{key} in the step {name} is not a list."))?;
                parts.iter().try_for_each(|part| check_condition(name, part))?;
            }
            "Not" => check_condition(name, value)?,
            operator if OPERATORS.contains(&operator) => {
                if !condition.contains_key("Variable") {
                    return Err(format!("{operator} in the step {name} has no Variable."));
                }
            }
            other => return Err(format!("The step {name} has the operator {other}, which does not exist.")),
        }
        operators += 1;
    }
    if operators == 1 { Ok(()) } else { Err(format!("A condition of the step {name} needs exactly one operator.")) }
}

fn check_references(step: &str, value: &Value, names: &Names<'_>) -> Result<(), String> {
    match value {
        Value::String(text) => references(&format!("The step {step}"), text, names),
        Value::Array(items) => items.iter().try_for_each(|item| check_references(step, item, names)),
        Value::Object(members) => members.values().try_for_each(|member| check_references(step, member, names)),
        _ => Ok(()),
    }
}

/// Checks every `{{ … }}` of a text (semantics 3.6.7, 4.2.2, 4.2.4).
fn references(place: &str, text: &str, names: &Names<'_>) -> Result<(), String> {
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { return Ok(()) };
        let reference = rest[start + 2..start + length].trim();
        rest = &rest[start + length + 2..];
        if reference.starts_with("ssm:") {
            return Err(format!(
                "{place} refers to {reference}: a parameter of Parameter Store can only stand in the value of a parameter."
            ));
        }
        let is_plain = !reference.is_empty() && reference.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'));
        let is_known = match (reference.split_once(':'), reference.split_once('.')) {
            // What is no name is left to the text it stands in.
            _ if !is_plain => true,
            (Some(("variable", variable)), _) => names.variables.contains(variable.split('.').next().unwrap_or_default()),
            (Some((space, _)), _) => matches!(space, "global" | "automation"),
            (None, Some((step, _))) => names.steps.contains(step) || names.parameters.contains(step),
            (None, None) => names.parameters.contains(reference) || FILLED_IN.contains(&reference),
        };
        if !is_known {
            return Err(format!("{place} refers to {reference}, which is neither declared nor the output of a step."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reason(root: Value) -> String {
        check(root.as_object().unwrap()).unwrap_err()
    }

    #[test]
    fn a_runbook_is_accepted() {
        let root = json!({
            "assumeRole": "{{ AutomationAssumeRole }}",
            "parameters": {"AutomationAssumeRole": {"type": "String"}, "Id": {"type": "StringList"}},
            "variables": {"n": {"type": "Integer"}},
            "mainSteps": [
                {"name": "stop", "action": "aws:changeInstanceState", "inputs": {"InstanceIds": "{{ Id }}", "DesiredState": "stopped"},
                 "onFailure": "step:tell", "nextStep": "choose"},
                {"name": "choose", "action": "aws:branch", "inputs": {"Choices": [
                    {"NextStep": "tell", "And": [{"Variable": "{{ stop.InstanceStates }}", "StringEquals": "stopped"},
                                                 {"Not": {"Variable": "{{ variable:n }}", "NumericEquals": 1}}]}], "Default": "tell"}},
                {"name": "repeat", "action": "aws:loop", "inputs": {"Iterators": [1], "Steps": [
                    {"name": "inner", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]}},
                {"name": "tell", "action": "aws:executeScript", "inputs": {"Runtime": "python3.11", "Script": "print('{{ jinja }}')",
                 "InputPayload": {"a": "{{ global:DATE }} {{ inner.x }} {{automation:EXECUTION_ID}} {{ TARGET_ID }}"}}},
            ],
        });
        assert_eq!(check(root.as_object().unwrap()), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let step = |extra: Value| {
            let mut step = json!({"name": "a", "action": "aws:sleep"});
            step.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json!({"mainSteps": [step]})
        };
        for (root, part) in [
            (json!({}), "mainSteps is missing"),
            (json!({"mainSteps": []}), "mainSteps is empty"),
            (json!({"mainSteps": [{"action": "aws:sleep"}]}), "no name"),
            (json!({"mainSteps": [{"name": "a", "action": "aws:sleep"}, {"name": "a", "action": "aws:sleep"}]}), "Two steps"),
            (json!({"parameters": {"p": {}}, "mainSteps": [{"name": "a", "action": "aws:sleep"}]}), "has no type"),
            (step(json!({"name": "a b"})), "other characters"),
            (step(json!({"action": "aws:fly"})), "aws:fly, which does not exist"),
            (step(json!({"nextStep": "b"})), "nextStep"),
            (step(json!({"onFailure": "step:b"})), "onFailure"),
            (step(json!({"onCancel": "Continue"})), "onCancel"),
            (step(json!({"inputs": {"x": "{{ p }}"}})), "refers to p"),
            (step(json!({"inputs": {"x": ["{{ b.Out }}"]}})), "refers to b.Out"),
            (step(json!({"inputs": {"x": {"y": "{{ssm:/p}}"}}})), "Parameter Store"),
            (step(json!({"inputs": {"x": "{{ variable:v }}"}})), "refers to variable:v"),
            (
                step(json!({"action": "aws:branch", "inputs": {"Choices": [{"NextStep": "a", "Variable": "x", "Like": "y"}]}})),
                "operator Like",
            ),
            (
                step(json!({"action": "aws:branch", "inputs": {"Choices": [{"NextStep": "z", "Variable": "x", "StringEquals": "y"}]}})),
                "leads to z",
            ),
            (step(json!({"action": "aws:branch", "inputs": {"Choices": [{"NextStep": "a", "Variable": "x"}]}})), "exactly one operator"),
            (step(json!({"action": "aws:loop", "inputs": {"Steps": []}})), "Steps is empty"),
        ] {
            let reason = reason(root);
            assert!(reason.contains(part), "{reason:?} does not say {part:?}");
        }
    }
}
