//! Nodes that are not there: registration, signatures, TLS, websockets and frames are real, only the work is not. A hub is measured with
//! them at a size nobody has at hand, and a person tries the console with them before there is a fleet.

mod fleet;
mod keys;
mod node;

pub use fleet::Fleet;
pub use node::Counters;

/// How simulated nodes behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// All are alike and every step succeeds at once: for measurements.
    Instant,
    /// They differ in platform and address, take up to two seconds for a job, and of ten one fails and one says something else.
    Lifelike,
}

/// A fleet to start.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The hub's address.
    pub url: String,
    pub region: String,
    /// Its certificate authority.
    pub ca_pem: Vec<u8>,
    /// Id and code; several when one does not reach (its limit is 1,000 nodes). Each gives the same share of the nodes.
    pub activations: Vec<(String, String)>,
    pub nodes: usize,
    /// Beginning of the nodes' host names.
    pub prefix: String,
    pub manner: Manner,
}
