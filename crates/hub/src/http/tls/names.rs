//! What the leaf answers to.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::TlsError;

/// The names of one leaf.
pub(super) type Names = BTreeSet<Name>;

/// One name in the leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Host(String),
    Address(IpAddr),
}

/// Every name the leaf answers to: this machine's, those the operator gave, and below each of the latter the names the stock agent and
/// the SDKs derive from a service domain (`ssm.<region>.<name>`, agent-protocol 1.3).
pub(super) fn names(listen: SocketAddr, given: &[String], region: &str) -> Result<Names, TlsError> {
    let mut out = BTreeSet::from([Name::Address(Ipv4Addr::LOCALHOST.into()), Name::Address(Ipv6Addr::LOCALHOST.into())]);
    if listen.ip().is_unspecified() {
        out.extend(outward_address().map(Name::Address));
    } else {
        out.insert(Name::Address(listen.ip()));
    }
    let mut hosts = vec!["localhost".to_owned()];
    hosts.extend(machine_name().filter(|name| is_host(name)));
    for name in given {
        match name.parse::<IpAddr>() {
            Ok(ip) => drop(out.insert(Name::Address(ip))),
            Err(_) if is_host(name) => hosts.push(name.to_ascii_lowercase()),
            Err(_) => return Err(TlsError::Name(name.clone())),
        }
    }
    for host in hosts {
        for derived in [
            format!("*.{region}.{host}"),
            format!("ssm.{region}.{host}"),
            format!("ssmmessages.{region}.{host}"),
            format!("ec2messages.{region}.{host}"),
        ] {
            if is_host(derived.trim_start_matches("*.")) {
                out.insert(Name::Host(derived));
            }
        }
        out.insert(Name::Host(host));
    }
    Ok(out)
}

/// Whether `name` can stand as a DNS name in a certificate (a leading wildcard label is allowed, as an operator may give one).
fn is_host(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !l.starts_with('-') && !l.ends_with('-')
    };
    name.len() <= 253 && labels.split('.').all(label)
}

/// This machine's name, where the system tells it.
fn machine_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.map(|name| name.to_ascii_lowercase())
}

/// The address packets to the outside leave from. Connecting a datagram socket sends nothing.
pub(in crate::http) fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}
