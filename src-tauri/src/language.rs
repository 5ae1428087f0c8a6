//! The words that the app itself shows, outside of any page: tray, notifications, native questions. English and Korean, always both.

use crate::local::Local;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Korean,
}

impl Language {
    /// What the person chose, else what the system speaks.
    pub fn chosen(local: &Local) -> Self {
        match local.preference("language").as_ref().and_then(|word| word.as_str()) {
            Some("ko") => Self::Korean,
            Some("en") => Self::English,
            _ => Self::of_system(),
        }
    }

    /// What the system speaks.
    pub fn of_system() -> Self {
        Self::of_locale(sys_locale::get_locale().as_deref())
    }

    fn of_locale(locale: Option<&str>) -> Self {
        match locale {
            Some(tag) if tag.to_ascii_lowercase().starts_with("ko") => Self::Korean,
            _ => Self::English,
        }
    }

    /// BCP 47 tag, as pages and `app_info` use it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// Picks the text of this language.
    pub fn say(self, english: &'static str, korean: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }

    /// A command's status, or its status details, as a person reads it; the Korean words are the console's. An unknown one is shown as it
    /// came.
    pub fn status(self, status: &str) -> String {
        // AWS writes some of the details with spaces in one place and without in another.
        let key: String = status.split(' ').collect();
        let (english, korean) = match key.as_str() {
            "Pending" => ("pending", "대기 중"),
            "InProgress" => ("in progress", "진행 중"),
            "Delayed" => ("delayed", "지연됨"),
            "Success" => ("succeeded", "성공"),
            "Failed" => ("failed", "실패"),
            "TimedOut" => ("timed out", "시간 초과"),
            "DeliveryTimedOut" => ("timed out before delivery", "전달 시간 초과"),
            "ExecutionTimedOut" => ("timed out while running", "실행 시간 초과"),
            "Cancelled" => ("cancelled", "취소됨"),
            "Cancelling" => ("cancelling", "취소하는 중"),
            "Incomplete" => ("incomplete", "일부만 완료"),
            "NoInstancesInTag" => ("matched no node", "해당 노드 없음"),
            "Undeliverable" => ("undeliverable", "전달할 수 없음"),
            "Terminated" => ("terminated", "중단됨"),
            "InvalidPlatform" => ("wrong platform", "맞지 않는 플랫폼"),
            "AccessDenied" => ("access denied", "접근 거부됨"),
            "LimitExceeded" => ("limit exceeded", "한도 초과"),
            "RateExceeded" => ("stopped: too many errors", "속도 한도 초과"),
            _ => return status.to_owned(),
        };
        self.say(english, korean).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::settings;

    #[test]
    fn the_choice_wins_over_the_system() {
        let local = Local::in_memory().unwrap();
        local.set_setting(settings::PREFERENCES, &serde_json::json!(r#"{"language":"ko"}"#)).unwrap();
        assert_eq!(Language::chosen(&local), Language::Korean);
        local.set_setting(settings::PREFERENCES, &serde_json::json!(r#"{"language":"en"}"#)).unwrap();
        assert_eq!(Language::chosen(&local), Language::English);
    }

    #[test]
    fn system_locales() {
        assert_eq!(Language::of_locale(Some("ko-KR")), Language::Korean);
        assert_eq!(Language::of_locale(Some("ko_KR.UTF-8")), Language::Korean);
        assert_eq!(Language::of_locale(Some("C")), Language::English);
        assert_eq!(Language::of_locale(None), Language::English);
    }

    #[test]
    fn an_unknown_status_is_shown_as_it_came() {
        assert_eq!(Language::Korean.status("Success"), "성공");
        assert_eq!(Language::Korean.status("Something New"), "Something New");
    }

    #[test]
    fn no_node_is_not_a_success_in_either_spelling() {
        for details in ["NoInstancesInTag", "No Instances In Tag"] {
            assert_eq!(Language::English.status(details), "matched no node");
            assert_eq!(Language::Korean.status(details), "해당 노드 없음");
        }
    }

    #[test]
    fn the_tray_says_what_the_console_says() {
        let catalogue = include_str!("../../ui/src/i18n/ko/common.ts");
        let (_, statuses) = catalogue.split_once("\n  command: {\n").unwrap();
        let (statuses, _) = statuses.split_once("\n  },").unwrap();
        for line in statuses.lines() {
            let (status, words) = line.trim().split_once(": ").unwrap();
            assert_eq!(Language::Korean.status(status), words.trim_matches(['\'', ',']), "{status}");
        }
    }
}
