//! `listener_get` and `listener_set`: whether other machines are let in, and on which addresses.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, State};

use crate::embedded::Embedded;
use crate::error::CallError;
use crate::local::settings::LISTEN_OUTSIDE;
use crate::outside::{self, Choice, MOST};
use crate::question;
use crate::state::App;

/// Where the hub in this process listens for other machines.
#[derive(Serialize)]
pub struct Listener {
    /// Addresses listened on beside this machine's own, without the port.
    addresses: Vec<IpAddr>,
    /// Addresses that can be chosen, with the names of their network interfaces.
    choices: Vec<Choice>,
    port: u16,
}

fn listener(hub: &Embedded) -> Listener {
    let (addresses, mut choices) = (hub.outside_addresses(), outside::choices());
    // One that is listened on can be let go of, whatever the system lists now.
    for address in addresses.iter().filter(|address| !choices.iter().any(|choice| choice.address == **address)).copied().collect::<Vec<_>>()
    {
        choices.push(Choice { address, name: String::new() });
    }
    Listener { addresses, choices, port: hub.address().listener.port() }
}

#[tauri::command]
pub async fn listener_get(state: State<'_, App>) -> Result<Listener, CallError> {
    Ok(listener(&state.embedded().await?))
}

/// Listens on these addresses beside this machine's own, and on no others, from now on and at every start. A native question comes before
/// another address is opened. Connections that came in by an address that is closed go on to their end.
#[tauri::command]
pub async fn listener_set(app: AppHandle, state: State<'_, App>, addresses: Vec<IpAddr>) -> Result<Listener, CallError> {
    let hub = state.embedded().await?;
    let known = listener(&hub).choices;
    let foreign = addresses.iter().find(|address| !known.iter().any(|choice| choice.address == **address));
    if foreign.is_some() || addresses.len() > MOST {
        return Err(CallError::invalid("only addresses of this machine are listened on"));
    }
    let now = hub.outside_addresses();
    let opened: Vec<String> = addresses.iter().filter(|address| !now.contains(address)).map(ToString::to_string).collect();
    if !opened.is_empty() && !question::open_listener(&app, &opened, hub.address().listener.port()).await {
        return Err(CallError::declined("the hub was not opened to other machines"));
    }
    let stored: Vec<Value> = addresses.iter().map(|address| address.to_string().into()).collect();
    state.local.set_setting(LISTEN_OUTSIDE, &stored.into())?;
    match hub.listen_outside(&addresses).await.as_slice() {
        [] => Ok(listener(&hub)),
        failed => {
            let reasons: Vec<&str> = failed.iter().map(|(_, reason)| reason.as_str()).collect();
            Err(CallError::new("ListenerNotOpened", reasons.join("; ")))
        }
    }
}
