//! The harness of the cross-crate tests: a real hub process, real agent processes, and the AWS tools that real users have.
//!
//! Nothing here stands in for a part of the product; the oracle is someone else's client (house habit 6).

/// Makes a test of each store engine from `fn name(engine: Engine)`: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                super::$name($crate::Engine::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$name($crate::Engine::Postgres);
            }
        })+
    };
}

/// Runs an asynchronous test.
pub fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime").block_on(test)
}

mod agent;
mod aws;
mod hub;
pub mod node;
pub mod plugin;
mod program;
mod relay;
pub mod session;
mod stock;

pub use agent::TestAgent;
pub use aws::{Aws, Outcome};
pub use hub::{Engine, TestHub};
pub use program::{program, wait_until};
pub use relay::Relay;
pub use stock::StockAgent;
