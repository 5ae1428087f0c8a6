//! What a command's status is, given where its invocations stand (semantics 2.3.1). Pure, so that every row of the table can be tested.

use qd_store::table::commands::{Counts, Stage};

/// An aggregate status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// CommandStatus on the wire.
    pub status: &'static str,
    /// StatusDetails on the wire.
    pub details: &'static str,
    /// Whether nothing can change any more.
    pub terminal: bool,
}

const fn open(status: &'static str) -> Aggregate {
    Aggregate { status, details: status, terminal: false }
}

const fn ended(status: &'static str, details: &'static str) -> Aggregate {
    Aggregate { status, details, terminal: true }
}

/// Errors that count towards MaxErrors (semantics 1.10).
pub fn errors(counts: &Counts) -> i64 {
    counts.of(Stage::Failed) + counts.of(Stage::ExecutionTimedOut)
}

/// The status of a command whose targets are known; `cancelled` when CancelCommand named the whole command.
pub fn aggregate(counts: &Counts, max_errors: i64, cancelled: bool) -> Aggregate {
    let total = counts.sum(|_| true);
    let done = counts.sum(Stage::is_terminal);
    if total == 0 {
        return ended("Success", "NoInstancesInTag");
    }
    if done < total {
        return running(counts, done, cancelled);
    }
    let of = |stages: &[Stage]| stages.iter().map(|s| counts.of(*s)).sum::<i64>();
    let unreachable = of(&[Stage::Undeliverable, Stage::InvalidPlatform, Stage::AccessDenied]);
    if errors(counts) > max_errors {
        let only_timeouts = counts.of(Stage::Failed) == 0;
        return if only_timeouts { ended("TimedOut", "ExecutionTimedOut") } else { ended("Failed", "Failed") };
    }
    if of(&[Stage::Cancelled]) == total || (cancelled && of(&[Stage::Cancelled]) > 0) {
        return ended("Cancelled", "Cancelled");
    }
    if of(&[Stage::DeliveryTimedOut]) == total {
        return ended("TimedOut", "DeliveryTimedOut");
    }
    if of(&[Stage::AccessDenied]) == total {
        return ended("Failed", "AccessDenied");
    }
    if unreachable == total {
        return ended("Failed", "Failed");
    }
    if of(&[Stage::DeliveryTimedOut, Stage::Failed, Stage::ExecutionTimedOut]) > 0 {
        return ended("Failed", "Incomplete");
    }
    if counts.of(Stage::Success) == 0 {
        // Some cancelled, the others never reached: nothing ran to an end.
        return if counts.of(Stage::Cancelled) > 0 { ended("Cancelled", "Cancelled") } else { ended("Failed", "Incomplete") };
    }
    ended("Success", "Success")
}

fn running(counts: &Counts, done: i64, cancelled: bool) -> Aggregate {
    if cancelled || counts.of(Stage::Cancelling) > 0 {
        return open("Cancelling");
    }
    let started = counts.of(Stage::InProgress) + counts.of(Stage::Unacknowledged);
    if started > 0 || done > 0 { open("InProgress") } else { open("Pending") }
}

/// How many of `n` a MaxConcurrency or MaxErrors expression means: a number as it is, a percentage rounded down (semantics 1.5-1.7).
pub fn share(expression: &str, n: i64) -> i64 {
    match expression.strip_suffix('%') {
        Some(percent) => percent.parse::<i64>().unwrap_or(0) * n / 100,
        None => expression.parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(Stage, i64)]) -> Counts {
        of.iter().fold(Counts::default(), |c, (s, n)| c.with(*s, *n))
    }

    #[test]
    fn every_row_of_the_aggregation_table() {
        use Stage::*;
        type Case<'a> = (&'a [(Stage, i64)], i64, bool, &'a str, &'a str);
        let rows: &[Case<'_>] = &[
            (&[], 0, false, "Success", "NoInstancesInTag"),
            (&[(Pending, 3)], 0, false, "Pending", "Pending"),
            (&[(Delayed, 3)], 0, false, "Pending", "Pending"),
            (&[(Pending, 2), (InProgress, 1)], 0, false, "InProgress", "InProgress"),
            (&[(Pending, 2), (Success, 1)], 0, false, "InProgress", "InProgress"),
            (&[(Cancelling, 1), (Success, 1)], 0, false, "Cancelling", "Cancelling"),
            (&[(InProgress, 1), (Cancelled, 1)], 0, true, "Cancelling", "Cancelling"),
            (&[(Failed, 1), (Success, 9)], 0, false, "Failed", "Failed"),
            (&[(Failed, 1), (Success, 9)], 1, false, "Failed", "Incomplete"),
            (&[(ExecutionTimedOut, 1), (Success, 9)], 0, false, "TimedOut", "ExecutionTimedOut"),
            (&[(Failed, 1), (Terminated, 9)], 0, false, "Failed", "Failed"),
            (&[(Cancelled, 4)], 0, false, "Cancelled", "Cancelled"),
            (&[(Cancelled, 1), (Success, 3)], 0, true, "Cancelled", "Cancelled"),
            (&[(Cancelled, 1), (Success, 3)], 0, false, "Success", "Success"),
            (&[(DeliveryTimedOut, 4)], 0, false, "TimedOut", "DeliveryTimedOut"),
            (&[(DeliveryTimedOut, 1), (Success, 3)], 0, false, "Failed", "Incomplete"),
            (&[(Undeliverable, 4)], 0, false, "Failed", "Failed"),
            (&[(Undeliverable, 4), (Success, 1)], 0, false, "Success", "Success"),
            (&[(InvalidPlatform, 2), (Undeliverable, 1)], 0, false, "Failed", "Failed"),
            (&[(Cancelled, 1), (Undeliverable, 1)], 0, false, "Cancelled", "Cancelled"),
            (&[(AccessDenied, 2)], 0, false, "Failed", "AccessDenied"),
            (&[(Success, 5)], 0, false, "Success", "Success"),
        ];
        for (of, max_errors, cancelled, status, details) in rows {
            let got = aggregate(&counts(of), *max_errors, *cancelled);
            assert_eq!((got.status, got.details), (*status, *details), "{of:?}");
        }
    }

    #[test]
    fn shares_round_down_and_ten_percent_of_fifty_tolerates_five() {
        assert_eq!(share("10%", 50), 5);
        assert_eq!(share("10%", 9), 0);
        assert_eq!(share("100%", 7), 7);
        assert_eq!(share("3", 7), 3);
        assert_eq!(share("0", 7), 0);
    }
}
