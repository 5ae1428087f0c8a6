//! The front door: one TLS listener for every service a node, the AWS CLI or the console speaks to.
pub mod tls;
