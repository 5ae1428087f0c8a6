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
            _ => Self::of_locale(sys_locale::get_locale().as_deref()),
        }
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

    /// A command's status as a person reads it. An unknown status is shown as it came.
    pub fn status(self, status: &str) -> String {
        let (english, korean) = match status {
            "Pending" => ("pending", "대기 중"),
            "InProgress" => ("in progress", "진행 중"),
            "Success" => ("succeeded", "성공"),
            "Failed" => ("failed", "실패"),
            "TimedOut" | "Delivery Timed Out" | "Execution Timed Out" => ("timed out", "시간 초과"),
            "Cancelled" => ("cancelled", "취소됨"),
            "Cancelling" => ("cancelling", "취소하는 중"),
            "Incomplete" => ("incomplete", "일부 미완료"),
            "Rate Exceeded" => ("stopped: too many errors", "오류가 많아 중단됨"),
            "No Instances In Tag" | "NoInstancesInTag" => ("matched no node", "대상 노드 없음"),
            "Access Denied" | "AccessDenied" => ("access denied", "접근 거부됨"),
            other => return other.to_owned(),
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
}
