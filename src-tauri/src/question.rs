//! Questions in native dialogs, which no page script can answer.

use tauri::AppHandle;
use tauri::Manager;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

use crate::language::Language;
use crate::state::App;

/// Asks whether a write on a protected connection is meant. `what` is the operation, `details` what it is sent with.
pub async fn protected_write(app: &AppHandle, what: &str, details: &[String]) -> bool {
    let language = language(app);
    ask(app, protected_text(what, details, language), language.say("Send", "보내기"), language.say("Do not send", "보내지 않기")).await
}

fn protected_text(what: &str, details: &[String], language: Language) -> String {
    let heading = match language {
        Language::English => format!("{what} changes something on a protected connection."),
        Language::Korean => format!("보호된 연결에서 변경 작업을 실행합니다: {what}"),
    };
    let details = details.join("\n");
    let between = if details.is_empty() { "" } else { "\n\n" };
    format!("{heading}{between}{details}\n\n{}", language.say("Send it?", "보낼까요?"))
}

/// Asks whether the administrator's access key may be shown.
pub async fn show_access_key(app: &AppHandle) -> bool {
    let language = language(app);
    let text = language.say(
        "Show the administrator's secret access key? Whoever sees it can run commands on every node.",
        "관리자 비밀 액세스 키를 표시할까요? 이 키를 아는 사람은 모든 노드에서 명령을 실행할 수 있습니다.",
    );
    ask(app, text.to_owned(), language.say("Show", "표시"), language.say("Cancel", "취소")).await
}

/// Asks whether the mark of the connection is to change to `word`.
pub async fn change_mark(app: &AppHandle, word: &str) -> bool {
    let language = language(app);
    let text = mark_text(word, language);
    ask(app, text, language.say("Change", "변경"), language.say("Cancel", "취소")).await
}

fn mark_text(word: &str, language: Language) -> String {
    match language {
        Language::English => format!("Mark this connection as \"{word}\"?"),
        Language::Korean => {
            let word = match word {
                "open" => "제한 없음",
                "protected" => "보호됨",
                _ => "읽기 전용",
            };
            format!("이 연결을 \"{word}\"으로 지정할까요?")
        }
    }
}

fn language(app: &AppHandle) -> Language {
    Language::chosen(&app.state::<App>().local)
}

async fn ask(app: &AppHandle, text: String, yes: &str, no: &str) -> bool {
    let (answer, answered) = oneshot::channel();
    app.dialog()
        .message(text)
        .title("Quarterdeck")
        .kind(MessageDialogKind::Warning)
        .buttons(MessageDialogButtons::OkCancelCustom(yes.to_owned(), no.to_owned()))
        .show(move |said_yes| {
            let _ = answer.send(said_yes);
        });
    // A dialog that went away without an answer is a no.
    answered.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_shows_what_is_sent() {
        let details = ["DocumentName: D".to_owned(), "InstanceIds: mi-1".to_owned()];
        assert_eq!(
            protected_text("SendCommand", &details, Language::English),
            "SendCommand changes something on a protected connection.\n\nDocumentName: D\nInstanceIds: mi-1\n\nSend it?"
        );
        assert_eq!(protected_text("X", &[], Language::Korean), "보호된 연결에서 변경 작업을 실행합니다: X\n\n보낼까요?");
    }

    #[test]
    fn a_mark_is_asked_for_in_the_words_of_the_console() {
        assert_eq!(mark_text("open", Language::Korean), "이 연결을 \"제한 없음\"으로 지정할까요?");
        assert_eq!(mark_text("read-only", Language::Korean), "이 연결을 \"읽기 전용\"으로 지정할까요?");
    }
}
