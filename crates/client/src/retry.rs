//! Which failures are worth another try, and after how long. Pure: the chance that spreads the waits comes in as an argument.
//!
//! A call that may have been carried out is repeated only when it can be repeated without harm: reads, and calls that bring a
//! client token. A refusal for load was not carried out, and neither was a call that found no connection.

use std::time::Duration;

use crate::error::{CallError, TransportKind};

/// How often and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included.
    pub attempts: u32,
    /// Upper bound of the first wait; doubles from try to try.
    pub base: Duration,
    /// Upper bound of any wait.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(200), cap: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// For callers that repeat calls themselves.
    pub const NEVER: Self = Self { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO };

    /// How long to wait before the next attempt, or `None` to give up. `attempt` counts from 1 and is the one that failed;
    /// `repeatable` says that carrying the call out twice does no harm; `chance` is from 0 up to 1.
    pub fn wait(&self, attempt: u32, error: &CallError, repeatable: bool, chance: f64) -> Option<Duration> {
        if attempt >= self.attempts || !is_worth_it(error, repeatable) {
            return None;
        }
        let bound = self.base.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1))).min(self.cap);
        // Never at once: a wait of half the bound to the whole of it.
        let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.0 };
        Some(bound.mul_f64(0.5 + chance / 2.0))
    }
}

fn is_worth_it(error: &CallError, repeatable: bool) -> bool {
    match error {
        CallError::Service(error) => {
            is_throttling(&error.code) || matches!(error.status, 429 | 503) || (repeatable && matches!(error.status, 500 | 502 | 504))
        }
        CallError::Transport { kind: TransportKind::Connect, .. } => true,
        CallError::Transport { .. } => repeatable,
        CallError::Credentials(error) => error.is_transient(),
        CallError::Answer(_) | CallError::Request(_) => false,
    }
}

/// The codes by which AWS's services say "later".
pub fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "TransactionInProgressException"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "EC2ThrottledException"
    )
}

/// Whether an operation can be carried out twice without harm: AWS's reading verbs, or a client token in the input.
pub fn is_repeatable(target: &str, input: &serde_json::Value) -> bool {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let reads = ["Describe", "Get", "List"].into_iter().any(|verb| operation.starts_with(verb));
    reads || input.get("ClientToken").is_some_and(serde_json::Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServiceError;
    use serde_json::json;

    fn service(status: u16, code: &str) -> CallError {
        ServiceError { status, code: code.into(), message: String::new(), request_id: None, members: Default::default() }.into()
    }

    fn transport(kind: TransportKind) -> CallError {
        CallError::Transport { kind, message: String::new() }
    }

    #[test]
    fn only_what_cannot_have_happened_is_repeated_blindly() {
        let retries = |error: &CallError, repeatable| RetryPolicy::default().wait(1, error, repeatable, 0.0).is_some();
        for (error, repeatable, not_repeatable) in [
            (service(400, "ThrottlingException"), true, true),
            (service(503, "UnknownError"), true, true),
            (service(500, "InternalServerError"), true, false),
            (service(400, "InvalidDocument"), false, false),
            (service(403, "AccessDeniedException"), false, false),
            (transport(TransportKind::Connect), true, true),
            (transport(TransportKind::Timeout), true, false),
            (transport(TransportKind::Interrupted), true, false),
            (CallError::Answer("x"), false, false),
        ] {
            assert_eq!(retries(&error, true), repeatable, "{error:?}");
            assert_eq!(retries(&error, false), not_repeatable, "{error:?}");
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy { attempts: 5, base: Duration::from_secs(1), cap: Duration::from_secs(3) };
        let error = service(400, "Throttling");
        let waits: Vec<_> = (1..=5).map(|attempt| policy.wait(attempt, &error, false, 1.0).map(|wait| wait.as_millis())).collect();
        assert_eq!(waits, [Some(1000), Some(2000), Some(3000), Some(3000), None]);
        assert_eq!(policy.wait(1, &error, false, 0.0), Some(Duration::from_millis(500)));
        assert_eq!(RetryPolicy::NEVER.wait(1, &error, true, 0.0), None);
        assert!(RetryPolicy { attempts: u32::MAX, ..policy }.wait(u32::MAX - 1, &error, true, f64::NAN).is_none_or(|w| w <= policy.cap));
    }

    #[test]
    fn reads_and_tokens_are_repeatable() {
        assert!(is_repeatable("AmazonSSM.ListCommands", &json!({})));
        assert!(is_repeatable("AmazonSSM.CreateMaintenanceWindow", &json!({"ClientToken": "t"})));
        assert!(!is_repeatable("AmazonSSM.SendCommand", &json!({"Comment": "x"})));
        assert!(!is_repeatable("AmazonSSM.RegisterManagedInstance", &json!(null)));
    }
}
