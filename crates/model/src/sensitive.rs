//! Secrets are a type, not a habit: what the service model calls sensitive cannot be printed by accident.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A value whose `Debug` prints `***`. On the wire it is the value itself. `Sensitive` alone is a string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T = String>(T);

impl<T> Sensitive<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Named so that a reader sees where a secret leaves its cover.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, taken out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> Deref for Sensitive<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Sensitive<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<Sensitive<String>> for String {
    fn from(value: Sensitive<String>) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::commands::SendCommandInput;

    #[test]
    fn debug_hides_the_value_and_the_wire_does_not() {
        let secret: Sensitive = "s3cret".into();
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"s3cret\"");
        assert_eq!(secret.len(), 6);
        assert_eq!(String::from(secret), "s3cret");
    }

    #[test]
    fn command_parameters_do_not_print() {
        let input: SendCommandInput =
            serde_json::from_str(r#"{"DocumentName":"AWS-RunShellScript","Parameters":{"commands":["echo hunter2"]}}"#).unwrap();
        assert!(!format!("{input:?}").contains("hunter2"));
        assert_eq!(input.parameters.unwrap()["commands"], ["echo hunter2"]);
    }
}
