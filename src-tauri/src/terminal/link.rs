//! Between the client's session and the line of a page: what is told goes to the node as it takes it, what is heard comes back in order.
//!
//! Operations go the app's own way, so that a session over the hub in this process needs no key and one over another hub uses its
//! connection; only the data channel is a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use qd_client::credentials::BoxFuture;
use qd_client::session::{Session, SessionCalls, SessionEvent, SessionInput, SessionOptions, SessionStart};
use qd_client::{Endpoint, ServiceError};
use qd_model::Operation;
use serde::Deserialize;
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, Webview};
use tokio::sync::{mpsc, watch};

use super::running::{Heard, Line, Wish};
use super::view::State;
use crate::error::CallError;
use crate::state::{App, How, Target};

/// What waits between a page and its session, each way. Output waits in the session itself, which holds up the node.
const QUEUE: usize = 2;

/// Which session a page wants. The members are those of StartSession.
#[derive(Debug, Clone, Deserialize)]
pub struct Wanted {
    pub target: String,
    document: Option<String>,
    parameters: Option<BTreeMap<String, Vec<String>>>,
    reason: Option<String>,
}

impl Wanted {
    fn input(&self) -> Value {
        let mut input = json!({ "Target": self.target });
        let members = [
            ("DocumentName", self.document.as_ref().map(|name| json!(name))),
            ("Parameters", self.parameters.as_ref().map(|parameters| json!(parameters))),
            ("Reason", self.reason.as_ref().map(|reason| json!(reason))),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                input[name] = value;
            }
        }
        input
    }
}

/// The calls a session makes later, over the connection it was started on.
pub struct Calls {
    app: AppHandle,
    /// Id of the connection, since the window may show another by then.
    connection: String,
}

impl Calls {
    pub fn of(webview: &Webview) -> Self {
        let connection = webview.state::<App>().connections.of_window(webview.label());
        Self { app: webview.app_handle().clone(), connection }
    }

    async fn call(&self, operation: Operation, session_id: &str) -> Result<Value, qd_client::CallError> {
        let state = self.app.state::<App>();
        let input = json!({ "SessionId": session_id });
        let answer = async { state.target_of(&self.connection).await?.call(operation, input).await }.await;
        answer.map_err(|error| {
            // One that is away is tried again; what it refused is not.
            let status = if error.is_away() { 503 } else { 400 };
            qd_client::CallError::Service(Box::new(ServiceError {
                status,
                code: error.code,
                message: error.message,
                request_id: error.request_id,
                members: Default::default(),
            }))
        })
    }
}

impl SessionCalls for Calls {
    fn resume<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<Option<SessionStart>, qd_client::CallError>> {
        Box::pin(async move { Ok(SessionStart::from_output(&self.call(Operation::ResumeSession, session_id).await?)) })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> BoxFuture<'a, Result<(), qd_client::CallError>> {
        Box::pin(async move { self.call(Operation::TerminateSession, session_id).await.map(drop) })
    }
}

/// Where data channels of the connection are, and whom TLS trusts there.
pub async fn endpoint(target: &Target) -> Result<Endpoint, CallError> {
    match target {
        Target::Embedded(hub) => {
            let address = hub.address();
            let pem = tokio::fs::read(&address.ca_file).await.map_err(|error| CallError::internal(error.to_string()))?;
            Endpoint::hub(&format!("https://{}", address.listener), &address.region)
                .and_then(|endpoint| endpoint.with_ca(&pem))
                .map_err(|error| CallError::internal(error.to_string()))
        }
        Target::Distant(distant) => Ok(distant.client().endpoint().clone()),
    }
}

/// Starts a session under the connection's guard and opens its data channel. Answers the session's id and the way to it.
pub async fn open(webview: &Webview, state: &App, wanted: Wanted, (cols, rows): (u16, u16)) -> Result<(String, Line), CallError> {
    let answer = state.call(webview, Operation::StartSession.name(), wanted.input(), How::default()).await?;
    let Some(start) = SessionStart::from_output(&answer) else {
        return Err(CallError::internal("the answer to StartSession names no session"));
    };
    let session_id = start.session_id.clone();
    let endpoint = endpoint(&state.target(webview.label()).await?).await?;
    let calls: Arc<dyn SessionCalls> = Arc::new(Calls::of(webview));
    let options = SessionOptions { cols, rows, ..SessionOptions::default() };
    match Session::connect(&endpoint, start, options, calls.clone()).await {
        Ok(session) => Ok((session_id, line(session))),
        Err(error) => {
            // Started and never used: the hub need not wait for it.
            if let Err(error) = calls.terminate(&session_id).await {
                tracing::debug!(%error, session_id, "a session that was not opened was not ended either");
            }
            Err(CallError::new("ConnectionFailed", error.to_string()))
        }
    }
}

fn line(session: Session) -> Line {
    let (input, typed) = mpsc::channel(QUEUE);
    let (wish, wishes) = watch::channel(Wish::default());
    let (say, hear) = mpsc::channel(QUEUE);
    tauri::async_runtime::spawn(deliver(session.sender(), typed));
    tauri::async_runtime::spawn(obey(session.sender(), wishes));
    tauri::async_runtime::spawn(report(session, say));
    Line { input, wish, hear }
}

/// Sends what is typed, each piece when the node has taken the one before.
async fn deliver(session: SessionInput, mut typed: mpsc::Receiver<Vec<u8>>) {
    while let Some(data) = typed.recv().await {
        if session.input(Bytes::from(data)).await.is_err() {
            return;
        }
    }
}

/// Does what is wished, which input that the node does not take does not hold up.
async fn obey(session: SessionInput, mut wishes: watch::Receiver<Wish>) {
    while wishes.changed().await.is_ok() {
        let wish = *wishes.borrow_and_update();
        if wish.close {
            return end(&session).await;
        }
        if let Some((cols, rows)) = wish.size {
            session.resize(cols, rows);
        }
    }
}

async fn end(session: &SessionInput) {
    if let Err(error) = session.terminate().await {
        tracing::warn!(%error, session_id = session.session_id(), "a session was not ended; the hub ends it when nobody comes back");
    }
}

async fn report(mut session: Session, say: mpsc::Sender<Heard>) {
    while let Some(event) = session.next().await {
        if say.send(heard(event)).await.is_err() {
            return;
        }
    }
}

fn heard(event: SessionEvent) -> Heard {
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    match event {
        SessionEvent::Output { bytes, .. } => Heard::Output(bytes.to_vec()),
        // Written where the person looks, and apart from what the program writes.
        SessionEvent::Notice(text) => Heard::Output(format!("\r\n\u{1b}[7m {} \u{1b}[0m\r\n", text.replace('\n', " ")).into_bytes()),
        SessionEvent::Ready { .. } | SessionEvent::Reconnected | SessionEvent::Resumed => Heard::State(State::Open),
        SessionEvent::Paused => Heard::State(State::Reconnecting { reason: None, node: true }),
        SessionEvent::Reconnecting { reason, .. } => Heard::State(State::Reconnecting { reason: given(reason), node: false }),
        SessionEvent::Closed { reason, exit_code } => Heard::State(State::Closed { reason: given(reason), exit_code }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_is_asked_for() {
        let wanted: Wanted = serde_json::from_value(json!({ "target": "mi-1", "label": "a page's own" })).unwrap();
        assert_eq!(wanted.input(), json!({ "Target": "mi-1" }));
        let wanted: Wanted = serde_json::from_value(
            json!({ "target": "mi-1", "document": "AWS-StartInteractiveCommand", "parameters": { "command": ["top"] }, "reason": "왜" }),
        )
        .unwrap();
        assert_eq!(wanted.input()["Parameters"], json!({ "command": ["top"] }));
        assert_eq!(wanted.input()["Reason"], "왜");
    }

    #[test]
    fn a_notice_stands_on_a_line_of_its_own() {
        let Heard::Output(bytes) = heard(SessionEvent::Notice("ends in\n5 minutes".to_owned())) else { panic!() };
        assert_eq!(String::from_utf8(bytes).unwrap(), "\r\n\u{1b}[7m ends in 5 minutes \u{1b}[0m\r\n");
    }
}
