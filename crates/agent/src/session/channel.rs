//! The agent's end of a session's data channel: how its sockets come about (session-protocol 2.1, 2.4, 6.4).

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use qd_client::credentials::BoxFuture;
use qd_client::pipe::{Dial, DialError, Pipe};
use qd_client::socket::{self, Socket};
use qd_client::{CallError, Request};
use qd_wire::DataChannel;
use qd_wire::data_channel::{Role, Settings, Window};
use qd_wire::payload::create_control_channel::CREATED_STATUS;
use qd_wire::payload::{CreateControlChannelAnswer, CreateControlChannelRequest, OpenDataChannel, SessionState};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::plan::{Kind, Plan};
use crate::agent::Agent;

/// What a hub says of a session it no longer knows (session-protocol 2.4).
const TERMINATED: &str = "Session is already terminated";
/// Time for a socket to come about.
const PATIENCE: Duration = Duration::from_secs(15);
/// What may be on the way and wait at either end: little for a terminal, so that Ctrl-C is not behind much, more for a port.
const SHELL_BYTES: usize = 256 * 1024;
const PORT_BYTES: usize = 4 * 1024 * 1024;

/// Opens the channel of a session, which dials by itself.
pub fn open(agent: &Arc<Agent>, plan: &Plan) -> Pipe {
    let bytes = if matches!(plan.kind, Kind::Port(_)) { PORT_BYTES } else { SHELL_BYTES };
    let channel = DataChannel::new(Settings {
        role: Role::Agent,
        window: Window { bytes, messages: 4096 },
        capacity: bytes,
        first_id: Uuid::new_v4(),
        start: (Instant::now(), u64::try_from(crate::process::now_ms()).unwrap_or(1)),
        fast: true,
    });
    Pipe::start(channel, None, NodeDial { agent: agent.clone(), session_id: plan.session_id.clone() })
}

struct NodeDial {
    agent: Arc<Agent>,
    session_id: String,
}

impl Dial for NodeDial {
    fn dial(&mut self) -> BoxFuture<'_, Result<Socket, DialError>> {
        Box::pin(async {
            let dialled = tokio::time::timeout(PATIENCE, self.socket()).await;
            dialled.unwrap_or_else(|_| Err(DialError::Again("no answer in time".to_owned())))
        })
    }

    fn opened(&mut self, channel: &mut DataChannel, now: Instant) {
        channel.send_state(&self.session_id, SessionState::Connected, now);
    }
}

impl NodeDial {
    async fn socket(&self) -> Result<Socket, DialError> {
        let path = format!("/v1/data-channel/{}", self.session_id);
        let mut body = CreateControlChannelRequest::new(Uuid::new_v4());
        body.client_id = Some(String::new());
        let link = &self.agent.link;
        let (status, answer) = link.gateway(&path, body.to_text()).await.map_err(|error| refused(&error))?;
        if status != CREATED_STATUS {
            return Err(DialError::Again(format!("the hub answered CreateDataChannel with status {status}")));
        }
        let answer = CreateControlChannelAnswer::from_xml(&answer).map_err(|error| DialError::Again(error.to_string()))?;
        let asked = Request::get("ssmmessages", &path).with_query("role", "publish_subscribe");
        let (url, headers) = link.client().signed_headers(asked).await.map_err(|error| refused(&error))?;
        let mut socket = socket::open(url.as_str(), headers, link.tls()).await.map_err(|error| said(error.message))?;
        let open = OpenDataChannel::agent(Uuid::new_v4(), &answer.token_value, &self.agent.registration.instance_id);
        socket.send(Message::Text(open.to_text().into())).await.map_err(|error| DialError::Again(error.to_string()))?;
        Ok(socket)
    }
}

fn refused(error: &CallError) -> DialError {
    said(error.to_string())
}

fn said(text: String) -> DialError {
    if text.contains(TERMINATED) { DialError::Over(text) } else { DialError::Again(text) }
}
