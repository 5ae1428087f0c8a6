//! Why this exists: one type for what goes into `$1`, `$2` … on both engines, so that a statement and its values are written once.

use std::borrow::Cow;

/// A value bound to a placeholder. SQL types are TEXT, BIGINT, DOUBLE PRECISION and BYTEA only.
#[derive(Clone, PartialEq)]
pub enum Param<'a> {
    /// NULL of any type.
    Null,
    /// BIGINT; also flags (0 or 1) and times (epoch milliseconds).
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// TEXT. PostgreSQL refuses a NUL character inside.
    Text(Cow<'a, str>),
    /// BYTEA.
    Blob(Cow<'a, [u8]>),
}

/// Values stay out of logs: only the type is shown.
impl std::fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Param::Null => "Null",
            Param::Int(_) => "Int",
            Param::Real(_) => "Real",
            Param::Text(_) => "Text",
            Param::Blob(_) => "Blob",
        })
    }
}

macro_rules! from {
    ($($from:ty => |$value:ident| $to:expr;)+) => {
        $(impl<'a> From<$from> for Param<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        })+
    };
}

from! {
    &'a str => |v| Param::Text(Cow::Borrowed(v));
    String => |v| Param::Text(Cow::Owned(v));
    &'a String => |v| Param::Text(Cow::Borrowed(v));
    Cow<'a, str> => |v| Param::Text(v);
    &'a [u8] => |v| Param::Blob(Cow::Borrowed(v));
    Vec<u8> => |v| Param::Blob(Cow::Owned(v));
    &'a Vec<u8> => |v| Param::Blob(Cow::Borrowed(v));
    i64 => |v| Param::Int(v);
    &'a i64 => |v| Param::Int(*v);
    i32 => |v| Param::Int(v.into());
    &'a i32 => |v| Param::Int((*v).into());
    u32 => |v| Param::Int(v.into());
    u16 => |v| Param::Int(v.into());
    bool => |v| Param::Int(v.into());
    &'a bool => |v| Param::Int((*v).into());
    f64 => |v| Param::Real(v);
    &'a f64 => |v| Param::Real(*v);
    &'a Option<String> => |v| v.as_ref().into();
    &'a Option<Vec<u8>> => |v| v.as_ref().into();
    &'a Option<i64> => |v| v.as_ref().into();
    &'a Option<f64> => |v| v.as_ref().into();
    &'a Option<bool> => |v| v.as_ref().into();
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Param::Blob(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// `params![id, now, Some(text)]` is `&[Param]`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Param<'_>] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Param::from($value)),+] };
}

/// `$first, $first+1, …` for `count` values: the inside of an IN list or of a VALUES row.
/// Keep lists under 1,000 values: SQLite takes 32,766 in one statement and every length is a statement of its own to prepare.
pub fn placeholders(first: usize, count: usize) -> String {
    let mut list = String::with_capacity(count * 5);
    for index in first..first + count {
        if index > first {
            list.push_str(", ");
        }
        list.push('$');
        list.push_str(&index.to_string());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_parameters() {
        let text = String::from("a");
        let none: Option<String> = None;
        let given: &[Param<'_>] = params![&text, "b", 7_i64, 7_u32, true, 1.5, &none, Some("c"), None::<i64>, b"raw", vec![1_u8]];
        let kinds: Vec<String> = given.iter().map(|param| format!("{param:?}")).collect();
        assert_eq!(kinds, ["Text", "Text", "Int", "Int", "Int", "Real", "Null", "Text", "Null", "Blob", "Blob"]);
        assert!(params![].is_empty());
    }

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(3, 3), "$3, $4, $5");
        assert_eq!(placeholders(1, 0), "");
    }
}
