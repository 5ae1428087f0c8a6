//! Tests of `qd-client` over its public face: a small HTTP server on this machine records what arrives and answers by script.

mod calls;
mod server;
mod trust;
