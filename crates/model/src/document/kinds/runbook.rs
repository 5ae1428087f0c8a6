//! The shape of a runbook (schema 0.3): what can be said without running it (semantics 4.1, 4.3).

use super::{Summary, version};
use crate::document::DocumentError;
use crate::document::interpolate;
use crate::document::parameters::{self, Parameter, Scope};
use crate::document::parse::{shown, text_of};
use crate::shapes::shared::PlatformType;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Actions of schema 0.3, in name order.
const ACTIONS: [&str; 23] = [
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

/// Steps of a runbook at most, those inside loops included (semantics 4.3.1).
const MAX_STEPS: usize = 100;

pub fn check(root: &Map<String, Value>) -> Result<Summary, DocumentError> {
    let schema_version = version(root, "an Automation document", "0.3")?;
    let parameters = parameters::declared(root.get("parameters"), Scope::Automation)?;
    let list =
        steps_of(root.get("mainSteps")).ok_or_else(|| DocumentError::content("A runbook needs mainSteps with at least one step."))?;
    let mut steps = Vec::new();
    collect(list, &mut steps)?;
    let names: BTreeSet<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    for step in &steps {
        jumps(step, &names)?;
        references(step, &parameters)?;
    }
    if let Some(role) = text_of(root, "assumeRole")?
        && !interpolate::ssm_references(&role).is_empty()
    {
        return Err(DocumentError::content("assumeRole may not refer to Parameter Store."));
    }
    Ok(Summary {
        schema_version: Some(schema_version),
        description: text_of(root, "description")?,
        parameters,
        platform_types: PlatformType::ALL.to_vec(),
        hash: String::new(),
    })
}

struct Step<'a> {
    name: String,
    body: &'a Map<String, Value>,
}

fn steps_of(value: Option<&Value>) -> Option<&Vec<Value>> {
    value.and_then(Value::as_array).filter(|steps| !steps.is_empty())
}

/// All steps, those inside loops too; names are unique among all of them.
fn collect<'a>(list: &'a [Value], steps: &mut Vec<Step<'a>>) -> Result<(), DocumentError> {
    for (index, value) in list.iter().enumerate() {
        if steps.len() >= MAX_STEPS {
            return Err(DocumentError::content(format!("A runbook has at most {MAX_STEPS} steps.")));
        }
        let body = value.as_object().ok_or_else(|| DocumentError::content(format!("Step {} must be a map.", index + 1)))?;
        let name = text_of(body, "name")?.unwrap_or_default();
        if name.is_empty() || name.len() > 128 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(DocumentError::content(format!("Step {} needs a name of letters, digits and `_`.", index + 1)));
        }
        if steps.iter().any(|step| step.name == name) {
            return Err(DocumentError::content(format!("The step name {} stands twice.", shown(&name))));
        }
        let action = text_of(body, "action")?.ok_or_else(|| DocumentError::content(format!("Step {} has no action.", shown(&name))))?;
        if ACTIONS.binary_search(&action.as_str()).is_err() {
            return Err(DocumentError::content(format!("The action {} of step {} is unknown.", shown(&action), shown(&name))));
        }
        let inputs = body.get("inputs").filter(|inputs| !inputs.is_null());
        if inputs.is_some_and(|inputs| !inputs.is_object()) {
            return Err(DocumentError::content(format!("The inputs of step {} must be a map.", shown(&name))));
        }
        let inner = (action == "aws:loop").then(|| steps_of(inputs.and_then(|inputs| inputs.get("Steps"))));
        steps.push(Step { name: name.clone(), body });
        match inner {
            Some(Some(list)) => collect(list, steps)?,
            Some(None) => return Err(DocumentError::content(format!("The loop {} has no Steps.", shown(&name)))),
            None => {}
        }
    }
    Ok(())
}

/// A step may only lead to a step there is.
fn jumps(step: &Step, names: &BTreeSet<&str>) -> Result<(), DocumentError> {
    let word = |name: &str| step.body.get(name).and_then(Value::as_str);
    let mut targets: Vec<&str> = word("nextStep").into_iter().collect();
    targets.extend(["onFailure", "onCancel"].into_iter().filter_map(|name| word(name)?.strip_prefix("step:")));
    let inputs = step.body.get("inputs");
    if word("action") == Some("aws:branch") {
        targets.extend(inputs.and_then(|inputs| inputs.get("Default")).and_then(Value::as_str));
        let choices = inputs.and_then(|inputs| inputs.get("Choices")).and_then(Value::as_array);
        let choices = choices.ok_or_else(|| DocumentError::content(format!("The branch {} has no Choices.", shown(&step.name))))?;
        for choice in choices {
            targets.extend(choice.get("NextStep").and_then(Value::as_str));
            operators(choice, &step.name, 0)?;
        }
    }
    match targets.into_iter().find(|target| !names.contains(*target) && interpolate::placeholder(target).is_none()) {
        Some(target) => Err(DocumentError::content(format!("Step {} leads to {}, which is no step.", shown(&step.name), shown(target)))),
        None => Ok(()),
    }
}

/// Operators of a branch, in name order (semantics 4.4).
const OPERATORS: [&str; 11] = [
    "BooleanEquals",
    "Contains",
    "EndsWith",
    "EqualsIgnoreCase",
    "NumericEquals",
    "NumericGreater",
    "NumericGreaterOrEquals",
    "NumericLesser",
    "NumericLesserOrEquals",
    "StartsWith",
    "StringEquals",
];

fn operators(choice: &Value, step: &str, depth: usize) -> Result<(), DocumentError> {
    let bad = |what: &str| DocumentError::content(format!("A choice of the branch {} {what}", shown(step)));
    let Some(choice) = choice.as_object() else {
        return Err(bad("must be a map."));
    };
    if depth > 8 {
        return Err(bad("is nested too deep."));
    }
    for (key, value) in choice {
        match key.as_str() {
            "NextStep" | "Variable" => {}
            "And" | "Or" => {
                let parts = value.as_array().filter(|parts| !parts.is_empty()).ok_or_else(|| bad("needs a list after And or Or."))?;
                parts.iter().try_for_each(|part| operators(part, step, depth + 1))?;
            }
            "Not" => match value {
                Value::Array(parts) => parts.iter().try_for_each(|part| operators(part, step, depth + 1))?,
                part => operators(part, step, depth + 1)?,
            },
            operator if OPERATORS.binary_search(&operator).is_ok() => {}
            operator => return Err(bad(&format!("has the unknown operator {}.", shown(operator)))),
        }
    }
    Ok(())
}

/// Placeholders without a dot or colon are parameters, and must be declared; Parameter Store is for defaults alone (semantics 3.6.7).
fn references(step: &Step, parameters: &[Parameter]) -> Result<(), DocumentError> {
    let Some(inputs) = step.body.get("inputs") else {
        return Ok(());
    };
    // A script is code of its own: braces in it are not ours.
    let mut unknown = None;
    for (_, value) in inputs.as_object().into_iter().flatten().filter(|(name, _)| name.as_str() != "Script" && name.as_str() != "Steps") {
        interpolate::each_placeholder(value, &mut |name| {
            let stranger =
                interpolate::is_parameter_name(name) && name != "RESOURCE_ID" && !parameters.iter().any(|parameter| parameter.name == name);
            if unknown.is_none() && (stranger || name.starts_with("ssm:")) {
                unknown = Some(name.to_owned());
            }
        });
    }
    match unknown {
        Some(name) if name.starts_with("ssm:") => Err(DocumentError::content(format!(
            "Step {} refers to Parameter Store directly; make it the default of a parameter instead.",
            shown(&step.name)
        ))),
        Some(name) => Err(DocumentError::content(format!(
            "Step {} refers to the parameter {}, which the document does not declare.",
            shown(&step.name),
            shown(&name)
        ))),
        None => Ok(()),
    }
}
