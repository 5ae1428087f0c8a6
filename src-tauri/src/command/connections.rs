//! The list of connections: kept, changed, removed, tried, opened in a window.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tauri::{AppHandle, Manager, State, Webview};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secrets::off_the_ui_thread;
use crate::check::{self, Checked};
use crate::error::CallError;
use crate::local::connections::{Access, Connection, Kind, MOST};
use crate::question;
use crate::state::App;
use crate::window;

/// A connection and how it stands, for the list.
#[derive(Serialize)]
pub struct Listed {
    #[serde(flatten)]
    connection: Connection,
    /// Labels of the windows that show it.
    windows: Vec<String>,
}

/// An access key that was typed in. It has no Debug, so that no log holds it, and leaves memory with its last use.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl NewKey {
    /// As it is kept; `None` when it cannot be a key.
    fn kept(&self) -> Option<Zeroizing<String>> {
        let whole = |text: &str| (1..=4096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let token = self.session_token.as_ref().filter(|token| !token.is_empty());
        let fits = whole(&self.access_key_id)
            && !self.access_key_id.contains(':')
            && whole(&self.secret_access_key)
            // What stands after a second colon is the token.
            && !self.secret_access_key.contains(':')
            && token.is_none_or(|token| whole(token));
        let token = token.map(|token| format!(":{token}")).unwrap_or_default();
        fits.then(|| Zeroizing::new(format!("{}:{}{token}", self.access_key_id, self.secret_access_key)))
    }
}

#[tauri::command]
pub fn connections_list(state: State<'_, App>) -> Result<Vec<Listed>, CallError> {
    let listed = state.local.connections()?.into_iter().map(|connection| {
        let windows = state.connections.windows_of(&connection.id);
        Listed { connection, windows }
    });
    Ok(listed.collect())
}

/// Keeps a connection, new (without id) or changed, and its access key when one is given. Answers its id. The mark and the trusted
/// certificate of one that is kept already are not changed here: they ask natively first.
#[tauri::command]
pub async fn connection_save(state: State<'_, App>, connection: Connection, key: Option<NewKey>) -> Result<String, CallError> {
    let mut new = connection;
    new.name = new.name.trim().to_owned();
    new.pin = new.pin.to_ascii_lowercase();
    if new.id.is_empty() {
        if new.kind == Kind::Embedded || state.local.connections()?.len() >= MOST {
            return Err(CallError::invalid(format!("at most {MOST} connections are kept, and one hub is in the app")));
        }
        new.id = fresh_id()?;
    } else {
        let before = state.connection_by_id(&new.id)?;
        if before.kind == Kind::Embedded {
            new = Connection { name: new.name, colour: new.colour, ..before };
        } else {
            let moved = before.url != new.url || before.region != new.region;
            // Another address is another server: what was trusted there says nothing of it.
            let pin = if moved { new.pin.clone() } else { before.pin };
            new = Connection { kind: before.kind, mark: before.mark, pin, ..new };
        }
    }
    check_shape(&new)?;
    if let Some(key) = key {
        let kept = key.kept().ok_or_else(|| CallError::invalid("an access key has an id and a secret, without spaces and colons"))?;
        let name = new.secret_name();
        off_the_ui_thread(&state, move |secrets| secrets.put(&name, &kept)).await?;
    }
    state.local.put_connection(&new)?;
    state.connections.close(&new.id);
    Ok(new.id)
}

/// What a draft would be refused for, as a member's name in `details`.
fn check_shape(connection: &Connection) -> Result<(), CallError> {
    if let Some(member) = connection.problem() {
        let mut error = CallError::invalid(format!("{member} is not of the form it takes"));
        error.details = Some(Box::new(Value::from(member)));
        return Err(error);
    }
    if connection.kind != Kind::Embedded {
        crate::distant::endpoint(connection)?;
    }
    Ok(())
}

fn fresh_id() -> Result<String, CallError> {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut random = [0; 6];
    SystemRandom::new().fill(&mut random).map_err(|_| CallError::internal("the system gives no random bytes"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Forgets a connection and its key. Windows that show it show the hub in this process from then on.
#[tauri::command]
pub async fn connection_remove(app: AppHandle, state: State<'_, App>, id: String) -> Result<(), CallError> {
    let connection = state.connection_by_id(&id)?;
    if !state.local.remove_connection(&id)? {
        return Err(CallError::invalid("the hub in the app stays"));
    }
    state.connections.close(&id);
    window::leave_connection(&app, &id);
    if connection.access == Access::Key {
        off_the_ui_thread(&state, move |secrets| secrets.remove(&connection.secret_name())).await?;
    }
    Ok(())
}

#[tauri::command]
pub fn connections_order(state: State<'_, App>, ids: Vec<String>) -> Result<(), CallError> {
    Ok(state.local.order_connections(&ids)?)
}

/// Tries a connection before it is kept: name, TLS, clock, credentials, each with what came of it. `key` is what was typed; without it, the
/// key of the kept connection is used.
#[tauri::command]
pub async fn connection_check(
    state: State<'_, App>,
    connection: Connection,
    key: Option<NewKey>,
    code: Option<String>,
) -> Result<Checked, CallError> {
    check_shape(&Connection { name: "-".to_owned(), ..connection.clone() })?;
    let key = match key {
        Some(key) => Some(key.kept().ok_or_else(|| CallError::invalid("an access key has an id and a secret, without spaces and colons"))?),
        None if connection.access == Access::Key && !connection.id.is_empty() => {
            let name = connection.secret_name();
            match off_the_ui_thread(&state, move |secrets| secrets.get(&name)).await {
                Err(error) if error.code == "SecretsLocked" => return Err(error),
                found => found.unwrap_or_default(),
            }
        }
        None => None,
    };
    Ok(check::run(&connection, key, code.map(Zeroizing::new)).await)
}

/// Trusts another certificate than before for a connection, after a native question that shows both.
#[tauri::command]
pub async fn connection_trust(app: AppHandle, state: State<'_, App>, id: String, fingerprint: String) -> Result<(), CallError> {
    let connection = state.connection_by_id(&id)?;
    let changed = Connection { pin: fingerprint.to_ascii_lowercase(), ..connection.clone() };
    check_shape(&changed)?;
    if changed.pin.is_empty() || connection.kind == Kind::Embedded {
        return Err(CallError::invalid("a fingerprint is 64 hexadecimal digits"));
    }
    if !question::trust_certificate(&app, &connection.name, &connection.pin, &changed.pin).await {
        return Err(CallError::declined("the certificate was not trusted"));
    }
    state.local.put_connection(&changed)?;
    state.connections.close(&id);
    Ok(())
}

/// Opens a connection anew: after a failure that a person has looked at, or with the code of a second factor.
#[tauri::command]
pub async fn connection_reopen(state: State<'_, App>, id: String, code: Option<String>) -> Result<(), CallError> {
    state.connections.close(&id);
    if let Some(code) = code {
        let distant = state.open(&id, Some(Zeroizing::new(code))).await?;
        // The code is used at once: it is good for half a minute.
        qd_client::sts::caller_identity(distant.client()).await?;
    }
    Ok(())
}

/// This window shows another connection from now on; the page loads itself anew.
#[tauri::command]
pub fn connection_switch(webview: Webview, state: State<'_, App>, id: String) -> Result<(), CallError> {
    let connection = state.connection_by_id(&id)?;
    state.subscriptions.end_all(webview.label());
    state.permits.end_all(webview.label());
    state.connections.show(webview.label(), &connection.id);
    state.local.set_window_connection(webview.label(), &connection.id, "/")?;
    window::name(webview.app_handle(), webview.label(), &connection);
    Ok(())
}

/// Opens a window at `path`, over the connection `id` (this window's, unless one is named).
#[tauri::command]
pub async fn window_open(
    app: AppHandle,
    webview: Webview,
    state: State<'_, App>,
    id: Option<String>,
    path: String,
) -> Result<(), CallError> {
    if !window::is_console_path(&path) {
        return Err(CallError::invalid("that is not a page of the console"));
    }
    let id = id.unwrap_or_else(|| state.connections.of_window(webview.label()));
    let connection = state.connection_by_id(&id)?;
    window::open_another(&app, &connection, &path).map_err(|error| CallError::new("WindowNotOpened", error.to_string()))
}

/// Names of the profiles in AWS's shared files on this machine.
#[tauri::command]
pub async fn aws_profiles(app: AppHandle) -> Result<Vec<String>, CallError> {
    let home = app.path().home_dir().map_err(|error| CallError::internal(error.to_string()))?;
    let place = |variable: &str, name: &str| std::env::var_os(variable).map_or_else(|| home.join(".aws").join(name), Into::into);
    let mut names = Vec::new();
    for path in [place("AWS_SHARED_CREDENTIALS_FILE", "credentials"), place("AWS_CONFIG_FILE", "config")] {
        if tokio::fs::metadata(&path).await.is_ok_and(|file| file.len() <= 1024 * 1024)
            && let Ok(text) = tokio::fs::read_to_string(&path).await
        {
            names.extend(qd_client::credentials::profile_names(&text));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, secret: &str, token: Option<&str>) -> Option<String> {
        let key = NewKey { access_key_id: id.to_owned(), secret_access_key: secret.to_owned(), session_token: token.map(str::to_owned) };
        key.kept().map(|kept| kept.as_str().to_owned())
    }

    #[test]
    fn a_key_is_kept_in_one_line_and_only_when_it_can_be_one() {
        assert_eq!(key("AKID", "s/e+c=", None).as_deref(), Some("AKID:s/e+c="));
        assert_eq!(key("ASIA", "s", Some("to:ken")).as_deref(), Some("ASIA:s:to:ken"));
        assert_eq!(key("AKID", "s", Some("")).as_deref(), Some("AKID:s"));
        for (id, secret) in [("", "s"), ("A", ""), ("A B", "s"), ("A:B", "s"), ("A", "s:t"), ("A", "s\n")] {
            assert_eq!(key(id, secret, None), None, "{id:?} {secret:?}");
        }
    }
}
