//! Why this exists: our values on PostgreSQL's binary wire.

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::Param;
use crate::row::Value;

type Failure = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self, ty) {
            (Param::Null, _) => Ok(IsNull::Yes),
            (Param::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Param::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Param::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(ty, out),
            (Param::Int(value), &Type::FLOAT8) => (*value as f64).to_sql(ty, out),
            (Param::Real(value), &Type::FLOAT8) => value.to_sql(ty, out),
            (Param::Text(value), ty) if <&str as ToSql>::accepts(ty) => value.as_ref().to_sql(ty, out),
            (Param::Blob(value), &Type::BYTEA) => value.as_ref().to_sql(ty, out),
            (param, ty) => Err(format!("a value of the kind {param:?} was given where the statement has {ty}; say CAST($n AS …)").into()),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column's value, of whatever type PostgreSQL made it.
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Cell(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(ty, raw)?.into()),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::NUMERIC => numeric(raw)?,
            ref text if <&str as FromSql>::accepts(text) => Value::Text(<&str as FromSql>::from_sql(ty, raw)?.to_owned()),
            ref other => return Err(format!("a column has the type {other}, which the store does not use").into()),
        }))
    }

    fn from_sql_null(_ty: &Type) -> Result<Self, Failure> {
        Ok(Cell(Value::Null))
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}

/// NUMERIC on the wire: number of digits, weight, sign, scale (16 bits each), then digits of base 10,000.
fn numeric(raw: &[u8]) -> Result<Value, Failure> {
    let words: Vec<i16> = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect();
    let [_, weight, sign, _, digits @ ..] = words.as_slice() else { return Err("a short NUMERIC".into()) };
    let negative = match *sign as u16 {
        0 => false,
        0x4000 => true,
        _ => return Err("a NUMERIC that is no number".into()),
    };
    let whole = i32::from(*weight) + 1;
    if digits.len() as i32 <= whole && whole <= 5 {
        let mut value: i128 = 0;
        for place in 0..whole.max(0) as usize {
            value = value * 10_000 + i128::from(digits.get(place).copied().unwrap_or(0));
        }
        return Ok(Value::Int(i64::try_from(if negative { -value } else { value })?));
    }
    let value: f64 =
        digits.iter().enumerate().map(|(place, digit)| f64::from(*digit) * 10_000_f64.powi(i32::from(*weight) - place as i32)).sum();
    Ok(Value::Real(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_read() {
        // 12,345,678 = 1234 * 10^4 + 5678; 30,000 = 3 * 10^4 (trailing zeros are not sent); 0; -1.5
        assert!(numeric(&wire(&[2, 1, 0, 0, 1234, 5678])).unwrap() == Value::Int(12_345_678));
        assert!(numeric(&wire(&[1, 1, 0, 0, 3])).unwrap() == Value::Int(30_000));
        assert!(numeric(&wire(&[0, 0, 0, 0])).unwrap() == Value::Int(0));
        assert!(numeric(&wire(&[2, 0, 0x4000, 1, 1, 5000])).unwrap() == Value::Real(-1.5));
        assert!(numeric(&wire(&[0, 0, 0xC000_u16 as i16, 0])).is_err());
        assert!(numeric(&[0, 1]).is_err());
    }
}
