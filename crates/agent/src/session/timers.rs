//! The limits of a session: how long it may be silent, and how long it may last. The person is warned on the terminal before; the hub
//! keeps the same limits for agents that do not.

use std::time::Duration;
use tokio::time::Instant;

/// Warned so long before the end, or at half of a shorter limit.
const WARNING: Duration = Duration::from_secs(60);

/// What the clock says.
#[derive(Debug, PartialEq, Eq)]
pub enum Struck {
    /// To be shown on the terminal.
    Warn(String),
    /// To be given as the reason of the end.
    End(String),
}

/// The clock of one session.
pub struct Timers {
    idle: Option<Limit>,
    longest: Option<Limit>,
}

struct Limit {
    length: Duration,
    since: Instant,
    warned: bool,
}

impl Limit {
    fn new(length: Duration, since: Instant) -> Self {
        Self { length, since, warned: false }
    }

    fn warn_at(&self) -> Instant {
        self.since + self.length - WARNING.min(self.length / 2)
    }

    fn due_at(&self) -> Instant {
        if self.warned { self.since + self.length } else { self.warn_at() }
    }
}

impl Timers {
    pub fn new(idle: Option<Duration>, longest: Option<Duration>, now: Instant) -> Self {
        Self { idle: idle.map(|length| Limit::new(length, now)), longest: longest.map(|length| Limit::new(length, now)) }
    }

    /// Something came from the client.
    pub fn active(&mut self, now: Instant) {
        if let Some(idle) = &mut self.idle {
            (idle.since, idle.warned) = (now, false);
        }
    }

    /// When to ask [`Timers::struck`].
    pub fn due_at(&self) -> Option<Instant> {
        [&self.idle, &self.longest].into_iter().flatten().map(Limit::due_at).min()
    }

    /// What is due.
    pub fn struck(&mut self, now: Instant) -> Option<Struck> {
        let limits = [(&mut self.idle, "nothing was typed for"), (&mut self.longest, "a session may last")];
        for (limit, because) in limits {
            let Some(limit) = limit.as_mut().filter(|limit| limit.due_at() <= now) else { continue };
            let minutes = limit.length.as_secs().div_ceil(60);
            let because = format!("{because} {minutes} minute{}", if minutes == 1 { "" } else { "s" });
            if limit.warned {
                return Some(Struck::End(format!("The session was ended because {because}.")));
            }
            limit.warned = true;
            let left = (limit.since + limit.length).saturating_duration_since(now).as_secs();
            return Some(Struck::Warn(format!("This session ends in {left} seconds: {because}.")));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_before_the_end_and_typing_takes_it_back() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut timers = Timers::new(Some(Duration::from_secs(120)), Some(Duration::from_secs(600)), begun);
        assert_eq!(timers.due_at(), Some(at(60)));
        assert_eq!(timers.struck(at(59)), None);
        assert!(matches!(timers.struck(at(60)), Some(Struck::Warn(text)) if text.contains("60 seconds") && text.contains("2 minutes")));
        assert_eq!(timers.struck(at(61)), None);
        timers.active(at(100));
        assert_eq!(timers.due_at(), Some(at(160)));
        assert!(matches!(timers.struck(at(160)), Some(Struck::Warn(_))));
        assert!(matches!(timers.struck(at(220)), Some(Struck::End(_))));
        let mut timers = Timers::new(None, Some(Duration::from_secs(60)), begun);
        timers.active(at(20));
        assert!(matches!(timers.struck(at(30)), Some(Struck::Warn(text)) if text.contains("30 seconds") && text.contains("1 minute.")));
        assert!(matches!(timers.struck(at(60)), Some(Struck::End(_))));
        assert_eq!(Timers::new(None, None, begun).due_at(), None);
    }
}
