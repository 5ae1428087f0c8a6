//! `call`: any operation of the API, and the permit of an action that is several calls.

use std::collections::BTreeMap;
use std::time::Instant;

use qd_model::Operation;
use serde::Deserialize;
use serde_json::Value;
use tauri::{Manager, State, Webview};

use crate::error::CallError;
use crate::guard::{self, Verdict};
use crate::permit::MOST_CALLS;
use crate::question;
use crate::request_text;
use crate::state::{App, How};

/// Calls of an action whose content the question shows.
const SHOWN: usize = 3;

/// Sends `input` to `operation` (`SendCommand`, as AWS writes it) and answers what AWS would. With `keep`, the answer of a read is kept, and
/// comes back as `lastKnown` of the error when the endpoint is away. `permit` is a token of [`permit`].
#[tauri::command]
pub async fn call(
    webview: Webview,
    state: State<'_, App>,
    operation: String,
    input: Value,
    keep: Option<bool>,
    permit: Option<String>,
) -> Result<Value, CallError> {
    state.call(&webview, &operation, input, How { keep: keep.unwrap_or(false), permit }).await
}

/// A call that an action is going to make.
#[derive(Deserialize)]
pub struct Planned {
    operation: String,
    input: Value,
}

/// Asks once for an action of several calls, and answers a token that lets exactly these calls through, each once. Null where nothing is
/// asked: the calls are then made without a token.
#[tauri::command]
pub async fn permit(webview: Webview, state: State<'_, App>, calls: Vec<Planned>) -> Result<Option<String>, CallError> {
    if calls.is_empty() || calls.len() > MOST_CALLS {
        return Err(CallError::invalid(format!("an action has 1 to {MOST_CALLS} calls")));
    }
    let connection = state.connection(webview.label())?;
    let mark = state.mark(webview.label());
    let mut asked: Vec<(String, Value)> = Vec::new();
    let mut counted: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut details = Vec::new();
    for Planned { operation, input } in calls {
        let Some(operation) = Operation::from_name(&operation) else {
            return Err(CallError::new("UnknownOperationException", "That is not an operation of Systems Manager."));
        };
        match guard::judge(mark, operation) {
            Verdict::Allow => continue,
            Verdict::Refuse => return Err(CallError::read_only(operation.name())),
            Verdict::Ask => {}
        }
        *counted.entry(operation.name()).or_insert(0) += 1;
        if asked.len() < SHOWN {
            details.extend(request_text::of_operation(operation, &input).into_iter().take(4));
        }
        asked.push((operation.name().to_owned(), input));
    }
    if asked.is_empty() {
        return Ok(None);
    }
    if asked.len() > SHOWN {
        details.push("…".to_owned());
    }
    let counted: Vec<(String, usize)> = counted.into_iter().map(|(name, times)| (name.to_owned(), times)).collect();
    if !question::protected_action(webview.app_handle(), &connection.name, &counted, &details).await {
        return Err(CallError::declined("nothing was sent: this connection is protected and the answer was no"));
    }
    let token = state.permits.give(webview.label(), &connection.id, &asked, Instant::now());
    token.map(Some).ok_or_else(|| CallError::new("LimitExceededException", "Too many actions are under way."))
}
