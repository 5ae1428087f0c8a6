//! Commands that end close together: the first is told at once, the rest are told together a little later, so that a hundred ends are not
//! a hundred notifications.

use std::collections::BTreeMap;
use std::time::Duration;

use super::CommandEnd;
use crate::language::Language;

/// How long ends are gathered after the first one. While more come, each time is twice as long as the one before, up to the longest.
pub const FIRST_SPAN: Duration = Duration::from_secs(3);
pub const LONGEST_SPAN: Duration = Duration::from_secs(60);

/// Ends that are told together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    by_status: BTreeMap<String, usize>,
    /// The newest of them.
    last: Option<CommandEnd>,
}

impl Gathered {
    /// The one command, when there is no other.
    pub fn only(&self) -> Option<&CommandEnd> {
        self.last.as_ref().filter(|_| self.ended() == 1)
    }

    fn ended(&self) -> usize {
        self.by_status.values().sum()
    }

    pub fn title(&self, language: Language) -> String {
        match language {
            Language::English => format!("{} commands ended", self.ended()),
            Language::Korean => format!("명령 {}개가 끝났습니다", self.ended()),
        }
    }

    pub fn body(&self, language: Language) -> String {
        let of = |(status, count): (&String, &usize)| match language {
            Language::English => format!("{count} {}", language.status(status)),
            Language::Korean => format!("{} {count}", language.status(status)),
        };
        self.by_status.iter().map(of).collect::<Vec<String>>().join(", ")
    }
}

/// Whether a burst goes on, and what it has gathered.
#[derive(Debug, Default)]
pub struct Burst {
    going_on: bool,
    gathered: Gathered,
}

impl Burst {
    /// Notes an end. True when it is to be told now, and the gathering of others begins with it.
    pub fn begins_with(&mut self, end: &CommandEnd) -> bool {
        if !self.going_on {
            self.going_on = true;
            return true;
        }
        *self.gathered.by_status.entry(end.status.clone()).or_default() += 1;
        self.gathered.last = Some(end.clone());
        false
    }

    /// What was gathered since the last time. None when nothing was: the burst is over then.
    pub fn take(&mut self) -> Option<Gathered> {
        let gathered = std::mem::take(&mut self.gathered);
        self.going_on = gathered.last.is_some();
        gathered.last.is_some().then_some(gathered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(command_id: &str, status: &str) -> CommandEnd {
        CommandEnd { command_id: command_id.to_owned(), document_name: "D".to_owned(), status: status.to_owned() }
    }

    #[test]
    fn the_first_end_is_told_at_once_and_the_others_together() {
        let mut burst = Burst::default();
        assert!(burst.begins_with(&end("1", "Success")));
        assert!(!burst.begins_with(&end("2", "Failed")));
        assert_eq!(burst.take().unwrap().only(), Some(&end("2", "Failed")));
        for n in 0..5 {
            assert!(!burst.begins_with(&end(&n.to_string(), if n == 0 { "Failed" } else { "Success" })));
        }
        let gathered = burst.take().unwrap();
        assert_eq!(gathered.only(), None);
        assert_eq!(gathered.title(Language::English), "5 commands ended");
        assert_eq!(gathered.body(Language::English), "1 failed, 4 succeeded");
        assert_eq!(gathered.title(Language::Korean), "명령 5개가 끝났습니다");
        assert_eq!(gathered.body(Language::Korean), "실패 1, 성공 4");
        assert_eq!(burst.take(), None);
        assert!(burst.begins_with(&end("9", "Success")), "the burst is over");
    }
}
