//! The agent as a service of its system: a systemd unit, a launchd property list, a service of Windows' service control.
//!
//! Stopping the service must not stop running scripts: they are supervised by processes of their own and are taken up again by the
//! next start.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{install, uninstall};
#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{dispatch, install, uninstall};
