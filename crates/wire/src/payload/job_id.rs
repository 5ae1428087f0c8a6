//! `aws.ssm.<command>.<instance>`: the name of one command on one node (agent-protocol 4.8).
//!
//! The strict form is also what makes a job id safe as a file name in the agent's spool: no dots, slashes or spaces in a part.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const PREFIX: &str = "aws.ssm.";
const MAX_PART: usize = 64;

/// Job id of a command on a node; also the message id of the old message service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId {
    text: String,
    /// Offset of the dot between command and instance.
    dot: usize,
}

/// The text is not `aws.ssm.<command>.<instance>` with parts of 1 to 64 letters, digits, `-` or `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a job id: expected aws.ssm.<command id>.<instance id>")]
pub struct JobIdError;

impl JobId {
    pub fn new(command_id: &str, instance_id: &str) -> Result<Self, JobIdError> {
        if !is_part(command_id) || !is_part(instance_id) {
            return Err(JobIdError);
        }
        let text = format!("{PREFIX}{command_id}.{instance_id}");
        Ok(Self { dot: PREFIX.len() + command_id.len(), text })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The command id, or for an association run the association id.
    pub fn command_id(&self) -> &str {
        &self.text[PREFIX.len()..self.dot]
    }

    pub fn instance_id(&self) -> &str {
        &self.text[self.dot + 1..]
    }
}

fn is_part(part: &str) -> bool {
    (1..=MAX_PART).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl FromStr for JobId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        let (command, instance) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or(JobIdError)?;
        Self::new(command, instance)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let id: JobId = "aws.ssm.2b1f0000-0000-4000-8000-000000000001.mi-0123456789abcdef0".parse().unwrap();
        assert_eq!(id.command_id(), "2b1f0000-0000-4000-8000-000000000001");
        assert_eq!(id.instance_id(), "mi-0123456789abcdef0");
        assert_eq!(JobId::new(id.command_id(), id.instance_id()).unwrap(), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn other_shapes_are_refused() {
        let long = format!("aws.ssm.{}.mi-1", "a".repeat(65));
        for text in [
            "",
            "aws.ssm",
            "aws.ssm..mi-1",
            "aws.ssm.c.",
            "aws.ssm.c",
            "aws.ssm.a.b.c",
            "aws.ssm.../x.mi-1",
            "AWS.ssm.a.b",
            "aws.ssm.a b.c",
            &long,
        ] {
            assert_eq!(text.parse::<JobId>(), Err(JobIdError), "{text}");
        }
    }
}
