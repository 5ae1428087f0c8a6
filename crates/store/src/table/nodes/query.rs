//! Narrowing, sorting and paging nodes in the database, so that a list of 100,000 nodes costs one page. Conditions are built by the
//! API's operations and by the console's list alike.

use super::{COLUMNS, Node, read, version_key};
use crate::{Param, Row, StoreError, Tx, placeholders};

/// From which times on a node counts as online. A node is online while its control channel is open; without one, while its last
/// heartbeat is at or after `ping_after` — unless its channel closed after that heartbeat and before `closed_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Epoch milliseconds.
    pub ping_after: i64,
    /// Epoch milliseconds.
    pub closed_after: i64,
}

/// Two heartbeats of five minutes may be missed, with a minute of slack (semantics 13.3.1).
const PING_MS: i64 = 11 * 60_000;
/// An agent that lost its channel tries again within seconds; a minute without it is a loss.
const CLOSED_MS: i64 = 60_000;

impl Liveness {
    /// The rule at `now`, epoch milliseconds.
    pub fn at(now: i64) -> Self {
        Self { ping_after: now - PING_MS, closed_after: now - CLOSED_MS }
    }

    /// The rule as an SQL condition. The two numbers are ours, so they may stand in the text.
    fn sql(self) -> String {
        format!(
            "(EXISTS (SELECT 1 FROM connections WHERE connections.instance_id = nodes.instance_id) OR (last_ping_at >= {} AND \
             (disconnected_at < last_ping_at OR disconnected_at >= {})))",
            self.ping_after, self.closed_after
        )
    }
}

/// What of a node a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Its id.
    InstanceId,
    /// Its name from the activation.
    Name,
    /// Its host name.
    ComputerName,
    /// Its address.
    IpAddress,
    /// The agent's version; order is by number.
    AgentVersion,
    /// The agent's name.
    AgentName,
    /// `Linux`, `Windows`, `MacOS`.
    PlatformType,
    /// Distribution or product.
    PlatformName,
    /// Its version.
    PlatformVersion,
    /// The activation it registered by.
    ActivationId,
    /// Its role.
    IamRole,
    /// Its name, or the host name where it has none, as lists show it.
    ShownName,
}

impl Field {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::InstanceId => "nodes.instance_id",
            Self::Name => "name",
            Self::ComputerName => "computer_name",
            Self::IpAddress => "ip_address",
            Self::AgentVersion => "agent_version",
            Self::AgentName => "agent_name",
            Self::PlatformType => "platform_type",
            Self::PlatformName => "platform_name",
            Self::PlatformVersion => "platform_version",
            Self::ActivationId => "activation_id",
            Self::IamRole => "iam_role",
            Self::ShownName => "CASE WHEN name <> '' THEN name ELSE computer_name END",
        }
    }
}

/// How a field is compared with the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Is one of them.
    Equal,
    /// Is none of them.
    NotEqual,
    /// Begins with one of them.
    BeginWith,
    /// Is less than one of them.
    LessThan,
    /// Is greater than one of them.
    GreaterThan,
}

/// A time of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When it registered.
    Registered,
    /// Its last heartbeat.
    LastPing,
}

/// One condition; all of a query must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A field compared with values.
    Is(Field, Test, Vec<String>),
    /// Online (`true`) or not.
    Online(bool),
    /// Has one of these tag keys.
    HasTag(Vec<String>),
    /// The tag of this key has one of these values.
    Tag(String, Vec<String>),
    /// The field contains one of these texts, without regard to the case of ASCII letters (on PostgreSQL of all letters).
    Contains(Field, Vec<String>),
    /// The tag of this key contains one of these texts, likewise.
    TagContains(String, Vec<String>),
    /// A time before (`true`) or at and after (`false`) an instant, epoch milliseconds.
    Before(Moment, bool, i64),
    /// Does not hold.
    Not(Box<Condition>),
    /// Every node fulfils it.
    All,
    /// No node fulfils it.
    Never,
}

/// Which nodes.
#[derive(Clone, Debug)]
pub struct Query {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Text that id, name, host name, address or platform contain, without regard to case; empty for any.
    pub search: String,
    /// Who counts as online.
    pub liveness: Liveness,
}

/// A WHERE clause with its parameters.
struct Clause {
    sql: String,
    given: Vec<Param<'static>>,
}

impl Clause {
    fn of(query: &Query) -> Self {
        let mut clause = Self { sql: "1 = 1".to_owned(), given: Vec::new() };
        for condition in &query.conditions {
            let text = clause.condition(condition, query.liveness);
            clause.sql.push_str(" AND ");
            clause.sql.push_str(&text);
        }
        if !query.search.is_empty() {
            let pattern = clause.containing(&query.search);
            let columns = ["nodes.instance_id", "name", "computer_name", "ip_address", "platform_name"];
            let tests: Vec<String> = columns.iter().map(|column| format!("LOWER({column}) LIKE {pattern} ESCAPE '\\'")).collect();
            clause.sql.push_str(&format!(" AND ({})", tests.join(" OR ")));
        }
        clause
    }

    fn bind(&mut self, value: impl Into<Param<'static>>) -> String {
        self.given.push(value.into());
        format!("${}", self.given.len())
    }

    /// A LIKE pattern for lower-case text that contains `value`.
    fn containing(&mut self, value: &str) -> String {
        self.bind(format!("%{}%", escape(&value.to_ascii_lowercase())))
    }

    fn list(&mut self, values: &[String]) -> String {
        let list = placeholders(self.given.len() + 1, values.len());
        self.given.extend(values.iter().cloned().map(Param::from));
        list
    }

    fn condition(&mut self, condition: &Condition, liveness: Liveness) -> String {
        const TAGS: &str =
            "EXISTS (SELECT 1 FROM tags WHERE tags.resource_type = 'ManagedInstance' AND tags.resource_id = nodes.instance_id AND tags.key";
        match condition {
            Condition::All => "1 = 1".to_owned(),
            Condition::Never => "1 = 0".to_owned(),
            Condition::Online(true) => liveness.sql(),
            Condition::Online(false) => format!("NOT {}", liveness.sql()),
            Condition::Not(inner) => format!("NOT ({})", self.condition(inner, liveness)),
            Condition::Before(moment, before, at) => {
                let column = match moment {
                    Moment::Registered => "registered_at",
                    Moment::LastPing => "last_ping_at",
                };
                format!("{column} {} {}", if *before { "<" } else { ">=" }, self.bind(*at))
            }
            Condition::Is(_, _, values)
            | Condition::HasTag(values)
            | Condition::Tag(_, values)
            | Condition::Contains(_, values)
            | Condition::TagContains(_, values)
                if values.is_empty() =>
            {
                "1 = 0".to_owned()
            }
            Condition::Contains(field, values) => {
                self.any(values, |clause, value| format!("LOWER({}) LIKE {} ESCAPE '\\'", field.column(), clause.containing(value)))
            }
            Condition::TagContains(key, values) => {
                let key = self.bind(key.clone());
                let tests = self.any(values, |clause, value| format!("LOWER(tags.value) LIKE {} ESCAPE '\\'", clause.containing(value)));
                format!("{TAGS} = {key} AND {tests})")
            }
            Condition::HasTag(keys) => format!("{TAGS} IN ({}))", self.list(keys)),
            Condition::Tag(key, values) => {
                let key = self.bind(key.clone());
                format!("{TAGS} = {key} AND tags.value IN ({}))", self.list(values))
            }
            Condition::Is(field, Test::Equal, values) => format!("{} IN ({})", field.column(), self.list(values)),
            Condition::Is(field, Test::NotEqual, values) => format!("{} NOT IN ({})", field.column(), self.list(values)),
            Condition::Is(field, Test::BeginWith, values) => self
                .any(values, |clause, value| format!("{} LIKE {} ESCAPE '\\'", field.column(), clause.bind(format!("{}%", escape(value))))),
            Condition::Is(field, test, values) => {
                let sign = if *test == Test::LessThan { "<" } else { ">" };
                self.any(values, |clause, value| match field {
                    Field::AgentVersion => format!("agent_version_key {sign} {}", clause.bind(version_key(value))),
                    _ => format!("{} {sign} {}", field.column(), clause.bind(value.to_owned())),
                })
            }
        }
    }

    fn any(&mut self, values: &[String], mut test: impl FnMut(&mut Self, &str) -> String) -> String {
        let tests: Vec<String> = values.iter().map(|value| test(self, value)).collect();
        format!("({})", tests.join(" OR "))
    }
}

/// `text` as a literal inside a LIKE pattern.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The order of a list; the id breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// By id.
    InstanceId,
    /// By name, or by host name where there is none, without regard to case.
    Name,
    /// Lost nodes first.
    Status,
    /// By kind, distribution and version.
    Platform,
    /// By number.
    AgentVersion,
    /// Longest silent first.
    LastPing,
    /// By number.
    IpAddress,
}

impl Sort {
    /// The sort key's columns before the id, and whether each is a number.
    fn columns(self, liveness: Liveness) -> Vec<(String, bool)> {
        let text = |column: &str| (column.to_owned(), false);
        match self {
            Self::InstanceId => vec![],
            Self::Name => vec![text(super::NAME_KEY)],
            Self::Status => vec![(format!("CASE WHEN {} THEN 1 ELSE 0 END", liveness.sql()), true)],
            Self::Platform => vec![text("platform_type"), text("platform_name"), text("platform_version")],
            Self::AgentVersion => vec![text("agent_version_key")],
            Self::LastPing => vec![("last_ping_at".to_owned(), true)],
            Self::IpAddress => vec![text("ip_key")],
        }
    }
}

/// A node in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The node.
    pub node: Node,
    /// Whether it counts as online.
    pub online: bool,
    /// Its place in the order: give it back as `after` to go on behind it.
    pub key: Vec<String>,
}

/// At most `limit` nodes of `query` in order, behind the place `after`. `None` when `after` is no place of this order.
pub fn list(
    tx: &mut Tx<'_>,
    query: &Query,
    sort: Sort,
    descending: bool,
    after: Option<&[String]>,
    limit: usize,
) -> Result<Option<Vec<Listed>>, StoreError> {
    let mut clause = Clause::of(query);
    let mut columns = sort.columns(query.liveness);
    columns.push(("nodes.instance_id".to_owned(), false));
    if let Some(after) = after {
        if after.len() != columns.len() {
            return Ok(None);
        }
        let mut bound = Vec::with_capacity(columns.len());
        for ((_, number), value) in columns.iter().zip(after) {
            bound.push(match (number, value.parse::<i64>()) {
                (true, Ok(value)) => clause.bind(value),
                (true, Err(_)) => return Ok(None),
                (false, _) => clause.bind(value.clone()),
            });
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let sign = if descending { '<' } else { '>' };
        clause.sql.push_str(&format!(" AND ({}) {sign} ({})", names.join(", "), bound.join(", ")));
    }
    let direction = if descending { " DESC" } else { "" };
    let order: Vec<String> = columns.iter().map(|(name, _)| format!("{name}{direction}")).collect();
    let keys: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
    let sql = format!(
        "SELECT {}, CASE WHEN {} THEN 1 ELSE 0 END{keys} FROM nodes WHERE {} ORDER BY {} LIMIT {limit}",
        COLUMNS.replacen("instance_id", "nodes.instance_id", 1),
        query.liveness.sql(),
        clause.sql,
        order.join(", ")
    );
    let first = COLUMNS.split(',').count();
    let listed = |row: &Row| {
        let key = columns.iter().enumerate().map(|(i, (_, number))| match number {
            true => row.int(first + 1 + i).map(|n| n.to_string()),
            false => row.text(first + 1 + i),
        });
        Ok(Listed { node: read(row)?, online: row.flag(first)?, key: key.collect::<Result<_, StoreError>>()? })
    };
    tx.query(&sql, &clause.given)?.iter().map(listed).collect::<Result<_, StoreError>>().map(Some)
}

/// How many nodes fulfil `query`.
pub fn count(tx: &mut Tx<'_>, query: &Query) -> Result<i64, StoreError> {
    let clause = Clause::of(query);
    let row = tx.query_one(&format!("SELECT COUNT(*) FROM nodes WHERE {}", clause.sql), &clause.given)?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// How many nodes share a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformCount {
    /// `Linux`, `Windows`, `MacOS`, or empty before the first heartbeat.
    pub platform_type: String,
    /// Distribution or product.
    pub platform_name: String,
    /// Its version.
    pub platform_version: String,
    /// How many.
    pub count: i64,
}

/// How many nodes run one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentCount {
    /// The agent's name, empty before the first heartbeat.
    pub agent_name: String,
    /// The agent's version.
    pub agent_version: String,
    /// How many.
    pub count: i64,
}

/// Groups that the overview shows at most.
const GROUPS: usize = 100;

/// How many nodes are registered, and how many of them are online.
pub fn count_by_status(tx: &mut Tx<'_>, liveness: Liveness) -> Result<(i64, i64), StoreError> {
    let sql = format!("SELECT COUNT(*), COALESCE(SUM(CASE WHEN {} THEN 1 ELSE 0 END), 0) FROM nodes", liveness.sql());
    tx.query_one(&sql, &[])?.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
}

/// Nodes by platform, the most frequent first.
pub fn count_by_platform(tx: &mut Tx<'_>) -> Result<Vec<PlatformCount>, StoreError> {
    let sql = format!(
        "SELECT platform_type, platform_name, platform_version, COUNT(*) AS n FROM nodes \
         GROUP BY platform_type, platform_name, platform_version ORDER BY n DESC, platform_type, platform_name, platform_version LIMIT {GROUPS}"
    );
    let one = |row: &Row| {
        Ok(PlatformCount { platform_type: row.text(0)?, platform_name: row.text(1)?, platform_version: row.text(2)?, count: row.int(3)? })
    };
    tx.query(&sql, &[])?.iter().map(one).collect()
}

/// Nodes by agent and its version, the newest first.
pub fn count_by_agent(tx: &mut Tx<'_>) -> Result<Vec<AgentCount>, StoreError> {
    let sql = format!(
        "SELECT agent_name, agent_version, COUNT(*) FROM nodes GROUP BY agent_version_key, agent_version, agent_name \
         ORDER BY agent_version_key DESC, agent_version, agent_name LIMIT {GROUPS}"
    );
    let one = |row: &Row| Ok(AgentCount { agent_name: row.text(0)?, agent_version: row.text(1)?, count: row.int(2)? });
    tx.query(&sql, &[])?.iter().map(one).collect()
}
