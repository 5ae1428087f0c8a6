//! Cross-crate tests by family: AWS client → hub → agent → AWS client, with real processes, on both stores.

mod channel;
mod clients;
mod commands;
mod crash;
mod delivery;
mod documents;
mod faults;
mod fuzz;
mod groups;
mod nodes;
mod output;
mod overview;
mod scripts;
mod session_shell;
mod session_tools;
mod sessions;
mod settings;
mod simulated;
mod stock;
mod tags;
mod two_hubs;
