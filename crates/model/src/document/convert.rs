//! GetDocument may ask for the other format: JSON and YAML are converted on read, the stored text stays (semantics 3.1.1).

use super::{DocumentError, MAX_BYTES, tree};
use crate::shapes::documents::DocumentFormat;

/// The document in the format `to`. Text that is in it already is returned unchanged.
///
/// # Errors
/// The text is not of the format `from`, or either format is TEXT.
pub fn convert(text: &str, from: DocumentFormat, to: DocumentFormat) -> Result<String, DocumentError> {
    if from == to {
        return Ok(text.to_owned());
    }
    let value = tree::read(text, from)?;
    let failed = |error: String| DocumentError::content(format!("The document cannot be written as {to}: {error}"));
    match to {
        DocumentFormat::Json => {
            let pretty = serde_json::to_string_pretty(&value).map_err(|error| failed(error.to_string()))?;
            // Indentation may make much out of little; what is read back must stay readable.
            Ok(if pretty.len() > MAX_BYTES { value.to_string() } else { pretty })
        }
        DocumentFormat::Yaml => yaml_serde::to_string(&value).map_err(|error| failed(error.to_string())),
        DocumentFormat::Text => Err(DocumentError::content("A document cannot be converted to TEXT.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_keeps_meaning_and_order() {
        let json = r#"{"schemaVersion": "2.2", "z": "yes", "a": ["1", 1, "true", true, null, "0x1f", "~", "line\nline\n", " x", ""]}"#;
        let yaml = convert(json, DocumentFormat::Json, DocumentFormat::Yaml).unwrap();
        let back = convert(&yaml, DocumentFormat::Yaml, DocumentFormat::Json).unwrap();
        let read = |text: &str| tree::read(text, DocumentFormat::Json).unwrap();
        assert_eq!(read(&back), read(json), "{yaml}");
        assert!(yaml.find("schemaVersion").unwrap() < yaml.find("z:").unwrap());
        let nested = format!("a: {}{}\n", "[".repeat(40) + &"x,".repeat(3_000), "]".repeat(40));
        let compact = convert(&nested, DocumentFormat::Yaml, DocumentFormat::Json).unwrap();
        assert_eq!(read(&compact), tree::read(&nested, DocumentFormat::Yaml).unwrap());
        assert_eq!(convert(" {}", DocumentFormat::Json, DocumentFormat::Json).unwrap(), " {}");
        assert!(convert("x", DocumentFormat::Text, DocumentFormat::Json).is_err());
        assert!(convert("{}", DocumentFormat::Json, DocumentFormat::Text).is_err());
    }
}
