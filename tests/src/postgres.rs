//! A database of its own on the test run's real PostgreSQL.

/// Connection string of a new, empty database.
pub fn database() -> String {
    qd_store::testing::postgres_database()
}
