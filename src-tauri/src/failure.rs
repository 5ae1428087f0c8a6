//! A start that fails, told in a native message: a desktop shows nobody what a program writes to its standard error.

use tauri::AppHandle;
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};

use crate::language::Language;
use crate::local::LocalError;
use crate::start::FolderError;

/// Says what happened and what to try, and ends the app when the person has read it.
pub fn tell(app: &AppHandle, error: &anyhow::Error) {
    tracing::error!("Quarterdeck did not start: {error:#}");
    let language = Language::of_system();
    let handle = app.clone();
    app.dialog()
        .message(text(error, language))
        .title(language.say("Quarterdeck did not start", "Quarterdeck을 시작하지 못했습니다"))
        .kind(MessageDialogKind::Error)
        .buttons(MessageDialogButtons::OkCustom(language.say("Close", "닫기").to_owned()))
        .show(move |_| handle.exit(1));
}

/// What stands under the title.
fn text(error: &anyhow::Error, language: Language) -> String {
    format!("{error:#}\n\n{}", what_to_try(error, language))
}

fn what_to_try(error: &anyhow::Error, language: Language) -> &'static str {
    match (error.downcast_ref::<FolderError>(), error.downcast_ref::<LocalError>()) {
        (Some(FolderError::InUse(_)), _) => language.say(
            "It runs already: open it from the tray, or end it there and start it again.",
            "이미 실행 중입니다. 트레이에서 열거나, 트레이에서 종료한 뒤 다시 시작하세요.",
        ),
        (Some(FolderError::Io { .. }), _) => language.say(
            "See that you may write to this folder and that the disk has room, then start again.",
            "이 폴더에 쓸 수 있는지, 디스크에 빈 공간이 있는지 확인한 뒤 다시 시작하세요.",
        ),
        (_, Some(LocalError::Newer { .. })) => {
            language.say("Install the newest Quarterdeck, then start again.", "최신 Quarterdeck을 설치한 뒤 다시 시작하세요.")
        }
        (_, Some(_)) => language.say(
            "See that the disk has room. If the file local.sqlite in the data folder is damaged, move it away: it holds settings only, no \
             nodes and no commands.",
            "디스크에 빈 공간이 있는지 확인하세요. 데이터 폴더의 local.sqlite 파일이 손상되었다면 다른 곳으로 옮기세요. 이 파일에는 설정만 \
             있고 노드와 명령은 없습니다.",
        ),
        _ => language.say(
            "Start it again. If that does not help, what it wrote is in the folder logs of the data folder.",
            "다시 시작해 보세요. 그래도 안 되면 데이터 폴더의 logs 폴더에 기록이 있습니다.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_happened_and_what_to_try() {
        let in_use = anyhow::Error::from(FolderError::InUse("/data".into()));
        let said = text(&in_use, Language::English);
        assert!(said.contains("/data") && said.contains("It runs already"), "{said}");
        let newer = anyhow::Error::from(LocalError::Newer { found: 9, known: 3 });
        assert!(text(&newer, Language::Korean).contains("최신 Quarterdeck"));
        let other = anyhow::anyhow!("no window").context("opening");
        assert!(text(&other, Language::English).contains("opening: no window"));
    }

    #[test]
    fn a_failure_keeps_its_kind_under_a_context() {
        let folder = anyhow::Error::from(FolderError::InUse("/data".into())).context("the data folder");
        assert!(text(&folder, Language::English).contains("It runs already"));
    }
}
