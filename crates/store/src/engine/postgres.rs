//! PostgreSQL.
use super::{Connect, Connection};
use crate::changes::Announcer;
use crate::{ErrorCode, StoreError};

#[derive(Clone)]
pub(crate) struct Server;
impl Server {
    pub(crate) fn parse(_url: &str) -> Result<Server, StoreError> {
        Err(StoreError::new(ErrorCode::Location, "this build opens SQLite only"))
    }
}
impl Connect for Server {
    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Err(StoreError::closed())
    }
}
pub(crate) fn listen(_server: &Server, _announcer: &Announcer, _stopped: tokio::sync::oneshot::Receiver<()>) {}
