//! Service settings that differ from their defaults. A setting that stands at its default has no row.

use crate::{Migration, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[Migration {
    id: "service_settings/1",
    sql: "
CREATE TABLE service_settings (
  setting_id TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  modified_at BIGINT NOT NULL,
  modified_by TEXT NOT NULL
);
",
}];

/// A setting somebody changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSetting {
    pub value: String,
    /// Epoch milliseconds.
    pub modified_at: i64,
    /// ARN of who changed it.
    pub modified_by: String,
}

/// The setting's own value, when it has one.
pub fn get(tx: &mut Tx<'_>, setting_id: &str) -> Result<Option<ServiceSetting>, StoreError> {
    tx.query_one("SELECT value, modified_at, modified_by FROM service_settings WHERE setting_id = $1", params![setting_id])?
        .map(|row| Ok(ServiceSetting { value: row.text(0)?, modified_at: row.int(1)?, modified_by: row.text(2)? }))
        .transpose()
}

/// Gives the setting a value of its own.
pub fn put(tx: &mut Tx<'_>, setting_id: &str, setting: &ServiceSetting) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO service_settings (setting_id, value, modified_at, modified_by) VALUES ($1, $2, $3, $4) ON CONFLICT (setting_id) \
         DO UPDATE SET value = excluded.value, modified_at = excluded.modified_at, modified_by = excluded.modified_by",
        params![setting_id, setting.value.as_str(), setting.modified_at, setting.modified_by.as_str()],
    )?;
    Ok(())
}

/// Puts the setting back to its default.
pub fn remove(tx: &mut Tx<'_>, setting_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM service_settings WHERE setting_id = $1", params![setting_id])?;
    Ok(())
}
