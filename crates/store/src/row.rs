//! Why this exists: a row that no longer borrows from the engine, so that both engines give the same values.

use crate::{ErrorCode, StoreError};

/// One column's value. PostgreSQL's booleans arrive as 0 or 1, its whole NUMERICs (`SUM` of BIGINT) as `Int`.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BYTEA.
    Blob(Vec<u8>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Int(_) => "BIGINT",
            Value::Real(_) => "DOUBLE PRECISION",
            Value::Text(_) => "TEXT",
            Value::Blob(_) => "BYTEA",
        }
    }
}

/// A row of a result; columns are counted from 0, in the order of the SELECT or RETURNING list.
#[derive(Clone)]
pub struct Row {
    values: Vec<Value>,
}

/// Values stay out of logs: only the types are shown.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values.iter().map(Value::kind)).finish()
    }
}

/// A Rust type that a column can be read as.
pub trait FromValue: Sized {
    /// The value, or `None` if the column holds another type.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $($pattern:pat => $to:expr),+;)+) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $($pattern => $to,)+
                    _ => None,
                }
            }
        })+
    };
}

from_value! {
    i64: Value::Int(v) => Some(*v);
    i32: Value::Int(v) => (*v).try_into().ok();
    u32: Value::Int(v) => (*v).try_into().ok();
    u64: Value::Int(v) => (*v).try_into().ok();
    usize: Value::Int(v) => (*v).try_into().ok();
    bool: Value::Int(0) => Some(false), Value::Int(1) => Some(true);
    f64: Value::Real(v) => Some(*v), Value::Int(v) => Some(*v as f64);
    String: Value::Text(v) => Some(v.clone());
    Vec<u8>: Value::Blob(v) => Some(v.clone());
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Row { values }
    }

    /// How many columns the row has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// A row without columns.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Column `index` as `T`; an error if it is another type, NULL without `Option`, or not there.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        let value = self.values.get(index);
        value.and_then(T::from_value).ok_or_else(|| {
            let found = value.map_or("missing", Value::kind);
            StoreError::new(ErrorCode::Row, format!("column {index} is {found}, not {}", std::any::type_name::<T>()))
        })
    }

    /// Column `index` as TEXT.
    pub fn text(&self, index: usize) -> Result<String, StoreError> {
        self.get(index)
    }

    /// Column `index` as TEXT or NULL.
    pub fn opt_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        self.get(index)
    }

    /// Column `index` as BIGINT.
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.get(index)
    }

    /// Column `index` as BIGINT or NULL.
    pub fn opt_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.get(index)
    }

    /// Column `index` as DOUBLE PRECISION.
    pub fn real(&self, index: usize) -> Result<f64, StoreError> {
        self.get(index)
    }

    /// Column `index` as BYTEA.
    pub fn blob(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.get(index)
    }

    /// Column `index` as BYTEA or NULL.
    pub fn opt_blob(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(index)
    }

    /// Column `index` as a flag: BIGINT 0 or 1.
    pub fn flag(&self, index: usize) -> Result<bool, StoreError> {
        self.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_type_is_an_error_that_names_the_column() {
        let row = Row::new(vec![Value::Text("x".into()), Value::Null, Value::Int(2)]);
        assert_eq!(row.text(0).unwrap(), "x");
        assert_eq!(row.opt_text(1).unwrap(), None);
        let error = row.text(1).unwrap_err();
        assert_eq!((error.code, error.message.starts_with("column 1 is NULL")), (ErrorCode::Row, true));
        assert!(row.flag(2).is_err());
        assert!(row.int(9).unwrap_err().message.contains("missing"));
        assert_eq!(format!("{row:?}"), r#"["TEXT", "NULL", "BIGINT"]"#);
    }
}
