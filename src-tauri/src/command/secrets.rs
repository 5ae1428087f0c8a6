//! Where secrets are kept on a machine without a keyring, and showing the access key to its owner.

use serde::Serialize;
use tauri::{AppHandle, State};
use zeroize::Zeroizing;

use crate::error::CallError;
use crate::keyring::{KeyringError, Secrets};
use crate::local::settings::SECRETS_WITHOUT_KEYRING;
use crate::question;
use crate::start::ADMINISTRATOR;
use crate::state::App;

impl From<KeyringError> for CallError {
    fn from(error: KeyringError) -> Self {
        let code = match error {
            KeyringError::WrongPassphrase => "WrongPassphrase",
            KeyringError::ShortPassphrase => "ShortPassphrase",
            KeyringError::Locked => "SecretsLocked",
            KeyringError::NotAsked => "NotAsked",
            KeyringError::Keyring(_) | KeyringError::File(_) => "KeyringFailed",
        };
        Self::new(code, error.to_string())
    }
}

/// The administrator's access key, for the AWS CLI and other clients.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    access_key_id: String,
    secret_access_key: String,
}

/// The person's answer on a machine without a keyring: `file` (sealed under `passphrase`) or `session` (memory only).
#[tauri::command]
pub async fn keyring_choose(state: State<'_, App>, choice: String, passphrase: Option<String>) -> Result<(), CallError> {
    let passphrase = Zeroizing::new(passphrase.unwrap_or_default());
    let kept = match choice.as_str() {
        "file" => off_the_ui_thread(&state, move |secrets| secrets.choose_file(&passphrase)).await,
        "session" => off_the_ui_thread(&state, |secrets| secrets.choose_session()).await,
        _ => Err(CallError::invalid("choice is file or session")),
    };
    kept?;
    Ok(state.local.set_setting(SECRETS_WITHOUT_KEYRING, &choice.into())?)
}

/// Opens the sealed file of an earlier run.
#[tauri::command]
pub async fn keyring_unlock(state: State<'_, App>, passphrase: String) -> Result<(), CallError> {
    let passphrase = Zeroizing::new(passphrase);
    off_the_ui_thread(&state, move |secrets| secrets.unlock(&passphrase)).await
}

/// The administrator's access key, after a native question.
#[tauri::command]
pub async fn access_key(app: AppHandle, state: State<'_, App>) -> Result<AccessKey, CallError> {
    if !question::show_access_key(&app).await {
        return Err(CallError::declined("the access key was not shown"));
    }
    let stored = off_the_ui_thread(&state, |secrets| secrets.get(ADMINISTRATOR)).await?;
    let Some(stored) = stored else { return Err(CallError::new("NoAccessKey", "No access key is kept on this machine.")) };
    let (id, secret) = stored.split_once(':').ok_or_else(|| CallError::internal("the kept access key is not of its form"))?;
    Ok(AccessKey { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() })
}

/// Runs `act`, which may wait for another process or derive a key.
pub(super) async fn off_the_ui_thread<T: Send + 'static>(
    state: &App,
    act: impl FnOnce(&Secrets) -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, CallError> {
    let secrets = state.secrets().await?;
    let done = tokio::task::spawn_blocking(move || act(&secrets)).await;
    Ok(done.map_err(|error| CallError::internal(error.to_string()))??)
}
