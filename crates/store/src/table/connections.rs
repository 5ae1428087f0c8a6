//! Which hub holds a node's control channel. A row is there while the channel is open, so that any hub on the store knows who is reachable.

use crate::{Migration, Row, StoreError, Tx, params};

/// Migrations of this table.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        id: "connections/1",
        sql: "
CREATE TABLE connections (
  instance_id TEXT PRIMARY KEY,
  hub_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  connected_at BIGINT NOT NULL,
  streams_output BIGINT NOT NULL
);
CREATE INDEX connections_by_hub ON connections (hub_id);
CREATE TABLE hubs (
  hub_id TEXT PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
",
    },
    Migration { id: "connections/2", sql: "ALTER TABLE hubs ADD COLUMN address TEXT" },
];

/// An open control channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub instance_id: String,
    pub hub_id: String,
    /// New for every websocket; the newest counts.
    pub connection_id: String,
    pub connected_at: i64,
    /// Whether the agent announced that it streams output while a command runs.
    pub streams_output: bool,
}

fn read(row: &Row) -> Result<Connection, StoreError> {
    Ok(Connection {
        instance_id: row.text(0)?,
        hub_id: row.text(1)?,
        connection_id: row.text(2)?,
        connected_at: row.int(3)?,
        streams_output: row.flag(4)?,
    })
}

/// Records an open channel in place of the node's earlier one.
pub fn put(tx: &mut Tx<'_>, c: &Connection) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connections (instance_id, hub_id, connection_id, connected_at, streams_output) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (instance_id) DO UPDATE SET hub_id = excluded.hub_id, connection_id = excluded.connection_id, \
         connected_at = excluded.connected_at, streams_output = excluded.streams_output",
        params![c.instance_id.as_str(), c.hub_id.as_str(), c.connection_id.as_str(), c.connected_at, c.streams_output],
    )?;
    Ok(())
}

/// Forgets a channel, unless the node has opened a newer one; `true` when it was forgotten.
pub fn remove(tx: &mut Tx<'_>, instance_id: &str, connection_id: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM connections WHERE instance_id = $1 AND connection_id = $2", params![instance_id, connection_id])? > 0)
}

/// The node's channel, when it has one.
pub fn get(tx: &mut Tx<'_>, instance_id: &str) -> Result<Option<Connection>, StoreError> {
    let sql = "SELECT instance_id, hub_id, connection_id, connected_at, streams_output FROM connections WHERE instance_id = $1";
    tx.query_one(sql, params![instance_id])?.as_ref().map(read).transpose()
}

/// Says that a hub is alive, and where the others reach it (`ip:port`) once it listens.
pub fn hub_seen(tx: &mut Tx<'_>, hub_id: &str, address: Option<&str>, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO hubs (hub_id, seen_at, address) VALUES ($1, $2, $3) ON CONFLICT (hub_id) DO UPDATE SET seen_at = excluded.seen_at, \
         address = COALESCE(excluded.address, hubs.address)",
        params![hub_id, now, address],
    )?;
    Ok(())
}

/// Where the other hubs reach this one; `None` when it does not listen or is gone.
pub fn address_of(tx: &mut Tx<'_>, hub_id: &str) -> Result<Option<String>, StoreError> {
    Ok(tx.query_one("SELECT address FROM hubs WHERE hub_id = $1", params![hub_id])?.map(|row| row.opt_text(0)).transpose()?.flatten())
}

/// Forgets the channels of hubs that were not seen since `before` and returns the nodes they held.
pub fn forget_lost_hubs(tx: &mut Tx<'_>, before: i64) -> Result<Vec<String>, StoreError> {
    let sql = "DELETE FROM connections WHERE hub_id NOT IN (SELECT hub_id FROM hubs WHERE seen_at >= $1) RETURNING instance_id";
    let nodes = tx.query(sql, params![before])?.iter().map(|r| r.text(0)).collect::<Result<Vec<_>, _>>()?;
    tx.execute("DELETE FROM hubs WHERE seen_at < $1", params![before])?;
    Ok(nodes)
}

/// Forgets the channels of one hub, which is closing or was the only one on its store.
pub fn forget_hub(tx: &mut Tx<'_>, hub_id: &str) -> Result<Vec<String>, StoreError> {
    let nodes = tx
        .query("DELETE FROM connections WHERE hub_id = $1 RETURNING instance_id", params![hub_id])?
        .iter()
        .map(|r| r.text(0))
        .collect::<Result<Vec<_>, _>>()?;
    tx.execute("DELETE FROM hubs WHERE hub_id = $1", params![hub_id])?;
    Ok(nodes)
}
