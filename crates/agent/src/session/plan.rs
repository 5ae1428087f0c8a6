//! What the hub asks for, read leniently where AWS's documents vary and with a reason where something is wrong.

use qd_model::document::interpolate;
use qd_model::document::parameters::Resolved;
use qd_wire::payload::InteractiveShell;
use serde_json::{Map, Value};
use std::time::Duration;

/// The longest content that is read.
const MAX_CONTENT_BYTES: usize = 512 * 1024;
/// The longest session id; it becomes part of an address.
const MAX_ID_CHARS: usize = 128;

/// A session to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub session_id: String,
    pub kind: Kind,
    pub account: Account,
    /// Typed into a shell first.
    pub profile: String,
    /// Ends the session when nothing comes from the client for so long.
    pub idle: Option<Duration>,
    /// Ends it in any case.
    pub longest: Option<Duration>,
    /// What the document asks for and this agent does not do; told to the person.
    pub not_done: Vec<String>,
}

/// Whose session it is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The node's own choice: `SessionUser`, or the agent's user.
    Default,
    /// This user.
    Named(String),
    /// The administrator, for a command that asks for it.
    Elevated,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Shell,
    Interactive { command: String },
    Command { command: String, separate: bool, prefixes: [String; 2] },
    Port(Port),
}

/// Where a port session leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub place: Place,
    /// Many connections, where the client can; else one stream.
    pub forwarding: bool,
    /// As the document has them, for the client.
    pub properties: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Host, empty for this machine, and port.
    Tcp(String, u16),
    /// A socket of this machine.
    Unix(String),
}

/// A session that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub session_id: String,
    pub reason: String,
}

impl Plan {
    /// The document's word.
    pub fn session_type(&self) -> &'static str {
        match self.kind {
            Kind::Shell => "Standard_Stream",
            Kind::Interactive { .. } => "InteractiveCommands",
            Kind::Command { .. } => "NonInteractiveCommands",
            Kind::Port(_) => "Port",
        }
    }
}

/// Reads an order.
pub fn read(order: &InteractiveShell) -> Result<Plan, Refused> {
    let refused = |session_id: &str, reason: String| Refused { session_id: session_id.chars().take(MAX_ID_CHARS).collect(), reason };
    if order.content.len() > MAX_CONTENT_BYTES {
        return Err(refused(&order.task_id, "the session's content is too large".to_owned()));
    }
    let content: Value = serde_json::from_str(&order.content).map_err(|error| {
        refused(&order.task_id, format!("the session's content is not JSON (line {}, column {})", error.line(), error.column()))
    })?;
    let given = member(&content, "SessionId").and_then(Value::as_str).unwrap_or(&order.task_id);
    let clean = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if given.is_empty() || given.len() > MAX_ID_CHARS || !given.chars().all(clean) || given.starts_with('.') {
        return Err(refused(given, "the session's id is missing or has other characters than letters, digits and . _ - @".to_owned()));
    }
    plan(&content, given).map_err(|reason| refused(given, reason))
}

fn plan(content: &Value, session_id: &str) -> Result<Plan, String> {
    let document = member(content, "DocumentContent").filter(|value| value.is_object()).ok_or("DocumentContent is not an object")?;
    let version = member(document, "schemaVersion").and_then(Value::as_str).unwrap_or_default();
    if version != "1.0" {
        return Err(format!("schemaVersion of the session document must be \"1.0\", not {:?}", short(version)));
    }
    let parameters = parameters(document, content)?;
    let fill = |name: &str| -> Result<Value, String> {
        let template = member(document, name).cloned().unwrap_or(Value::Null);
        if !template.is_null() && !template.is_object() {
            return Err(format!("{name} of the session document must be an object"));
        }
        let filled = interpolate::plain(&template, &parameters);
        if !interpolate::ssm_references(&filled.to_string()).is_empty() {
            return Err("the session document refers to Parameter Store ({{ssm:…}}), which this node cannot read".to_owned());
        }
        Ok(filled)
    };
    let (inputs, properties) = (fill("inputs")?, fill("properties")?);
    let session_type = member(document, "sessionType").and_then(Value::as_str).ok_or("sessionType of the session document is missing")?;
    let (kind, elevated) = match session_type {
        "Standard_Stream" => (Kind::Shell, false),
        "InteractiveCommands" => {
            let ours = platform(&properties)?;
            (Kind::Interactive { command: commands(ours)? }, flag(ours, "runAsElevated")?)
        }
        "NonInteractiveCommands" => {
            let ours = platform(&properties)?;
            let prefixes = [text(ours, "stdOutSeparatorPrefix")?, text(ours, "stdErrSeparatorPrefix")?];
            (
                Kind::Command { command: commands(ours)?, separate: flag(ours, "separateOutputStream")?, prefixes },
                flag(ours, "runAsElevated")?,
            )
        }
        "Port" => (Kind::Port(port(properties)?), false),
        other => return Err(format!("sessionType {:?} is not one that this node knows", short(other))),
    };
    let profile = member(&inputs, "shellProfile").cloned().unwrap_or(Value::Null);
    let own_profile = text(&profile, if cfg!(windows) { "windows" } else { "linux" })?;
    let account = account(&inputs, content, elevated)?;
    if !text(&inputs, "kmsKeyId")?.is_empty() && session_type != "Port" {
        return Err("the session document asks for encryption with AWS KMS (kmsKeyId), which this node has no access to".to_owned());
    }
    let minutes = |name: &str, most: u64| -> Result<Option<Duration>, String> {
        let text = text(&inputs, name)?;
        if text.is_empty() {
            return Ok(None);
        }
        let minutes = text.trim().parse::<u64>().ok().filter(|minutes| (1..=most).contains(minutes));
        minutes
            .map(|minutes| Some(Duration::from_secs(minutes * 60)))
            .ok_or_else(|| format!("{name} must be a number of minutes up to {most}"))
    };
    let mut not_done = Vec::new();
    for (input, what) in [("s3BucketName", "to S3"), ("cloudWatchLogGroupName", "to CloudWatch Logs")] {
        if !text(&inputs, input)?.is_empty() && session_type != "Port" {
            not_done.push(format!("This session is not logged {what}: the node's agent does not do that yet."));
        }
    }
    Ok(Plan {
        session_id: session_id.to_owned(),
        kind,
        account,
        profile: own_profile,
        idle: minutes("idleSessionTimeout", 60)?,
        longest: minutes("maxSessionDuration", 1440)?,
        not_done,
    })
}

/// Values of the document's parameters: what was given, else their defaults. A client sends lists; a text takes the first of them.
fn parameters(document: &Value, content: &Value) -> Result<Resolved, String> {
    let empty = Map::new();
    let declared = member(document, "parameters").and_then(Value::as_object).unwrap_or(&empty);
    let given = member(content, "Parameters").and_then(Value::as_object).unwrap_or(&empty);
    let mut resolved = Vec::new();
    for (name, declaration) in declared {
        let value = given.get(name).or_else(|| member(declaration, "default"));
        let Some(value) = value else { return Err(format!("parameter {} has no value", short(name))) };
        let is_text = member(declaration, "type").and_then(Value::as_str) != Some("StringList");
        let value = match value {
            Value::Array(list) if is_text => list.first().cloned().unwrap_or_default(),
            other => other.clone(),
        };
        if !(value.is_string() || value.is_array() || value.is_boolean() || value.is_number()) {
            return Err(format!("parameter {} is not a text", short(name)));
        }
        resolved.push((name.clone(), value));
    }
    Ok(resolved.into_iter().collect())
}

fn platform(properties: &Value) -> Result<&Value, String> {
    let name = if cfg!(windows) {
        "windows"
    } else if cfg!(target_os = "macos") {
        "macos"
    } else {
        "linux"
    };
    member(properties, name).filter(|value| value.is_object()).ok_or_else(|| format!("the session document has no commands for {name}"))
}

fn commands(properties: &Value) -> Result<String, String> {
    let command = match member(properties, "commands") {
        Some(Value::Array(lines)) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            lines.ok_or("commands of the session document must be texts")?.join("\n")
        }
        _ => text(properties, "commands")?,
    };
    if command.trim().is_empty() || command.contains('\0') {
        return Err("commands of the session document is empty".to_owned());
    }
    Ok(command)
}

fn account(inputs: &Value, content: &Value, elevated: bool) -> Result<Account, String> {
    if elevated {
        return Ok(Account::Elevated);
    }
    if !flag(inputs, "runAsEnabled")? {
        return Ok(Account::Default);
    }
    let of_task = text(content, "RunAsUser")?;
    let user = if of_task.trim().is_empty() { text(inputs, "runAsDefaultUser")? } else { of_task };
    match user.trim() {
        "" => Err("Run As is enabled, but no user is named: set the RunAs default user, or tag the caller with SSMSessionRunAs".to_owned()),
        user => Ok(Account::Named(user.to_owned())),
    }
}

fn port(properties: Value) -> Result<Port, String> {
    let forwarding = match text(&properties, "type")?.as_str() {
        "" => false,
        "LocalPortForwarding" => true,
        other => return Err(format!("type {:?} of a port session is not known", short(other))),
    };
    let socket = text(&properties, "unixSocket")?;
    if !socket.is_empty() {
        if cfg!(windows) {
            return Err("Windows has no Unix sockets to forward".to_owned());
        }
        let place = Place::Unix(socket);
        return Ok(Port { place, forwarding, properties });
    }
    let number = match member(&properties, "portNumber") {
        Some(Value::Number(number)) => number.to_string(),
        _ => text(&properties, "portNumber")?,
    };
    let number = number.trim().parse::<u16>().ok().filter(|number| *number > 0);
    let number = number.ok_or("portNumber of a port session must be a number from 1 to 65535")?;
    let host = text(&properties, "host")?.trim().to_owned();
    if host.len() > 255 || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("host of a port session is not a name".to_owned());
    }
    Ok(Port { place: Place::Tcp(host, number), forwarding, properties })
}

/// A member by its name in any case, as the stock agent reads them.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    let found = object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))?;
    (!found.is_null()).then_some(found)
}

fn text(value: &Value, name: &str) -> Result<String, String> {
    match member(value, name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(other) => Err(format!("{name} of the session document must be a text, not {}", kind_of(other))),
    }
}

/// A flag, which AWS's documents write as a boolean or as a text.
fn flag(value: &Value, name: &str) -> Result<bool, String> {
    match member(value, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(other) => Err(format!("{name} of the session document must be true or false, not {}", kind_of(other))),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "another text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(content: Value) -> InteractiveShell {
        InteractiveShell { content: content.to_string(), task_id: "test_task".into(), topic: String::new(), schema_version: 1 }
    }

    fn document(document: Value, parameters: Value) -> Result<Plan, String> {
        let content = json!({"DocumentContent": document, "SessionId": "u-1", "Parameters": parameters, "RunAsUser": null});
        read(&order(content)).map_err(|refused| refused.reason)
    }

    #[test]
    fn a_shell_with_everything() {
        let plan = document(
            json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {
                "runAsEnabled": "true", "runAsDefaultUser": "ann", "idleSessionTimeout": "20", "maxSessionDuration": "",
                "s3BucketName": "b", "shellProfile": {"linux": "exec bash", "windows": "exec bash"}}}),
            json!({}),
        )
        .unwrap();
        assert_eq!((plan.kind, plan.account), (Kind::Shell, Account::Named("ann".into())));
        assert_eq!((plan.idle, plan.longest), (Some(Duration::from_secs(1200)), None));
        assert_eq!((plan.profile.as_str(), plan.not_done.len()), ("exec bash", 1));
    }

    #[test]
    fn parameters_fill_a_port() {
        let template = json!({"schemaVersion": "1.0", "sessionType": "Port",
            "parameters": {"portNumber": {"type": "String", "default": "80"}, "host": {"type": "String"}},
            "properties": {"portNumber": "{{ portNumber }}", "type": "LocalPortForwarding", "host": "{{ host }}"}});
        let plan = document(template.clone(), json!({"portNumber": ["5432"], "host": "db"})).unwrap();
        let Kind::Port(port) = plan.kind else { panic!("no port") };
        assert_eq!((port.place, port.forwarding), (Place::Tcp("db".into(), 5432), true));
        assert_eq!(port.properties["portNumber"], "5432");
        assert!(document(template.clone(), json!({})).unwrap_err().contains("host"));
        assert!(document(template, json!({"portNumber": "0", "host": "db"})).unwrap_err().contains("portNumber"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let shell =
            |inputs: Value| document(json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}), json!({}));
        for (inputs, word) in [
            (json!([]), "inputs"),
            (json!({"runAsEnabled": 1}), "runAsEnabled"),
            (json!({"runAsEnabled": true}), "RunAs"),
            (json!({"kmsKeyId": "k"}), "KMS"),
            (json!({"idleSessionTimeout": "soon"}), "idleSessionTimeout"),
            (json!({"maxSessionDuration": "0"}), "maxSessionDuration"),
            (json!({"shellProfile": {"linux": [], "windows": []}}), "must be a text"),
            (json!({"shellProfile": {"linux": "{{ssm:x}}"}}), "Parameter Store"),
        ] {
            let reason = shell(inputs.clone()).unwrap_err();
            assert!(reason.contains(word), "{inputs}: {reason}");
        }
        assert!(document(json!({"schemaVersion": "2.2"}), json!({})).unwrap_err().contains("1.0"));
        assert!(document(json!({"schemaVersion": "1.0", "sessionType": "Telnet"}), json!({})).unwrap_err().contains("Telnet"));
        assert!(document(json!("x"), json!({})).unwrap_err().contains("DocumentContent"));
        let broken = InteractiveShell { content: "{".into(), ..order(json!({})) };
        assert_eq!(read(&broken).unwrap_err().session_id, "test_task");
        for id in ["", "../x", "a/b", ".x", &"x".repeat(129)] {
            assert!(read(&order(json!({"SessionId": id, "DocumentContent": {}}))).unwrap_err().reason.contains("id"), "{id}");
        }
    }

    #[test]
    fn commands_are_those_of_this_platform() {
        let own = if cfg!(windows) {
            "windows"
        } else if cfg!(target_os = "macos") {
            "macos"
        } else {
            "linux"
        };
        let template = |kind: &str| {
            json!({"schemaVersion": "1.0", "sessionType": kind, "parameters": {"command": {"type": "StringList"}},
                "properties": {own: {"commands": "{{ command }}", "runAsElevated": false, "separateOutputStream": "true"}}})
        };
        let plan = document(template("NonInteractiveCommands"), json!({"command": ["ls -l"]})).unwrap();
        assert!(matches!(plan.kind, Kind::Command { ref command, separate: true, .. } if command == "ls -l"));
        let plan = document(template("InteractiveCommands"), json!({"command": ["top"]})).unwrap();
        assert_eq!(plan.kind, Kind::Interactive { command: "top".into() });
        assert!(document(template("InteractiveCommands"), json!({"command": [" "]})).unwrap_err().contains("empty"));
        let other = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {"plan9": {}}});
        assert!(document(other, json!({})).unwrap_err().contains(own));
    }
}
