//! Time stamps as AWS JSON carries them: a number of seconds since 1970 with up to three decimals (semantics 0.2).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A moment, to the millisecond. Written as epoch seconds (`1718000000.123`); read from a number or an ISO-8601 string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// From milliseconds since 1970; values outside the years -9999 to 9999 are moved to the nearest end.
    pub fn from_millis(millis: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX }))
    }

    /// Milliseconds since 1970, as the store keeps them.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// From seconds since 1970, as JSON carries them. `None` if that is no moment between the years -9999 and 9999.
    pub fn from_epoch_seconds(seconds: f64) -> Option<Self> {
        if !seconds.is_finite() || seconds.abs() > 400_000_000_000.0 {
            return None;
        }
        jiff::Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok().map(Self)
    }

    /// Seconds since 1970, with three decimals at most.
    pub fn as_epoch_seconds(self) -> f64 {
        self.as_millis() as f64 / 1000.0
    }

    /// `2024-06-01T10:11:12.345Z`, the form of the string-typed dates of the API.
    pub fn to_iso_millis(self) -> String {
        format!("{:.3}", self.0)
    }

    /// The moment as the time library has it.
    pub fn into_inner(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Cut to the millisecond.
    fn from(value: jiff::Timestamp) -> Self {
        Self::from_millis(value.as_millisecond())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(value: Timestamp) -> Self {
        value.0
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    /// An ISO-8601 moment; one without an offset is UTC, one without a time of day is midnight.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let moment = text.parse::<jiff::Timestamp>().or_else(|error| {
            let civil: jiff::civil::DateTime = text.parse().map_err(|_| error)?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp())
        })?;
        Ok(moment.into())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.as_millis();
        if millis % 1000 == 0 { serializer.serialize_i64(millis / 1000) } else { serializer.serialize_f64(self.as_epoch_seconds()) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("epoch seconds or an ISO-8601 string")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Timestamp, E> {
                Timestamp::from_epoch_seconds(value).ok_or_else(|| E::custom("the time stamp is out of range"))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Timestamp, E> {
                self.visit_f64(value as f64)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Timestamp, E> {
                self.visit_f64(value as f64)
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Timestamp, E> {
                value.parse().map_err(|_| E::custom("the string is no ISO-8601 moment"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_epoch_seconds() {
        for (json, millis) in [("1718000000", 1_718_000_000_000), ("1718000000.123", 1_718_000_000_123), ("0", 0), ("-1.5", -1_500)] {
            let read: Timestamp = serde_json::from_str(json).unwrap();
            assert_eq!(read.as_millis(), millis);
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        // The stock agent sends whole seconds with a decimal point.
        assert_eq!(serde_json::from_str::<Timestamp>("1795343637.0").unwrap().as_millis(), 1_795_343_637_000);
    }

    #[test]
    fn reads_iso_and_refuses_nonsense() {
        for text in ["2024-06-01T10:11:12.345Z", "2024-06-01T12:11:12.345+02:00", "2024-06-01T10:11:12.345"] {
            let read: Timestamp = serde_json::from_value(text.into()).unwrap();
            assert_eq!(read.to_iso_millis(), "2024-06-01T10:11:12.345Z");
        }
        assert_eq!("2024-06-01".parse::<Timestamp>().unwrap().to_iso_millis(), "2024-06-01T00:00:00.000Z");
        for bad in ["\"yesterday\"", "1e300", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<Timestamp>(bad).is_err(), "{bad}");
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).into_inner(), jiff::Timestamp::MAX);
    }
}
