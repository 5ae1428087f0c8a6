//! What the app holds while it runs, and the one way from any window to a connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use qd_model::Operation;
use serde_json::Value;
use tauri::{Manager, Webview};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::connections::Connections;
use crate::distant::Distant;
use crate::embedded::Embedded;
use crate::error::{CallError, LastKnown};
use crate::guard::{self, Mark, Verdict};
use crate::keyring::Secrets;
use crate::local::Local;
use crate::local::connections::{Access, Connection, EMBEDDED};
use crate::notify::Notifications;
use crate::permit::Permits;
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
    /// Another hub, or AWS.
    Distant(Distant),
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
        let message = text(["message", "Message"]).unwrap_or_default();
        let mut error = CallError::new(code.rsplit('#').next().unwrap_or_default(), message);
        error.request_id = self.header("x-amzn-requestid").map(str::to_owned);
        Err(error)
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
    pub async fn call(&self, operation: Operation, input: Value) -> Result<Value, CallError> {
        match self {
            Self::Embedded(hub) => hub.call(operation, input).await,
            Self::Distant(distant) => distant.call(operation, input).await,
        }
    }

    async fn extension(&self, request: Request) -> Result<Reply, CallError> {
        match self {
            Self::Embedded(hub) => Ok(hub.extension(request).await),
            Self::Distant(distant) => distant.extension(request).await,
        }
    }
}

/// Whether the hub in this process is there yet.
#[derive(Clone)]
pub enum Opening {
    Waiting,
    Open(Embedded),
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
    /// There once the system's keyring was asked, which happens off the UI thread.
    pub secrets: watch::Sender<Option<Arc<Secrets>>>,
    pub connections: Connections,
    pub permits: Permits,
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
            secrets: watch::Sender::new(None),
            connections: Connections::default(),
            permits: Permits::default(),
            opening: watch::Sender::new(Opening::Waiting),
            this_machine: watch::Sender::new(NodeState::Waiting),
            enrol_again: watch::Sender::new(0),
            shown: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            leaving: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// The hub in this process, waiting a while for it to open.
    pub async fn embedded(&self) -> Result<Embedded, CallError> {
        let mut opening = self.opening.subscribe();
        let opened = tokio::time::timeout(OPENING, opening.wait_for(|state| !matches!(state, Opening::Waiting))).await;
        match opened {
            Ok(Ok(state)) => match &*state {
                Opening::Open(hub) => Ok(hub.clone()),
                Opening::Failed(reason) => Err(CallError::not_open(reason.clone())),
                Opening::Waiting => Err(CallError::not_open("The hub is opening.")),
            },
            Ok(Err(_)) | Err(_) => Err(CallError::not_open("The hub is still opening. Try again in a moment.")),
        }
    }

    /// Where access keys are kept, waiting a while for the keyring to answer.
    pub async fn secrets(&self) -> Result<Arc<Secrets>, CallError> {
        let mut asked = self.secrets.subscribe();
        let answered = tokio::time::timeout(OPENING, asked.wait_for(Option::is_some)).await;
        let secrets = answered.ok().and_then(Result::ok).and_then(|secrets| secrets.clone());
        secrets.ok_or_else(|| CallError::new("KeyringFailed", "The system's keyring does not answer."))
    }

    /// The connection that window `label` shows.
    pub fn connection(&self, label: &str) -> Result<Connection, CallError> {
        self.connection_by_id(&self.connections.of_window(label))
    }

    pub fn connection_by_id(&self, id: &str) -> Result<Connection, CallError> {
        let kept = self.local.connection_by_id(id)?;
        kept.ok_or_else(|| CallError::new("NoSuchConnection", "There is no such connection any more."))
    }

    /// Where the calls of window `label` go.
    pub async fn target(&self, label: &str) -> Result<Target, CallError> {
        self.target_of(&self.connections.of_window(label)).await
    }

    /// Where the calls of the connection `id` go.
    pub async fn target_of(&self, id: &str) -> Result<Target, CallError> {
        if id == EMBEDDED {
            return Ok(Target::Embedded(self.embedded().await?));
        }
        match self.connections.opened(id) {
            Some(distant) => Ok(Target::Distant(distant)),
            None => Ok(Target::Distant(self.open(id, None).await?)),
        }
    }

    /// Opens the connection `id`: finds its keys and makes its client. `code` is of the second factor of its role.
    pub async fn open(&self, id: &str, code: Option<Zeroizing<String>>) -> Result<Distant, CallError> {
        let connection = self.connection_by_id(id)?;
        let key = match connection.access {
            Access::Key => {
                let (secrets, name) = (self.secrets().await?, connection.secret_name());
                let read = tokio::task::spawn_blocking(move || secrets.get(&name)).await;
                read.map_err(|error| CallError::internal(error.to_string()))??
            }
            Access::Profile => None,
        };
        let distant = Distant::open(&connection, key, code).await?;
        Ok(self.connections.keep(id, distant))
    }

    /// How the connection of window `label` is marked. One that cannot be read counts as the strictest.
    pub fn mark(&self, label: &str) -> Mark {
        self.connection(label).map_or(Mark::ReadOnly, |connection| Mark::from_setting(Some(&connection.mark)))
    }

    /// One operation of the API over the connection of `webview`'s window, by its name as AWS writes it. Names that are none, and writes
    /// that the mark forbids, end here.
    pub async fn call(&self, webview: &Webview, operation: &str, input: Value, how: How) -> Result<Value, CallError> {
        let Some(operation) = Operation::from_name(operation) else {
            let shown: String = operation.chars().take(64).collect();
            return Err(CallError::new("UnknownOperationException", format!("{shown} is not an operation of Systems Manager.")));
        };
        let (label, id) = (webview.label(), self.connections.of_window(webview.label()));
        let verdict = guard::judge(self.mark(label), operation);
        let now = Instant::now();
        let permitted =
            verdict == Verdict::Ask && how.permit.is_some_and(|token| self.permits.take(&token, label, &id, operation.name(), &input, now));
        if !permitted {
            self.permit(webview, verdict, operation.name(), || request_text::of_operation(operation, &input)).await?;
        }
        let asked = (how.keep && operation.is_read_only()).then(|| format!("{} {input}", operation.name()));
        let answer = async { self.target(label).await?.call(operation, input).await }.await;
        self.with_last_known(&id, asked, answer)
    }

    /// A request under `/quarterdeck/v1/`, under the same guard.
    pub async fn extension(&self, webview: &Webview, request: Request) -> Result<Reply, CallError> {
        let label = webview.label();
        let what = format!("{} {}", request.method, request.path);
        let verdict = guard::judge_extension(self.mark(label), &request.method, &request.path);
        self.permit(webview, verdict, &what, || request_text::of_extension(&request.query, &request.body)).await?;
        self.target(label).await?.extension(request).await?.checked()
    }

    /// Keeps a good answer to `asked`, and gives a failure of an endpoint that is away what was answered before.
    pub fn with_last_known(&self, connection: &str, asked: Option<String>, answer: Result<Value, CallError>) -> Result<Value, CallError> {
        let Some(asked) = asked else { return answer };
        let kept = match answer {
            Ok(answer) => {
                let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
                if let Err(error) = self.local.keep_answer(connection, &asked, &answer.to_string(), now_ms) {
                    tracing::warn!(%error, "an answer was not kept");
                }
                return Ok(answer);
            }
            Err(error) if error.is_away() => (self.local.last_answer(connection, &asked), error),
            Err(error) => return Err(error),
        };
        let (known, mut error) = kept;
        error.last_known = known.ok().flatten().and_then(|known| {
            let answer = serde_json::from_str(&known.answer).ok()?;
            Some(Box::new(LastKnown { at: known.at_ms, answer }))
        });
        Err(error)
    }

    /// Carries a verdict out, asking the person where it says so. `details` tells what is sent, in lines.
    pub async fn permit(
        &self,
        webview: &Webview,
        verdict: Verdict,
        what: &str,
        details: impl FnOnce() -> Vec<String>,
    ) -> Result<(), CallError> {
        let name = || self.connection(webview.label()).map(|connection| connection.name).unwrap_or_default();
        match verdict {
            Verdict::Allow => Ok(()),
            Verdict::Refuse => Err(CallError::read_only(what)),
            Verdict::Ask if question::protected_write(webview.app_handle(), &name(), what, &details()).await => Ok(()),
            Verdict::Ask => Err(CallError::declined(format!("{what} was not sent: this connection is protected and the answer was no."))),
        }
    }
}

/// How a call is made, beside what is called.
#[derive(Debug, Default)]
pub struct How {
    /// The answer of a read is kept for when the endpoint is away.
    pub keep: bool,
    /// Token of an action that the person agreed to.
    pub permit: Option<String>,
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
