//! Signed calls to AWS or to any hub.
//!
//! Hub and AWS speak one protocol, so this crate is one signed POST for every operation: [`Client::call`] takes a service, a target
//! and a JSON value. It knows no operation. What it does know: where an [`Endpoint`] is and whom its TLS trusts, where
//! [`credentials`] come from, which failures are worth a [`retry`], and how to bound what comes back.
//!
//! [`session`] is the other half: the client of a Session Manager session, on [`pipe`], which drives a data channel over sockets that
//! come and go, for the agent's end of it as well.
//!
//! The node agent uses it too, so dependencies stay few: the standard credential chain of AWS is behind the feature `aws-chain`.

pub mod call;
#[cfg(feature = "aws-chain")]
pub mod chain;
pub mod credentials;
pub mod dial;
pub mod endpoint;
pub mod error;
pub mod forward;
pub mod mux;
pub mod pin;
pub mod pipe;
pub mod probe;
pub mod raw;
pub mod retry;
pub mod session;
pub mod socket;
pub mod sts;

pub use call::{Client, ClientOptions};
pub use credentials::{Anonymous, CredentialSource, Fresh, Refresh, Refreshing, SharedFile, StaticCredentials};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{CallError, ServiceError, TransportKind};
pub use qd_wire::rsa_token::PrivateKey;
pub use qd_wire::sigv4::{Credentials, Secret};
pub use raw::{Answer, AnswerStream, Request};
pub use reqwest::Method;
pub use session::{OutputOf, Session, SessionCalls, SessionError, SessionEvent, SessionInput, SessionOptions, SessionStart};
