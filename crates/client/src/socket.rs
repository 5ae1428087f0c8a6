//! A websocket to a hub: TLS as the endpoint trusts, through the proxy that the environment names.

use std::sync::Arc;

use qd_wire::agent_message::MAX_FRAME_BYTES;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

use crate::dial::dial;

/// An open websocket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Bytes of a refusal that are kept.
const MAX_REFUSAL_BYTES: usize = 600;

/// Why a websocket was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SocketError {
    /// The status of a server that answered, but not with a websocket.
    pub status: Option<u16>,
    /// With as much of the server's words as is fit to be shown.
    pub message: String,
}

impl SocketError {
    fn new(message: impl Into<String>) -> Self {
        Self { status: None, message: message.into() }
    }
}

/// Opens a websocket at `url` (`ws`, `wss`, `http` or `https`) with `headers` beside its own. Without a time limit.
pub async fn open(url: &str, headers: Vec<(String, String)>, tls: Arc<ClientConfig>) -> Result<Socket, SocketError> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| SocketError::new("the address of the websocket has no scheme"))?;
    let (ws, http) = match scheme {
        "ws" | "http" => ("ws", "http"),
        "wss" | "https" => ("wss", "https"),
        _ => return Err(SocketError::new("the address is not one of a websocket")),
    };
    let mut request = format!("{ws}://{rest}").into_client_request().map_err(|error| failed(&error))?;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            request.headers_mut().insert(name, value);
        }
    }
    let tcp = dial(&format!("{http}://{rest}")).await.map_err(|error| SocketError::new(error.to_string()))?;
    // A key pressed must not wait for more.
    let _ = tcp.set_nodelay(true);
    let config = WebSocketConfig::default()
        .read_buffer_size(64 * 1024)
        .write_buffer_size(64 * 1024)
        .max_write_buffer_size(8 * MAX_FRAME_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    match tokio_tungstenite::client_async_tls_with_config(request, tcp, Some(config), Some(Connector::Rustls(tls))).await {
        Ok((socket, _)) => Ok(socket),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &WsError) -> SocketError {
    if let WsError::Http(response) = error {
        let status = response.status().as_u16();
        let body = response.body().as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(&body[..body.len().min(MAX_REFUSAL_BYTES)]);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        return SocketError { status: Some(status), message: format!("the hub answered {status}: {text}") };
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    SocketError::new(text)
}
