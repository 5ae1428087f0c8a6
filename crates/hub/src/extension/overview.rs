//! The console's first page: how many nodes there are and of what kind, the latest commands, and what needs a person.

use std::collections::BTreeMap;

use qd_model::{ApiError, Timestamp};
use qd_store::table::commands::{self, Filter};
use qd_store::table::nodes::query::{self, AgentCount, Condition, Listed, Liveness, PlatformCount, Query, Sort};
use qd_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::Response;
use crate::cx::Cx;
use crate::ops::commands::view;
use crate::ops::nodes::OUR_AGENT;

const RECENT: i64 = 10;
/// Things of one kind that are named; the counts are over all.
const NAMED: usize = 10;
/// A command that failed longer ago needs nobody any more.
const FAILED_WITHIN_MS: i64 = 24 * 3_600_000;

struct Counts {
    total: i64,
    online: i64,
    by_platform: Vec<PlatformCount>,
    by_agent: Vec<AgentCount>,
    lost: Vec<Listed>,
}

/// `GET overview`.
pub async fn get(cx: &Cx) -> Result<Response, ApiError> {
    let liveness = Liveness::at(cx.now_ms());
    let failed_after = cx.now_ms() - FAILED_WITHIN_MS;
    let (counts, recent, failed) = cx
        .store()
        .read(move |tx| {
            let counts = counts(tx, liveness)?;
            let mut recent = Vec::new();
            for command in commands::list(tx, &Filter::default(), None, RECENT)? {
                let asked = commands::asked(tx, &command.command_id)?.unwrap_or_default();
                recent.push((command, asked));
            }
            let failing = Filter { status: Some("Failed".to_owned()), after: Some(failed_after), ..Filter::default() };
            let mut failed = Vec::new();
            for command in commands::list(tx, &failing, None, i64::try_from(NAMED).unwrap_or(10))? {
                let asked = commands::asked(tx, &command.command_id)?.unwrap_or_default();
                failed.push((command, asked));
            }
            Ok::<_, StoreError>((counts, recent, failed))
        })
        .await
        .map_err(|e| ApiError::internal().with_source(e))?;
    let mut attention = lost_nodes(&counts);
    let key = &cx.shared().master_key;
    attention.extend(failed.iter().map(|(command, asked)| {
        // By its id alone nobody knows which one it was.
        let seen = view::command(key, command, asked);
        json!({ "kind": "CommandFailed", "severity": "medium", "subject": command.command_id, "name": seen.document_name,
            "comment": seen.comment, "since": Timestamp::from_millis(command.finished_at.unwrap_or(command.requested_at)), "count": 1 })
    }));
    attention.extend(agents_behind(&counts.by_agent));
    let recent: Vec<_> = recent.iter().map(|(command, asked)| view::command(key, command, asked)).collect();
    Response::json(&json!({ "nodes": nodes(&counts), "commands": { "recent": recent }, "attention": attention }))
}

fn counts(tx: &mut Tx<'_>, liveness: Liveness) -> Result<Counts, StoreError> {
    let (total, online) = query::count_by_status(tx, liveness)?;
    let lost = Query { conditions: vec![Condition::Online(false)], search: String::new(), liveness };
    Ok(Counts {
        total,
        online,
        by_platform: query::count_by_platform(tx)?,
        by_agent: query::count_by_agent(tx)?,
        // The latest losses first: what is lost for months is known.
        lost: if online < total { query::list(tx, &lost, Sort::LastPing, true, None, NAMED)?.unwrap_or_default() } else { Vec::new() },
    })
}

fn nodes(counts: &Counts) -> Value {
    let by_status = BTreeMap::from([("Online", counts.online), ("ConnectionLost", counts.total - counts.online)]);
    let by_platform: Vec<Value> = counts
        .by_platform
        .iter()
        .map(|one| {
            json!({ "platformType": one.platform_type, "platformName": one.platform_name, "platformVersion": one.platform_version,
                "count": one.count })
        })
        .collect();
    let by_agent: Vec<Value> = counts
        .by_agent
        .iter()
        .map(|one| json!({ "agentName": one.agent_name, "agentVersion": one.agent_version, "count": one.count }))
        .collect();
    json!({ "total": counts.total, "byStatus": by_status, "byPlatform": by_platform, "byAgent": by_agent })
}

fn lost_nodes(counts: &Counts) -> Vec<Value> {
    let one = |listed: &Listed| {
        let node = &listed.node;
        // A node that never spoke is told from one that stopped speaking.
        let (kind, since) = match node.last_ping_at {
            0 => ("NeverSeen", node.registered_at),
            at => ("NodeConnectionLost", at.max(node.disconnected_at)),
        };
        json!({ "kind": kind, "severity": "high", "subject": node.instance_id, "name": node.name, "since": Timestamp::from_millis(since), "count": 1 })
    };
    let mut lost: Vec<Value> = counts.lost.iter().map(one).collect();
    let unnamed = counts.total - counts.online - i64::try_from(lost.len()).unwrap_or(i64::MAX);
    if unnamed > 0 {
        lost.push(json!({ "kind": "NodeConnectionLost", "severity": "high", "subject": format!("+{unnamed}"), "count": unnamed }));
    }
    lost
}

/// Our own agents of another release than the hub. What the latest stock agent is, the hub does not know.
fn agents_behind(by_agent: &[AgentCount]) -> Vec<Value> {
    let behind = by_agent.iter().filter(|one| one.agent_name == OUR_AGENT && one.agent_version != env!("CARGO_PKG_VERSION"));
    behind
        .map(|one| {
            json!({ "kind": "AgentOutdated", "severity": "low", "subject": format!("{} {}", one.agent_name, one.agent_version),
                "count": one.count })
        })
        .collect()
}
