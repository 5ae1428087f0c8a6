//! One answer for one action: where an action is several calls, a person is asked once, for exactly those calls, and the answer is a token
//! that lets each of them through once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

/// Most calls of one action.
pub const MOST_CALLS: usize = 20_000;
/// Most actions that are under way at a time.
const MOST_PERMITS: usize = 32;
/// How long an action may take.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);

struct Permit {
    /// The window it was given to, and the connection it was given for.
    window: String,
    connection: String,
    until: Instant,
    /// Digest of a call, and how often it may still be sent.
    calls: HashMap<[u8; 32], usize>,
}

/// The permits of every window.
#[derive(Default)]
pub struct Permits(Mutex<HashMap<String, Permit>>);

impl Permits {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Permit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `window` a token for these calls over `connection`. None when there are too many actions under way, or no randomness.
    pub fn give(&self, window: &str, connection: &str, calls: &[(String, Value)], now: Instant) -> Option<String> {
        let mut random = [0; 16];
        SystemRandom::new().fill(&mut random).ok()?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut counted = HashMap::new();
        for (operation, input) in calls {
            *counted.entry(of_call(operation, input)).or_insert(0) += 1;
        }
        let mut all = self.all();
        all.retain(|_, permit| permit.until > now && !permit.calls.is_empty());
        if all.len() >= MOST_PERMITS {
            return None;
        }
        let permit = Permit { window: window.to_owned(), connection: connection.to_owned(), until: now + GOOD_FOR, calls: counted };
        all.insert(token.clone(), permit);
        Some(token)
    }

    /// Whether `token` lets this very call of this window through. It does so once for each time the call was asked for.
    pub fn take(&self, token: &str, window: &str, connection: &str, operation: &str, input: &Value, now: Instant) -> bool {
        let mut all = self.all();
        let Some(permit) = all.get_mut(token) else { return false };
        if permit.window != window || permit.connection != connection || permit.until <= now {
            return false;
        }
        let call = of_call(operation, input);
        let Some(left) = permit.calls.get_mut(&call) else { return false };
        *left -= 1;
        if *left == 0 {
            permit.calls.remove(&call);
        }
        true
    }

    /// The window shows another page or is gone: what it was about to do is over.
    pub fn end_all(&self, window: &str) {
        self.all().retain(|_, permit| permit.window != window);
    }
}

fn of_call(operation: &str, input: &Value) -> [u8; 32] {
    let text = format!("{operation}\n{input}");
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_permit_is_for_its_calls_its_window_its_connection_and_its_time() {
        let (permits, now) = (Permits::default(), Instant::now());
        let (add, other) = (json!({"Tags": [1]}), json!({"Tags": [2]}));
        let calls = [("AddTags".to_owned(), add.clone()), ("AddTags".to_owned(), add.clone()), ("Remove".to_owned(), other.clone())];
        let token = permits.give("main", "c", &calls, now).unwrap();
        let take = |window: &str, connection: &str, operation: &str, input: &Value, now| {
            permits.take(&token, window, connection, operation, input, now)
        };
        assert!(!take("other", "c", "AddTags", &add, now));
        assert!(!take("main", "d", "AddTags", &add, now));
        assert!(!take("main", "c", "AddTags", &other, now));
        assert!(!take("main", "c", "AddTags", &add, now + GOOD_FOR));
        assert!(take("main", "c", "AddTags", &add, now) && take("main", "c", "AddTags", &add, now));
        assert!(!take("main", "c", "AddTags", &add, now), "each call once");
        assert!(!permits.take("other token", "main", "c", "Remove", &other, now));
        permits.end_all("main");
        assert!(!take("main", "c", "Remove", &other, now));
    }

    #[test]
    fn actions_under_way_are_bounded() {
        let (permits, now) = (Permits::default(), Instant::now());
        let calls = [("A".to_owned(), json!({}))];
        for _ in 0..MOST_PERMITS {
            assert!(permits.give("main", "c", &calls, now).is_some());
        }
        assert!(permits.give("main", "c", &calls, now).is_none());
        assert!(permits.give("main", "c", &calls, now + GOOD_FOR).is_some());
    }
}
