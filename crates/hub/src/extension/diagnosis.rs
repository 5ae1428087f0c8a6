//! Why is this node offline: what the hub knows of it, in the order in which a person should look, each with its evidence and with the
//! commands that show or mend it on the node.

use std::net::IpAddr;

use qd_model::ApiError;
use qd_store::StoreError;
use qd_store::table::connections::{self, Connection};
use qd_store::table::nodes::query::Liveness;
use qd_store::table::nodes::{self as table, Node};
use serde_json::{Map, Value, json};

use super::Response;
use crate::cx::Cx;
use crate::http::refusals::Refused;
use crate::ops::nodes::{OUR_AGENT, unknown_node};

/// How a check came out.
#[derive(Clone, Copy)]
enum State {
    Ok,
    Warn,
    Fail,
    /// The hub cannot know; the fix shows it on the node.
    Unknown,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a node.
struct Known {
    node: Node,
    connection: Option<Connection>,
    online: bool,
    refused: Option<Refused>,
    handshake: Option<Refused>,
    /// The newest time at which it was well, epoch milliseconds; 0 when it never was.
    well_at: i64,
}

/// `GET nodes/<node>/diagnosis`.
pub async fn get(cx: &Cx, instance_id: &str) -> Result<Response, ApiError> {
    let id = instance_id.to_owned();
    let (node, connection) = cx
        .store()
        .read(move |tx| Ok::<_, StoreError>((table::get(tx, &id)?, connections::get(tx, &id)?)))
        .await
        .map_err(crate::fault::of_store)?;
    let node = node.ok_or_else(|| unknown_node(instance_id))?;
    let refusals = &cx.shared().front.refusals;
    let well_at = node.last_ping_at.max(connection.as_ref().map_or(0, |open| open.connected_at)).max(node.disconnected_at);
    // What was refused before the node was last well explains nothing any more.
    let newer = |refused: &Refused| connection.is_none() && refused.at >= well_at;
    let refused = refusals.of_node(instance_id).filter(newer);
    let handshake = node.information.ip_address.parse::<IpAddr>().ok().and_then(|ip| refusals.of_address(ip)).filter(newer);
    let liveness = Liveness::at(cx.now_ms());
    let online = connection.is_some()
        || (node.last_ping_at >= liveness.ping_after
            && (node.disconnected_at < node.last_ping_at || node.disconnected_at >= liveness.closed_after));
    let known = Known { node, connection, online, refused, handshake, well_at };
    let fixes = Fixes::of(&known.node);
    let checks = [
        contact(cx, &known),
        channel(&known, &fixes),
        credentials(&known, &fixes),
        clock(cx, &known, &fixes),
        tls(&known, &fixes),
        dns(&known, &fixes),
        process(&known, &fixes),
        version(&known),
    ];
    Response::json(&json!({ "online": known.online, "checks": checks }))
}

fn check(id: &str, state: State, evidence: Value, fix: Option<Value>) -> Value {
    let mut check = json!({ "id": id, "state": state.name(), "evidence": evidence });
    if let Some(fix) = fix {
        check["fix"] = fix;
    }
    check
}

fn evidence_of(refused: &Refused) -> Map<String, Value> {
    let members = json!({ "at": refused.at, "code": refused.code, "reason": refused.reason, "source": refused.source.to_string() });
    members.as_object().cloned().unwrap_or_default()
}

fn contact(cx: &Cx, known: &Known) -> Value {
    let state = match (known.online, known.well_at) {
        (true, _) => State::Ok,
        // Registered a moment ago: its first heartbeat is on its way.
        (false, 0) if cx.now_ms() - known.node.registered_at < 60_000 => State::Warn,
        (false, _) => State::Fail,
    };
    let mut evidence = json!({ "registeredAt": known.node.registered_at, "now": cx.now_ms() });
    if known.node.last_ping_at > 0 {
        evidence["lastPingAt"] = known.node.last_ping_at.into();
    }
    if !known.node.information.ip_address.is_empty() {
        evidence["address"] = known.node.information.ip_address.clone().into();
    }
    check("contact", state, evidence, None)
}

fn channel(known: &Known, fixes: &Fixes) -> Value {
    let node = &known.node;
    match &known.connection {
        Some(open) => check("channel", State::Ok, json!({ "connectedAt": open.connected_at, "hub": open.hub_id }), None),
        None if node.disconnected_at > 0 => {
            check("channel", State::Fail, json!({ "closedAt": node.disconnected_at }), Some(fixes.restart()))
        }
        // Heartbeats without a channel: something between node and hub lets requests through and no websockets.
        None if known.online => check("channel", State::Warn, json!({ "lastPingAt": node.last_ping_at }), Some(fixes.log())),
        None => check("channel", State::Fail, json!({}), Some(fixes.log())),
    }
}

fn credentials(known: &Known, fixes: &Fixes) -> Value {
    let mut evidence = json!({ "keySince": known.node.key_since });
    match known.refused.as_ref().filter(|refused| !refused.is_clock) {
        Some(refused) => {
            evidence = Value::Object(evidence_of(refused));
            check("credentials", State::Fail, evidence, Some(fixes.register()))
        }
        None => {
            evidence["rotating"] = known.node.next_public_key.is_some().into();
            check("credentials", if known.online { State::Ok } else { State::Unknown }, evidence, None)
        }
    }
}

fn clock(cx: &Cx, known: &Known, fixes: &Fixes) -> Value {
    match known.refused.as_ref().filter(|refused| refused.is_clock) {
        Some(refused) => {
            let mut evidence = evidence_of(refused);
            evidence.insert("hubTime".to_owned(), cx.now_ms().into());
            check("clock", State::Fail, Value::Object(evidence), Some(fixes.clock()))
        }
        None => check(
            "clock",
            if known.online { State::Ok } else { State::Unknown },
            json!({ "hubTime": cx.now_ms() }),
            Some(fixes.show_clock()),
        ),
    }
}

fn tls(known: &Known, fixes: &Fixes) -> Value {
    match &known.handshake {
        Some(broken) => check("tls", State::Fail, Value::Object(evidence_of(broken)), Some(fixes.reach())),
        None if known.online => check("tls", State::Ok, json!({}), None),
        None => check("tls", State::Unknown, json!({}), Some(fixes.reach())),
    }
}

fn dns(known: &Known, fixes: &Fixes) -> Value {
    // A node that reached the hub and was turned away knows its address.
    let reached = known.online || known.refused.is_some() || known.handshake.is_some();
    check("dns", if reached { State::Ok } else { State::Unknown }, json!({}), (!reached).then(|| fixes.resolve()))
}

fn process(known: &Known, fixes: &Fixes) -> Value {
    let runs = known.online || known.refused.is_some();
    check("process", if runs { State::Ok } else { State::Unknown }, json!({}), Some(fixes.status()))
}

fn version(known: &Known) -> Value {
    let of = &known.node.information;
    let evidence = json!({ "agent": of.agent_name, "version": of.agent_version, "hub": env!("CARGO_PKG_VERSION") });
    let state = match (of.agent_name.as_str(), of.agent_version.as_str()) {
        (_, "") => State::Unknown,
        (OUR_AGENT, version) if version != env!("CARGO_PKG_VERSION") => State::Warn,
        _ => State::Ok,
    };
    check("version", state, evidence, None)
}

/// What to paste on the node, for each kind of machine; only the node's own kind when that is known. `HUB` stands for the hub's address,
/// which the console knows better: a hub has many names.
struct Fixes {
    platform: String,
    service: &'static str,
}

impl Fixes {
    fn of(node: &Node) -> Self {
        let service = if node.information.agent_name == OUR_AGENT { "quarterdeck-agent" } else { "amazon-ssm-agent" };
        Self { platform: node.information.platform_type.clone(), service }
    }

    fn lines(&self, linux: String, windows: String, macos: String) -> Value {
        let mut all = Map::new();
        for (kind, platform, line) in [("linux", "Linux", linux), ("windows", "Windows", windows), ("macos", "MacOS", macos)] {
            if self.platform.is_empty() || self.platform == platform {
                all.insert(kind.to_owned(), line.into());
            }
        }
        Value::Object(all)
    }

    /// The service as each system names it.
    fn names(&self) -> (&'static str, &'static str, &'static str) {
        match self.service {
            "quarterdeck-agent" => ("quarterdeck-agent", "QuarterdeckAgent", "dev.quarterdeck.agent"),
            _ => ("amazon-ssm-agent", "AmazonSSMAgent", "com.amazon.aws.ssm"),
        }
    }

    fn restart(&self) -> Value {
        let (unit, service, label) = self.names();
        self.lines(
            format!("sudo systemctl restart {unit}"),
            format!("Restart-Service {service}"),
            format!("sudo launchctl kickstart -k system/{label}"),
        )
    }

    fn status(&self) -> Value {
        let (unit, service, label) = self.names();
        self.lines(
            format!("systemctl status {unit} --no-pager"),
            format!("Get-Service {service}"),
            format!("sudo launchctl print system/{label}"),
        )
    }

    fn log(&self) -> Value {
        let (unit, ..) = self.names();
        let (windows, macos) = match self.service {
            "quarterdeck-agent" => (
                r"Get-Content 'C:\ProgramData\Quarterdeck Agent\agent.log' -Tail 50".to_owned(),
                "sudo tail -n 50 '/Library/Application Support/Quarterdeck Agent/agent.log'",
            ),
            _ => (
                r"Get-Content $env:ProgramData\Amazon\SSM\Logs\amazon-ssm-agent.log -Tail 50".to_owned(),
                "tail -n 50 /var/log/amazon/ssm/amazon-ssm-agent.log",
            ),
        };
        self.lines(format!("journalctl -u {unit} -n 50 --no-pager"), windows, macos.to_owned())
    }

    fn register(&self) -> Value {
        let ours = self.service == "quarterdeck-agent";
        let line = |program: &str, after: &str| match ours {
            true => format!(
                "{program}quarterdeck-agent register --force --endpoint HUB --ca-file CA.PEM --activation-id ID --activation-code CODE --data-dir DIR{after}"
            ),
            false => format!("{program}amazon-ssm-agent -register -y -id ID -code CODE -region REGION{after}"),
        };
        self.lines(line("sudo ", ""), line("", ".").trim_end_matches('.').to_owned(), line("sudo ", ""))
    }

    fn clock(&self) -> Value {
        self.lines(
            "sudo timedatectl set-ntp true && timedatectl".into(),
            "w32tm /resync /force".into(),
            "sudo sntp -sS time.apple.com".into(),
        )
    }

    fn show_clock(&self) -> Value {
        self.lines("date -u".into(), "(Get-Date).ToUniversalTime()".into(), "date -u".into())
    }

    fn reach(&self) -> Value {
        let curl = "curl -sS --cacert CA.PEM HUB/quarterdeck/health".to_owned();
        self.lines(curl.clone(), "curl.exe -sS --cacert CA.PEM HUB/quarterdeck/health".into(), curl)
    }

    fn resolve(&self) -> Value {
        self.lines("getent ahosts HUBNAME".into(), "Resolve-DnsName HUBNAME".into(), "dscacheutil -q host -a name HUBNAME".into())
    }
}
