//! Why this exists: what another hub committed wakes this one, through LISTEN and NOTIFY.

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::AsyncMessage;

use super::{Server, translate};
use crate::changes::{Announcer, Change};
use crate::{ErrorCode, StoreError};

const CHANNEL: &str = "quarterdeck";

/// PostgreSQL takes up to 7,999 bytes in one notification.
const MAX_PAYLOAD: usize = 7900;

/// Between the hub that announces and the topics; in no topic of ours, and harmless if it were.
const SEPARATOR: char = '\u{1f}';

/// The statements that announce `topics` with the commit; empty without topics.
pub(super) fn announcement(origin: &str, topics: &[String]) -> String {
    let mut sql = String::new();
    let mut payload = String::new();
    let mut close = |payload: &mut String| {
        if !payload.is_empty() {
            sql.push_str(&format!("SELECT pg_notify('{CHANNEL}', E'{origin}{payload}');"));
            payload.clear();
        }
    };
    for topic in topics {
        // In an E'' literal, these are all that must be written otherwise. NUL cannot be sent at all.
        let topic = topic.replace('\0', "").replace('\\', r"\\").replace('\'', "''");
        if origin.len() + payload.len() + topic.len() + 1 > MAX_PAYLOAD {
            close(&mut payload);
        }
        payload.push(SEPARATOR);
        payload.push_str(&topic);
    }
    close(&mut payload);
    sql
}

/// Fires what other hubs announce until `stopped`.
pub(crate) fn listen(server: &Server, announcer: &Announcer, mut stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "other hubs cannot be heard: no runtime");
            return;
        }
    };
    runtime.block_on(async {
        let mut pause = Duration::from_millis(100);
        loop {
            let ended = tokio::select! {
                _ = &mut stopped => return,
                ended = hear(server, announcer, &mut pause) => ended,
            };
            tracing::warn!(error = %ended.message, "other hubs are not heard; connecting again");
            tokio::select! {
                _ = &mut stopped => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(10)),
            }
        }
    });
}

/// Listens on one connection until it is lost.
async fn hear(server: &Server, announcer: &Announcer, pause: &mut Duration) -> StoreError {
    let (client, mut connection) = match server.open().await {
        Ok(opened) => opened,
        Err(error) => return error,
    };
    let (forward, mut heard) = mpsc::channel(1024);
    let driver = tokio::spawn(async move {
        loop {
            match poll_fn(|cx| connection.poll_message(cx)).await {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    if forward.send(notification).await.is_err() {
                        return None;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some(translate(&error)),
                None => return None,
            }
        }
    });
    if let Err(error) = client.batch_execute(&format!("LISTEN {CHANNEL}")).await {
        return translate(&error);
    }
    *pause = Duration::from_millis(100);
    // Whatever was announced before LISTEN took effect was not heard.
    announcer.fire(Change::Missed);
    while let Some(notification) = heard.recv().await {
        let mut parts = notification.payload().split(SEPARATOR);
        if parts.next().is_some_and(|origin| origin != server.origin) {
            announcer.fire_topics(parts);
        }
    }
    let ended = driver.await.ok().flatten();
    ended.unwrap_or_else(|| StoreError::new(ErrorCode::Unavailable, "PostgreSQL closed the connection"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_packed_and_quoted() {
        assert_eq!(announcement("me", &[]), "");
        assert_eq!(announcement("me", &["it's".into(), r"a\b".into()]), "SELECT pg_notify('quarterdeck', E'me\u{1f}it''s\u{1f}a\\\\b');");
        let many: Vec<String> = (0..20).map(|index| format!("{index:->1000}")).collect();
        assert_eq!(announcement("me", &many).matches("pg_notify").count(), 3);
    }
}
