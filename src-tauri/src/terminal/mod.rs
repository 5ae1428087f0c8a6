//! The plugin `terminal`: sessions between pages of this app and nodes. Its commands and their permissions are its own, so that what a
//! page may do with a shell is written in one place (`permissions/terminal`), and nothing but the app's own windows has it.

mod command;
mod link;
mod recent;
mod running;
mod view;

use tauri::plugin::{Builder, TauriPlugin};
use tauri::webview::PageLoadEvent;
use tauri::{Manager, RunEvent, WindowEvent, Wry};

use running::Sessions;

/// Name of the plugin, in `build.rs` and in the capability.
const NAME: &str = "terminal";

pub fn plugin() -> TauriPlugin<Wry> {
    Builder::new(NAME)
        .invoke_handler(tauri::generate_handler![
            command::open,
            command::attach,
            command::running,
            command::input,
            command::resize,
            command::acknowledge,
            command::close,
            command::tear_off,
            command::claim,
            command::recording,
        ])
        .setup(|app, _| {
            app.manage(Sessions::default());
            Ok(())
        })
        .on_page_load(|webview, load| {
            // A page that loads anew has forgotten its channels; what it showed goes on until it asks again.
            if load.event() == PageLoadEvent::Started {
                webview.state::<Sessions>().detach_all(webview.label());
            }
        })
        .on_event(|app, event| {
            if let RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } = event {
                app.state::<Sessions>().close_all(label);
            }
        })
        .build()
}
