//! What the app holds while it runs, and the one way from any window to a connection.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use qd_model::Operation;
use serde_json::Value;
use tauri::AppHandle;
use tokio::sync::watch;

use crate::embedded::Embedded;
use crate::error::CallError;
use crate::guard::{self, Mark, Verdict};
use crate::keyring::Secrets;
use crate::local::{Local, settings};
use crate::notify::Notifications;
use crate::question;
use crate::request_text;
use crate::subscriptions::Subscriptions;
use crate::this_machine::NodeState;
use crate::tray::Tray;

/// How long a call waits for the hub to open before it says that it is not.
const OPENING: Duration = Duration::from_secs(20);

/// The connection that calls go to.
#[derive(Clone)]
pub enum Target {
    /// The hub in this process.
    Embedded(Embedded),
}

/// An answer under `/quarterdeck/v1/`.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A header as a number of bytes, or `otherwise`.
    pub fn number(&self, name: &str, otherwise: u64) -> u64 {
        self.header(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The reply itself, or the error that it carries in AWS's shape.
    pub fn checked(self) -> Result<Self, CallError> {
        if self.status < 400 {
            return Ok(self);
        }
        let body: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        let text = |names: [&str; 2]| names.iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
        let code = text(["__type", "code"]).unwrap_or_else(|| format!("Http{}", self.status));
        Err(CallError {
            code: code.rsplit('#').next().unwrap_or_default().to_owned(),
            message: text(["message", "Message"]).unwrap_or_default(),
            request_id: self.header("x-amzn-requestid").map(str::to_owned),
        })
    }
}

/// A request under `/quarterdeck/v1/`.
pub struct Request {
    pub method: String,
    /// The whole path, its segments percent-encoded.
    pub path: String,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Target {
    async fn call(&self, operation: Operation, input: Value) -> Result<Value, CallError> {
        match self {
            Self::Embedded(hub) => hub.call(operation, input).await,
        }
    }

    async fn extension(&self, request: Request) -> Reply {
        match self {
            Self::Embedded(hub) => hub.extension(request).await,
        }
    }
}

/// Whether the connection is there yet.
#[derive(Clone)]
pub enum Opening {
    Waiting,
    Open(Target),
    /// Why it did not open, as a person can act on it.
    Failed(String),
}

/// Everything the app's parts share. Tauri hands it to commands as managed state.
pub struct App {
    pub data_dir: PathBuf,
    pub local: Arc<Local>,
    pub tray: Tray,
    pub notifications: Notifications,
    pub subscriptions: Subscriptions,
    /// Set once the system's keyring was asked, which happens off the UI thread.
    pub secrets: OnceLock<Arc<Secrets>>,
    pub opening: watch::Sender<Opening>,
    pub this_machine: watch::Sender<NodeState>,
    /// Counts the person's wishes to enrol this machine again.
    pub enrol_again: watch::Sender<u64>,
    /// Sequence number of the newest event whose effect a page shows.
    pub shown: watch::Sender<i64>,
    /// True when the app quits: what runs beside it ends its work.
    pub stop: watch::Sender<bool>,
    /// The app quits and its windows are gone.
    pub leaving: AtomicBool,
    /// What ran beside the windows has ended.
    pub ended: AtomicBool,
}

impl App {
    pub fn new(data_dir: PathBuf, local: Local) -> Self {
        Self {
            data_dir,
            local: Arc::new(local),
            tray: Tray::default(),
            notifications: Notifications::default(),
            subscriptions: Subscriptions::default(),
            secrets: OnceLock::new(),
            opening: watch::Sender::new(Opening::Waiting),
            this_machine: watch::Sender::new(NodeState::Waiting),
            enrol_again: watch::Sender::new(0),
            shown: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            leaving: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// The connection, waiting a while for it to open.
    pub async fn target(&self) -> Result<Target, CallError> {
        let mut opening = self.opening.subscribe();
        let opened = tokio::time::timeout(OPENING, opening.wait_for(|state| !matches!(state, Opening::Waiting))).await;
        match opened {
            Ok(Ok(state)) => match &*state {
                Opening::Open(target) => Ok(target.clone()),
                Opening::Failed(reason) => Err(CallError::not_open(reason.clone())),
                Opening::Waiting => Err(CallError::not_open("The hub is opening.")),
            },
            Ok(Err(_)) | Err(_) => Err(CallError::not_open("The hub is still opening. Try again in a moment.")),
        }
    }

    /// How the connection is marked.
    pub fn mark(&self) -> Mark {
        Mark::from_setting(self.local.text_setting(settings::CONNECTION_MARK).as_deref())
    }

    /// One operation of the API, by its name as AWS writes it. Names that are none, and writes that the mark forbids, end here.
    pub async fn call(&self, app: &AppHandle, operation: &str, input: Value) -> Result<Value, CallError> {
        let Some(operation) = Operation::from_name(operation) else {
            let shown: String = operation.chars().take(64).collect();
            return Err(CallError::new("UnknownOperationException", format!("{shown} is not an operation of Systems Manager.")));
        };
        let verdict = guard::judge(self.mark(), operation);
        self.permit(app, verdict, operation.name(), || request_text::of_operation(operation, &input)).await?;
        self.target().await?.call(operation, input).await
    }

    /// A request under `/quarterdeck/v1/`, under the same guard.
    pub async fn extension(&self, app: &AppHandle, request: Request) -> Result<Reply, CallError> {
        let what = format!("{} {}", request.method, request.path);
        let verdict = guard::judge_extension(self.mark(), &request.method);
        self.permit(app, verdict, &what, || request_text::of_extension(&request.query, &request.body)).await?;
        self.target().await?.extension(request).await.checked()
    }

    /// Carries a verdict out, asking the person where it says so. `details` tells what is sent, in lines.
    pub async fn permit(
        &self,
        app: &AppHandle,
        verdict: Verdict,
        what: &str,
        details: impl FnOnce() -> Vec<String>,
    ) -> Result<(), CallError> {
        match verdict {
            Verdict::Allow => Ok(()),
            Verdict::Refuse => Err(CallError::read_only(what)),
            Verdict::Ask if question::protected_write(app, what, &details()).await => Ok(()),
            Verdict::Ask => Err(CallError::declined(format!("{what} was not sent: this connection is protected and the answer was no."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reply_becomes_its_code() {
        let reply = Reply {
            status: 400,
            headers: vec![("x-amzn-RequestId".to_owned(), "r-1".to_owned())],
            body: br#"{"__type":"com.amazonaws.ssm#InvocationDoesNotExist","message":"no"}"#.to_vec(),
        };
        let error = reply.checked().err().unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("InvocationDoesNotExist", "no"));
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        let garbage = Reply { status: 502, headers: Vec::new(), body: b"<html>".to_vec() };
        assert_eq!(garbage.checked().err().unwrap().code, "Http502");
    }
}
