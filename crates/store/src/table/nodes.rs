//! Managed nodes: who they are (registration), how they prove it (public key, fingerprint), and what they last said of themselves
//! (heartbeat). Reads that narrow, sort and page are in [`query`]; tags stand in `tags`, open channels in `connections`.

use std::net::IpAddr;

use crate::{Migration, Param, Row, StoreError, Tx, params, placeholders};

pub mod facets;
pub mod query;

/// With a node's id behind it, the topic announced when the node is removed or changes keys, so that every hub forgets what it cached.
pub const TOPIC_PREFIX: &str = "node:";

/// See [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { id: "nodes/1", sql: TABLE },
    Migration {
        id: "nodes/2",
        sql: "
ALTER TABLE nodes ADD COLUMN key_since BIGINT NOT NULL DEFAULT 0;
UPDATE nodes SET key_since = registered_at;
",
    },
];

const TABLE: &str = "
CREATE TABLE nodes (
  instance_id TEXT PRIMARY KEY,
  activation_id TEXT NOT NULL,
  name TEXT NOT NULL,
  iam_role TEXT NOT NULL,
  registered_at BIGINT NOT NULL,
  fingerprint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  public_key_type TEXT NOT NULL,
  next_public_key TEXT,
  rotation_requested BIGINT NOT NULL,
  agent_name TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  agent_version_key TEXT NOT NULL,
  agent_status TEXT NOT NULL,
  platform_type TEXT NOT NULL,
  platform_name TEXT NOT NULL,
  platform_version TEXT NOT NULL,
  computer_name TEXT NOT NULL,
  ip_address TEXT NOT NULL,
  ip_key TEXT NOT NULL,
  availability_zone TEXT NOT NULL,
  connection_channel TEXT NOT NULL,
  last_ping_at BIGINT NOT NULL,
  disconnected_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX nodes_by_public_key ON nodes (public_key);
CREATE UNIQUE INDEX nodes_by_next_public_key ON nodes (next_public_key) WHERE next_public_key IS NOT NULL;
CREATE INDEX nodes_by_name ON nodes ((LOWER(CASE WHEN name <> '' THEN name ELSE computer_name END)), instance_id);
CREATE INDEX nodes_by_platform ON nodes (platform_type, platform_name, platform_version, instance_id);
CREATE INDEX nodes_by_agent ON nodes (agent_version_key, instance_id, agent_version, agent_name);
CREATE INDEX nodes_by_ping ON nodes (last_ping_at, instance_id);
CREATE INDEX nodes_by_ip ON nodes (ip_key, instance_id);
CREATE INDEX nodes_by_activation ON nodes (activation_id);
";

/// What an agent says of itself in a heartbeat (agent-protocol 3.2). A member that is empty leaves what was known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Information {
    /// `amazon-ssm-agent` or `quarterdeck-agent`.
    pub agent_name: String,
    /// Dotted numbers.
    pub agent_version: String,
    /// `Active`.
    pub agent_status: String,
    /// `Linux`, `Windows` or `MacOS`.
    pub platform_type: String,
    /// Such as `Debian GNU/Linux`.
    pub platform_name: String,
    /// Such as `12`.
    pub platform_version: String,
    /// Host name.
    pub computer_name: String,
    /// Address in text.
    pub ip_address: String,
    /// Empty outside a cloud.
    pub availability_zone: String,
    /// `ssmmessages`, `ec2messages` or empty.
    pub connection_channel: String,
}

/// A node as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `mi-` and 17 hex digits.
    pub instance_id: String,
    /// The activation it registered by.
    pub activation_id: String,
    /// Name from the activation, empty without one.
    pub name: String,
    /// Its role's name.
    pub iam_role: String,
    /// Epoch milliseconds.
    pub registered_at: i64,
    /// The machine's uuid (agent-protocol 2.4).
    pub fingerprint: String,
    /// Base64 of the DER SubjectPublicKeyInfo in use.
    pub public_key: String,
    /// `Rsa`.
    pub public_key_type: String,
    /// The key it rotates to; in use from the first request it signs.
    pub next_public_key: Option<String>,
    /// Whether the next role token asks for a new key pair.
    pub rotation_requested: bool,
    /// Its last full heartbeat.
    pub information: Information,
    /// Epoch milliseconds of the last heartbeat, 0 before the first.
    pub last_ping_at: i64,
    /// When its control channel last closed, 0 while it is open or never was.
    pub disconnected_at: i64,
    /// Since when it uses its key, epoch milliseconds.
    pub key_since: i64,
}

/// What a list by name sorts by; an index stands on it.
const NAME_KEY: &str = "LOWER(CASE WHEN name <> '' THEN name ELSE computer_name END)";

const COLUMNS: &str = "instance_id, activation_id, name, iam_role, registered_at, fingerprint, public_key, public_key_type, \
next_public_key, rotation_requested, agent_name, agent_version, agent_status, platform_type, platform_name, platform_version, \
computer_name, ip_address, availability_zone, connection_channel, last_ping_at, disconnected_at, key_since";

fn read(row: &Row) -> Result<Node, StoreError> {
    Ok(Node {
        instance_id: row.text(0)?,
        activation_id: row.text(1)?,
        name: row.text(2)?,
        iam_role: row.text(3)?,
        registered_at: row.int(4)?,
        fingerprint: row.text(5)?,
        public_key: row.text(6)?,
        public_key_type: row.text(7)?,
        next_public_key: row.opt_text(8)?,
        rotation_requested: row.flag(9)?,
        information: Information {
            agent_name: row.text(10)?,
            agent_version: row.text(11)?,
            agent_status: row.text(12)?,
            platform_type: row.text(13)?,
            platform_name: row.text(14)?,
            platform_version: row.text(15)?,
            computer_name: row.text(16)?,
            ip_address: row.text(17)?,
            availability_zone: row.text(18)?,
            connection_channel: row.text(19)?,
        },
        last_ping_at: row.int(20)?,
        disconnected_at: row.int(21)?,
        key_since: row.int(22)?,
    })
}

/// What a registration brings.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// `mi-` and 17 hex digits.
    pub instance_id: String,
    /// The activation used.
    pub activation_id: String,
    /// From the activation, or empty.
    pub name: String,
    /// From the activation.
    pub iam_role: String,
    /// Epoch milliseconds.
    pub registered_at: i64,
    /// The machine's uuid.
    pub fingerprint: String,
    /// Base64 SubjectPublicKeyInfo.
    pub public_key: String,
    /// `Rsa`.
    pub public_key_type: String,
}

/// Adds a node that has said nothing of itself yet.
pub fn insert(tx: &mut Tx<'_>, n: &NewNode) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO nodes (instance_id, activation_id, name, iam_role, registered_at, fingerprint, public_key, public_key_type, \
         next_public_key, rotation_requested, agent_name, agent_version, agent_version_key, agent_status, platform_type, platform_name, \
         platform_version, computer_name, ip_address, ip_key, availability_zone, connection_channel, last_ping_at, disconnected_at, key_since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, 0, '', '', '', '', '', '', '', '', '', '', '', '', 0, 0, $5)",
        params![
            n.instance_id.as_str(),
            n.activation_id.as_str(),
            n.name.as_str(),
            n.iam_role.as_str(),
            n.registered_at,
            n.fingerprint.as_str(),
            n.public_key.as_str(),
            n.public_key_type.as_str()
        ],
    )?;
    Ok(())
}

/// Whether the node is registered.
pub fn exists(tx: &mut Tx<'_>, instance_id: &str) -> Result<bool, StoreError> {
    Ok(tx.query_one("SELECT 1 FROM nodes WHERE instance_id = $1", params![instance_id])?.is_some())
}

/// The node of that id.
pub fn get(tx: &mut Tx<'_>, instance_id: &str) -> Result<Option<Node>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM nodes WHERE instance_id = $1"), params![instance_id])?.as_ref().map(read).transpose()
}

/// The nodes of these ids that are registered, in order of id.
pub fn get_many<S: AsRef<str>>(tx: &mut Tx<'_>, instance_ids: &[S]) -> Result<Vec<Node>, StoreError> {
    let mut found = Vec::with_capacity(instance_ids.len());
    for chunk in instance_ids.chunks(500) {
        let sql = format!("SELECT {COLUMNS} FROM nodes WHERE instance_id IN ({})", placeholders(1, chunk.len()));
        let values: Vec<Param<'_>> = chunk.iter().map(|id| Param::from(id.as_ref())).collect();
        for row in tx.query(&sql, &values)? {
            found.push(read(&row)?);
        }
    }
    found.sort_by(|a: &Node, b: &Node| a.instance_id.cmp(&b.instance_id));
    Ok(found)
}

/// What a command needs to know of a node it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub instance_id: String,
    /// Its name, or the computer's.
    pub name: String,
    /// Empty before its first heartbeat.
    pub platform_type: String,
    /// Whether its control channel is open, in whichever hub.
    pub is_connected: bool,
}

/// The nodes of these ids that are registered, as targets.
pub fn targets(tx: &mut Tx<'_>, instance_ids: &[String]) -> Result<Vec<Target>, StoreError> {
    let mut found = Vec::with_capacity(instance_ids.len());
    for chunk in instance_ids.chunks(500) {
        let sql = format!(
            "SELECT nodes.instance_id, CASE WHEN name <> '' THEN name ELSE computer_name END, platform_type, connections.hub_id FROM nodes \
             LEFT JOIN connections ON connections.instance_id = nodes.instance_id WHERE nodes.instance_id IN ({})",
            placeholders(1, chunk.len())
        );
        let values: Vec<Param<'_>> = chunk.iter().map(Param::from).collect();
        for row in tx.query(&sql, &values)? {
            let is_connected = row.opt_text(3)?.is_some();
            found.push(Target { instance_id: row.text(0)?, name: row.text(1)?, platform_type: row.text(2)?, is_connected });
        }
    }
    Ok(found)
}

/// Which of these ids are registered, sorted.
pub fn registered(tx: &mut Tx<'_>, instance_ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::with_capacity(instance_ids.len());
    for chunk in instance_ids.chunks(500) {
        let sql = format!("SELECT instance_id FROM nodes WHERE instance_id IN ({})", placeholders(1, chunk.len()));
        let values: Vec<Param<'_>> = chunk.iter().map(Param::from).collect();
        for row in tx.query(&sql, &values)? {
            found.push(row.text(0)?);
        }
    }
    found.sort();
    Ok(found)
}

/// The node that uses this public key or rotates to it.
pub fn by_public_key(tx: &mut Tx<'_>, public_key: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT instance_id FROM nodes WHERE public_key = $1 UNION ALL SELECT instance_id FROM nodes WHERE next_public_key = $1";
    tx.query_one(sql, params![public_key])?.map(|row| row.text(0)).transpose()
}

/// Removes a node; `false` when it is not registered. Its tags and channel are removed by their own tables.
pub fn delete(tx: &mut Tx<'_>, instance_id: &str) -> Result<bool, StoreError> {
    let gone = tx.execute("DELETE FROM nodes WHERE instance_id = $1", params![instance_id])? == 1;
    if gone {
        tx.notify(format!("{TOPIC_PREFIX}{instance_id}"));
    }
    Ok(gone)
}

/// Gives the node another role; `false` when it is not registered.
pub fn set_iam_role(tx: &mut Tx<'_>, instance_id: &str, iam_role: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("UPDATE nodes SET iam_role = $2 WHERE instance_id = $1", params![instance_id, iam_role])? == 1)
}

/// Asks the node for a new key pair with its next role token, or withdraws that.
pub fn request_rotation(tx: &mut Tx<'_>, instance_id: &str, wanted: bool) -> Result<bool, StoreError> {
    let changed = tx.execute("UPDATE nodes SET rotation_requested = $2 WHERE instance_id = $1", params![instance_id, wanted])?;
    Ok(changed == 1)
}

/// Stores the key a node rotates to; the one in use stays valid until the new one signs.
pub fn set_next_public_key(tx: &mut Tx<'_>, instance_id: &str, public_key: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE nodes SET next_public_key = $2, rotation_requested = 0 WHERE instance_id = $1", params![instance_id, public_key])?;
    tx.notify(format!("{TOPIC_PREFIX}{instance_id}"));
    Ok(())
}

/// Puts the key a node rotates to in place of its old one, if it is still that key, as of `now`.
pub fn adopt_next_public_key(tx: &mut Tx<'_>, instance_id: &str, public_key: &str, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE nodes SET public_key = next_public_key, next_public_key = NULL, key_since = $3 WHERE instance_id = $1 AND next_public_key = $2",
        params![instance_id, public_key, now],
    )?;
    tx.notify(format!("{TOPIC_PREFIX}{instance_id}"));
    Ok(())
}

/// Records a heartbeat that says something new. `false` when the node is not registered.
pub fn set_information(tx: &mut Tx<'_>, instance_id: &str, info: &Information, now: i64) -> Result<bool, StoreError> {
    const MEMBERS: [&str; 12] = [
        "agent_name",
        "agent_version",
        "agent_version_key",
        "agent_status",
        "platform_type",
        "platform_name",
        "platform_version",
        "computer_name",
        "ip_address",
        "ip_key",
        "availability_zone",
        "connection_channel",
    ];
    let (version, address) = (version_key(&info.agent_version), address_key(&info.ip_address));
    let values = [
        info.agent_name.as_str(),
        &info.agent_version,
        &version,
        &info.agent_status,
        &info.platform_type,
        &info.platform_name,
        &info.platform_version,
        &info.computer_name,
        &info.ip_address,
        &address,
        &info.availability_zone,
        &info.connection_channel,
    ];
    let mut sql = String::from("UPDATE nodes SET last_ping_at = CASE WHEN last_ping_at < $2 THEN $2 ELSE last_ping_at END");
    let mut given = vec![Param::from(instance_id), Param::from(now)];
    for (member, value) in MEMBERS.into_iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        given.push(value.into());
        sql.push_str(&format!(", {member} = ${}", given.len()));
    }
    sql.push_str(" WHERE instance_id = $1");
    Ok(tx.execute(&sql, &given)? == 1)
}

/// Records heartbeats that say nothing new: `(node, epoch milliseconds)`.
pub fn touch(tx: &mut Tx<'_>, pings: &[(String, i64)]) -> Result<(), StoreError> {
    for chunk in pings.chunks(200) {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut given = Vec::with_capacity(chunk.len() * 2);
        for (instance_id, at) in chunk {
            given.push(Param::from(instance_id));
            given.push(Param::from(at));
            rows.push(format!("(CAST(${} AS TEXT), CAST(${} AS BIGINT))", given.len() - 1, given.len()));
        }
        // Both engines name the columns of VALUES column1, column2.
        let sql = format!(
            "UPDATE nodes SET last_ping_at = ping.column2 FROM (VALUES {}) AS ping \
             WHERE nodes.instance_id = ping.column1 AND nodes.last_ping_at < ping.column2",
            rows.join(", ")
        );
        tx.execute(&sql, &given)?;
    }
    Ok(())
}

/// Records that the node's control channel opened (`closed_at` `None`) or closed. Without a channel it counts as lost sooner than its
/// heartbeats alone would tell, see [`query::Liveness`].
pub fn set_disconnected(tx: &mut Tx<'_>, instance_id: &str, closed_at: Option<i64>) -> Result<(), StoreError> {
    tx.execute("UPDATE nodes SET disconnected_at = $2 WHERE instance_id = $1", params![instance_id, closed_at.unwrap_or_default()])?;
    Ok(())
}

/// A text that sorts as the version does: each number padded to eight digits.
pub fn version_key(version: &str) -> String {
    let parts: Vec<String> = version.split('.').take(8).map(|part| format!("{:0>8}", part.chars().take(32).collect::<String>())).collect();
    if version.is_empty() { String::new() } else { parts.join(".") }
}

/// A text that sorts as addresses do, 32 hex digits; other texts sort after them.
fn address_key(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => format!("{:032x}", u128::from(v4.to_ipv6_mapped())),
        Ok(IpAddr::V6(v6)) => format!("{:032x}", u128::from(v6)),
        Err(_) if address.is_empty() => String::new(),
        Err(_) => format!("g{address}"),
    }
}
