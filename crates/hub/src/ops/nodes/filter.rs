//! The filters of DescribeInstanceInformation and DescribeInstanceProperties as conditions of the store (semantics 13.3.2).

use qd_model::ApiError;
use qd_model::shapes::nodes::InstancePropertyFilterOperator as Operator;
use qd_store::table::nodes::query::{Condition, Field, Test};

use super::MANAGED_INSTANCE;

/// Which operation's error a bad value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Information,
    Properties,
}

impl Of {
    fn bad_value(self, key: &str, value: &str) -> ApiError {
        let code = match self {
            Self::Information => "InvalidInstanceInformationFilterValue",
            Self::Properties => "InvalidInstancePropertyFilterValue",
        };
        let shown: String = value.chars().take(128).collect();
        ApiError::new(code, format!("The filter value {shown} is not valid for {key}."))
    }
}

/// Conditions of DescribeInstanceInformation's filters: `(key, values)`, all compared for equality.
pub fn information_conditions(filters: &[(String, Vec<String>)]) -> Result<Vec<Condition>, ApiError> {
    filters.iter().map(|(key, values)| condition(Of::Information, key, Test::Equal, values)).collect()
}

/// How a filter with an operator compares.
pub(super) fn test(operator: Option<Operator>) -> Test {
    match operator {
        None | Some(Operator::Equal) => Test::Equal,
        Some(Operator::NotEqual) => Test::NotEqual,
        Some(Operator::BeginWith) => Test::BeginWith,
        Some(Operator::LessThan) => Test::LessThan,
        Some(Operator::GreaterThan) => Test::GreaterThan,
    }
}

/// One filter as a condition; `InvalidFilterKey` for a key there is none of.
pub(super) fn condition(of: Of, key: &str, test: Test, values: &[String]) -> Result<Condition, ApiError> {
    let field = match key {
        "InstanceIds" => Field::InstanceId,
        "AgentVersion" => Field::AgentVersion,
        "ActivationIds" => Field::ActivationId,
        "IamRole" => Field::IamRole,
        "PlatformTypes" => {
            known(of, key, test, values, &["Windows", "Linux", "MacOS"])?;
            Field::PlatformType
        }
        "PingStatus" => {
            known(of, key, test, values, &["Online", "ConnectionLost", "Inactive"])?;
            return Ok(match (passes("Online", test, values), passes("ConnectionLost", test, values)) {
                (true, true) => Condition::All,
                (true, false) => Condition::Online(true),
                (false, true) => Condition::Online(false),
                (false, false) => Condition::Never,
            });
        }
        "ResourceType" => {
            known(of, key, test, values, &[MANAGED_INSTANCE, "EC2Instance"])?;
            return Ok(same_for_all(test, values, MANAGED_INSTANCE));
        }
        "SourceIds" => Field::InstanceId,
        "SourceTypes" => return Ok(same_for_all(test, values, "AWS::SSM::ManagedInstance")),
        // There are no associations, so no node has a status or a document of one.
        "AssociationStatus" => return Ok(if test == Test::NotEqual { Condition::All } else { Condition::Never }),
        "DocumentName" if of == Of::Properties => return Ok(if test == Test::NotEqual { Condition::All } else { Condition::Never }),
        "tag-key" if test == Test::Equal => return Ok(Condition::HasTag(values.to_vec())),
        _ => match key.strip_prefix("tag:").filter(|tag| !tag.is_empty()) {
            Some(tag) if test == Test::Equal => return Ok(Condition::Tag(tag.to_owned(), values.to_vec())),
            Some(_) => return Err(of.bad_value(key, "Operator")),
            None => {
                let shown: String = key.chars().take(128).collect();
                return Err(ApiError::new("InvalidFilterKey", format!("The filter key {shown} is not valid.")));
            }
        },
    };
    Ok(Condition::Is(field, test, values.to_vec()))
}

/// Refuses values that the key can not have, where whole values are compared.
fn known(of: Of, key: &str, test: Test, values: &[String], allowed: &[&str]) -> Result<(), ApiError> {
    if !matches!(test, Test::Equal | Test::NotEqual) {
        return Ok(());
    }
    match values.iter().find(|value| !allowed.contains(&value.as_str())) {
        Some(bad) => Err(of.bad_value(key, bad)),
        None => Ok(()),
    }
}

/// Whether a fixed text passes a test against values.
fn passes(text: &str, test: Test, values: &[String]) -> bool {
    let any = |compare: &dyn Fn(&str) -> bool| values.iter().any(|value| compare(value));
    match test {
        Test::Equal => any(&|value| text == value),
        Test::NotEqual => !any(&|value| text == value),
        Test::BeginWith => any(&|value| text.starts_with(value)),
        Test::LessThan => any(&|value| text < value),
        Test::GreaterThan => any(&|value| text > value),
    }
}

/// A key whose value is the same for every node.
fn same_for_all(test: Test, values: &[String], text: &str) -> Condition {
    if passes(text, test, values) { Condition::All } else { Condition::Never }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, test: Test, values: &[&str]) -> Result<Condition, String> {
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        condition(Of::Properties, key, test, &values).map_err(|e| e.code.into_owned())
    }

    #[test]
    fn status_and_kind_become_conditions() {
        assert_eq!(one("PingStatus", Test::Equal, &["Online"]), Ok(Condition::Online(true)));
        assert_eq!(one("PingStatus", Test::NotEqual, &["Online"]), Ok(Condition::Online(false)));
        assert_eq!(one("PingStatus", Test::Equal, &["Online", "ConnectionLost"]), Ok(Condition::All));
        assert_eq!(one("PingStatus", Test::Equal, &["Inactive"]), Ok(Condition::Never));
        assert_eq!(one("PingStatus", Test::BeginWith, &["Conn"]), Ok(Condition::Online(false)));
        assert_eq!(one("ResourceType", Test::Equal, &["EC2Instance"]), Ok(Condition::Never));
        assert_eq!(one("ResourceType", Test::Equal, &["ManagedInstance"]), Ok(Condition::All));
        assert_eq!(one("AssociationStatus", Test::Equal, &["Success"]), Ok(Condition::Never));
        assert_eq!(one("tag:role", Test::Equal, &["web"]), Ok(Condition::Tag("role".into(), vec!["web".into()])));
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        assert_eq!(one("Colour", Test::Equal, &["red"]), Err("InvalidFilterKey".into()));
        assert_eq!(one("tag:", Test::Equal, &["red"]), Err("InvalidFilterKey".into()));
        assert_eq!(one("PingStatus", Test::Equal, &["online"]), Err("InvalidInstancePropertyFilterValue".into()));
        assert_eq!(one("PlatformTypes", Test::Equal, &["Plan9"]), Err("InvalidInstancePropertyFilterValue".into()));
        let bad = information_conditions(&[("PingStatus".into(), vec!["x".into()])]).unwrap_err();
        assert_eq!(bad.code, "InvalidInstanceInformationFilterValue");
        assert_eq!(information_conditions(&[("DocumentName".into(), vec!["x".into()])]).unwrap_err().code, "InvalidFilterKey");
    }
}
