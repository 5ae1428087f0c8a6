//! The desktop app: the console's window, the tray and notifications around a hub in this process.
//!
//! This is the only crate that names Tauri, and it knows no operation of the API: one command carries them all to the hub.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod announce;
mod args;
mod check;
mod command;
mod connections;
mod distant;
mod embedded;
mod enrolment;
mod error;
mod failure;
mod follow;
mod guard;
mod keyring;
mod language;
mod local;
mod log;
mod notify;
mod outside;
mod permit;
mod question;
mod request_text;
mod simulation;
mod start;
mod state;
mod subscriptions;
mod terminal;
mod this_machine;
mod tray;
mod window;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

use args::Args;
use local::Local;
use local::connections::EMBEDDED;
use state::App;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) if args.help => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(args) if args.version => {
            println!("quarterdeck {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Ok(args) => args,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    log::init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Quarterdeck did not start: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let mut builder = tauri::Builder::default();
    // A Quarterdeck with a data folder of its own stands beside the person's usual one.
    if args.data_dir.is_none() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, arguments, _| second_start(app, arguments)));
    }
    let app = builder
        .plugin(tauri_plugin_window_state::Builder::default().with_state_flags(StateFlags::all() - StateFlags::VISIBLE).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(terminal::plugin())
        .manage(window::Waiting::default())
        .manage(simulation::Simulation::default())
        .manage(command::files::Files::default())
        .invoke_handler(tauri::generate_handler![
            command::app_info::app_info,
            command::call::call,
            command::call::permit,
            command::connection::connection_mark,
            command::connections::aws_profiles,
            command::connections::connection_check,
            command::connections::connection_remove,
            command::connections::connection_reopen,
            command::connections::connection_save,
            command::connections::connection_switch,
            command::connections::connection_trust,
            command::connections::connections_list,
            command::connections::connections_order,
            command::connections::window_open,
            command::enrol::enrol_this_machine,
            command::events::events_shown,
            command::events::subscribe_events,
            command::events::unsubscribe_events,
            command::extension::extension,
            command::files::file_begin,
            command::files::file_discard,
            command::files::file_finish,
            command::files::file_write,
            command::listener::listener_get,
            command::listener::listener_set,
            command::logs::open_logs,
            command::navigate::navigate_ready,
            command::navigate::navigated,
            command::output::output,
            command::outside::open_external,
            command::outside::save_file,
            command::secrets::access_key,
            command::secrets::keyring_choose,
            command::secrets::keyring_unlock,
            command::settings::settings_get,
            command::settings::settings_set,
            command::simulation::simulation_start,
            command::simulation::simulation_status,
            command::simulation::simulation_stop,
        ])
        .on_page_load(|webview, load| {
            // A page that loads anew has forgotten its channels, and does not listen yet.
            if load.event() == PageLoadEvent::Started {
                let state = webview.state::<App>();
                state.subscriptions.end_all(webview.label());
                state.permits.end_all(webview.label());
                webview.state::<window::Waiting>().loads(webview.label());
                webview.state::<command::files::Files>().discard_all(webview.label());
            }
        })
        .build(tauri::generate_context!())
        .context("preparing the window system")?;
    // A second start has led the first one to its page and is gone by now, so the folder is this process's to take.
    let opened = open_data(app.handle(), args.data_dir.as_deref());
    let mut start = Some((args, opened));
    app.run(move |app, event| match (event, start.take()) {
        (RunEvent::Ready, Some((args, opened))) => {
            if let Err(error) = opened.and_then(|()| set_up(app, args)) {
                failure::tell(app, &error);
            }
        }
        (event, waiting) => {
            start = waiting;
            on_event(app, event);
        }
    });
    Ok(())
}

/// Takes the data folder and opens what the app remembers.
fn open_data(app: &AppHandle, chosen: Option<&Path>) -> anyhow::Result<()> {
    let data_dir = match chosen {
        Some(chosen) => std::path::absolute(chosen).with_context(|| format!("the data folder {}", chosen.display()))?,
        None => default_data_dir(app)?,
    };
    app.manage(start::DataFolder::take(&data_dir)?);
    if let Err(error) = log::keep(&data_dir) {
        tracing::warn!(%error, "there is no log file");
    }
    let local = Local::open(&data_dir.join("local.sqlite"))?;
    app.manage(App::new(data_dir, local));
    Ok(())
}

fn set_up(app: &AppHandle, args: Args) -> anyhow::Result<()> {
    tray::build(app);
    start::begin(app);
    end_on_signals(app);
    // Hidden without a tray would be a program that nobody can reach.
    let hide = args.hidden && app.state::<App>().tray.is_built();
    match leads(&args) {
        Some((connection, path)) => window::lead_over(app, &connection, &path),
        None if hide => tray::open_window_unless_visible(app),
        None => {
            window::open(app)?;
        }
    }
    Ok(())
}

/// The connection and the page that a start asks for.
fn leads(args: &Args) -> Option<(String, String)> {
    let link = args.link.clone().map(|link| (link.connection, link.path));
    link.or_else(|| args.path.clone().map(|path| (EMBEDDED.to_owned(), path)))
}

fn default_data_dir(app: &AppHandle) -> anyhow::Result<PathBuf> {
    app.path().app_data_dir().context("this system names no folder for an app's data")
}

/// Somebody started the app again: the window that is there comes forward, led to where they asked.
fn second_start(app: &AppHandle, arguments: Vec<String>) {
    // A start that failed has a message on the screen and nothing behind it.
    if app.try_state::<App>().is_none() {
        return;
    }
    let args = Args::parse(arguments.into_iter().skip(1)).unwrap_or_default();
    match leads(&args) {
        Some((connection, path)) => window::lead_over(app, &connection, &path),
        None => {
            if let Err(error) = window::open(app) {
                tracing::error!(%error, "the window did not open");
            }
        }
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. } if window::close_requested(app, &label) => {
            api.prevent_close();
        }
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } => window::gone(app, &label),
        RunEvent::WindowEvent { event: WindowEvent::Focused(true), .. } => tray::attended(app),
        // Without a window the app goes on in the tray; only a quit, which carries a code, ends it.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::ExitRequested { code: Some(code), api, .. } if start::leave(app, code) => api.prevent_exit(),
        RunEvent::Exit => start::end(app),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => second_start(app, Vec::new()),
        // Where links come as events and not as arguments.
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for link in urls.iter().filter_map(|url| args::Link::parse(url.as_str())) {
                window::lead_over(app, &link.connection, &link.path);
            }
        }
        _ => {}
    }
}

/// SIGTERM and SIGINT quit as the tray's Quit does: window state is saved, the agent and the hub end their work.
fn end_on_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
                return;
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        app.exit(0);
    });
}
