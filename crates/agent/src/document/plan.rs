//! A command document made ready to run: steps in order, parameters filled in, everything that can be wrong found before the ack.
//!
//! Reading and checking is `qd_model`'s, so that what the hub accepts is what runs here; this adds what only the node knows, its
//! platform, and the forgiving look at inputs that plugins need.

use qd_model::document::parse::OnFailure;
use qd_model::document::{Document, DocumentError, Outcome, Resolved, SchemaVersion};
use qd_model::shapes::documents::DocumentFormat;
use qd_model::shapes::shared::PlatformType;
use serde_json::{Map, Value};

/// Why a document cannot be run; the text is for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub String);

impl From<DocumentError> for PlanError {
    fn from(error: DocumentError) -> Self {
        Self(error.message)
    }
}

/// A document ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In the order in which they run.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Key in replies: the step's name, for schema 1.x the plugin's, which several properties of a plugin share.
    pub id: String,
    /// Name in replies: the step's, empty for schema 1.x, where the plugin's stands for it.
    pub name: String,
    /// Plugin, such as `aws:runShellScript`.
    pub action: String,
    /// What the plugin is given.
    pub inputs: Inputs,
    /// Variables that carry parameters of `interpolationType: ENV_VAR`.
    pub variables: Vec<(String, String)>,
    /// Why the precondition leaves the step out on this node.
    pub left_out: Option<String>,
    /// Schema 2.2: a plugin of another platform is skipped rather than failed.
    pub lenient: bool,
    /// `onFailure`: what follows if it fails; `None`: the next step.
    pub on_failure: Option<OnFailure>,
    /// `onSuccess: exit`.
    pub exit_on_success: bool,
    /// `finallyStep`: runs whatever happened before.
    pub finally: bool,
}

/// Inputs of a plugin. Names are matched in any case, as the stock agent does.
#[derive(Clone, Default, PartialEq)]
pub struct Inputs(pub Map<String, Value>);

/// Inputs hold scripts and parameter values.
impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Inputs {
    /// The input of that name; null counts as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.get(name).or_else(|| self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v));
        found.filter(|value| !value.is_null())
    }

    /// As text: strings as they are, numbers and flags written out; absent is empty.
    pub fn text(&self, name: &str) -> String {
        self.get(name).map(plain_text).unwrap_or_default()
    }

    /// As lines: a list of texts, or one text.
    pub fn lines(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::Array(items)) => items.iter().map(plain_text).collect(),
            Some(other) => vec![plain_text(other)],
            None => Vec::new(),
        }
    }

    /// As a flag: `true`, `"True"`.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// An object, or JSON text that holds one.
    pub fn object(&self, name: &str) -> Result<Inputs, PlanError> {
        match self.get(name) {
            None => Ok(Inputs::default()),
            Some(Value::Object(map)) => Ok(Inputs(map.clone())),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(Inputs::default()),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Inputs).map_err(|error| PlanError(format!("{name} is not a JSON object: {error}")))
            }
            Some(_) => Err(PlanError(format!("{name} is not a JSON object"))),
        }
    }
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Plan {
    /// The steps that are reported as one: those of one name that follow each other.
    pub fn group(&self, index: usize) -> std::ops::Range<usize> {
        let same = |other: &Step| self.steps.get(index).is_some_and(|step| step.id == other.id);
        let first = self.steps[..index.min(self.steps.len())].iter().rposition(|other| !same(other)).map_or(0, |at| at + 1);
        let end = self.steps[first..].iter().position(|other| !same(other)).map_or(self.steps.len(), |at| first + at);
        first..end
    }

    /// All groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let group = (next < self.steps.len()).then(|| self.group(next))?;
            next = group.end;
            Some(group)
        })
    }

    /// Reads the document of a job with the parameters it is run with.
    pub fn new(document: Value, given: &Map<String, Value>) -> Result<Self, PlanError> {
        Self::of(&Document::from_value(document)?, given)
    }

    /// Reads a document's text, JSON or YAML.
    pub fn parse(text: &str) -> Result<Document, PlanError> {
        let text = text.trim_start_matches('\u{feff}');
        let format = if text.trim_start().starts_with('{') { DocumentFormat::Json } else { DocumentFormat::Yaml };
        Ok(Document::parse(text, format)?)
    }

    /// Fills parameters into a document.
    pub fn of(document: &Document, given: &Map<String, Value>) -> Result<Self, PlanError> {
        let parameters = Resolved::resolve_typed(&document.parameters, given).map_err(|error| PlanError(error.0.join(" ")))?;
        let steps = document
            .steps
            .iter()
            .map(|step| {
                let rendered = step.render(&parameters);
                let left_out = step.precondition.as_ref().filter(|p| p.evaluate(platform(), &parameters) == Outcome::NotMet);
                Step {
                    id: step.name.clone(),
                    name: if document.schema_version == SchemaVersion::V1_2 { String::new() } else { step.name.clone() },
                    action: step.plugin.name.to_owned(),
                    inputs: Inputs(rendered.inputs),
                    variables: rendered.environment,
                    left_out: left_out.map(|p| format!("Step execution skipped due to unsatisfied preconditions: '{p}'.")),
                    lenient: document.schema_version >= SchemaVersion::V2_2,
                    on_failure: step.flow.on_failure,
                    exit_on_success: step.flow.exit_on_success,
                    finally: step.flow.finally,
                }
            })
            .collect();
        Ok(Self { steps })
    }
}

/// This node's platform.
fn platform() -> PlatformType {
    if cfg!(windows) {
        PlatformType::Windows
    } else if cfg!(target_os = "macos") {
        PlatformType::MacOS
    } else {
        PlatformType::Linux
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(document: Value, given: Value) -> Result<Plan, PlanError> {
        Plan::new(document, given.as_object().unwrap())
    }

    #[test]
    fn schema_1_2_with_the_parameters_of_run_shell_script() {
        let document = json!({"schemaVersion":"1.2","parameters":{"commands":{"type":"StringList"},"workingDirectory":{"type":"String","default":""},
            "executionTimeout":{"type":"String","default":"3600"}},"runtimeConfig":{"aws:runShellScript":{"properties":[{"id":"0.aws:runShellScript",
            "runCommand":"{{ commands }}","workingDirectory":"{{workingDirectory}}","timeoutSeconds":"{{ executionTimeout }}"}]}}});
        let plan = plan(document, json!({"commands":["echo {{ commands }}","b"]})).unwrap();
        let step = &plan.steps[0];
        assert_eq!((step.id.as_str(), step.lenient), ("aws:runShellScript", false));
        assert_eq!(step.inputs.lines("runcommand"), ["echo {{ commands }}", "b"]);
        assert_eq!(step.inputs.text("timeoutSeconds"), "3600");
        assert!(!format!("{plan:?}").contains("echo"), "scripts do not reach a log");
    }

    #[test]
    fn properties_of_a_plugin_are_one_group() {
        let document = json!({"schemaVersion":"1.2","runtimeConfig":{"aws:runPowerShellScript":{"properties":{"runCommand":["z"]}},
            "aws:runShellScript":{"properties":[{"runCommand":["x"]},{"runCommand":["y"]}]}}});
        let plan = plan(document, json!({})).unwrap();
        assert_eq!(plan.steps.iter().map(|step| step.id.as_str()).filter(|id| *id == "aws:runShellScript").count(), 2);
        let groups: Vec<_> = plan.groups().collect();
        assert_eq!(groups.iter().map(ExactSizeIterator::len).sum::<usize>(), 3);
        assert_eq!(groups.len(), 2);
        assert!(groups.iter().all(|group| group.clone().all(|index| plan.group(index) == *group)));
    }

    #[test]
    fn preconditions_and_flow_come_through() {
        let here = crate::platform::PLATFORM_TYPE;
        let there = if here == "Windows" { "Linux" } else { "Windows" };
        let step = |name: &str, platform: &str, inputs: Value| json!({"action":"aws:runShellScript","name":name,"precondition":{"StringEquals":["platformType",platform]},"inputs":inputs});
        let document = json!({"schemaVersion":"2.2","mainSteps":[
            step("a", here, json!({"onFailure":"successAndExit","onSuccess":"exit"})),
            step("b", there, json!({"finallyStep":true}))]});
        let steps = plan(document, json!({})).unwrap().steps;
        assert_eq!((steps[0].on_failure, steps[0].exit_on_success, &steps[0].left_out), (Some(OnFailure::SuccessAndExit), true, &None));
        assert!(steps[1].finally && steps[1].left_out.as_ref().unwrap().contains("StringEquals"));
    }

    #[test]
    fn what_cannot_run_says_why() {
        let error = plan(json!({"schemaVersion":"2.1","mainSteps":[]}), json!({})).unwrap_err();
        assert!(error.to_string().contains("2.1"), "{error}");
        let document =
            json!({"schemaVersion":"2.2","parameters":{"p":{"type":"String"}},"mainSteps":[{"action":"aws:runShellScript","name":"a"}]});
        assert!(plan(document, json!({})).unwrap_err().to_string().contains("required"));
    }

    #[test]
    fn documents_are_json_or_yaml() {
        let step = "- {action: 'aws:runShellScript', name: a, inputs: {runCommand: [date]}}";
        assert_eq!(Plan::parse(&format!("schemaVersion: '2.2'\nmainSteps:\n{step}\n")).unwrap().steps.len(), 1);
        assert!(Plan::parse("{\"schemaVersion\":").is_err());
    }
}
