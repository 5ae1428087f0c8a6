//! Questions in native dialogs, which no page script can answer.

use tauri::AppHandle;
use tauri::Manager;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

use crate::announce::shortened;
use crate::language::Language;
use crate::state::App;

/// Asks whether a write on a protected connection is meant. `name` is the connection's, empty for the hub in this process; `what` is the
/// operation, `details` what it is sent with.
pub async fn protected_write(app: &AppHandle, name: &str, what: &str, details: &[String]) -> bool {
    let language = language(app);
    ask(app, protected_text(name, what, details, language), language.say("Send", "보내기"), language.say("Do not send", "보내지 않기"))
        .await
}

fn protected_text(name: &str, what: &str, details: &[String], language: Language) -> String {
    let named = if name.is_empty() { String::new() } else { format!(" ({})", shortened(name, 60)) };
    let heading = match language {
        Language::English => format!("{what} changes something on a protected connection{named}."),
        Language::Korean => format!("보호된 연결{named}에서 변경 작업을 실행합니다: {what}"),
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

/// Asks whether an action of several calls on a protected connection is meant: all of it, with one answer.
pub async fn protected_action(app: &AppHandle, name: &str, calls: &[(String, usize)], details: &[String]) -> bool {
    let what: Vec<String> = calls.iter().map(|(operation, times)| format!("{operation} × {times}")).collect();
    protected_write(app, name, &what.join(", "), details).await
}

/// Asks whether the hub in this process is to be opened to other machines, on these addresses.
pub async fn open_listener(app: &AppHandle, addresses: &[String], port: u16) -> bool {
    let language = language(app);
    let text = listener_text(addresses, port, language);
    ask(app, text, language.say("Let them in", "접속 허용"), language.say("Stay closed", "허용하지 않기")).await
}

fn listener_text(addresses: &[String], port: u16, language: Language) -> String {
    let addresses = addresses.join(", ");
    match language {
        Language::English => format!(
            "Open the hub on port {port} of {addresses}?\n\nEvery machine that reaches these addresses can then talk to the hub. Becoming a node \
             takes an activation code, and calls take an access key, but anybody there can try. Open it in networks you trust only."
        ),
        Language::Korean => format!(
            "{addresses}의 {port} 포트에서 허브를 열까요?\n\n이 주소에 닿는 모든 기기가 허브에 접속할 수 있게 됩니다. 노드가 되려면 활성화 코드가, 호출하려면 \
             액세스 키가 필요하지만 누구나 시도할 수 있습니다. 신뢰하는 네트워크에서만 여세요."
        ),
    }
}

/// Asks whether another certificate than before is to be trusted for this connection.
pub async fn trust_certificate(app: &AppHandle, name: &str, before: &str, now: &str) -> bool {
    let language = language(app);
    let text = trust_text(name, before, now, language);
    ask(app, text, language.say("Trust the new one", "새 인증서 신뢰"), language.say("Do not trust", "신뢰하지 않기")).await
}

fn trust_text(name: &str, before: &str, now: &str, language: Language) -> String {
    let name = shortened(name, 60);
    match language {
        Language::English => format!(
            "Trust another certificate for {name}?\n\nTrusted until now:\n{before}\n\nShown by the server now:\n{now}\n\nSomebody between              you and the server may show a certificate of their own. Ask whoever runs the hub whether its certificate authority was made anew,              and compare the fingerprint with theirs."
        ),
        Language::Korean => format!(
            "{name}에 대해 다른 인증서를 신뢰할까요?\n\n지금까지 신뢰한 인증서:\n{before}\n\n서버가 지금 제시한 인증서:\n{now}\n\n중간에 있는 누군가가              자신의 인증서를 제시하는 것일 수 있습니다. 허브 운영자에게 인증 기관을 새로 만들었는지 확인하고 지문을 비교하세요."
        ),
    }
}

/// Asks whether the mark of the connection is to change to `word`.
pub async fn change_mark(app: &AppHandle, name: &str, word: &str) -> bool {
    let language = language(app);
    let text = mark_text(name, word, language);
    ask(app, text, language.say("Change", "변경"), language.say("Cancel", "취소")).await
}

fn mark_text(name: &str, word: &str, language: Language) -> String {
    let named = if name.is_empty() { String::new() } else { format!(" ({})", shortened(name, 60)) };
    match language {
        Language::English => format!("Mark this connection{named} as \"{word}\"?"),
        Language::Korean => {
            let word = match word {
                "open" => "제한 없음",
                "protected" => "보호됨",
                _ => "읽기 전용",
            };
            format!("이 연결{named}을 \"{word}\"으로 지정할까요?")
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
            protected_text("", "SendCommand", &details, Language::English),
            "SendCommand changes something on a protected connection.\n\nDocumentName: D\nInstanceIds: mi-1\n\nSend it?"
        );
        assert_eq!(protected_text("", "X", &[], Language::Korean), "보호된 연결에서 변경 작업을 실행합니다: X\n\n보낼까요?");
        assert!(protected_text("운영", "X", &[], Language::Korean).starts_with("보호된 연결 (운영)에서"));
        assert!(protected_text("prod", "X", &[], Language::English).starts_with("X changes something on a protected connection (prod)."));
    }

    #[test]
    fn a_mark_is_asked_for_in_the_words_of_the_console() {
        assert_eq!(mark_text("", "open", Language::Korean), "이 연결을 \"제한 없음\"으로 지정할까요?");
        assert_eq!(mark_text("", "read-only", Language::Korean), "이 연결을 \"읽기 전용\"으로 지정할까요?");
    }
}
