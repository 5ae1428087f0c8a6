//! Enums whose values are words on the wire. One macro writes them all, so that a hundred enums cost little to compile.

use std::fmt;

/// A word that is not among an enum's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue {
    /// Name of the enum, as in the service model.
    pub of: &'static str,
    /// The word that was given, cut to 128 characters.
    pub value: String,
}

impl UnknownValue {
    pub(crate) fn new(of: &'static str, value: &str) -> Self {
        Self { of, value: value.chars().take(128).collect() }
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a value of {}", self.value, self.of)
    }
}

impl std::error::Error for UnknownValue {}

/// Reads a string and finds the enum value it names.
pub(crate) struct WordVisitor<T> {
    pub of: &'static str,
    pub find: fn(&str) -> Option<T>,
}

impl<T> serde::de::Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of {}", self.of)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<T, E> {
        (self.find)(value).ok_or_else(|| E::custom(UnknownValue::new(self.of, value)))
    }
}

macro_rules! wire_enums {
    ($(pub enum $name:ident { $($variant:ident = $wire:literal,)* })*) => {$(
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every value, in the order of the service model.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Every value as it is written on the wire.
            pub const VALUES: &'static [&'static str] = &[$($wire,)*];

            /// The value as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                Self::VALUES[self as usize]
            }

            /// The value a word on the wire stands for.
            pub fn from_wire(value: &str) -> Option<Self> {
                Self::VALUES.iter().position(|wire| *wire == value).map(|index| Self::ALL[index])
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::wire_enum::UnknownValue;

            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Self::from_wire(value).ok_or_else(|| $crate::wire_enum::UnknownValue::new(stringify!($name), value))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::wire_enum::WordVisitor { of: stringify!($name), find: Self::from_wire })
            }
        }
    )*};
}

pub(crate) use wire_enums;

#[cfg(test)]
mod tests {
    use crate::shapes::commands::CommandStatus;

    #[test]
    fn an_enum_round_trips_by_its_wire_word() {
        for status in CommandStatus::ALL {
            assert_eq!(status.as_str().parse::<CommandStatus>().as_ref(), Ok(status));
            let json = serde_json::to_string(status).unwrap();
            assert_eq!(json, format!("\"{}\"", status.as_str()));
            assert_eq!(serde_json::from_str::<CommandStatus>(&json).unwrap(), *status);
        }
        assert!(serde_json::from_str::<CommandStatus>("\"pending\"").is_err());
        assert_eq!("Nope".parse::<CommandStatus>().unwrap_err().to_string(), "`Nope` is not a value of CommandStatus");
    }
}
