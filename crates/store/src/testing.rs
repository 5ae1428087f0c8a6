//! Private databases.
