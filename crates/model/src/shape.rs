//! Constraints of the service model as static tables, so that a JSON body is validated without knowing its type and, while it is
//! good, without an allocation.

use std::sync::OnceLock;

/// What a JSON value must look like.
#[derive(Debug)]
pub struct Shape {
    pub kind: Kind,
    /// Smallest length (strings, lists, maps, blobs) or smallest value (numbers).
    pub min: Option<i64>,
    /// Largest length or value.
    pub max: Option<i64>,
    /// A Java regular expression the whole string must match.
    pub pattern: Option<&'static Pattern>,
    /// The words allowed; empty when the string is free.
    pub values: &'static [&'static str],
    /// Never echo the value in an error message.
    pub sensitive: bool,
}

#[derive(Debug)]
pub enum Kind {
    Structure { name: &'static str, members: &'static [Member] },
    List(&'static Shape),
    Map { key: &'static Shape, value: &'static Shape },
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    pub shape: &'static Shape,
    pub required: bool,
}

impl Member {
    pub const fn required(name: &'static str, shape: &'static Shape) -> Self {
        Self { name, shape, required: true }
    }

    pub const fn optional(name: &'static str, shape: &'static Shape) -> Self {
        Self { name, shape, required: false }
    }
}

/// A pattern of the service model; compiled at its first use by `validate`.
#[derive(Debug)]
pub struct Pattern {
    /// The text as the model has it, and as error messages show it.
    pub source: &'static str,
    pub(crate) compiled: OnceLock<crate::pattern::Matcher>,
}

impl Pattern {
    pub const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new() }
    }
}

impl Shape {
    const fn of(kind: Kind) -> Self {
        Self { kind, min: None, max: None, pattern: None, values: &[], sensitive: false }
    }

    pub const fn structure(name: &'static str, members: &'static [Member]) -> Self {
        Self::of(Kind::Structure { name, members })
    }

    pub const fn list(element: &'static Shape) -> Self {
        Self::of(Kind::List(element))
    }

    pub const fn map(key: &'static Shape, value: &'static Shape) -> Self {
        Self::of(Kind::Map { key, value })
    }

    pub const fn string() -> Self {
        Self::of(Kind::String)
    }

    pub const fn integer() -> Self {
        Self::of(Kind::Integer)
    }

    pub const fn long() -> Self {
        Self::of(Kind::Long)
    }

    pub const fn double() -> Self {
        Self::of(Kind::Double)
    }

    pub const fn boolean() -> Self {
        Self::of(Kind::Boolean)
    }

    pub const fn timestamp() -> Self {
        Self::of(Kind::Timestamp)
    }

    pub const fn blob() -> Self {
        Self::of(Kind::Blob)
    }

    pub const fn min(mut self, min: i64) -> Self {
        self.min = Some(min);
        self
    }

    pub const fn max(mut self, max: i64) -> Self {
        self.max = Some(max);
        self
    }

    pub const fn pattern(mut self, pattern: &'static Pattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    pub const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The members of a structure; none for any other kind.
    pub const fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure { members, .. } => members,
            _ => &[],
        }
    }

    /// The member of a structure by its wire name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|member| member.name == name)
    }
}

pub static STRING: Shape = Shape::string();
pub static INTEGER: Shape = Shape::integer();
pub static LONG: Shape = Shape::long();
pub static DOUBLE: Shape = Shape::double();
pub static BOOLEAN: Shape = Shape::boolean();
pub static TIMESTAMP: Shape = Shape::timestamp();
pub static BLOB: Shape = Shape::blob();
