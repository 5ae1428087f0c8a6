//! The hub through its real TLS listener on a free port, spoken to byte by byte, so that requests can be wrong in every way.

mod client;
mod drafts;
mod limits;
mod nodes;
mod registration;
mod services;
mod signatures;
