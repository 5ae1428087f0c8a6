//! The parts of a botocore service model the generator reads.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub struct Service {
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
pub struct Operation {
    pub input: Option<Reference>,
    pub output: Option<Reference>,
    #[serde(default)]
    pub errors: Vec<Reference>,
}

#[derive(Deserialize, Clone)]
pub struct Reference {
    pub shape: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Deserialize)]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Members in the order of the model.
    #[serde(default, deserialize_with = "ordered")]
    pub members: Vec<(String, Reference)>,
    #[serde(default)]
    pub required: Vec<String>,
    /// Element of a list.
    pub member: Option<Reference>,
    pub key: Option<Reference>,
    pub value: Option<Reference>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
}

impl Shape {
    /// Shapes this one names directly.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.members
            .iter()
            .map(|(_, reference)| reference)
            .chain(self.member.iter())
            .chain(self.key.iter())
            .chain(self.value.iter())
            .map(|reference| reference.shape.as_str())
    }
}

fn ordered<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Reference)>, D::Error> {
    let members = serde_json::Map::deserialize(deserializer)?;
    members
        .into_iter()
        .map(|(name, value)| Reference::deserialize(value).map(|reference| (name, reference)).map_err(serde::de::Error::custom))
        .collect()
}
