//! Tries a connection step by step and tells what came of each, so that a person sees which one to put right: the name, TLS, the clock,
//! the credentials. A step that needs one before it is not tried when that failed.

use qd_client::{probe, sts};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::distant::{self, Distant};
use crate::error::CallError;
use crate::local::connections::{Connection, Kind};

/// Seconds of difference between the clocks beyond which signatures are refused, and from which it is worth saying.
const CLOCK_FAILS: i64 = 300;
const CLOCK_WARNS: i64 = 60;

/// One step. `state` is `good`, `warning`, `failed` or `skipped`; `detail` is what was found, for people.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Step {
    /// `name`, `tls`, `clock` or `credentials`.
    step: &'static str,
    state: &'static str,
    /// What happened, as a word that the catalogues know.
    code: String,
    detail: String,
}

/// What came of it all.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    steps: Vec<Step>,
    /// SHA-256 of the certificate to compare and to trust; null without TLS.
    fingerprint: Option<String>,
    /// SHA-256 of the hub's file `ca.pem`, which the hub's own pages show.
    ca_file: Option<String>,
    /// The system trusts the server by itself: nothing has to be trusted here.
    trusted: bool,
    /// Whom the endpoint takes the caller for.
    account: Option<String>,
    arn: Option<String>,
}

impl Checked {
    fn add(&mut self, step: &'static str, state: &'static str, code: &str, detail: impl Into<String>) {
        self.steps.push(Step { step, state, code: code.to_owned(), detail: detail.into() });
    }

    fn skip(&mut self, steps: &[&'static str]) {
        for step in steps {
            self.add(step, "skipped", "skipped", "");
        }
    }
}

/// Runs every step. `key` and `code` are as in [`Distant::open`].
pub async fn run(connection: &Connection, key: Option<Zeroizing<String>>, code: Option<Zeroizing<String>>) -> Checked {
    let mut checked = Checked::default();
    let endpoint = match distant::endpoint(connection) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            checked.add("name", "failed", &error.code, error.message);
            checked.skip(&["tls", "clock", "credentials"]);
            return checked;
        }
    };
    match probe::resolve(&endpoint, "ssm").await {
        Ok(found) => {
            let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            checked.add("name", "good", "resolved", addresses.join(", "));
        }
        Err(reason) => {
            checked.add("name", "failed", "unresolved", reason);
            checked.skip(&["tls", "clock", "credentials"]);
            return checked;
        }
    }
    let seen = match probe::look(&endpoint, "ssm").await {
        Ok(seen) => seen,
        Err(error) => {
            let error = CallError::from(error);
            checked.add("tls", "failed", &error.code, error.message);
            checked.skip(&["clock", "credentials"]);
            return checked;
        }
    };
    let is_safe = judge_certificate(&mut checked, connection, &seen);
    judge_clock(&mut checked, &seen);
    if !is_safe {
        // A signed request could be passed on by whoever it was made for.
        checked.skip(&["credentials"]);
        return checked;
    }
    judge_credentials(&mut checked, connection, key, code).await;
    checked
}

/// Whether requests may be sent to who showed this chain.
fn judge_certificate(checked: &mut Checked, connection: &Connection, seen: &probe::Seen) -> bool {
    checked.trusted = seen.trusted;
    checked.fingerprint = seen.fingerprint().map(str::to_owned);
    checked.ca_file.clone_from(&seen.ca_file);
    let shown = seen.fingerprint().unwrap_or_default();
    let pin = connection.pin.as_str();
    let (state, code) = match () {
        () if seen.chain.is_empty() => ("warning", "withoutTls"),
        () if !pin.is_empty() && seen.chain.iter().any(|one| one == pin) => ("good", "pinned"),
        () if !pin.is_empty() => ("failed", "changed"),
        () if seen.trusted => ("good", "trusted"),
        () => ("warning", "unknown"),
    };
    checked.add("tls", state, code, shown);
    matches!(code, "withoutTls" | "pinned" | "trusted")
}

fn judge_clock(checked: &mut Checked, seen: &probe::Seen) {
    let Some(date) = seen.date else {
        return checked.add("clock", "warning", "noDate", "");
    };
    let ahead = date.duration_since(seen.asked).as_secs();
    let (state, code) = match ahead.abs() {
        off if off >= CLOCK_FAILS => ("failed", "off"),
        off if off >= CLOCK_WARNS => ("warning", "off"),
        _ => ("good", "right"),
    };
    checked.add("clock", state, code, ahead.to_string());
}

async fn judge_credentials(
    checked: &mut Checked,
    connection: &Connection,
    key: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
) {
    let asked = async {
        let distant = Distant::open(connection, key, code).await?;
        let identity = sts::caller_identity(distant.client()).await?;
        // An identity that the endpoint knows may still be allowed nothing here.
        let input = serde_json::json!({ "MaxResults": 5 });
        let listed = distant.client().call("ssm", "AmazonSSM.DescribeInstanceInformation", &input).await;
        Ok::<_, CallError>((identity, listed.err().map(CallError::from)))
    };
    let (identity, refused) = match asked.await {
        Ok(known) => known,
        Err(error) => return checked.add("credentials", "failed", &error.code, error.message),
    };
    match refused {
        None => checked.add("credentials", "good", "known", identity.arn.clone()),
        // A server with only some of AWS's operations answers the others in its own way.
        Some(error) if connection.kind == Kind::Aws && (error.code.starts_with("UnknownOperation") || error.code.starts_with("Http5")) => {
            checked.add("credentials", "warning", "partly", error.message);
        }
        Some(error) => checked.add("credentials", "failed", &error.code, error.message),
    }
    (checked.account, checked.arn) = (Some(identity.account), Some(identity.arn));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str) -> Connection {
        Connection { name: "x".to_owned(), url: url.to_owned(), region: "local-1".to_owned(), ..Connection::default() }
    }

    fn states(checked: &Checked) -> Vec<(&str, &str, &str)> {
        checked.steps.iter().map(|step| (step.step, step.state, step.code.as_str())).collect()
    }

    fn seen(chain: &[&str], trusted: bool, seconds: i64) -> probe::Seen {
        let asked = jiff::Timestamp::from_second(1_000_000).unwrap();
        let date = jiff::Timestamp::from_second(1_000_000 + seconds).ok();
        probe::Seen { chain: chain.iter().map(|one| (*one).to_owned()).collect(), trusted, ca_file: None, date, asked, status: 200 }
    }

    #[test]
    fn a_certificate_is_safe_only_when_it_is_pinned_or_trusted_by_the_system() {
        let judge = |pin: &str, seen: &probe::Seen| {
            let mut checked = Checked::default();
            let pinned = Connection { pin: pin.to_owned(), ..connection("https://hub") };
            let safe = judge_certificate(&mut checked, &pinned, seen);
            (safe, checked.steps[0].code.clone())
        };
        assert_eq!(judge("", &seen(&["leaf", "ca"], false, 0)), (false, "unknown".to_owned()));
        assert_eq!(judge("ca", &seen(&["leaf", "ca"], false, 0)), (true, "pinned".to_owned()));
        assert_eq!(judge("other", &seen(&["leaf", "ca"], true, 0)), (false, "changed".to_owned()));
        assert_eq!(judge("", &seen(&["leaf"], true, 0)), (true, "trusted".to_owned()));
        assert_eq!(judge("", &seen(&[], false, 0)), (true, "withoutTls".to_owned()));
    }

    #[test]
    fn a_clock_that_is_off_is_said_before_signatures_fail() {
        let judge = |seconds| {
            let mut checked = Checked::default();
            judge_clock(&mut checked, &seen(&[], false, seconds));
            (checked.steps[0].state, checked.steps[0].detail.clone())
        };
        assert_eq!(judge(2), ("good", "2".to_owned()));
        assert_eq!(judge(-61), ("warning", "-61".to_owned()));
        assert_eq!(judge(3600), ("failed", "3600".to_owned()));
    }

    #[tokio::test]
    async fn a_name_that_is_none_stops_the_rest() {
        let checked = run(&connection("https://no-such-host.invalid"), None, None).await;
        assert_eq!(states(&checked)[0], ("name", "failed", "unresolved"));
        assert!(states(&checked)[1..].iter().all(|step| step.1 == "skipped"));
    }

    #[tokio::test]
    async fn nobody_there_is_told_as_such() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        drop(listener);
        let checked = run(&connection(&url), None, None).await;
        assert_eq!(states(&checked)[..2], [("name", "good", "resolved"), ("tls", "failed", "ConnectionFailed")]);
    }
}
