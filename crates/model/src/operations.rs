//! The table of all public operations: the one list from which dispatch, validation, authorisation and the console take their facts.

mod table;

pub use table::{Family, Operation};

use crate::shape::Shape;
use crate::wire_enum::{UnknownValue, WordVisitor};
use std::fmt;
use std::str::FromStr;
use table::TABLE;

/// One line of the table.
struct Row {
    name: &'static str,
    family: Family,
    input: &'static Shape,
    output: &'static Shape,
    errors: &'static [&'static str],
    read_only: bool,
    paginated: bool,
}

impl Operation {
    fn row(self) -> &'static Row {
        // The table is in the order of the enum; a test holds it to that.
        &TABLE[self as usize]
    }

    /// The name AWS gives it: what follows `AmazonSSM.` in `X-Amz-Target`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The operation of that name, exactly as written.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.binary_search_by(|row| row.name.cmp(name)).ok().map(|index| Self::ALL[index])
    }

    pub fn family(self) -> Family {
        self.row().family
    }

    /// Constraints of the request body.
    pub fn input(self) -> &'static Shape {
        self.row().input
    }

    /// Shape of the answer.
    pub fn output(self) -> &'static Shape {
        self.row().output
    }

    /// Error codes the service model lists; the codes common to all operations (ssm-api 2) come on top.
    pub fn errors(self) -> &'static [&'static str] {
        self.row().errors
    }

    /// It changes nothing and hands out no rights, so that an endpoint marked read-only may pass it.
    pub fn is_read_only(self) -> bool {
        self.row().read_only
    }

    /// Its input has `NextToken`.
    pub fn is_paginated(self) -> bool {
        self.row().paginated
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Operation {
    type Err = UnknownValue;

    fn from_str(name: &str) -> Result<Self, UnknownValue> {
        Self::from_name(name).ok_or_else(|| UnknownValue::new("Operation", name))
    }
}

impl serde::Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Operation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor { of: "Operation", find: Self::from_name })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Kind;

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(Operation::ALL.len(), 154);
        for (index, operation) in Operation::ALL.iter().copied().enumerate() {
            assert_eq!(operation as usize, index);
            assert_eq!(Operation::from_name(operation.name()), Some(operation));
            assert!(matches!(operation.input().kind, Kind::Structure { .. }), "{operation}");
            assert!(matches!(operation.output().kind, Kind::Structure { .. }), "{operation}");
        }
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        for unknown in ["", "sendCommand", "SendCommand ", "RegisterManagedInstance"] {
            assert_eq!(Operation::from_name(unknown), None);
        }
    }

    #[test]
    fn families_have_their_counts() {
        let expected = [
            ("access", 2),
            ("associations", 13),
            ("automation", 6),
            ("change", 2),
            ("cloud_connectors", 6),
            ("commands", 5),
            ("compliance", 4),
            ("documents", 12),
            ("inventory", 6),
            ("maintenance_windows", 23),
            ("node_views", 2),
            ("nodes", 9),
            ("ops_center", 15),
            ("parameters", 10),
            ("patching", 19),
            ("previews", 2),
            ("resource_data_sync", 4),
            ("resource_policies", 3),
            ("sessions", 5),
            ("settings", 3),
            ("tags", 3),
        ];
        let counted: Vec<(&str, usize)> = Family::ALL
            .iter()
            .map(|family| (family.as_str(), Operation::ALL.iter().filter(|operation| operation.family() == *family).count()))
            .collect();
        assert_eq!(counted, expected);
    }

    #[test]
    fn facts_of_single_operations() {
        assert_eq!(Operation::ALL.iter().filter(|operation| operation.is_paginated()).count(), 56);
        for reads in [Operation::GetCommandInvocation, Operation::ListCommands, Operation::DescribeSessions, Operation::GetParameters] {
            assert!(reads.is_read_only(), "{reads}");
        }
        for writes in [Operation::SendCommand, Operation::GetAccessToken, Operation::PutInventory, Operation::StartExecutionPreview] {
            assert!(!writes.is_read_only(), "{writes}");
        }
        assert!(Operation::SendCommand.errors().contains(&"DuplicateInstanceId"));
        assert_eq!(serde_json::to_string(&Operation::SendCommand).unwrap(), "\"SendCommand\"");
        assert!(serde_json::from_str::<Operation>("\"DropTables\"").is_err());
    }
}
