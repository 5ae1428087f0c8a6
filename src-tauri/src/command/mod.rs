//! What pages may ask of the app: one file per topic. None of them knows an operation of the API by name; `call` carries them all.

pub mod app_info;
pub mod call;
pub mod connection;
pub mod connections;
pub mod enrol;
pub mod events;
pub mod extension;
pub mod files;
pub mod listener;
pub mod logs;
pub mod navigate;
pub mod output;
pub mod outside;
pub mod secrets;
pub mod settings;
pub mod simulation;
