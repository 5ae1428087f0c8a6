//! Filling `{{ name }}` in (semantics 3.6.6 to 3.6.8, agent-protocol 6.2). Values are inserted once and never looked at again, so a
//! value that looks like a placeholder stays what it is.

use super::parameters::Resolved;
use super::plugins::Shell;
use serde_json::{Map, Value};

/// The name between the braces when the whole text is one placeholder.
pub fn placeholder(text: &str) -> Option<&str> {
    let (name, before, after) = next(text)?;
    (before.is_empty() && after.is_empty()).then_some(name)
}

/// Whether a name can be a parameter's: letters and digits alone, as the agent has it.
pub fn is_parameter_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Calls `visit` with the name of every placeholder in every string of `value`.
pub fn each_placeholder(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((name, _, after)) = next(rest) {
                visit(name);
                rest = after;
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_placeholder(item, visit)),
        Value::Object(map) => map.values().for_each(|item| each_placeholder(item, visit)),
        _ => {}
    }
}

/// Fills placeholders in all strings of `value`. A string that is one placeholder takes the typed value; in a longer string values
/// are written as text, lists and maps as JSON. Inside a script (`shell`), ENV_VAR parameters become references to variables.
pub fn value(value: &Value, parameters: &Resolved, shell: Option<Shell>) -> Value {
    match value {
        Value::String(text) => string(text, parameters, shell),
        Value::Array(items) => Value::Array(items.iter().map(|item| self::value(item, parameters, shell)).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, item)| (name.clone(), self::value(item, parameters, shell))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// [`value`] outside a script.
pub fn plain(value: &Value, parameters: &Resolved) -> Value {
    self::value(value, parameters, None)
}

fn string(text: &str, parameters: &Resolved, shell: Option<Shell>) -> Value {
    if let Some(name) = placeholder(text)
        && let Some(whole) = parameters.get(name)
    {
        return match reference(name, parameters, shell) {
            Some(reference) => Value::String(reference),
            None => whole.clone(),
        };
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((name, before, after)) = next(rest) {
        out.push_str(before);
        match (reference(name, parameters, shell), parameters.text(name)) {
            (Some(reference), _) => out.push_str(&reference),
            // The agent's replacement takes `$$` in an embedded value for `$`.
            (None, Some(text)) => out.push_str(&text.replace("$$", "$")),
            (None, None) => out.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    Value::String(out)
}

/// How a script refers to an ENV_VAR parameter. The braces keep the name apart from letters that follow.
fn reference(name: &str, parameters: &Resolved, shell: Option<Shell>) -> Option<String> {
    let shell = shell.filter(|_| parameters.is_environment(name))?;
    Some(match shell {
        Shell::Posix => format!("${{SSM_{name}}}"),
        Shell::PowerShell => format!("${{Env:SSM_{name}}}"),
    })
}

/// The first placeholder: its name, the text before it, the text after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find("{{") {
        let open = from + open;
        let inner = text[open + 2..].trim_start_matches([' ', '\t', '\n', '\r']);
        let name_end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.:/$".contains(c))).unwrap_or(inner.len());
        let after = inner[name_end..].trim_start_matches([' ', '\t', '\n', '\r']);
        if name_end > 0
            && let Some(after) = after.strip_prefix("}}")
        {
            return Some((&inner[..name_end], &text[..open], after));
        }
        from = open + 1;
    }
    None
}

/// A reference to Parameter Store in a value: `{{ssm:name}}`, `{{ssm:name:version}}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SsmReference {
    pub name: String,
    /// A version or label.
    pub selector: Option<String>,
    /// `ssm-secure`, which only a node may resolve.
    pub secure: bool,
}

/// The references to Parameter Store in a text, each once, in the order they stand.
pub fn ssm_references(text: &str) -> Vec<SsmReference> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, _, after)) = next(rest) {
        if let Some(reference) = ssm_reference(name)
            && !found.contains(&reference)
        {
            found.push(reference);
        }
        rest = after;
    }
    found
}

/// Replaces references to Parameter Store by what `resolve` gives; where it gives nothing, the text stays.
pub fn replace_ssm(text: &str, mut resolve: impl FnMut(&SsmReference) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((name, before, after)) = next(rest) {
        out.push_str(before);
        match ssm_reference(name).and_then(|reference| resolve(&reference)) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn ssm_reference(name: &str) -> Option<SsmReference> {
    let (secure, rest) = match name.strip_prefix("ssm-secure:") {
        Some(rest) => (true, rest),
        None => (false, name.strip_prefix("ssm:")?),
    };
    let (name, selector) = match rest.split_once(':') {
        Some((name, selector)) => (name, Some(selector.to_owned())),
        None => (rest, None),
    };
    (!name.is_empty()).then(|| SsmReference { name: name.to_owned(), selector, secure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given() -> Resolved {
        Resolved::from_iter([
            ("commands".to_owned(), json!(["echo a", "echo {{ name }}"])),
            ("name".to_owned(), json!("wor$$ld $HOME")),
            ("count".to_owned(), json!(3)),
        ])
    }

    #[test]
    fn a_whole_placeholder_keeps_its_type() {
        assert_eq!(plain(&json!("{{ commands }}"), &given()), json!(["echo a", "echo {{ name }}"]));
        assert_eq!(plain(&json!("{{count}}"), &given()), json!(3));
        assert_eq!(plain(&json!("{{\n name\t}}"), &given()), json!("wor$$ld $HOME"));
    }

    #[test]
    fn an_embedded_placeholder_becomes_text_once() {
        assert_eq!(plain(&json!("hello {{name}}!"), &given()), json!("hello wor$ld $HOME!"));
        assert_eq!(plain(&json!("{{count}}{{ count }}"), &given()), json!("33"));
        assert_eq!(plain(&json!("x {{commands}}"), &given()), json!("x [\"echo a\",\"echo {{ name }}\"]"));
        assert_eq!(plain(&json!({"a": [{"b": "{{count}}"}], "n": 1}), &given()), json!({"a": [{"b": 3}], "n": 1}));
    }

    #[test]
    fn what_is_no_parameter_stays() {
        for text in ["{{ other }}", "{{.Names}} {{ range .X }}", "{{", "}}", "{{}}", "{ {name} }", "{{na me}}", "é{{", "{{{"] {
            assert_eq!(plain(&json!(text), &given()), json!(text));
        }
        assert_eq!(plain(&json!("{{{name}}}"), &Resolved::from_iter([("name".to_owned(), json!("v"))])), json!("{v}"));
    }

    #[test]
    fn environment_parameters_are_references_in_scripts_only() {
        let given = given().with_environment(["name"]);
        let script = json!(["echo {{ name }}x", "{{ name }}", "{{ count }}"]);
        assert_eq!(value(&script, &given, Some(Shell::Posix)), json!(["echo ${SSM_name}x", "${SSM_name}", 3]));
        assert_eq!(value(&script, &given, Some(Shell::PowerShell)), json!(["echo ${Env:SSM_name}x", "${Env:SSM_name}", 3]));
        assert_eq!(plain(&json!("{{ name }}"), &given), json!("wor$$ld $HOME"));
        assert_eq!(given.environment(), [("SSM_name".to_owned(), "wor$$ld $HOME".to_owned())]);
    }

    #[test]
    fn parameter_store_references_are_found_and_replaced() {
        let text = "a {{ssm:/x/y}} {{ ssm:z:3 }} {{ssm-secure:k}} {{ssm:/x/y}} {{name}}";
        let found = ssm_references(text);
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].name.as_str(), found[1].selector.as_deref(), found[1].secure), ("z", Some("3"), false));
        assert!(found[2].secure);
        let replaced = replace_ssm(text, |reference| (!reference.secure).then(|| reference.name.to_uppercase()));
        assert_eq!(replaced, "a /X/Y Z {{ssm-secure:k}} /X/Y {{name}}");
    }
}
