//! The agent's own tests, with real shells and real processes. The wire against a real hub is tested in the workspace's `tests/`.
#![cfg(unix)]

#[cfg(target_os = "linux")]
mod ceiling;
mod channel;
mod document;
mod download;
mod hub;
mod life;
mod port;
mod process;
mod proxy;
mod register;
mod relay;
mod session;
