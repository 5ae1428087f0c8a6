//! Tables of the store itself, on both engines. Families test theirs in modules of their own.

mod events;
mod leases;
mod output_chunks;
mod secrets;
