//! Table `connections`: the endpoints a person works with. Where they are and how they are told apart; never a secret, which is in the
//! keyring under [`Connection::secret_name`].

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Local, LocalError};

/// The hub in this process. It is always there and cannot be removed.
pub const EMBEDDED: &str = "local";

/// The mark of the only connection there was before moves over from the settings, where it stood as JSON text.
pub(super) const CREATE: &str = "CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    region TEXT NOT NULL,
    access TEXT NOT NULL,
    profile TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    external_id TEXT NOT NULL,
    mfa_serial TEXT NOT NULL,
    pin TEXT NOT NULL,
    account TEXT NOT NULL,
    colour TEXT NOT NULL,
    mark TEXT NOT NULL,
    position INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO connections VALUES ('local', 'embedded', '', '', '', '', '', '', '', '', '', '', '',
    coalesce((SELECT trim(value, '\"') FROM settings WHERE key = 'connectionMark'), 'open'), 0);
DELETE FROM settings WHERE key = 'connectionMark';
ALTER TABLE windows ADD COLUMN connection TEXT NOT NULL DEFAULT 'local';";

/// Most connections a person keeps.
pub const MOST: usize = 200;

/// What kind of endpoint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Embedded,
    /// Another hub.
    Hub,
    /// AWS itself, or a server that speaks its API.
    Aws,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Hub => "hub",
            Self::Aws => "aws",
        }
    }
}

/// Where the keys come from that calls are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// An access key in the keyring.
    #[default]
    Key,
    /// AWS's standard chain, in the profile that is named or the usual one.
    Profile,
}

/// A connection, as a page shows and edits it. Text that does not apply is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Connection {
    /// Empty before it is kept.
    pub id: String,
    pub kind: Kind,
    pub name: String,
    /// `https://host[:port]`; empty for AWS itself.
    pub url: String,
    pub region: String,
    pub access: Access,
    pub profile: String,
    pub role_arn: String,
    pub external_id: String,
    pub mfa_serial: String,
    /// SHA-256 of the certificate that is trusted, in lower-case hex; empty: what the system trusts.
    pub pin: String,
    /// Twelve digits, once the endpoint has said them.
    pub account: String,
    /// `#rrggbb`, or empty.
    pub colour: String,
    /// `open`, `protected` or `read-only`.
    pub mark: String,
}

impl Default for Connection {
    fn default() -> Self {
        let text = String::new;
        Self {
            id: text(),
            kind: Kind::Hub,
            name: text(),
            url: text(),
            region: text(),
            access: Access::Key,
            profile: text(),
            role_arn: text(),
            external_id: text(),
            mfa_serial: text(),
            pin: text(),
            account: text(),
            colour: text(),
            mark: "open".to_owned(),
        }
    }
}

impl Connection {
    /// Name under which its access key is kept in the keyring.
    pub fn secret_name(&self) -> String {
        format!("connection-{}", self.id)
    }

    /// What is wrong with it, as a member's name; `None` when it can be kept.
    pub fn problem(&self) -> Option<&'static str> {
        let short = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        let hex = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
        let checks = [
            ("name", short(&self.name, 100) && (self.kind == Kind::Embedded || !self.name.trim().is_empty())),
            ("url", short(&self.url, 2048) && (self.kind != Kind::Hub || !self.url.is_empty())),
            ("region", short(&self.region, 100) && (self.kind == Kind::Embedded || !self.region.is_empty())),
            ("profile", short(&self.profile, 200)),
            ("roleArn", short(&self.role_arn, 2048) && (self.role_arn.is_empty() || self.role_arn.starts_with("arn:"))),
            ("externalId", short(&self.external_id, 1224)),
            ("mfaSerial", short(&self.mfa_serial, 256) && (self.mfa_serial.is_empty() || !self.role_arn.is_empty())),
            ("pin", self.pin.is_empty() || hex(&self.pin, 64)),
            ("account", short(&self.account, 12)),
            ("colour", self.colour.is_empty() || self.colour.strip_prefix('#').is_some_and(|digits| hex(digits, 6))),
            ("mark", matches!(self.mark.as_str(), "open" | "protected" | "read-only")),
        ];
        checks.into_iter().find(|(_, fits)| !fits).map(|(member, _)| member)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let word: String = row.get("kind")?;
        let access: String = row.get("access")?;
        Ok(Self {
            id: row.get("id")?,
            kind: match word.as_str() {
                "embedded" => Kind::Embedded,
                "aws" => Kind::Aws,
                _ => Kind::Hub,
            },
            name: row.get("name")?,
            url: row.get("url")?,
            region: row.get("region")?,
            access: if access == "profile" { Access::Profile } else { Access::Key },
            profile: row.get("profile")?,
            role_arn: row.get("role_arn")?,
            external_id: row.get("external_id")?,
            mfa_serial: row.get("mfa_serial")?,
            pin: row.get("pin")?,
            account: row.get("account")?,
            colour: row.get("colour")?,
            mark: row.get("mark")?,
        })
    }
}

impl Local {
    /// Every connection, in the person's order; the hub in this process first where nothing else was said.
    pub fn connections(&self) -> Result<Vec<Connection>, LocalError> {
        let connection = self.connection();
        let mut statement = connection.prepare("SELECT * FROM connections ORDER BY position, name, id")?;
        let rows = statement.query_map([], Connection::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The connection `id`, if it is kept.
    pub fn connection_by_id(&self, id: &str) -> Result<Option<Connection>, LocalError> {
        let connection = self.connection();
        Ok(connection.query_row("SELECT * FROM connections WHERE id = ?1", params![id], Connection::read).optional()?)
    }

    /// Keeps a connection, new or changed. Its place in the order stays; a new one comes last.
    pub fn put_connection(&self, new: &Connection) -> Result<(), LocalError> {
        let access = match new.access {
            Access::Key => "key",
            Access::Profile => "profile",
        };
        self.connection().execute(
            "INSERT INTO connections (id, kind, name, url, region, access, profile, role_arn, external_id, mfa_serial, pin, account, colour,
                 mark, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, (SELECT max(position) + 1 FROM connections))
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url, region = excluded.region, access = excluded.access,
                 profile = excluded.profile, role_arn = excluded.role_arn, external_id = excluded.external_id,
                 mfa_serial = excluded.mfa_serial, pin = excluded.pin, account = excluded.account, colour = excluded.colour,
                 mark = excluded.mark",
            params![
                new.id,
                new.kind.word(),
                new.name,
                new.url,
                new.region,
                access,
                new.profile,
                new.role_arn,
                new.external_id,
                new.mfa_serial,
                new.pin,
                new.account,
                new.colour,
                new.mark,
            ],
        )?;
        Ok(())
    }

    /// Forgets a connection and what was last known of its fleet. The hub in this process stays.
    pub fn remove_connection(&self, id: &str) -> Result<bool, LocalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let removed = transaction.execute("DELETE FROM connections WHERE id = ?1 AND kind <> 'embedded'", params![id])? == 1;
        if removed {
            transaction.execute("DELETE FROM last_known WHERE connection = ?1", params![id])?;
            transaction.execute("UPDATE windows SET connection = 'local', path = '/' WHERE connection = ?1", params![id])?;
        }
        transaction.commit()?;
        Ok(removed)
    }

    /// Puts the connections into this order. Those that are not named come after them.
    pub fn order_connections(&self, ids: &[String]) -> Result<(), LocalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("UPDATE connections SET position = position + ?1", params![MOST as i64])?;
        for (position, id) in ids.iter().take(MOST).enumerate() {
            transaction.execute("UPDATE connections SET position = ?1 WHERE id = ?2", params![position as i64, id])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::settings;

    pub fn hub(id: &str, name: &str) -> Connection {
        Connection {
            id: id.to_owned(),
            name: name.to_owned(),
            url: "https://hub.example:7443".to_owned(),
            region: "local-1".to_owned(),
            ..Connection::default()
        }
    }

    #[test]
    fn the_embedded_hub_is_there_first_and_for_good() {
        let local = Local::in_memory().unwrap();
        let all = local.connections().unwrap();
        assert_eq!((all.len(), all[0].id.as_str(), all[0].kind, all[0].mark.as_str()), (1, EMBEDDED, Kind::Embedded, "open"));
        assert!(!local.remove_connection(EMBEDDED).unwrap());
        assert_eq!(local.connections().unwrap().len(), 1);
    }

    #[test]
    fn the_mark_of_an_older_version_is_kept() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(settings::CREATE).unwrap();
        connection.execute_batch(crate::local::windows::CREATE).unwrap();
        connection.execute("INSERT INTO settings VALUES ('connectionMark', '\"read-only\"')", []).unwrap();
        connection.execute_batch(CREATE).unwrap();
        let mark: String = connection.query_row("SELECT mark FROM connections", [], |row| row.get(0)).unwrap();
        assert_eq!(mark, "read-only");
    }

    #[test]
    fn connections_keep_their_order_through_changes() {
        let local = Local::in_memory().unwrap();
        for (id, name) in [("b", "Lab"), ("a", "운영 🚢"), ("c", "Test")] {
            local.put_connection(&hub(id, name)).unwrap();
        }
        let ids = |local: &Local| local.connections().unwrap().into_iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(ids(&local), [EMBEDDED, "b", "a", "c"]);
        local.order_connections(&["c".to_owned(), EMBEDDED.to_owned()]).unwrap();
        assert_eq!(ids(&local), ["c", EMBEDDED, "b", "a"]);
        local.put_connection(&Connection { colour: "#aa0000".to_owned(), ..hub("b", "Lab 2") }).unwrap();
        assert_eq!(ids(&local), ["c", EMBEDDED, "b", "a"]);
        assert_eq!(local.connection_by_id("b").unwrap().unwrap().name, "Lab 2");
        assert!(local.remove_connection("b").unwrap());
        assert_eq!(local.connection_by_id("b").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_kept_is_named() {
        let good = hub("a", "Lab");
        assert_eq!(good.problem(), None);
        let cases: [(&str, Connection); 8] = [
            ("name", Connection { name: " ".to_owned(), ..good.clone() }),
            ("name", Connection { name: "a\nb".to_owned(), ..good.clone() }),
            ("url", Connection { url: String::new(), ..good.clone() }),
            ("region", Connection { region: String::new(), ..good.clone() }),
            ("roleArn", Connection { role_arn: "role".to_owned(), ..good.clone() }),
            ("pin", Connection { pin: "ab".to_owned(), ..good.clone() }),
            ("colour", Connection { colour: "red".to_owned(), ..good.clone() }),
            ("mark", Connection { mark: "prod".to_owned(), ..good.clone() }),
        ];
        for (member, connection) in cases {
            assert_eq!(connection.problem(), Some(member), "{connection:?}");
        }
        assert_eq!(Connection { kind: Kind::Aws, url: String::new(), ..good }.problem(), None);
    }
}
