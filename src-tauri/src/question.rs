//! Questions in native dialogs, which no page script can answer.

use tauri::AppHandle;
use tauri::Manager;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use tokio::sync::oneshot;

use crate::language::Language;
use crate::state::App;

/// Asks whether a write on a protected connection is meant. `what` is the operation.
pub async fn protected_write(app: &AppHandle, what: &str) -> bool {
    let language = language(app);
    let text = match language {
        Language::English => format!("{what} changes something on a protected connection.\n\nSend it?"),
        Language::Korean => format!("보호된 연결에서 변경 작업을 실행합니다: {what}\n\n보낼까요?"),
    };
    ask(app, text, language.say("Send", "보내기"), language.say("Do not send", "보내지 않기")).await
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
    let text = match language {
        Language::English => format!("Mark this connection as \"{word}\"?"),
        Language::Korean => {
            let word = match word {
                "open" => "열림",
                "protected" => "보호됨",
                _ => "읽기 전용",
            };
            format!("이 연결을 \"{word}\"(으)로 표시할까요?")
        }
    };
    ask(app, text, language.say("Change", "변경"), language.say("Cancel", "취소")).await
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
