//! Cross-crate tests by family: AWS client → hub → agent → AWS client, with real processes, on both stores.

mod channel;
mod commands;
mod documents;
mod faults;
mod output;
mod scripts;
