//! Command and Policy documents: schemas 1.2, 2.0 and 2.2 read into one list of steps (semantics 3.7, agent-protocol 6.1).

use super::interpolate;
use super::parameters::{self, Parameter, ParameterKind, Resolved, Scope};
use super::plugins::{self, Plugin};
use super::precondition::Precondition;
use super::{DocumentError, platforms, timeout, tree};
use crate::shapes::documents::DocumentFormat;
use crate::shapes::shared::PlatformType;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// Steps of a document at most.
pub const MAX_STEPS: usize = 200;

/// A schema a Command document may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaVersion {
    V1_2,
    V2_0,
    V2_0_1,
    V2_0_2,
    V2_0_3,
    V2_2,
}

impl SchemaVersion {
    pub const ALL: [SchemaVersion; 6] = [Self::V1_2, Self::V2_0, Self::V2_0_1, Self::V2_0_2, Self::V2_0_3, Self::V2_2];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V2_0 => "2.0",
            Self::V2_0_1 => "2.0.1",
            Self::V2_0_2 => "2.0.2",
            Self::V2_0_3 => "2.0.3",
            Self::V2_2 => "2.2",
        }
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Command or Policy document that can be run.
#[derive(Debug, Clone)]
pub struct Document {
    pub schema_version: SchemaVersion,
    pub description: Option<String>,
    /// In the order of the document.
    pub parameters: Vec<Parameter>,
    /// In the order they run.
    pub steps: Vec<Step>,
    /// The document as it was read, which is what travels to an agent as `DocumentContent`.
    pub content: Value,
}

/// One plugin with its inputs.
#[derive(Debug, Clone)]
pub struct Step {
    pub plugin: &'static Plugin,
    /// The wire's PluginName: the step's name in 2.x, the plugin's name in 1.2 (semantics 2.4.4). A 1.2 plugin with several
    /// `properties` is several steps of one name, reported as one.
    pub name: String,
    /// The folder of the step's output: the step's name in 2.x, the property id (`0.aws:runShellScript`) in 1.2.
    pub id: String,
    /// As the document has them, placeholders not filled in.
    pub inputs: Map<String, Value>,
    pub precondition: Option<Precondition>,
    pub flow: Flow,
}

/// What happens after a step (semantics 3.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// `onFailure: exit` ends the document; `successAndExit` ends it as a success.
    pub on_failure: Option<OnFailure>,
    /// `onSuccess: exit` ends the document.
    pub exit_on_success: bool,
    /// `finallyStep: true`: runs whatever happened before; only the last step may be one.
    pub finally: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    Exit,
    SuccessAndExit,
}

/// A step's inputs with the parameters filled in. `Debug` shows no values.
#[derive(Clone, PartialEq, Default)]
pub struct Rendered {
    pub inputs: Map<String, Value>,
    /// Variables the script must see: ENV_VAR parameters (semantics 3.6.8).
    pub environment: Vec<(String, String)>,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("inputs", &self.inputs.keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Document {
    /// Reads and checks a document's text.
    ///
    /// # Errors
    /// Not of the format, over a limit, of an unknown schema, or not a document of that schema: an unknown plugin, a placeholder
    /// without a parameter, a step name that stands twice.
    pub fn parse(text: &str, format: DocumentFormat) -> Result<Self, DocumentError> {
        Self::from_value(tree::read(text, format)?)
    }

    /// Checks a document that was read already, such as the `DocumentContent` of a job.
    pub fn from_value(content: Value) -> Result<Self, DocumentError> {
        let Some(root) = content.as_object() else {
            return Err(DocumentError::content("A document must be a map with schemaVersion at its top."));
        };
        let text = schema_version(root)?;
        let schema_version = SchemaVersion::ALL.into_iter().find(|version| version.as_str() == text).ok_or_else(|| {
            DocumentError::schema_version(format!(
                "The schema version {} is not supported for a Command document; use 1.2, 2.0 or 2.2.",
                shown(&text)
            ))
        })?;
        let parameters = parameters::declared(root.get("parameters"), Scope::Command)?;
        let steps = if schema_version == SchemaVersion::V1_2 { runtime_config(root)? } else { main_steps(root, schema_version)? };
        let document = Self { schema_version, description: text_of(root, "description")?, parameters, steps, content: Value::Null };
        document.check_references()?;
        Ok(Self { content, ..document })
    }

    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Platforms it can run on, in AWS's order.
    pub fn platform_types(&self) -> Vec<PlatformType> {
        platforms::of(self)
    }

    /// Seconds it may run, to be added to TimeoutSeconds.
    pub fn timeout_seconds(&self, parameters: &Resolved) -> u32 {
        timeout::document_seconds(self, parameters)
    }

    /// Names of the steps as GetCommandInvocation takes them for PluginName.
    pub fn plugin_names(&self) -> impl Iterator<Item = &str> {
        let mut before = None;
        self.steps.iter().map(|step| step.name.as_str()).filter(move |name| before.replace(*name) != Some(*name))
    }

    /// Every placeholder must name a parameter, and a list cannot stand where a step counts seconds.
    fn check_references(&self) -> Result<(), DocumentError> {
        for step in &self.steps {
            let mut names = BTreeSet::new();
            for value in step.inputs.values() {
                interpolate::each_placeholder(value, &mut |name| {
                    names.insert(name.to_owned());
                });
            }
            names.extend(step.precondition.iter().flat_map(Precondition::parameters).map(str::to_owned));
            for name in names {
                self.check_reference(step, &name)?;
            }
            if let Some(name) = step.inputs.get("timeoutSeconds").and_then(Value::as_str).and_then(interpolate::placeholder)
                && self.parameter(name).is_some_and(|parameter| !matches!(parameter.kind, ParameterKind::String | ParameterKind::Integer))
            {
                return Err(DocumentError::content(format!("timeoutSeconds of step {} takes a String parameter.", shown(&step.name))));
            }
        }
        Ok(())
    }

    fn check_reference(&self, step: &Step, name: &str) -> Result<(), DocumentError> {
        let place = shown(&step.name);
        if name.starts_with("ssm:") {
            return Err(DocumentError::content(format!(
                "Step {place} refers to Parameter Store directly; make it the default of a document parameter instead."
            )));
        }
        if name.starts_with("ssm-secure:") && step.plugin.name != "aws:downloadContent" {
            return Err(DocumentError::content(format!("Step {place} uses ssm-secure, which only aws:downloadContent resolves.")));
        }
        if interpolate::is_parameter_name(name) && self.parameter(name).is_none() {
            return Err(DocumentError::content(format!(
                "Step {place} refers to the parameter {}, which the document does not declare.",
                shown(name)
            )));
        }
        Ok(())
    }
}

impl Step {
    /// The inputs with parameters filled in. In the script of a shell plugin, parameters declared ENV_VAR become references to
    /// environment variables, so that their values are data and never code.
    pub fn render(&self, parameters: &Resolved) -> Rendered {
        let mut rendered = Rendered::default();
        for (name, value) in &self.inputs {
            let script = self.plugin.shell.filter(|_| name.eq_ignore_ascii_case("runCommand"));
            rendered.inputs.insert(name.clone(), interpolate::value(value, parameters, script));
        }
        if self.plugin.shell.is_some() {
            rendered.environment = parameters.environment();
        }
        rendered
    }

    /// The folder of its plugin's output: the plugin's name without colons (semantics 2.4.6).
    pub fn plugin_folder(&self) -> String {
        self.plugin.name.replace(':', "")
    }

    /// The folder of its own output below that.
    pub fn output_folder(&self) -> String {
        self.id.replace(':', "")
    }
}

/// The `schemaVersion` as text; a number is taken by its digits, since YAML authors leave the quotes out.
pub(super) fn schema_version(root: &Map<String, Value>) -> Result<String, DocumentError> {
    match root.get("schemaVersion") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(DocumentError::content("schemaVersion must be a string.")),
        None => Err(DocumentError::content("The document has no schemaVersion.")),
    }
}

pub(super) fn text_of(map: &Map<String, Value>, name: &str) -> Result<Option<String>, DocumentError> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(DocumentError::content(format!("{name} must be a string."))),
    }
}

/// A name from the document in a message, quoted and bounded.
pub(super) fn shown(name: &str) -> String {
    format!("`{}`", name.chars().take(64).collect::<String>())
}

fn plugin(name: &str) -> Result<&'static Plugin, DocumentError> {
    plugins::find(name).ok_or_else(|| DocumentError::content(format!("The plugin {} is unknown.", shown(name))))
}

fn inputs(value: Option<&Value>, place: &str) -> Result<Map<String, Value>, DocumentError> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(inputs)) => Ok(inputs.clone()),
        Some(_) => Err(DocumentError::content(format!("The inputs of {place} must be a map."))),
    }
}

/// Schema 1.2: `runtimeConfig` maps plugins to one or several `properties`.
fn runtime_config(root: &Map<String, Value>) -> Result<Vec<Step>, DocumentError> {
    let config = root.get("runtimeConfig").and_then(Value::as_object).filter(|config| !config.is_empty());
    let config = config.ok_or_else(|| DocumentError::content("A document of schema 1.2 needs runtimeConfig with at least one plugin."))?;
    let mut steps = Vec::new();
    for (name, body) in config {
        let kind = plugin(name)?;
        let properties = match body.get("properties") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
            None => return Err(DocumentError::content(format!("The plugin {} has no properties.", shown(name)))),
        };
        if properties.is_empty() {
            return Err(DocumentError::content(format!("The plugin {} has no properties.", shown(name))));
        }
        for (index, property) in properties.into_iter().enumerate() {
            let mut inputs = match property {
                // A property list may be left to a parameter as a whole.
                Value::String(text) if interpolate::placeholder(text).is_some() => {
                    return Err(DocumentError::content(format!("The properties of {} must be written out.", shown(name))));
                }
                other => inputs(Some(other), &shown(name))?,
            };
            let id = match inputs.remove("id") {
                Some(Value::String(id)) if !id.is_empty() => id,
                _ => format!("{index}.{name}"),
            };
            push(&mut steps, Step { plugin: kind, name: name.clone(), id, inputs, precondition: None, flow: Flow::default() })?;
        }
    }
    Ok(steps)
}

/// Schema 2.x: `mainSteps` in order.
fn main_steps(root: &Map<String, Value>, schema: SchemaVersion) -> Result<Vec<Step>, DocumentError> {
    let list = root.get("mainSteps").and_then(Value::as_array).filter(|steps| !steps.is_empty());
    let list = list.ok_or_else(|| DocumentError::content("A document of schema 2.x needs mainSteps with at least one step."))?;
    let mut steps: Vec<Step> = Vec::with_capacity(list.len().min(MAX_STEPS));
    for (index, body) in list.iter().enumerate() {
        let number = index + 1;
        let body = body.as_object().ok_or_else(|| DocumentError::content(format!("Step {number} must be a map.")))?;
        let name = text_of(body, "name")?.unwrap_or_default();
        if !is_step_name(&name) {
            return Err(DocumentError::content(format!("Step {number} needs a name of 1 to 128 letters, digits, `_`, `-`, `.` or `:`.")));
        }
        let action = text_of(body, "action")?.ok_or_else(|| DocumentError::content(format!("Step {} has no action.", shown(&name))))?;
        let kind = plugin(&action)?;
        let place = format!("step {}", shown(&name));
        let inputs = inputs(body.get("inputs"), &place)?;
        let precondition = match body.get("precondition") {
            None | Some(Value::Null) => None,
            Some(_) if schema < SchemaVersion::V2_2 => {
                return Err(DocumentError::content(format!("{place} has a precondition, which needs schema 2.2.")));
            }
            Some(value) => Precondition::parse(value, &place)?,
        };
        let flow = flow(&inputs, &place)?;
        if flow.finally && number != list.len() {
            return Err(DocumentError::content(format!("{place} is a finallyStep, but not the last one.")));
        }
        push(&mut steps, Step { plugin: kind, id: name.clone(), name, inputs, precondition, flow })?;
    }
    Ok(steps)
}

fn push(steps: &mut Vec<Step>, step: Step) -> Result<(), DocumentError> {
    if steps.len() >= MAX_STEPS {
        return Err(DocumentError::content(format!("A document has at most {MAX_STEPS} steps.")));
    }
    if steps.iter().any(|other| (&other.name, &other.id) == (&step.name, &step.id)) {
        return Err(DocumentError::content(format!("The step name {} stands twice.", shown(&step.id))));
    }
    steps.push(step);
    Ok(())
}

/// Names become folders and log streams, so nothing that leads out of a folder is a name.
fn is_step_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.: ".contains(c))
        && !name.chars().all(|c| matches!(c, '.' | ' '))
}

fn flow(inputs: &Map<String, Value>, place: &str) -> Result<Flow, DocumentError> {
    let word = |name: &str| inputs.get(name).and_then(Value::as_str);
    let bad = |name: &str, known: &str| DocumentError::content(format!("{name} of {place} must be {known}."));
    let on_failure = match (word("onFailure"), inputs.contains_key("onFailure")) {
        (None, false) => None,
        (Some("exit"), _) => Some(OnFailure::Exit),
        (Some("successAndExit"), _) => Some(OnFailure::SuccessAndExit),
        _ => return Err(bad("onFailure", "exit or successAndExit")),
    };
    let exit_on_success = match (word("onSuccess"), inputs.contains_key("onSuccess")) {
        (None, false) => false,
        (Some("exit"), _) => true,
        _ => return Err(bad("onSuccess", "exit")),
    };
    let finally = match inputs.get("finallyStep") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
        Some(_) => return Err(bad("finallyStep", "true or false")),
    };
    Ok(Flow { on_failure, exit_on_success, finally })
}

#[cfg(test)]
pub(super) mod tests;
