//! When a connection that carries many requests at once has none: HTTP/2 pings tell that a peer lives, not that it wants anything, and a peer
//! that wants nothing must not hold a place for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::watch;

/// Counts the requests of one connection, from their header to the end of their answer.
#[derive(Clone)]
pub struct Requests(Arc<watch::Sender<usize>>);

impl Requests {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Counts one until what is returned is dropped.
    pub fn begin(&self) -> Request {
        self.0.send_modify(|open| *open += 1);
        Request(self.clone())
    }

    /// Resolves when there was no request for `within`.
    pub async fn idle(&self, within: Duration) {
        let mut open = self.0.subscribe();
        loop {
            let waiting = *open.borrow_and_update() == 0;
            // The sender is ours, so a change is the only end of waiting.
            let change = open.changed();
            if !waiting {
                let _ = change.await;
            } else if tokio::time::timeout(within, change).await.is_err() {
                return;
            }
        }
    }
}

/// A request that is counted.
pub struct Request(Requests);

impl Request {
    /// Goes on counting until the body of the answer is sent or given up.
    pub fn answered(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| Body::new(Counted { body, _request: self }))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.0.send_modify(|open| *open -= 1);
    }
}

struct Counted {
    body: Body,
    _request: Request,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_when_its_last_answer_is_sent() {
        let (requests, within) = (Requests::new(), Duration::from_millis(10));
        let idle = || tokio::time::timeout(20 * within, requests.idle(within));
        let request = requests.begin();
        assert!(idle().await.is_err(), "a request is at work");
        let answered = request.answered(Response::new(Body::from("whole")));
        assert_eq!(hyper::body::Body::size_hint(answered.body()).exact(), Some(5));
        assert!(idle().await.is_err(), "its answer is not sent");
        drop(answered);
        requests.idle(within).await;
    }
}
