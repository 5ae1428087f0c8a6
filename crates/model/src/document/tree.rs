//! Reads JSON or YAML text into a value tree with limits: on bytes, depth, nodes, and on what YAML aliases expand to.

use super::{DocumentError, MAX_BYTES};
use crate::shapes::documents::DocumentFormat;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Longest text that is read. The limit of 64 KB is for what an author hands in (`check`); the same document in another format, or
/// inside a job, may be longer.
pub const MAX_READ: usize = 16 * MAX_BYTES;
/// Longest YAML text: twice what an author may hand in, because jobs and conversions carry JSON.
const MAX_YAML: usize = 2 * MAX_BYTES;
/// Deepest nesting.
const MAX_DEPTH: usize = 48;
/// Most values in a document; 64 KB of text without aliases stays below it.
const MAX_NODES: usize = 66_000;
/// Most bytes of strings after aliases are expanded.
const MAX_TEXT: usize = 4 * MAX_BYTES;

/// Reads a document's text.
pub fn read(text: &str, format: DocumentFormat) -> Result<Value, DocumentError> {
    if text.len() > MAX_READ {
        return Err(DocumentError::too_large());
    }
    let budget = Budget { nodes: Cell::new(MAX_NODES), text: Cell::new(MAX_TEXT) };
    let root = Node { budget: &budget, depth: MAX_DEPTH };
    let bad = |what: &str, error: String| DocumentError::content(format!("The content for the document is not valid {what}: {error}"));
    match format {
        DocumentFormat::Json => {
            let mut reader = serde_json::Deserializer::from_str(text);
            let value = root.deserialize(&mut reader).map_err(|error| bad("JSON", error.to_string()))?;
            reader.end().map_err(|error| bad("JSON", error.to_string()))?;
            Ok(value)
        }
        DocumentFormat::Yaml => {
            bound_yaml(text)?;
            root.deserialize(yaml_serde::Deserializer::from_str(text)).map_err(|error| bad("YAML", error.to_string()))
        }
        DocumentFormat::Text => Err(DocumentError::content("A document in TEXT format has no structure to read.")),
    }
}

/// The YAML scanner takes quadratic time over open brackets, so text with absurdly many is refused before it is scanned. Brackets of
/// scripts are counted too, which is why the bound is far above any nesting a document may have.
fn bound_yaml(text: &str) -> Result<(), DocumentError> {
    const MAX_OPEN: usize = 2_000;
    const MAX_BRACKETS: usize = 16_000;
    if text.len() > MAX_YAML {
        return Err(DocumentError::too_large());
    }
    let (mut open, mut total) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                open += 1;
                total += 1;
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_OPEN || total > MAX_BRACKETS {
            return Err(DocumentError::content("The content for the document is not valid YAML: it opens too many brackets."));
        }
    }
    Ok(())
}

struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

#[derive(Clone, Copy)]
struct Node<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl Node<'_> {
    fn spend<E: Error>(&self, text: usize) -> Result<(), E> {
        let nodes = self.budget.nodes.get().checked_sub(1).ok_or_else(|| E::custom("it has too many values"))?;
        let left = self.budget.text.get().checked_sub(text).ok_or_else(|| E::custom("it is too large once its aliases are expanded"))?;
        self.budget.nodes.set(nodes);
        self.budget.text.set(left);
        Ok(())
    }

    fn deeper<E: Error>(&self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("it is nested deeper than {MAX_DEPTH} levels")))?;
        Ok(Self { budget: self.budget, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-like value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.spend(0).map(|()| Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.spend(0).map(|()| Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.spend(0).map(|()| value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.spend(0).map(|()| value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.spend(0)?;
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is infinite or none"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.spend(value.len()).map(|()| value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.spend(value.len()).map(|()| value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.spend(0)?;
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.spend(0)?;
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.spend(key.len())?;
            let value = entries.next_value_seed(inner)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{}` stands twice", key.chars().take(64).collect::<String>())));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_formats_alike() {
        let json = read(r#"{"a": [1, "yes", true, null, 1.5], "b": {"c": "d"}}"#, DocumentFormat::Json).unwrap();
        let yaml = read("a:\n  - 1\n  - yes\n  - true\n  -\n  - 1.5\nb:\n  c: d\n", DocumentFormat::Yaml).unwrap();
        assert_eq!(json, yaml);
        assert_eq!(read("a: &x [1]\nb: *x\n", DocumentFormat::Yaml).unwrap(), serde_json::json!({"a": [1], "b": [1]}));
    }

    #[test]
    fn refuses_what_is_broken_or_too_much() {
        for bad in ["", "{", "{} {}", "[1,]", "{\"a\":1,\"a\":2}", "nul"] {
            assert_eq!(read(bad, DocumentFormat::Json).unwrap_err().code(), "InvalidDocumentContent", "{bad}");
        }
        for bad in ["a: b: c", "a: [", "--- 1\n--- 2", "a: .inf", "a: 1\na: 2", "? [1]\n: 2"] {
            assert_eq!(read(bad, DocumentFormat::Yaml).unwrap_err().code(), "InvalidDocumentContent", "{bad}");
        }
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_READ));
        assert_eq!(read(&large, DocumentFormat::Json).unwrap_err().code(), "MaxDocumentSizeExceeded");
        let deep = "[".repeat(60) + &"]".repeat(60);
        for format in [DocumentFormat::Json, DocumentFormat::Yaml] {
            assert!(read(&deep, format).unwrap_err().message.contains("deeper"));
        }
        let abyss = "[".repeat(30_000);
        for format in [DocumentFormat::Json, DocumentFormat::Yaml] {
            assert!(read(&abyss, format).is_err());
        }
        let colours = "a: |\n".to_owned() + &"  printf '\\033[31m'\n".repeat(1_000);
        assert!(read(&colours, DocumentFormat::Yaml).is_ok());
    }

    #[test]
    fn refuses_alias_bombs() {
        let mut laughs = String::from("a0: &a0 [\"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\"]\n");
        for level in 1..10 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        assert!(read(&laughs, DocumentFormat::Yaml).is_err());
        let wide = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(30_000), vec!["*a"; 5_000].join(", "));
        assert!(read(&wide, DocumentFormat::Yaml).unwrap_err().message.contains("aliases"));
    }
}
