//! Signed calls to AWS or to any hub.
//!
//! Hub and AWS speak one protocol, so this crate is one signed POST for every operation: [`Client::call`] takes a service, a target
//! and a JSON value. It knows no operation. What it does know: where an [`Endpoint`] is and whom its TLS trusts, where
//! [`credentials`] come from, which failures are worth a [`retry`], and how to bound what comes back.
//!
//! The node agent uses it too, so dependencies stay few: the standard credential chain of AWS is behind the feature `aws-chain`.

pub mod call;
#[cfg(feature = "aws-chain")]
pub mod chain;
pub mod credentials;
pub mod dial;
pub mod endpoint;
pub mod error;
pub mod pin;
pub mod raw;
pub mod retry;

pub use call::{Client, ClientOptions};
pub use credentials::{Anonymous, CredentialSource, Fresh, Refresh, Refreshing, SharedFile, StaticCredentials};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{CallError, ServiceError, TransportKind};
pub use qd_wire::rsa_token::PrivateKey;
pub use qd_wire::sigv4::{Credentials, Secret};
pub use raw::{Answer, AnswerStream, Request};
