//! Why this exists: the one list of tables. A table is a file here and a line in [`MIGRATIONS`]; a table that refers to another stands after it.

pub mod access_keys;
pub mod activations;
pub mod commands;
pub mod connections;
pub mod document_reviews;
pub mod document_shares;
pub mod document_versions;
pub mod documents;
pub mod events;
pub mod invocation_steps;
pub mod invocations;
pub mod leases;
pub mod nodes;
pub mod output_chunks;
pub mod output_digests;
pub mod principals;
pub mod recordings;
pub mod secrets;
pub mod service_settings;
pub mod sessions;
pub mod tags;

use crate::Migration;

/// The migrations of every table, in the order they are applied. Additions go to the end of a file's list, new files to the end of this one.
pub const MIGRATIONS: &[&[Migration]] = &[
    events::MIGRATIONS,
    leases::MIGRATIONS,
    secrets::MIGRATIONS,
    output_chunks::MIGRATIONS,
    connections::MIGRATIONS,
    tags::MIGRATIONS,
    principals::MIGRATIONS,
    access_keys::MIGRATIONS,
    activations::MIGRATIONS,
    nodes::MIGRATIONS,
    documents::MIGRATIONS,
    document_versions::MIGRATIONS,
    document_shares::MIGRATIONS,
    document_reviews::MIGRATIONS,
    service_settings::MIGRATIONS,
    commands::MIGRATIONS,
    invocations::MIGRATIONS,
    invocation_steps::MIGRATIONS,
    output_digests::MIGRATIONS,
    sessions::MIGRATIONS,
    recordings::MIGRATIONS,
];
