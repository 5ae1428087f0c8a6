//! The store on both engines: PostgreSQL is a real server (see `qd_store::testing`).

mod changes;
mod crash;
mod engine;
mod loss;
mod migrations;
mod table;
mod tags;
