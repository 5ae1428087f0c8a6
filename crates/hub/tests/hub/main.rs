//! Operations through [`qd_hub::Hub::call`], each test on both engines of the store.

mod documents;
mod harness;
mod http;
mod library;
mod settings;
mod tags;
